/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/match.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "record/record.h"

#define TEXT_MAX  (1u << 20)
#define HAS_TOKEN ((uint64_t)1 << MATCH_TERMS)

/* Fields whose values are names of services, programs and machines. */
static const char *const public_fields[] = { "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT", "UNIT",
	"USER_UNIT", "_SYSTEMD_SLICE", "SYSLOG_IDENTIFIER", "SYSLOG_FACILITY", "PRIORITY",
	"_TRANSPORT", "_COMM", "_EXE", "_HOSTNAME", "_BOOT_ID", "_MACHINE_ID", "_NAMESPACE",
	"MESSAGE_ID", "CONTAINER_NAME", "IMAGE_NAME", "SPARSAM_STORE" };

void
match_init(struct match *m)
{
	*m = (struct match){ .n_groups = 1 };
	buf_init(&m->text, TEXT_MAX);
}

void
match_release(struct match *m)
{
	buf_wipe(&m->text);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
is_public(struct span field)
{
	for (size_t i = 0; i < sizeof(public_fields) / sizeof(public_fields[0]); i++)
		if (span_eq(span_str(public_fields[i]), field))
			return true;
	return false;
}

static bool
is_field(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!((name.p[i] >= 'A' && name.p[i] <= 'Z') || name.p[i] == '_' ||
			    (i > 0 && name.p[i] >= '0' && name.p[i] <= '9')))
			return false;
	return name.len > 0;
}

static bool
group_is_empty(const struct match *m)
{
	return m->n_terms == 0 || m->term[m->n_terms - 1].group != m->n_groups - 1;
}

static int
add(struct match *m, struct span text, bool public, struct err *e)
{
	const bool negated = text.len > 0 && text.p[0] == '!';
	const struct span term = negated ? span_from(text, 1) : text;
	const char *eq = memchr(term.p, '=', term.len);
	const struct span field = span_of(term.p, eq ? (size_t)(eq - term.p) : 0);

	if (span_eq(text, SPAN("+"))) {
		if (group_is_empty(m))
			return err_fail(
				e, EX_USAGE, 0, N_("nothing stands before a +"), NULL, NULL);
		m->n_groups++;
		return 0;
	}
	if (!is_field(field))
		return err_fail(e, EX_USAGE, 0, N_("not a match"), N_("write FIELD=VALUE"), NULL);
	if (public && !is_public(field))
		return err_fail(e, EX_USAGE, 0,
			N_("what may name a person does not belong on the command line"),
			N_("give it with --from FILE, or --from - and standard input"), "%.*s",
			(int)field.len, field.p);
	if (m->n_terms == MATCH_TERMS)
		return err_fail(e, EX_USAGE, 0, N_("too many matches"), NULL, NULL);
	m->term[m->n_terms++] = (struct match_term){ term, field.len, m->n_groups - 1, negated };
	return 0;
}

int
match_add(struct match *m, const char *text, bool public, struct err *e)
{
	return add(m, span_str(text), public, e);
}

static int
read_all(struct match *m, const char *path, struct err *e)
{
	cleanup_fd int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO)
						   : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
	/* taken whole at once: spans point into it */
	if (m->text.cap > 0)
		return err_fail(
			e, EX_USAGE, 0, N_("matches are read from one file"), NULL, "%s", path);
	if (!buf_room(&m->text, TEXT_MAX))
		return err_memory(e);
	while (m->text.len < TEXT_MAX &&
		(n = read(fd, m->text.p + m->text.len, TEXT_MAX - m->text.len)) > 0)
		m->text.len += (size_t)n;
	if (n < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read"), NULL, "%s", path);
	return m->text.len < TEXT_MAX
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("too many matches"), NULL, "%s", path);
}

int
match_read(struct match *m, const char *path, bool tokens, struct err *e)
{
	struct span rest;

	if (read_all(m, path, e) < 0)
		return -1;
	rest = span_of(m->text.p, m->text.len);
	while (rest.len > 0) {
		const char *lf = memchr(rest.p, '\n', rest.len);
		struct span line = span_of(rest.p, lf ? (size_t)(lf - rest.p) : rest.len);

		rest = span_from(rest, lf ? line.len + 1 : line.len);
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		if (!tokens && add(m, line, false, e) < 0)
			return -1;
		if (tokens && m->n_tokens == MATCH_TOKENS)
			return err_fail(e, EX_USAGE, 0, N_("too many matches"), NULL, NULL);
		if (tokens)
			m->token[m->n_tokens++] = line;
	}
	return m->n_terms + m->n_tokens > 0
		       ? 0
		       : err_fail(e, EX_USAGE, 0, N_("no match is in the file"), NULL, NULL);
}

/* --- asking ----------------------------------------------------------------------------------- */

static uint64_t
marks(void *ctx, struct span field)
{
	const struct match *m = ctx;
	const char *eq = memchr(field.p, '=', field.len);
	const struct span value = eq ? span_from(field, (size_t)(eq - field.p) + 1) : SPAN_NONE;
	uint64_t is = 0;

	for (size_t i = 0; i < m->n_terms; i++)
		if (span_eq(m->term[i].text, field))
			is |= (uint64_t)1 << i;
	for (size_t i = 0; i < m->n_tokens; i++)
		if (value.p && memmem(value.p, value.len, m->token[i].p, m->token[i].len))
			return is | HAS_TOKEN;
	return is;
}

static bool
same_field(const struct match_term *a, const struct match_term *b)
{
	return a->field_len == b->field_len && memcmp(a->text.p, b->text.p, a->field_len) == 0;
}

/* Do IS have one term of the field of term I, among those of its group? */
static bool
has_one(const struct match *m, size_t i, uint64_t is)
{
	for (size_t k = 0; k < m->n_terms; k++)
		if (m->term[k].group == m->term[i].group && !m->term[k].negated &&
			same_field(&m->term[k], &m->term[i]) && (is >> k & 1))
			return true;
	return false;
}

static bool
has_group(const struct match *m, unsigned group, uint64_t is)
{
	for (size_t i = 0; i < m->n_terms; i++) {
		if (m->term[i].group != group)
			continue;
		if (m->term[i].negated ? (is >> i & 1) : !has_one(m, i, is))
			return false;
	}
	return m->n_tokens == 0 || (is & HAS_TOKEN);
}

static bool
record(void *ctx, const struct record *r)
{
	struct match *m = ctx;

	if (r->marks & RECORD_MARK_UNREAD) {
		m->n_unread++; /* a field that was not read may have what is asked for, or must not have */
		return false;
	}
	for (unsigned g = 0; g < m->n_groups; g++)
		if (has_group(m, g, r->marks))
			return true;
	return false;
}

const struct select_question *
match_ask(struct match *m)
{
	bool marked = true; /* each group wants something that an entry has */

	for (unsigned g = 0; g < m->n_groups && m->n_tokens == 0; g++) {
		bool has = false;

		for (size_t i = 0; i < m->n_terms; i++)
			has |= m->term[i].group == g && !m->term[i].negated;
		marked &= has;
	}
	m->question = (struct select_question){
		.ctx = m, .record = record, .late = true, .marks = marks, .marked = marked
	};
	return &m->question;
}
