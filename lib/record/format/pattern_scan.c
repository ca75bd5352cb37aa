/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A reader of PCRE2's syntax, as far as it takes to tell literals from what stands for text
 * unknown. A literal is a character, escaped or quoted or alone in its class, a blank (also \h,
 * \s), repeated or not, and a group of nothing but such: whichever alternative matches, the pattern
 * has it.
 *
 * The source is copied as it is read, but for groups without a name (they don't capture), (?| (its
 * numbers are not needed) and \Q…\E (written out). See pcre2pattern(3).
 */
#include "record/format/pattern-private.h"

#include <ctype.h>
#include <stdlib.h>

enum place { OUTSIDE, IN_FIELD, IN_LOOK };

/* One group (or the whole): a run of literals is open from `run` to `run_end` if `runs`. */
struct level {
	enum place place;
	bool extended; /* (?x) */
	bool pure;     /* literals only, so far */
	bool any_space, any_newline;
	bool runs, spaces, newline; /* of the open run */
	uint32_t run, run_end;
};

struct scan {
	const struct conf_format *decl;
	size_t number;
	struct format_names *names;
	const char *text, *p;
	bool quoted; /* within \Q…\E */
	bool newline;
	unsigned depth;
	struct pattern_plan *plan;
	struct err *e;
};

static int
refuse(struct scan *s, const char *what, const char *todo)
{
	return conf_fail(s->e, &s->decl->where, what, todo, "format \"%s\", pattern %zu, byte %zu",
		s->decl->name, s->number + 1, (size_t)(s->p - s->text));
}

static int
not_supported(struct scan *s)
{
	return refuse(s, N_("pattern uses what formats do not support"),
		N_("use groups and references with names; no conditions, verbs or callouts"));
}

/* Copies N bytes; the source is NUL-terminated, so N never leads past its end if each was seen. */
static void
copy(struct scan *s, size_t n)
{
	buf_put(&s->plan->source, s->p, n);
	s->p += n;
}

static uint32_t
here(const struct scan *s)
{
	return (uint32_t)s->plan->source.len;
}

static int
add_mark(struct scan *s, struct pattern_mark m)
{
	if (s->plan->n_marks == PATTERN_MARKS_MAX)
		return refuse(s, N_("pattern has too many groups and literals"),
			N_("split it by an inner format"));
	s->plan->mark[s->plan->n_marks++] = m;
	return 0;
}

static int
close_run(struct scan *s, struct level *lv)
{
	struct pattern_mark m = {
		.start = lv->run, .end = lv->run_end, .field = PIECE_LITERAL, .spaces = lv->spaces
	};

	if (!lv->runs)
		return 0;
	lv->runs = lv->spaces = lv->newline = false;
	return add_mark(s, m);
}

/* Copies up to and with CLOSE. */
static enum pattern_atom
copy_through(struct scan *s, char close, enum pattern_atom kind)
{
	const char *q = strchr(s->p, close);

	if (!q)
		return not_supported(s);
	copy(s, (size_t)(q + 1 - s->p));
	return kind;
}

/* Copies the LEN bytes of an atom that pattern_syntax.c has read; 0: it has not. */
static enum pattern_atom
copy_atom(struct scan *s, size_t len, enum pattern_atom kind)
{
	if (len == 0)
		return not_supported(s);
	copy(s, len);
	return kind;
}

/* One character between \Q and \E, written with a backslash where it needs one. */
static enum pattern_atom
scan_quoted(struct scan *s)
{
	char c = *s->p;

	if (ispunct((unsigned char)c) || c == ' ' || (c >= '\t' && c <= '\r'))
		buf_char(&s->plan->source, '\\');
	copy(s, 1);
	return c == '\n' || c == '\r' ? ATOM_NEWLINE : ATOM_LITERAL;
}

/* --- groups ---------------------------------------------------------------------------------- */

static int scan_level(struct scan *s, struct level *lv);

/* What is inside a group, up to and with its ")". The opening was written at START. */
static enum pattern_atom
scan_inside(struct scan *s, struct level *inner)
{
	unsigned mark = s->plan->n_marks;

	inner->pure = true;
	if (s->depth == PATTERN_DEPTH_MAX)
		return not_supported(s);
	s->depth++;
	if (scan_level(s, inner) < 0)
		return ATOM_FAILED;
	s->depth--;
	if (*s->p != ')')
		return not_supported(s);
	copy(s, 1);
	if (inner->place == IN_LOOK)
		return ATOM_ASSERT;
	if (inner->place == IN_FIELD)
		return ATOM_GROUP;
	if (!inner->pure || (inner->any_space && inner->any_newline))
		return ATOM_GROUP;
	s->plan->n_marks = mark; /* one literal with what stands around it */
	return inner->any_space ? ATOM_SPACE : inner->any_newline ? ATOM_NEWLINE : ATOM_LITERAL;
}

/* Skips OPEN in the source, writes AS in its place and reads the inside. */
static enum pattern_atom
scan_plain_group(
	struct scan *s, const struct level *lv, size_t open, const char *as, enum place place)
{
	struct level inner = { .place = place, .extended = lv->extended };
	enum pattern_atom kind;

	buf_str(&s->plan->source, as);
	s->p += open;
	kind = scan_inside(s, &inner);
	/* a group in a field belongs to it, whatever it holds */
	return kind == ATOM_GROUP && place == IN_FIELD ? ATOM_OTHER : kind;
}

static enum pattern_atom
scan_field(struct scan *s, const struct level *lv, size_t open)
{
	struct level inner = { .place = IN_FIELD, .extended = lv->extended };
	const char *name = s->p + open, *q = name;
	int field;

	if (lv->place != OUTSIDE)
		return refuse(s, N_("a named group stands in another, or in a look-around"),
			N_("name one of them; read the rest by an inner format"));
	while (isalnum((unsigned char)*q) || *q == '_')
		q++;
	field = format_names_add(s->names, name, (size_t)(q - name), s->decl, s->e);
	if (field < 0 ||
		add_mark(s, (struct pattern_mark){ .start = here(s), .field = (int16_t)field }) < 0)
		return ATOM_FAILED;
	if (*q == '\0')
		return not_supported(s);
	copy(s, (size_t)(q + 1 - s->p));
	return scan_inside(s, &inner);
}

/* (?i) and (?i: */
static enum pattern_atom
scan_options(struct scan *s, struct level *lv)
{
	size_t n = 2 + strspn(s->p + 2, "imsxnJU^-");
	struct level inner = { .place = lv->place, .extended = lv->extended };
	bool on = true;
	enum pattern_atom kind;

	if (s->p[n] != ')' && s->p[n] != ':')
		return not_supported(s);
	for (size_t i = 2; i < n; i++) {
		if (s->p[i] == '-')
			on = false;
		else if (s->p[i] == 'x')
			inner.extended = on;
		else if (s->p[i] == '^')
			inner.extended = false;
	}
	if (s->p[n] == ')') {
		lv->extended = inner.extended;
		copy(s, n + 1);
		return ATOM_OPTION;
	}
	copy(s, n + 1);
	kind = scan_inside(s, &inner);
	return kind == ATOM_GROUP && lv->place == IN_FIELD ? ATOM_OTHER : kind;
}

/* What begins with "(?<" or "(?P". */
static enum pattern_atom
scan_angle(struct scan *s, const struct level *lv)
{
	const char *p = s->p;

	if (p[2] == 'P' && (p[3] == '=' || p[3] == '>'))
		return copy_through(s, ')', ATOM_OTHER);
	if (p[2] == 'P')
		return p[3] == '<' ? scan_field(s, lv, 4) : (enum pattern_atom)not_supported(s);
	if (p[3] == '=')
		return scan_plain_group(s, lv, 4, "(?<=", IN_LOOK);
	if (p[3] == '!')
		return scan_plain_group(s, lv, 4, "(?<!", IN_LOOK);
	if (p[3] == '*')
		return scan_plain_group(s, lv, 4, "(?<*", IN_LOOK);
	return scan_field(s, lv, 3);
}

static enum pattern_atom
scan_group(struct scan *s, struct level *lv)
{
	if (s->p[1] == '*')
		return not_supported(s);
	if (s->p[1] != '?')
		return scan_plain_group(s, lv, 1, "(?:", lv->place);
	switch (s->p[2]) {
	case ':':
	case '|':
		return scan_plain_group(s, lv, 3, "(?:", lv->place);
	case '>':
		return scan_plain_group(s, lv, 3, "(?>", lv->place);
	case '=':
		return scan_plain_group(s, lv, 3, "(?=", IN_LOOK);
	case '!':
		return scan_plain_group(s, lv, 3, "(?!", IN_LOOK);
	case '*':
		return scan_plain_group(s, lv, 3, "(?*", IN_LOOK);
	case '<':
	case 'P':
		return scan_angle(s, lv);
	case '\'':
		return scan_field(s, lv, 3);
	case '&':
		return copy_through(s, ')', ATOM_OTHER);
	default:
		return scan_options(s, lv);
	}
}

/* --- sequences ------------------------------------------------------------------------------- */

/* Copies what (?x) and (?#…) leave to the reader of the pattern. */
static int
scan_ignored(struct scan *s, const struct level *lv)
{
	for (;;) {
		if (s->quoted)
			return 0;
		if (strncmp(s->p, "(?#", 3) == 0) {
			if (copy_through(s, ')', ATOM_ASSERT) == ATOM_FAILED)
				return -1;
		} else if (lv->extended && *s->p == '#') {
			copy(s, strcspn(s->p, "\n"));
			copy(s, *s->p ? 1 : 0);
		} else if (lv->extended && *s->p && strchr(" \t\n\v\f\r", *s->p)) {
			copy(s, 1);
		} else {
			return 0;
		}
	}
}

/* After "(…)*+", PCRE2's JIT up to 10.42 goes back without forgetting what the group had: its text
 * would pass for that field though the match is another one (PCRE2 issue 324). */
static bool
ends_in_star_plus(const struct buf *b)
{
	return b->len > 1 && memcmp(b->p + b->len - 2, "*+", 2) == 0;
}

/* Copies the quantifier that stands here, if there is one, and tells whether it is more than "?".
 */
static bool
scan_quantifier(struct scan *s, bool *ret_there)
{
	bool more = *s->p == '*' || *s->p == '+';
	size_t n = more || *s->p == '?';

	if (*s->p == '{') {
		n = pattern_braces(s->p);
		more = n > 0;
	}
	*ret_there = n > 0;
	copy(s, n);
	if (n > 0 && (*s->p == '?' || *s->p == '+'))
		copy(s, 1);
	return more;
}

static enum pattern_atom
scan_atom(struct scan *s, struct level *lv)
{
	enum pattern_atom kind = ATOM_FAILED;
	char c = *s->p;
	size_t n;

	if (s->quoted)
		return scan_quoted(s);
	switch (c) {
	case '\\':
		n = pattern_escape(s->p, &kind);
		return copy_atom(s, n, kind);
	case '[':
		n = pattern_class(s->p, &kind);
		return copy_atom(s, n, kind);
	case '(':
		return scan_group(s, lv);
	case '.':
		copy(s, 1);
		return ATOM_OTHER;
	case '^':
	case '$':
		copy(s, 1);
		return ATOM_ASSERT;
	case '{': /* later releases read more as a quantifier than this one does */
		buf_char(&s->plan->source, '\\');
		break;
	default:
		break;
	}
	copy(s, 1);
	return c == '\n' || c == '\r' ? ATOM_NEWLINE : ATOM_LITERAL;
}

/* Adds a literal from START to END to the open run, or begins one. A run does not mix new lines
 * that the pattern names with those that \s may have matched. */
static int
note_literal(struct scan *s, struct level *lv, enum pattern_atom kind, uint32_t start, uint32_t end)
{
	bool space = kind == ATOM_SPACE, newline = kind == ATOM_NEWLINE;

	if (((space && lv->newline) || (newline && lv->spaces)) && close_run(s, lv) < 0)
		return -1;
	if (!lv->runs) {
		lv->runs = true;
		lv->run = start;
	}
	lv->run_end = end;
	lv->spaces |= space;
	lv->newline |= newline;
	lv->any_space |= space;
	lv->any_newline |= newline;
	s->plan->spaces |= space;
	s->newline |= newline;
	return 0;
}

static int
note_atom(struct scan *s, struct level *lv, enum pattern_atom kind, uint32_t start, uint32_t end,
	bool more)
{
	if (lv->place != OUTSIDE || kind == ATOM_ASSERT)
		return 0;
	switch (kind) {
	case ATOM_LITERAL:
	case ATOM_SPACE:
	case ATOM_NEWLINE:
		return note_literal(s, lv, kind, start, end);
	case ATOM_OTHER:
		s->plan->gaps = false;
		lv->pure = false;
		break;
	case ATOM_GROUP:
		s->plan->gaps &= !more; /* only the last round's fields are known */
		lv->pure = false;
		break;
	default:
		break;
	}
	return close_run(s, lv);
}

/* Takes \Q and \E out of the way. */
static bool
scan_quoting(struct scan *s)
{
	if (s->p[0] != '\\' || s->p[1] != (s->quoted ? 'E' : 'Q')) {
		if (s->quoted || s->p[0] != '\\' || s->p[1] != 'E')
			return false;
	} else {
		s->quoted = !s->quoted;
	}
	s->p += 2;
	return true;
}

static int
scan_level(struct scan *s, struct level *lv)
{
	for (;;) {
		uint32_t start, end;
		bool there = false, more, group;
		enum pattern_atom kind;

		if (scan_quoting(s))
			continue;
		if (scan_ignored(s, lv) < 0)
			return -1;
		if (scan_quoting(s))
			continue;
		if (*s->p == '\0' || (!s->quoted && *s->p == ')'))
			break;
		if (!s->quoted && *s->p == '|') {
			if (close_run(s, lv) < 0)
				return -1;
			copy(s, 1);
			continue;
		}
		start = here(s);
		group = !s->quoted && *s->p == '(';
		kind = scan_atom(s, lv);
		if (kind == ATOM_FAILED)
			return -1;
		while (scan_quoting(s))
			;
		end = here(s);
		if (scan_ignored(s, lv) < 0)
			return -1;
		more = !s->quoted && scan_quantifier(s, &there);
		if (there)
			end = here(s);
		s->plan->no_jit |= there && group && ends_in_star_plus(&s->plan->source);
		/* PCRE2 reads "a?\E?" as a quantifier of a quantifier: no need for it is known */
		if (there && s->p[0] == '\\' && s->p[1] == 'E')
			return not_supported(s);
		if (note_atom(s, lv, kind, start, end, more) < 0)
			return -1;
	}
	return close_run(s, lv);
}

/* --- putting it together --------------------------------------------------------------------- */

static int
by_start(const void *a, const void *b)
{
	const struct pattern_mark *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Wraps the literals, unless they can be told without. */
static void
plan_finish(struct pattern_plan *plan)
{
	struct buf with;
	size_t from = 0;
	unsigned n = 0;

	qsort(plan->mark, plan->n_marks, sizeof(plan->mark[0]), by_start);
	buf_init(&with, PATTERN_SOURCE_MAX);
	for (unsigned i = 0; i < plan->n_marks; i++) {
		const struct pattern_mark *m = &plan->mark[i];

		if (plan->gaps && m->field == PIECE_LITERAL)
			continue;
		if (m->field == PIECE_LITERAL) {
			buf_put(&with, plan->source.p + from, m->start - from);
			buf_char(&with, '(');
			buf_put(&with, plan->source.p + m->start, m->end - m->start);
			buf_char(&with, ')');
			from = m->end;
		}
		plan->mark[n++] = *m;
	}
	buf_put(&with, plan->source.p + from, plan->source.len - from);
	plan->n_marks = n;
	buf_release(&plan->source);
	plan->source = with;
}

int
pattern_scan(const struct conf_format *decl, size_t number, struct format_names *names,
	struct pattern_plan *ret, struct err *e)
{
	const char *text = decl->pattern.v[number];
	struct level top = { .place = OUTSIDE, .pure = true };
	struct scan s = { .decl = decl,
		.number = number,
		.names = names,
		.text = text,
		.p = text,
		.plan = ret,
		.e = e };

	ret->n_marks = 0;
	ret->gaps = true;
	ret->spaces = ret->no_jit = false;
	buf_init(&ret->source, PATTERN_SOURCE_MAX);
	(void)buf_room(&ret->source, 1); /* so that an empty source is not NULL */
	if (scan_level(&s, &top) < 0)
		return -1;
	if (*s.p)
		return not_supported(&s);
	if (ret->spaces && s.newline)
		ret->gaps = false;
	if (!ret->source.failed)
		plan_finish(ret);
	if (ret->source.failed)
		return refuse(&s, N_("pattern is too long"), NULL);
	return 0;
}
