/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Alternatives are tried in order, but for those that the line cannot match by what they need of it
 * (pattern_need.h); each must match the whole line ("." also a new line). Where a page can't be made
 * executable (MemoryDenyWriteExecute) or on a machine without PCRE2's JIT, the
 * interpreter does the same, slower.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "record/format/first_bytes.h"
#include "record/format/pattern-private.h"
#include "record/format/pattern_need.h"

#define MATCH_LIMIT     100000
#define HEAP_LIMIT_KIB  4096 /* of the interpreter */
#define JIT_STACK_START (32u << 10)
#define JIT_STACK_MAX   (512u << 10)

struct pattern_limits {
	pcre2_compile_context *compile;
	pcre2_match_context *match;
	pcre2_jit_stack *stack; /* NULL: no JIT */
};

/* One expression, ready to match. */
struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *match; /* borrowed */
	bool jit;
};

struct alternative {
	struct regex regex;
	unsigned n_marks;
	struct pattern_mark *mark; /* of group 1, 2, … */
	bool gaps, spaces;
	struct first_bytes first;
	struct pattern_need need;
};

#define ROW_BITS 64

struct pattern {
	size_t n;
	size_t row_len;   /* words */
	uint64_t *begins; /* a row of bits for each byte: what a line may match that begins with it;
			   * NULL: there is one alternative */
	struct alternative alternative[];
};

struct pattern_begin {
	struct regex regex;
};

struct pattern_limits *
pattern_limits_new(void)
{
	struct pattern_limits *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->compile = pcre2_compile_context_create(NULL);
	l->match = pcre2_match_context_create(NULL);
	if (!l->compile || !l->match)
		return pattern_limits_free(l);
	(void)pcre2_set_newline(
		l->compile, PCRE2_NEWLINE_LF); /* as pattern_scan() reads comments */
	(void)pcre2_set_match_limit(l->match, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(l->match, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(l->match, HEAP_LIMIT_KIB);
	l->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	pcre2_jit_stack_assign(l->match, NULL, l->stack);
	return l;
}

struct pattern_limits *
pattern_limits_free(struct pattern_limits *l)
{
	if (!l)
		return NULL;
	pcre2_jit_stack_free(l->stack);
	pcre2_match_context_free(l->match);
	pcre2_compile_context_free(l->compile);
	free(l);
	return NULL;
}

/* --- one expression -------------------------------------------------------------------------- */

static void
regex_release(struct regex *r)
{
	pcre2_match_data_free(r->data);
	pcre2_code_free(r->code);
	*r = (struct regex){ 0 };
}

/* Compiles the LEN bytes at TEXT. The error's place is within TEXT. */
static int
regex_compile(struct regex *r, const struct pattern_limits *l, const char *text, size_t len,
	uint32_t options, const struct conf_format *decl, struct err *e)
{
	PCRE2_UCHAR why[128];
	PCRE2_SIZE at;
	int code;

	r->code = pcre2_compile((PCRE2_SPTR)text, len, options | PCRE2_DOTALL | PCRE2_DUPNAMES,
		&code, &at, l->compile);
	if (!r->code) {
		(void)pcre2_get_error_message(code, why, sizeof(why));
		return conf_fail(e, &decl->where, N_("bad pattern"), NULL,
			"format \"%s\", byte %zu: %s", decl->name, (size_t)at, (char *)why);
	}
	return 0;
}

static int
regex_ready(struct regex *r, const struct pattern_limits *l, bool no_jit, struct err *e)
{
	r->match = l->match;
	r->jit = l->stack && !no_jit && pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0;
	r->data = pcre2_match_data_create_from_pattern(r->code, NULL);
	return r->data ? 0 : err_memory(e);
}

/* FORMAT_OK: the groups are in r->data. */
static enum format_result
regex_match(struct regex *r, struct span s)
{
	PCRE2_SPTR p = (PCRE2_SPTR)(s.p ? s.p : "");
	int rc = r->jit ? pcre2_jit_match(r->code, p, s.len, 0, 0, r->data, r->match)
			: pcre2_match(r->code, p, s.len, 0, PCRE2_NO_JIT, r->data, r->match);

	if (rc > 0)
		return FORMAT_OK;
	return rc == PCRE2_ERROR_NOMATCH ? FORMAT_NO_MATCH : FORMAT_LIMIT;
}

/* --- from groups to pieces ------------------------------------------------------------------- */

static bool
is_line_break(char c)
{
	return c >= '\n' && c <= '\r';
}

/* Literal text, without the new lines that a \s in it may have matched. */
static bool
put_literal(struct split *ret, const char *p, const char *end, bool spaces)
{
	while (p < end) {
		const char *q = spaces ? p : end;

		while (q < end && !is_line_break(*q))
			q++;
		if (q > p && !split_add(ret, p, (size_t)(q - p), PIECE_LITERAL))
			return false;
		p = q;
		while (p < end && spaces && is_line_break(*p))
			p++;
	}
	return true;
}

/* Fields, and all that lies between them: it has no pieces of its own, unless new lines have to be
 * left out of it. */
static enum format_result
put_gaps(const struct alternative *a, struct span line, struct split *ret)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(a->regex.data);
	size_t at = 0;

	ret->whole = !a->spaces;
	for (unsigned i = 0; i < a->n_marks; i++) {
		size_t from = v[2 * i + 2], to = v[2 * i + 3];

		if (from == PCRE2_UNSET)
			continue;
		if (from < at || to < from)
			return FORMAT_NO_MATCH; /* never, but if so, nothing passes */
		if ((a->spaces && !put_literal(ret, line.p + at, line.p + from, true)) ||
			!split_add(ret, line.p + from, to - from, a->mark[i].field))
			return FORMAT_LIMIT;
		at = to;
	}
	if (a->spaces && !put_literal(ret, line.p + at, line.p + line.len, true))
		return FORMAT_LIMIT;
	return FORMAT_OK;
}

/* Does the group at A come before the one at B? Of two that begin together, the empty one does. */
static bool
is_before(const PCRE2_SIZE a[2], const PCRE2_SIZE b[2])
{
	return a[0] < b[0] || (a[0] == b[0] && a[1] <= b[1]);
}

/* The groups that took part, in the order of the line: a repeated group leaves them in another. */
static unsigned
groups_by_place(const struct alternative *a, uint8_t order[PATTERN_MARKS_MAX])
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(a->regex.data) + 2;
	unsigned n = 0;

	for (unsigned i = 0; i < a->n_marks; i++) {
		unsigned k = n;

		if (v[2 * i] == PCRE2_UNSET)
			continue;
		for (; k > 0 && !is_before(&v[2 * order[k - 1]], &v[2 * i]); k--)
			order[k] = order[k - 1];
		order[k] = (uint8_t)i;
		n++;
	}
	return n;
}

static enum format_result
put_groups(const struct alternative *a, struct span line, struct split *ret)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(a->regex.data) + 2;
	uint8_t order[PATTERN_MARKS_MAX];
	unsigned n = groups_by_place(a, order);
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct pattern_mark *m = &a->mark[order[i]];
		size_t from = v[2 * order[i]], to = v[2 * order[i] + 1];

		if (from < at || to < from)
			return FORMAT_NO_MATCH; /* nothing overlaps; if it did, nothing would pass
						 */
		if (m->field == PIECE_LITERAL
				? !put_literal(ret, line.p + from, line.p + to, m->spaces)
				: !split_add(ret, line.p + from, to - from, m->field))
			return FORMAT_LIMIT;
		at = to;
	}
	return FORMAT_OK;
}

static enum format_result
alternative_split(struct alternative *a, struct span line, struct split *ret)
{
	enum format_result found = regex_match(&a->regex, line);

	if (found != FORMAT_OK)
		return found;
	return a->gaps ? put_gaps(a, line, ret) : put_groups(a, line, ret);
}

enum format_result
pattern_split(struct pattern *p, struct span line, struct split *ret)
{
	const uint64_t head = bytes_few(line.p, line.len < 8 ? line.len : 8);
	const uint64_t *row;

	if (!p->begins)
		return first_bytes_has(&p->alternative->first, (unsigned char)head)
			       ? alternative_split(p->alternative, line, ret)
			       : FORMAT_NO_MATCH;
	row = p->begins + (head & 0xff) * p->row_len;
	for (size_t word = 0; word < p->row_len; word++) {
		for (uint64_t left = row[word]; left != 0; left &= left - 1) {
			struct alternative *a = p->alternative + word * ROW_BITS +
						(unsigned)__builtin_ctzll(left);
			enum format_result found;

			if (!pattern_need_is_met(&a->need, line, head))
				continue;
			found = alternative_split(a, line, ret);
			if (found != FORMAT_NO_MATCH)
				return found;
		}
	}
	return FORMAT_NO_MATCH;
}

/* --- making ---------------------------------------------------------------------------------- */

/* Had we read the pattern in another way than PCRE2 does, groups would be taken for others. */
static int
groups_check(const struct regex *r, unsigned n_marks, const struct conf_format *decl, struct err *e)
{
	uint32_t n = 0;

	(void)pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &n);
	if (n == n_marks)
		return 0;
	return conf_fail(e, &decl->where, N_("pattern that formats cannot follow"),
		N_("write it in simpler terms"), "format \"%s\"", decl->name);
}

static int
alternative_init(struct alternative *a, const struct conf_format *decl, size_t i,
	const struct pattern_limits *l, struct format_names *names, struct err *e)
{
	const char *text = decl->pattern.v[i];
	struct pattern_plan plan;
	struct regex check = { 0 };
	cleanup_mem char *source = NULL;
	int rc;

	/* as it stands first: then an error's place is the operator's, and what is read is valid */
	if (regex_compile(&check, l, text, strlen(text), 0, decl, e) < 0)
		return -1;
	first_bytes_of(check.code, &a->first);
	regex_release(&check);
	rc = pattern_scan(decl, i, names, &plan, e);
	if (rc == 0)
		rc = regex_compile(&a->regex, l, plan.source.p ? plan.source.p : "",
			plan.source.len, PCRE2_ANCHORED | PCRE2_ENDANCHORED, decl, e);
	source = strndup(plan.source.p ? plan.source.p : "", plan.source.len);
	if (source)
		pattern_need_read(source, &a->need);
	buf_release(&plan.source);
	if (rc < 0 || groups_check(&a->regex, plan.n_marks, decl, e) < 0 ||
		regex_ready(&a->regex, l, plan.no_jit, e) < 0)
		return -1;
	a->gaps = plan.gaps;
	a->spaces = plan.spaces;
	a->n_marks = plan.n_marks;
	a->mark = calloc(plan.n_marks + 1, sizeof(*a->mark));
	if (!a->mark)
		return err_memory(e);
	memcpy(a->mark, plan.mark, plan.n_marks * sizeof(*a->mark));
	return 0;
}

static int
begins_make(struct pattern *p, struct err *e)
{
	if (p->n < 2)
		return 0;
	p->row_len = (p->n + ROW_BITS - 1) / ROW_BITS;
	p->begins = calloc(256 * p->row_len, sizeof(*p->begins));
	if (!p->begins)
		return err_memory(e);
	for (unsigned c = 0; c < 256; c++)
		for (size_t i = 0; i < p->n; i++)
			if (first_bytes_has(&p->alternative[i].first, (unsigned char)c) &&
				pattern_need_begins(&p->alternative[i].need, (unsigned char)c))
				p->begins[c * p->row_len + i / ROW_BITS] |= UINT64_C(1)
									    << i % ROW_BITS;
	return 0;
}

int
pattern_new(const struct conf_format *decl, const struct pattern_limits *l,
	struct format_names *names, struct pattern **ret, struct err *e)
{
	struct pattern *p;

	p = calloc(1, sizeof(*p) + decl->pattern.n * sizeof(p->alternative[0]));
	if (!p)
		return err_memory(e);
	for (; p->n < decl->pattern.n; p->n++) {
		if (alternative_init(&p->alternative[p->n], decl, p->n, l, names, e) < 0) {
			p->n++; /* half-built, and ended like the rest */
			pattern_free(p);
			return -1;
		}
	}
	if (names->n == 0) {
		pattern_free(p);
		return conf_fail(e, &decl->where, N_("pattern without a named group"),
			N_("name what is a field: (?<name>…)"), "format \"%s\"", decl->name);
	}
	if (begins_make(p, e) < 0) {
		pattern_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

struct pattern *
pattern_free(struct pattern *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n; i++) {
		regex_release(&p->alternative[i].regex);
		free(p->alternative[i].mark);
	}
	free(p->begins);
	free(p);
	return NULL;
}

int
pattern_begin_new(const struct conf_format *decl, const struct pattern_limits *l,
	struct pattern_begin **ret, struct err *e)
{
	struct pattern_begin *b = calloc(1, sizeof(*b));

	if (!b)
		return err_memory(e);
	if (regex_compile(&b->regex, l, decl->begin, strlen(decl->begin), PCRE2_ANCHORED, decl, e) <
			0 ||
		regex_ready(&b->regex, l, false, e) < 0) {
		pattern_begin_free(b);
		return -1;
	}
	*ret = b;
	return 0;
}

struct pattern_begin *
pattern_begin_free(struct pattern_begin *b)
{
	if (b)
		regex_release(&b->regex);
	free(b);
	return NULL;
}

/* Past its limit it has not matched: such a line belongs to the entry before it, if to any. */
bool
pattern_begin_matches(struct pattern_begin *b, struct span line)
{
	return regex_match(&b->regex, line) == FORMAT_OK;
}
