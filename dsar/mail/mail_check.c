/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_check.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

const struct mail_limits mail_limits = {
	.size = UINT64_C(50) << 20,
	.head = 256u << 10,
	.header = 32u << 10,
	.headers = 1000,
	.delimits = 1000,
	.types = 1000,
	.name = 69,
	.colons = 200,
};

const char *
mail_fault_text(enum mail_fault f)
{
	static const char *const texts[MAIL_FAULTS] = {
		[MAIL_FINE] = "",
		[MAIL_EMPTY] = N_("a mail without content"),
		[MAIL_NUL] = N_("a mail with a NUL byte"),
		[MAIL_TOO_LARGE] = N_("a mail that is too large"),
		[MAIL_HEAD_TOO_LARGE] = N_("a mail with too large a head"),
		[MAIL_HEADER_TOO_LARGE] = N_("a mail with too long a header"),
		[MAIL_HEADERS_TOO_MANY] = N_("a mail with too many headers"),
		[MAIL_PARTS_TOO_MANY] = N_("a mail of too many parts"),
		[MAIL_NAME_TOO_LONG] = N_("a mail with too long a parameter"),
		[MAIL_GROUPS_TOO_MANY] = N_("a mail with too many groups of addresses"),
	};
	return texts[f];
}

void
mail_check_init(struct mail_check *m, const struct mail_limits *limits)
{
	*m = (struct mail_check){ .limits = limits, .in_first = true, .in_head = true };
}

/* --- a header --------------------------------------------------------------------------------- */

static bool
name_is(const struct mail_check *m, const char *name)
{
	return strlen(name) == m->name_len && memcmp(m->name, name, m->name_len) == 0;
}

static bool
name_begins(const struct mail_check *m, const char *head)
{
	return strlen(head) <= m->name_len && memcmp(m->name, head, strlen(head)) == 0;
}

/* All that GMime reads as addresses, and what means some and it may come to read. */
static bool
name_is_addresses(const struct mail_check *m)
{
	static const char *const names[] = { "from", "sender", "reply-to", "to", "cc", "bcc",
		"return-path", "mail-followup-to", "mail-reply-to", "disposition-notification-to",
		"errors-to", "delivered-to" };

	if (name_begins(m, "resent-"))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name_is(m, names[i]))
			return true;
	return false;
}

static enum mail_fault
header_named(struct mail_check *m)
{
	m->named = true;
	m->is_content = name_begins(m, "content-");
	m->is_addresses = name_is_addresses(m);
	if (name_is(m, "content-type") && ++m->types > m->limits->types)
		return MAIL_PARTS_TOO_MANY;
	return MAIL_FINE;
}

/* A new header may begin with this line. */
static void
header_begin(struct mail_check *m)
{
	m->header = m->run = m->colons = m->name_len = 0;
	m->named = m->is_content = m->is_addresses = m->run_ended = false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* RFC 2045's tspecials; what a name cannot hold. */
static bool
ends_name(char c)
{
	return c != '\0' && strchr("()<>@,;:\\\"/[]?", c) != NULL;
}

/* Bytes of a header Content-…: how long is what stands before "="? */
static enum mail_fault
parameter(struct mail_check *m, char c)
{
	if (c == '=') {
		if (m->run > m->limits->name)
			return MAIL_NAME_TOO_LONG;
		m->run = 0;
	} else if (is_blank(c) || c == '\n' || c == '\r') {
		m->run_ended = true;
		return MAIL_FINE; /* a name may be followed by blanks, and a fold */
	} else if (ends_name(c)) {
		m->run = 0;
	} else {
		m->run = m->run_ended ? 1 : m->run + 1;
	}
	m->run_ended = false;
	return MAIL_FINE;
}

/* A byte of a line that continues no header, up to its colon. */
static enum mail_fault
name_byte(struct mail_check *m, char c)
{
	if (c == ':')
		return header_named(m);
	if (is_blank(c))
		return MAIL_FINE; /* "From :" is read as "From:" by some */
	if (m->name_len < MAIL_CHECK_NAME)
		m->name[m->name_len++] = bytes_lower(c);
	return MAIL_FINE;
}

static enum mail_fault
header_byte(struct mail_check *m, char c)
{
	if (!m->named)
		return name_byte(m, c);
	if (m->is_addresses && c == ':' && ++m->colons > m->limits->colons)
		return MAIL_GROUPS_TOO_MANY;
	return m->is_content ? parameter(m, c) : MAIL_FINE;
}

/* --- lines ------------------------------------------------------------------------------------ */

static enum mail_fault
line_begin(struct mail_check *m, char c)
{
	m->continued = is_blank(c) && m->size > 1;
	m->dash = c == '-';
	if (m->continued)
		return MAIL_FINE;
	header_begin(m);
	if (m->in_first && c != '\n' && ++m->headers > m->limits->headers)
		return MAIL_HEADERS_TOO_MANY;
	return MAIL_FINE;
}

static enum mail_fault
line_second(struct mail_check *m, char c)
{
	if (!m->dash || c != '-')
		return MAIL_FINE;
	if (m->delimits >= m->limits->delimits)
		return MAIL_PARTS_TOO_MANY;
	m->delimits++;
	if (!m->in_head) {
		m->in_head = true;
		m->head = 0;
	}
	return MAIL_FINE;
}

static void
line_end(struct mail_check *m)
{
	if (m->column == 1 || (m->column == 2 && m->cr)) { /* empty */
		m->in_first = m->in_head = false;
		m->head = 0;
	}
	m->column = 0;
}

static enum mail_fault
take_byte(struct mail_check *m, char c)
{
	enum mail_fault f = MAIL_FINE;

	if (c == '\0')
		return MAIL_NUL;
	if (++m->size > m->limits->size)
		return MAIL_TOO_LARGE;
	if (m->column < 3 && ++m->column <= 2)
		f = m->column == 1 ? line_begin(m, c) : line_second(m, c);
	if (f == MAIL_FINE)
		f = header_byte(m, c);
	if (f == MAIL_FINE && m->in_head && ++m->head > m->limits->head)
		f = MAIL_HEAD_TOO_LARGE;
	if (f == MAIL_FINE && ++m->header > m->limits->header && m->in_head)
		f = MAIL_HEADER_TOO_LARGE;
	if (c == '\n')
		line_end(m);
	m->cr = c == '\r';
	return f;
}

enum mail_fault
mail_check_feed(struct mail_check *m, struct span s)
{
	for (size_t i = 0; i < s.len && m->fault == MAIL_FINE; i++)
		m->fault = take_byte(m, s.p[i]);
	return m->fault;
}

enum mail_fault
mail_check_end(struct mail_check *m)
{
	if (m->fault == MAIL_FINE && m->size == 0)
		m->fault = MAIL_EMPTY;
	return m->fault;
}
