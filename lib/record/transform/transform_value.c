/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_value.c - what is known may stay: one-of, words, number, flag
 */
#include "record/transform/transform-private.h"
#include "record/transform/value_set.h"

#define DIGITS_MAX   9 /* before the point: no telephone number with its country, no epoch */
#define FRACTION_MAX 17
#define EXPONENT_MAX 3

static int
put_if(bool good, struct span v, struct buf *out)
{
	if (good)
		buf_span(out, v);
	else
		buf_char(out, '-');
	return 0;
}

int
transform_one_of(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	(void)env, (void)e;
	return put_if(value_set_has(t->values, v), v, out);
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Punctuation of sentences: 1 before a word, 2 behind it. */
static const unsigned char marks[256] = {
	['('] = 1,
	['['] = 1,
	['{'] = 1,
	['<'] = 1,
	['"'] = 3,
	['\''] = 3,
	['*'] = 3,
	[')'] = 2,
	[']'] = 2,
	['}'] = 2,
	['>'] = 2,
	['.'] = 2,
	[','] = 2,
	[':'] = 2,
	[';'] = 2,
	['!'] = 2,
	['?'] = 2,
};

/* WORD without the punctuation around it. */
static struct span
word_core(struct span word)
{
	while (word.len > 0 && marks[(unsigned char)word.p[0]] & 1)
		word = span_from(word, 1);
	while (word.len > 0 && marks[(unsigned char)word.p[word.len - 1]] & 2)
		word.len--;
	return word;
}

static bool
is_known(const struct value_set *s, struct span word)
{
	struct span core = word_core(word);

	return (core.len > 0 && value_set_has(s, core)) ||
	       (core.len < word.len && value_set_has(s, word));
}

/* Words that are not in the list become one "-" where they follow each other. If all do, nothing
 * was said. */
int
transform_words(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	bool gap = false, any = false;

	(void)env, (void)e;
	for (size_t i = 0; i < v.len;) {
		size_t from;
		bool known;

		while (i < v.len && is_blank(v.p[i]))
			i++;
		from = i;
		while (i < v.len && !is_blank(v.p[i]))
			i++;
		if (i == from)
			break;
		known = is_known(t->values, span_of(v.p + from, i - from));
		if (!known && gap)
			continue;
		if (any || gap)
			buf_char(out, ' ');
		(void)put_if(known, span_of(v.p + from, i - from), out);
		any |= known;
		gap = !known;
	}
	if (!any && !gap)
		buf_char(out, '-');
	return 0;
}

/* Steps over one to MAX digits. */
static bool
take_digits(struct span *s, size_t max)
{
	size_t n = 0;

	while (n < s->len && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	*s = span_from(*s, n);
	return n > 0 && n <= max;
}

static bool
take_one_of(struct span *s, const char *set)
{
	if (s->len == 0 || s->p[0] == '\0' || !strchr(set, s->p[0]))
		return false;
	*s = span_from(*s, 1);
	return true;
}

/* RFC 8259 6, with fewer digits. */
static bool
is_number(struct span s)
{
	bool zero;

	(void)take_one_of(&s, "-");
	zero = s.len > 0 && s.p[0] == '0';
	if (!take_digits(&s, zero ? 1 : DIGITS_MAX))
		return false;
	if (take_one_of(&s, ".") && !take_digits(&s, FRACTION_MAX))
		return false;
	if (take_one_of(&s, "eE")) {
		(void)take_one_of(&s, "+-");
		if (!take_digits(&s, EXPONENT_MAX))
			return false;
	}
	return s.len == 0;
}

int
transform_number(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	(void)t, (void)env, (void)e;
	return put_if(is_number(v), v, out);
}

int
transform_flag(const struct transform *t, struct transform_env *env, struct span v, struct buf *out,
	struct err *e)
{
	(void)t, (void)env, (void)e;
	return put_if(span_eq(v, SPAN("true")) || span_eq(v, SPAN("false")), v, out);
}
