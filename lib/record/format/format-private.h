/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * format-private.h - what the ways to declare a format share
 *
 *   format.c         the registry: names, inner formats, dispatch
 *   template.c       nginx log_format and Apache LogFormat, compiled
 *   template_split.c … and lines split by them
 *   pattern.c        PCRE2 with named groups
 *   pattern_need.c   … and not tried where they cannot match
 *   pattern_scan.c   … rewritten so that its literals are captured as well
 *   syslog.c         RFC 5424, RFC 3164, bare
 */
#pragma once
#include "record/format/format.h"

#define FORMAT_NAME_MAX 64 /* bytes of a field's name */

/* The fields of a format while it is compiled, in the order in which they are first met. */
struct format_names {
	char *name[FORMAT_FIELDS_MAX];
	unsigned n;
};

/* The number of the field of DECL called by the LEN bytes at NAME, added if it is new. -1 with E
 * filled: too many, or too long a name. */
int format_names_add(struct format_names *names, const char *name, size_t len,
	const struct conf_format *decl, struct err *e);

/* Appends a piece; false if there is no room. */
static inline bool
split_add(struct split *s, const char *p, size_t len, int field)
{
	if (s->n == FORMAT_PIECES_MAX)
		return false;
	s->piece[s->n++] = (struct piece){ .p = p, .len = (uint32_t)len, .field = (int32_t)field };
	return true;
}

struct template;
int template_new(const struct conf_format *decl, struct format_names *names, struct template **ret,
	struct err *e);
struct template *template_free(struct template *t);
enum format_result template_split(const struct template *t, struct span line, struct split *ret);

/* The pieces up to that of part PART alone. False: no line that begins like that is of T's form. */
bool template_split_head(
	const struct template *t, unsigned part, struct span line, struct split *ret);
/* Does the piece of PART stay as it is, whatever stands behind it? */
bool template_is_settled(const struct template *t, unsigned part);
int template_field(const struct template *t, unsigned part); /* -1: there is no such part */

/* Is the variable NAME a time that needs no declaration? */
bool template_is_time(const char *name);

/* What all patterns of a configuration share: limits and the JIT's stack. */
struct pattern_limits;
struct pattern_limits *pattern_limits_new(void); /* NULL: out of memory */
struct pattern_limits *pattern_limits_free(struct pattern_limits *l);

struct pattern;
int pattern_new(const struct conf_format *decl, const struct pattern_limits *l,
	struct format_names *names, struct pattern **ret, struct err *e);
struct pattern *pattern_free(struct pattern *p);
enum format_result pattern_split(struct pattern *p, struct span line, struct split *ret);

/* `begin`: one expression, anchored at the start, nothing captured. */
struct pattern_begin;
int pattern_begin_new(const struct conf_format *decl, const struct pattern_limits *l,
	struct pattern_begin **ret, struct err *e);
struct pattern_begin *pattern_begin_free(struct pattern_begin *b);
bool pattern_begin_matches(struct pattern_begin *b, struct span line);

/* The fields of every syslog format, in this order. */
enum syslog_field {
	SYSLOG_PRI,
	SYSLOG_VERSION,
	SYSLOG_TIME,
	SYSLOG_HOSTNAME,
	SYSLOG_APPNAME,
	SYSLOG_PROCID,
	SYSLOG_MSGID,
	SYSLOG_SD,
	SYSLOG_MESSAGE,
	SYSLOG_FIELDS
};
int syslog_names(const struct conf_format *decl, struct format_names *names, struct err *e);

/* "Nov 24 01:40:29 host ", by which the last line with such a header began: on a busy machine the next one
 * begins in the same way. Zero: there was none. */
struct syslog_head {
	char text[80];
	uint8_t len, time_len, host_len;
};

/* Every line is one, bare at the least. HEAD makes it faster, and nothing else. */
void syslog_split(struct syslog_head *head, struct span line, struct split *ret);
