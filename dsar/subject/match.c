/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/subject/match.h"

#include <ctype.h>
#include <nettle/sha1.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "dsar/subject/identifier.h"
#include "dsar/subject/literal.h"
#include "dsar/subject/sign.h"
#include "dsar/subject/subject.h"
#include "record/detect/needles.h"
#include "record/record.h"

#define PATTERN_STEPS 1000000 /* a pattern that needs more is decided by people */
#define FOLDED_MAX    (16u << 10)

/* What a field has to hold for an identifier, where its declaration says `as`. */
struct wanted {
	const struct conf_subject *subject;
	size_t identifier;
	char *text;
	size_t len;
};

struct pattern {
	size_t identifier;
	pcre2_code *code;
};

struct matcher {
	const struct conf *conf;
	const struct subject *subject;
	struct buf *folded; /* of each identifier */
	enum identifier_class *class;
	struct wanted *wanted;
	size_t n_wanted;
	struct literals literals;
	struct needles *needles;
	struct pattern *pattern;
	size_t n_patterns;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	struct buf scratch; /* a field's value, folded */
	size_t n_unread;
	struct signs signs;
	bool by_value; /* records of a journal may be hers by a field's value alone */
	struct select_question question, of_fields;
};

/* --- making ----------------------------------------------------------------------------------- */

static int
fold_all(struct matcher *m, struct err *e)
{
	const struct subject *s = m->subject;

	m->folded = calloc(s->n + 1, sizeof(*m->folded));
	m->class = calloc(s->n + 1, sizeof(*m->class));
	m->pattern = calloc(s->n + 1, sizeof(*m->pattern));
	if (!m->folded || !m->class || !m->pattern)
		return err_memory(e);
	for (size_t i = 0; i < s->n; i++) {
		m->class[i] = identifier_class(s->v[i].kind);
		buf_init(&m->folded[i], FOLDED_MAX);
		if (identifier_fold(s->v[i].kind, s->v[i].value, &m->folded[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
put_sha1(struct buf *out, struct span s)
{
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, s.len, (const uint8_t *)s.p);
	sha1_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		buf_printf(out, "%02x", digest[i]);
}

void
match_as(const char *as, struct span value, struct buf *out)
{
	const char *braces = strstr(as, "{}");
	const size_t before = (size_t)(braces - as);
	const bool hashed = before >= 5 && strncmp(braces - 5, "sha1(", 5) == 0;

	buf_put(out, as, hashed ? before - 5 : before);
	if (hashed)
		put_sha1(out, value);
	else
		buf_span(out, value);
	buf_str(out, braces + (hashed ? 3 : 2));
}

static int
want(struct matcher *m, const struct conf_subject *b, size_t i, struct err *e)
{
	struct wanted *v = reallocarray(m->wanted, m->n_wanted + 1, sizeof(*v));
	/* addresses are compared without regard to case: see ask_wanted() */
	const struct span value = m->class[i] == IDENTIFIER_EMAIL
					  ? span_of(m->folded[i].p, m->folded[i].len)
					  : span_trim(m->subject->v[i].value);
	struct buf text;

	if (!v)
		return err_memory(e);
	m->wanted = v;
	buf_init(&text, FOLDED_MAX);
	match_as(b->as, value, &text);
	if (text.failed) {
		buf_wipe(&text);
		return err_memory(e);
	}
	m->wanted[m->n_wanted++] = (struct wanted){
		.subject = b, .identifier = i, .text = text.p, .len = text.len
	};
	return 0;
}

static int
want_all(struct matcher *m, struct err *e)
{
	for (size_t k = 0; k < m->conf->n_stores; k++)
		for (size_t n = 0; n < m->conf->store[k].n_subjects; n++) {
			const struct conf_subject *b = &m->conf->store[k].subject[n];

			for (size_t i = 0; b->as && i < m->subject->n; i++)
				if (strcmp(m->subject->v[i].kind, b->kind) == 0 &&
					want(m, b, i, e) < 0)
					return -1;
		}
	return 0;
}

static int
compile_patterns(struct matcher *m, struct err *e)
{
	for (size_t i = 0; i < m->subject->n; i++) {
		const struct span s = m->subject->v[i].value;
		struct pattern *p = &m->pattern[m->n_patterns];
		PCRE2_SIZE at;
		int code;

		if (m->class[i] != IDENTIFIER_PATTERN)
			continue;
		*p = (struct pattern){ .identifier = i,
			.code = pcre2_compile((PCRE2_SPTR)s.p, s.len,
				PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_CASELESS, &code, &at,
				NULL) };
		if (!p->code)
			return err_fail(
				e, EX_DATAERR, 0, N_("bad pattern"), NULL, "byte %zu", (size_t)at);
		(void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* slower without */
		m->n_patterns++;
	}
	if (m->n_patterns == 0)
		return 0;
	m->data = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->data || !m->limits)
		return err_memory(e);
	(void)pcre2_set_match_limit(m->limits, PATTERN_STEPS);
	return 0;
}

/* 1: not known. */
static int
sign_field(const struct matcher *m, const struct conf_subject *b, struct signs *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && b->as && i < m->n_wanted; i++) {
		const struct wanted *w = &m->wanted[i];

		if (w->subject == b)
			rc = sign_as(s, b->field, b->match, span_of(w->text, w->len), e);
	}
	for (size_t i = 0; rc == 0 && !b->as && i < m->subject->n; i++)
		if (strcmp(m->subject->v[i].kind, b->kind) == 0)
			rc = sign_folded(s, b->field, b->match, b->kind,
				span_of(m->folded[i].p, m->folded[i].len), e);
	return rc;
}

static int
sign_fields(struct matcher *m, const struct conf_store *store, struct err *e)
{
	int rc = 0;

	if (strcmp(store->type, "postgres") != 0 && strcmp(store->type, "sqlite") != 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < store->n_subjects; i++)
		rc = sign_field(m, &store->subject[i], &m->signs, e);
	if (rc == 0)
		m->of_fields.signs = &m->signs;
	return rc < 0 ? -1 : 0;
}

static bool
is_of_lines(const struct conf_store *s)
{
	return strcmp(s->type, "textlog") == 0 || strcmp(s->type, "journal") == 0;
}

/* What is too short to be looked for in texts is found in the fields of a journal by its index. */
static int
sign_values(struct matcher *m, const struct conf_subject *b, struct err *e)
{
	for (size_t i = 0; !b->as && i < m->subject->n; i++) {
		const struct span value = span_trim(m->subject->v[i].value);

		if (m->class[i] == IDENTIFIER_ID && !literal_is_telling(m->class[i], value) &&
			b->match == CONF_MATCH_EQUAL &&
			strcmp(m->subject->v[i].kind, b->kind) == 0 &&
			signs_add(&m->signs, SIGN_EQUAL, b->field, value, e) < 0)
			return -1;
	}
	return 0;
}

/* A journal gives other stores' records, too. */
static int
sign_journal(struct matcher *m, const struct conf_store *store, struct err *e)
{
	if (strcmp(store->type, "journal") != 0)
		return 0;
	for (size_t k = 0; k < m->conf->n_stores; k++)
		for (size_t n = 0; n < m->conf->store[k].n_subjects; n++)
			if (sign_values(m, &m->conf->store[k].subject[n], e) < 0)
				return -1;
	m->by_value = m->signs.n > 0;
	m->question.signs = m->of_fields.signs = m->by_value ? &m->signs : NULL;
	return 0;
}

static bool is_about_her(void *ctx, const struct record *r);

int
matcher_new(const struct conf *c, const struct conf_store *store, const struct subject *s,
	struct keyring *keys, struct matcher **ret, struct err *e)
{
	CLEANUP(matcher_freep) struct matcher *m = calloc(1, sizeof(*m));

	if (!m)
		return err_memory(e);
	m->conf = c;
	m->subject = s;
	buf_init(&m->scratch, FOLDED_MAX);
	if (fold_all(m, e) < 0 || want_all(m, e) < 0 || compile_patterns(m, e) < 0 ||
		literals_make(&m->literals, c, store, s, keys, e) < 0 ||
		literals_needles(&m->literals, &m->needles, e) < 0)
		return -1;
	m->question = (struct select_question){ .ctx = m,
		.record = is_about_her,
		/* of lines the text alone is asked, and a pattern knows no texts */
		.needles = m->n_patterns == 0 && is_of_lines(store) ? m->needles : NULL };
	m->of_fields = m->question;
	if (sign_fields(m, store, e) < 0 || sign_journal(m, store, e) < 0)
		return -1;
	*ret = TAKE(m);
	return 0;
}

struct matcher *
matcher_free(struct matcher *m)
{
	if (!m)
		return NULL;
	for (size_t i = 0; m->folded && i < m->subject->n; i++)
		buf_wipe(&m->folded[i]);
	for (size_t i = 0; i < m->n_wanted; i++) {
		explicit_bzero(m->wanted[i].text, m->wanted[i].len);
		free(m->wanted[i].text);
	}
	for (size_t i = 0; i < m->n_patterns; i++)
		pcre2_code_free(m->pattern[i].code);
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->limits);
	literals_release(&m->literals);
	signs_release(&m->signs);
	needles_free(m->needles);
	buf_wipe(&m->scratch);
	free(m->wanted);
	free(m->pattern);
	free(m->folded);
	free(m->class);
	free(m);
	return NULL;
}

const struct select_question *
matcher_ask(struct matcher *m)
{
	return &m->question;
}

const struct select_question *
matcher_ask_fields(struct matcher *m)
{
	return &m->of_fields;
}

size_t
matcher_unread(const struct matcher *m)
{
	return m->n_unread;
}

bool
match_is_own(const struct match *match)
{
	return match->how == MATCH_FIELD && !match->subject->review &&
	       (match->identifier->own || match->identifier->confirmed);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Ends early where SEEN is NULL: one match is enough. */
struct asking {
	struct matcher *m;
	const struct record *r;
	void (*seen)(void *ctx, const struct match *match);
	void *ctx;
	size_t n;
};

/* An address or a name that was hers for a time is about her in records of that time, and in those of none. */
static bool
in_time(const struct identifier *i, const struct record *r)
{
	return r->time_us == RECORD_NO_TIME ||
	       (r->time_us >= i->from_us && r->time_us < i->to_us) || i->to_us == INT64_MAX;
}

/* True: that is enough. */
static bool
give(struct asking *a, size_t identifier, enum match_how how, const struct conf_subject *b,
	size_t begin, size_t end)
{
	const struct match match = { .identifier = &a->m->subject->v[identifier],
		.how = how,
		.subject = b,
		.begin = begin,
		.end = end };

	if (!in_time(match.identifier, a->r))
		return false;
	a->n++;
	if (!a->seen)
		return true;
	a->seen(a->ctx, &match);
	return false;
}

static bool
holds(enum conf_match how, struct span value, struct span wanted)
{
	switch (how) {
	case CONF_MATCH_EQUAL:
		return span_eq(value, wanted);
	case CONF_MATCH_PREFIX:
		return span_starts(value, wanted);
	case CONF_MATCH_CONTAINS:
	case CONF_MATCH_PARTS: /* see ask_parts() */
		break;
	}
	return memmem(value.p, value.len, wanted.p, wanted.len) != NULL;
}

static bool
ask_wanted(struct asking *a, const struct conf_subject *b, struct span value)
{
	struct matcher *m = a->m;

	if (identifier_class(b->kind) == IDENTIFIER_EMAIL) {
		buf_clear(&m->scratch);
		for (size_t i = 0; i < value.len; i++)
			buf_char(&m->scratch, (char)tolower((unsigned char)value.p[i]));
		value = m->scratch.failed ? value : span_of(m->scratch.p, m->scratch.len);
	}
	for (size_t i = 0; i < m->n_wanted; i++) {
		const struct wanted *w = &m->wanted[i];

		if (w->subject == b && holds(b->match, value, span_of(w->text, w->len)) &&
			give(a, w->identifier, MATCH_FIELD, b, 0, 0))
			return true;
	}
	return false;
}

static bool
ask_field(struct asking *a, const struct conf_subject *b)
{
	struct matcher *m = a->m;
	const struct span value = a->r->field(a->r, b->field);
	struct span folded;

	if (!value.p || value.len == 0)
		return false;
	if (b->as)
		return ask_wanted(a, b, value);
	buf_clear(&m->scratch);
	folded = identifier_fold_class(identifier_class(b->kind), value, &m->scratch) == 0
			 ? span_of(m->scratch.p, m->scratch.len)
			 : value;
	for (size_t i = 0; i < m->subject->n; i++)
		if (strcmp(m->subject->v[i].kind, b->kind) == 0 &&
			holds(b->match, folded, span_of(m->folded[i].p, m->folded[i].len)) &&
			give(a, i, MATCH_FIELD, b, 0, 0))
			return true;
	return false;
}

static size_t
count_words(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] != ' ' && (i == 0 || s.p[i - 1] == ' ');
	return n;
}

/* How often WORD is one of S's. */
static size_t
count_word(struct span s, struct span word)
{
	size_t n = 0, from = 0;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && s.p[i] != ' ')
			continue;
		n += span_eq(span_of(s.p + from, i - from), word);
		from = i + 1;
	}
	return n;
}

/* Folded names have one blank between two words. */
static bool
same_words(struct span a, struct span b)
{
	size_t from = 0;

	if (count_words(a) != count_words(b))
		return false;
	for (size_t i = 0; i <= a.len; i++) {
		if (i < a.len && a.p[i] != ' ')
			continue;
		if (count_word(a, span_of(a.p + from, i - from)) !=
			count_word(b, span_of(a.p + from, i - from)))
			return false;
		from = i + 1;
	}
	return true;
}

static bool
is_part_with(const struct conf_subject *a, const struct conf_subject *b)
{
	return a->match == CONF_MATCH_PARTS && strcmp(a->kind, b->kind) == 0;
}

/* A name over several columns, of which B is the first one. */
static bool
ask_parts(struct asking *a, const struct conf_subject *b)
{
	const struct conf_store *s = a->r->store;
	struct matcher *m = a->m;

	buf_clear(&m->scratch);
	for (const struct conf_subject *p = b; p < s->subject + s->n_subjects; p++) {
		const struct span value = is_part_with(p, b) ? a->r->field(a->r, p->field)
							     : SPAN_NONE;

		if (!value.p || value.len == 0)
			continue;
		if (m->scratch.len > 0)
			buf_char(&m->scratch, ' ');
		if (identifier_fold_class(IDENTIFIER_NAME, value, &m->scratch) < 0)
			return false;
	}
	for (size_t i = 0; !m->scratch.failed && i < m->subject->n; i++)
		if (strcmp(m->subject->v[i].kind, b->kind) == 0 &&
			same_words(span_of(m->scratch.p, m->scratch.len),
				span_of(m->folded[i].p, m->folded[i].len)) &&
			give(a, i, MATCH_FIELD, b, 0, 0))
			return true;
	return false;
}

static bool
is_first_part(const struct conf_store *s, const struct conf_subject *b)
{
	const struct conf_subject *p = s->subject;

	while (p < b && !is_part_with(p, b))
		p++;
	return p == b;
}

static bool
ask_subject(struct asking *a, const struct conf_subject *b)
{
	if (b->element)
		return false;
	if (b->match != CONF_MATCH_PARTS)
		return ask_field(a, b);
	return is_first_part(a->r->store, b) && ask_parts(a, b);
}

static bool
ask_fields(struct asking *a)
{
	const struct conf_store *s = a->r->store;

	for (size_t i = 0; a->r->field && i < s->n_subjects; i++)
		if (ask_subject(a, &s->subject[i]))
			return true;
	return false;
}

static bool
ask_text(struct asking *a)
{
	struct needles_walk w = needles_in(a->m->needles, a->r->text);
	struct needle_hit hit;

	while (a->r->text.p && needles_next(&w, &hit) == 0) {
		const struct literal *l = &a->m->literals.v[hit.which];

		if (literal_stands(l, a->r->text, hit.begin, &hit.end) &&
			give(a, l->identifier, l->token ? MATCH_TOKEN : MATCH_MENTION, NULL,
				hit.begin, hit.end))
			return true;
	}
	return false;
}

/* One that cannot be decided in its steps counts as a match of nothing: somebody looks. */
static bool
ask_pattern(struct asking *a, const struct pattern *p)
{
	const struct span text = a->r->text;
	size_t at = 0;

	while (text.p && at <= text.len) {
		const int rc = pcre2_match(p->code, (PCRE2_SPTR)text.p, text.len, at,
			PCRE2_NOTEMPTY, a->m->data, a->m->limits);
		const PCRE2_SIZE *found = pcre2_get_ovector_pointer(a->m->data);

		if (rc == PCRE2_ERROR_NOMATCH)
			return false;
		if (rc < 0)
			return give(a, p->identifier, MATCH_MENTION, NULL, 0, 0);
		if (give(a, p->identifier, MATCH_MENTION, NULL, found[0], found[1]))
			return true;
		at = found[1] > at ? found[1] : at + 1;
	}
	return false;
}

static bool
ask_patterns(struct asking *a)
{
	for (size_t i = 0; i < a->m->n_patterns; i++)
		if (ask_pattern(a, &a->m->pattern[i]))
			return true;
	return false;
}

/* Is R a line that is not worth to be split, when nothing of hers stands in it? */
static bool
is_line(const struct matcher *m, const struct record *r)
{
	return r->text.p && is_of_lines(r->store) && !m->by_value;
}

static bool
is_about_her(void *ctx, const struct record *r)
{
	struct matcher *m = ctx;
	struct asking a = { .m = m, .r = r };

	if (!r->text.p)
		m->n_unread++;
	return (!is_line(m, r) && ask_fields(&a)) || ask_text(&a) || ask_patterns(&a);
}

size_t
matcher_each(struct matcher *m, const struct record *r,
	void (*seen)(void *ctx, const struct match *match), void *ctx)
{
	struct asking a = { .m = m, .r = r, .seen = seen, .ctx = ctx };

	(void)ask_fields(&a);
	(void)ask_text(&a);
	(void)ask_patterns(&a);
	return a.n;
}
