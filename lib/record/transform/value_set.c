/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/transform/value_set.h"

#include <stdint.h>
#include <stdlib.h>

#include "record/format/first_bytes.h"

#define MATCH_LIMIT    20000
#define HEAP_LIMIT_KIB 1024
#define N_MATCHED      64      /* a power of two */
#define BLANKS         " \t\n" /* between words of one text */
#define MATCHED_MAX    63      /* bytes; longer ones are matched each time */

/* A value that a pattern matched before: the same few come again and again. */
struct matched {
	uint8_t len; /* 0: none */
	char text[MATCHED_MAX];
};

struct pattern {
	pcre2_code *code;
	struct first_bytes first;
	bool jit;
};

struct value_set {
	struct span *word; /* a hash table with open addresses; p == NULL: free */
	size_t mask;       /* of the hash */
	struct pattern *pattern;
	size_t n_patterns;
	struct matched *matched; /* N_MATCHED, NULL without patterns */
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static inline uint64_t
eight(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
four(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The first and the last bytes; what lies between is left to the comparison. */
static inline size_t
value_hash(struct span s)
{
	uint64_t a, b;

	if (s.len >= 8) {
		a = eight(s.p);
		b = eight(s.p + s.len - 8);
	} else if (s.len >= 4) {
		a = four(s.p);
		b = four(s.p + s.len - 4);
	} else {
		a = s.len > 0 ? (unsigned char)s.p[0] : 0;
		b = s.len > 0 ? (unsigned char)s.p[s.len / 2] << 8 | (unsigned char)s.p[s.len - 1]
			      : 0;
	}
	a = (a ^ s.len) * 0x9e3779b97f4a7c15u ^ b * 0xc2b2ae3d27d4eb4fu;
	return (size_t)(a >> 32 ^ a);
}

static bool
word_has(const struct value_set *s, struct span word, size_t hash)
{
	for (size_t i = hash & s->mask; s->word[i].p; i = (i + 1) & s->mask)
		if (span_eq(s->word[i], word))
			return true;
	return false;
}

static void
word_add(struct value_set *s, struct span word)
{
	size_t hash = value_hash(word), i = hash & s->mask;

	if (word_has(s, word, hash))
		return;
	while (s->word[i].p)
		i = (i + 1) & s->mask;
	s->word[i] = word;
}

static void
words_add(struct value_set *s, const char *text, bool split)
{
	while (split) {
		size_t len;

		text += strspn(text, BLANKS);
		len = strcspn(text, BLANKS);
		if (len == 0)
			return;
		word_add(s, span_of(text, len));
		text += len;
	}
	word_add(s, span_str(text));
}

/* At least twice as many places as there are words. */
static int
words_make(struct value_set *s, const struct conf_reduce *d, bool split, struct err *e)
{
	size_t n = d->values.n, size = 16;

	for (size_t i = 0; split && i < d->values.n; i++)
		for (const char *p = d->values.v[i]; *p; p++)
			n += strchr(BLANKS, *p) != NULL;
	while (size < 2 * n)
		size *= 2;
	s->word = calloc(size, sizeof(*s->word));
	s->mask = size - 1;
	return s->word ? 0 : err_memory(e);
}

static int
pattern_add(struct value_set *s, const struct conf_reduce *d, const char *text, struct err *e)
{
	struct pattern *p = &s->pattern[s->n_patterns];
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at;
	int code;
	pcre2_code *anywhere = pcre2_compile(
		(PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);

	if (anywhere) {
		first_bytes_of(anywhere, &p->first);
		p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
			PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);
	}
	pcre2_code_free(anywhere);
	if (!p->code) {
		if (pcre2_get_error_message(code, why, sizeof(why)) < 0)
			why[0] = '\0';
		return conf_fail(e, &d->where, N_("bad pattern among the values"),
			N_("see pcre2pattern(3)"), "%s: %s at character %zu", d->field,
			(const char *)why, (size_t)at);
	}
	p->jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
	s->n_patterns++;
	return 0;
}

static int
patterns_make(struct value_set *s, const struct conf_reduce *d, struct err *e)
{
	s->pattern = calloc(d->values.n, sizeof(*s->pattern));
	s->matched = calloc(N_MATCHED, sizeof(*s->matched));
	s->match = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	if (!s->pattern || !s->matched || !s->match || !s->limits)
		return err_memory(e);
	(void)pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
	return 0;
}

int
value_set_new(const struct conf_reduce *d, bool split, struct value_set **ret, struct err *e)
{
	CLEANUP(value_set_freep) struct value_set *s = calloc(1, sizeof(*s));

	if (!s)
		return err_memory(e);
	if (d->values.n == 0)
		return conf_fail(e, &d->where, N_("a list of values is missing"),
			N_("list the values that may be kept"), "%s: %s", d->field, d->to);
	if (words_make(s, d, split, e) < 0 || patterns_make(s, d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->values.n; i++) {
		const char *text = d->values.v[i];

		if (text[0] != '~')
			words_add(s, text, split);
		else if (pattern_add(s, d, text + 1, e) < 0)
			return -1;
	}
	*ret = TAKE(s);
	return 0;
}

struct value_set *
value_set_free(struct value_set *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_patterns; i++)
		pcre2_code_free(s->pattern[i].code);
	pcre2_match_data_free(s->match);
	pcre2_match_context_free(s->limits);
	free(s->matched);
	free(s->pattern);
	free(s->word);
	free(s);
	return NULL;
}

static bool
pattern_matches(const struct value_set *s, const struct pattern *p, struct span value)
{
	PCRE2_SPTR text = (PCRE2_SPTR)value.p;

	if (!first_bytes_has(&p->first, (unsigned char)value.p[0]))
		return false;
	return (p->jit ? pcre2_jit_match(p->code, text, value.len, 0, 0, s->match, s->limits)
		       : pcre2_match(p->code, text, value.len, 0, 0, s->match, s->limits)) >= 0;
}

static bool
patterns_match(const struct value_set *s, struct span value)
{
	for (size_t i = 0; i < s->n_patterns; i++)
		if (pattern_matches(s, &s->pattern[i], value))
			return true;
	return false;
}

bool
value_set_has_word(const struct value_set *s, struct span value)
{
	return word_has(s, value, value_hash(value));
}

bool
value_set_has(const struct value_set *s, struct span value)
{
	size_t hash = value_hash(value);
	struct matched *m = &s->matched[hash % N_MATCHED];

	if (word_has(s, value, hash))
		return true;
	if (s->n_patterns == 0 || value.len == 0)
		return false;
	if (span_eq(span_of(m->text, m->len), value))
		return true;
	if (!patterns_match(s, value))
		return false;
	if (value.len <= MATCHED_MAX) {
		m->len = (uint8_t)value.len;
		memcpy(m->text, value.p, value.len);
	}
	return true;
}
