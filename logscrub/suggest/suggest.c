/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/options.h"
#include "logscrub/suggest/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logscrub/command.h"
#include "logscrub/rule/lines.h"
#include "record/detect/detect.h"

#define _(text) gettext(text)

#define NAME "suggested"

struct suggest {
	const char *name;
	struct lines lines;
	struct sample sample;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub suggest [OPTION]... [FILE]...\n"
		"Reads a log that no store knows, and proposes a format and a store for it: a "
		"configuration file\non standard output, with the fields that were found, what they "
		"hold, and what is left out because\nit may name somebody. Nothing is changed; no "
		"value of the log is repeated.\n\n"
		"      --name NAME         of the store (default: suggested)\n"
		"      --help\n\n"
		"Example:  logscrub suggest --name dpkg /var/log/dpkg.log >stores.d/dpkg.conf\n"));
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
add_line(struct sample *s, struct span line, struct err *e)
{
	if (line.len == 0)
		return 0;
	if (s->n == SUGGEST_LINES_MAX || s->text.len + line.len > SUGGEST_BYTES_MAX) {
		s->cut = true;
		return 0;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 256;
		size_t *at = reallocarray(s->at, cap + 1, sizeof(*at));

		if (!at)
			return err_memory(e);
		s->at = at;
		s->cap = cap;
	}
	s->at[s->n++] = s->text.len;
	buf_span(&s->text, line);
	s->at[s->n] = s->text.len;
	return s->text.failed ? err_memory(e) : 0;
}

static int
read_file(struct suggest *x, const char *file, struct err *e)
{
	CLEANUP(input_freep) struct input *in = NULL;
	int end;

	if (input_open_file(file, &in, e) < 0)
		return -1;
	lines_restart(&x->lines);
	do {
		struct span line;

		end = lines_fill(&x->lines, in, e);
		while (lines_take(&x->lines, &line))
			if (add_line(&x->sample, line, e) < 0)
				return -1;
	} while (end == 0 && !x->sample.cut);
	return end < 0 ? -1 : 0;
}

static int
settle(struct sample *s, struct err *e)
{
	s->line = reallocarray(s->line, s->n + 1, sizeof(*s->line));
	if (!s->line)
		return err_memory(e);
	for (size_t i = 0; i < s->n; i++)
		s->line[i] = span_of(s->text.p + s->at[i], s->at[i + 1] - s->at[i]);
	return 0;
}

/* --- how it is read --------------------------------------------------------------------------- */

static bool
most(size_t some, size_t of)
{
	return of > 0 && 5 * some >= 4 * of;
}

static bool
is_json(const struct sample *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		json_t *v = s->line[i].p[0] == '{'
				    ? json_loadb(s->line[i].p, s->line[i].len, 0, NULL)
				    : NULL;

		n += json_is_object(v);
		json_decref(v);
	}
	return most(n, s->n);
}

static bool
no_names(void *ctx, struct span name)
{
	(void)ctx;
	(void)name;
	return false;
}

/* TIME HOST TAG: MESSAGE, as syslog daemons write; a level in HOST's place is an application's. */
static bool
read_frame(struct span line, struct span *ret)
{
	static const char *const not_hosts[] = { "debug", "info", "warn", "warning", "error",
		"notice", "trace" };
	struct tokens t;
	const struct token *tag = &t.v[2];

	tokens_read(line, 0, no_names, NULL, &t);
	if (t.n < 3 || t.v[0].kind != TOKEN_TIME || t.v[1].kind != TOKEN_WORD || t.v[1].tail ||
		tag->kind != TOKEN_WORD || tag->tail != ':')
		return false;
	if (!isalpha((unsigned char)t.v[0].value.p[0]) &&
		!memchr(t.v[0].value.p, 'T', t.v[0].value.len))
		return false;
	for (size_t i = 0; i < sizeof(not_hosts) / sizeof(not_hosts[0]); i++)
		if (t.v[1].value.len == strlen(not_hosts[i]) &&
			strncasecmp(t.v[1].value.p, not_hosts[i], t.v[1].value.len) == 0)
			return false;
	*ret = span_from(line, (size_t)(tag->value.p + tag->value.len + 1 - line.p));
	while (ret->len > 0 && ret->p[0] == ' ')
		*ret = span_from(*ret, 1);
	return true;
}

/* The messages of S, if most lines have a header; they point into S. */
static bool
unframe(const struct sample *s, struct sample *ret, struct err *e)
{
	*ret = (struct sample){ .line = calloc(s->n + 1, sizeof(*ret->line)) };
	if (!ret->line) {
		(void)err_memory(e);
		return false;
	}
	for (size_t i = 0; i < s->n; i++)
		if (read_frame(s->line[i], &ret->line[ret->n]))
			ret->n++;
	return most(ret->n, s->n);
}

/* How often D stands in LINE outside of quotes. */
static size_t
count_outside(struct span line, char d, size_t *ret_pairs)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++) {
		quoted ^= line.p[i] == '"';
		n += !quoted && line.p[i] == d;
		*ret_pairs += !quoted && line.p[i] == '=';
	}
	return n;
}

/* A table's delimiter: most lines have it at least twice, and no pairs; 0: none. */
static char
find_delimiter(const struct sample *s)
{
	static const char candidates[] = "\t;|,";

	for (const char *d = candidates; *d; d++) {
		size_t n = 0, tight = 0;

		for (size_t i = 0; i < s->n; i++) {
			size_t pairs = 0, k = count_outside(s->line[i], *d, &pairs);
			size_t blanks = count_outside(s->line[i], ' ', &pairs);

			n += k >= 2 && pairs < 4;
			tight += k >= 2 && blanks <= 3 * k;
		}
		if (most(n, s->n) && most(tight, s->n))
			return *d;
	}
	return '\0';
}

static int
propose(const struct sample *s, struct proposal *p, struct err *e)
{
	struct sample messages = { 0 };
	int rc;

	if (is_json(s))
		return proposal_from_json(p, s, e);
	if (unframe(s, &messages, e)) {
		p->how = READ_SYSLOG;
		rc = proposal_from_lines(p, &messages, e);
		p->n_lines = s->n;
		if (p->n_forms == 0)
			p->n_covered = messages.n;
	} else {
		p->delimiter = find_delimiter(s);
		rc = messages.line ? proposal_from_lines(p, s, e) : -1;
	}
	free(messages.line);
	return rc;
}

/* --- where it lies ---------------------------------------------------------------------------- */

/* A path may name somebody as well: only one below /var/log is repeated, and only if nothing in it
 * looks like an id. */
static bool
is_plain_path(const char *path)
{
	struct detect d;
	struct finding x;
	unsigned digits = 0;

	if (strncmp(path, "/var/log/", 9) != 0)
		return false;
	for (const char *c = path; *c; c++) {
		digits = isxdigit((unsigned char)*c) && isdigit((unsigned char)*c) ? digits + 1
										   : digits;
		if (!isalnum((unsigned char)*c) && !strchr("/._-", *c))
			return false;
	}
	detect_start(&d, span_str(path), DETECT_DEFAULT | DETECT_BIT(DETECT_UUID));
	return digits <= 4 && !detect_next(&d, &x);
}

static int
print(const struct suggest *x, const struct proposal *p, char **file, int n, struct err *e)
{
	CLEANUP(buf_release) struct buf out = { .max = 1 << 20 };
	cleanup_mem char *path = n == 1 ? realpath(file[0], NULL) : NULL;

	proposal_print(p, x->name, path && is_plain_path(path) ? path : NULL, x->sample.cut, &out);
	if (out.failed)
		return err_memory(e);
	if (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, NULL);
	return 0;
}

static int
run(struct suggest *x, char **file, int n, struct err *e)
{
	struct proposal *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_memory(e);
	rc = lines_init(&x->lines, NULL, e);
	for (int i = 0; rc == 0 && i < (n ? n : 1); i++)
		rc = read_file(x, n ? file[i] : NULL, e);
	if (rc == 0)
		rc = settle(&x->sample, e);
	if (rc == 0 && x->sample.n == 0)
		rc = err_fail(e, EX_DATAERR, 0, N_("there is no line to look at"), NULL, NULL);
	if (rc == 0)
		rc = propose(&x->sample, p, e);
	if (rc == 0 && p->how == READ_PATTERN && p->n_forms == 0)
		rc = err_fail(e, EX_DATAERR, 0, N_("these lines have nothing in common"),
			N_("write a format by hand, or drop them: see sparsam.conf(5)"), NULL);
	if (rc == 0)
		rc = print(x, p, file, n, e);
	proposal_release(p);
	free(p);
	return rc;
}

static bool
is_store_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n > 0 && n <= 40 && s[n] == '\0';
}

int
suggest_main(int argc, char **argv)
{
	struct suggest x = { .name = NAME };
	struct err e = { 0 };
	int status = 0;
	const struct option_to table[] = { { "name", 0, &x.name, NULL } };
	int rc = options_take(argc, argv, table, 1, help);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	if (!is_store_name(x.name)) {
		fprintf(stderr, "logscrub: %s\n", _("a store's name has letters, digits, - and _"));
		return EX_USAGE;
	}
	buf_init(&x.sample.text, SUGGEST_BYTES_MAX);
	if (run(&x, argv + optind, argc - optind, &e) < 0)
		status = err_print(&e, "logscrub", stderr);
	lines_release(&x.lines);
	buf_wipe(&x.sample.text);
	free(x.sample.line);
	free(x.sample.at);
	return status;
}
