/* SPDX-License-Identifier: GPL-3.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "record/value_set.h"

#include <pcre2.h>
#include <stdlib.h>

#define MATCH_LIMIT    20000
#define HEAP_LIMIT_KIB 1024

struct value_set {
	struct span *word; /* by length, then by bytes */
	size_t n_words;
	pcre2_code **pattern;
	size_t n_patterns;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static int
word_compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->p, y->p, x->len);
}

static int
pattern_add(struct value_set *s, const struct conf_reduce *d, const char *text, struct err *e)
{
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at;
	int code;
	pcre2_code *p = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
		PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);

	if (!p) {
		if (pcre2_get_error_message(code, why, sizeof(why)) < 0)
			why[0] = '\0';
		return conf_fail(e, &d->where, N_("bad pattern among the values"),
			N_("see pcre2pattern(3)"), "%s: %s at character %zu", d->field,
			(const char *)why, (size_t)at);
	}
	(void)pcre2_jit_compile(p, PCRE2_JIT_COMPLETE); /* without it, it is only slower */
	s->pattern[s->n_patterns++] = p;
	return 0;
}

static size_t
count_words(const struct conf_reduce *d, bool split)
{
	size_t n = d->values.n;

	for (size_t i = 0; split && i < d->values.n; i++)
		for (const char *p = d->values.v[i]; *p; p++)
			n += *p == ' ';
	return n;
}

static void
words_add(struct value_set *s, const char *text, bool split)
{
	while (split) {
		size_t len;

		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len == 0)
			return;
		s->word[s->n_words++] = span_of(text, len);
		text += len;
	}
	s->word[s->n_words++] = span_str(text);
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
	s->word = calloc(count_words(d, split), sizeof(*s->word));
	s->pattern = calloc(d->values.n, sizeof(*s->pattern));
	s->match = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	if (!s->word || !s->pattern || !s->match || !s->limits)
		return err_memory(e);
	(void)pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
	for (size_t i = 0; i < d->values.n; i++) {
		const char *text = d->values.v[i];

		if (text[0] != '~')
			words_add(s, text, split);
		else if (pattern_add(s, d, text + 1, e) < 0)
			return -1;
	}
	qsort(s->word, s->n_words, sizeof(*s->word), word_compare);
	*ret = TAKE(s);
	return 0;
}

struct value_set *
value_set_free(struct value_set *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_patterns; i++)
		pcre2_code_free(s->pattern[i]);
	pcre2_match_data_free(s->match);
	pcre2_match_context_free(s->limits);
	free(s->pattern);
	free(s->word);
	free(s);
	return NULL;
}

bool
value_set_has(const struct value_set *s, struct span value)
{
	if (bsearch(&value, s->word, s->n_words, sizeof(*s->word), word_compare))
		return true;
	for (size_t i = 0; i < s->n_patterns; i++)
		if (pcre2_match(s->pattern[i], (PCRE2_SPTR)value.p, value.len, 0, 0, s->match,
			    s->limits) >= 0)
			return true;
	return false;
}
