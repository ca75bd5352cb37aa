/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A field ends at the first place where its delimiter stands and the next field may begin; the last
 * delimiter must end the line. Every byte is looked at about once.
 */
#include "base/bytes.h"
#include "record/format/template-private.h"

#define NUMBER_MAX 32 /* bytes */
#define INLINE     static inline __attribute__((always_inline))

/* 16 bytes at once, in whatever way the compiler has for it. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));

/* The lowest and the highest byte in each place of a time. */
static const struct look {
	size_t len; /* 16 to 32 */
	const char *low, *high;
} clf = { 26, "00/AAA/0000:00:00:00 +0000", "99/zzz/9999:99:99:99 -9999" },
  iso = { 25, "0000-00-00T00:00:00+00:00", "9999-99-99T99:99:99-99:99" };

INLINE bool
between(const char *p, const char *low, const char *high)
{
	bytes16 v, l, h;
	uint64_t all[2];

	memcpy(&v, p, sizeof(v));
	memcpy(&l, low, sizeof(l));
	memcpy(&h, high, sizeof(h));
	v = (bytes16)((v >= l) & (v <= h));
	memcpy(all, &v, sizeof(all));
	return (all[0] & all[1]) == UINT64_MAX;
}

INLINE const char *
time_end(const struct look *look, const char *p, const char *end)
{
	size_t tail = look->len - 16;

	if ((size_t)(end - p) >= look->len && between(p, look->low, look->high) &&
		between(p + tail, look->low + tail, look->high + tail))
		return p + look->len;
	return p < end && *p == '-' ? p + 1 : NULL;
}

/* "200", "0.004", "-1", "-", and "4xx" for a status that a rule has reduced. An address has more
 * dots than a number, so that none passes for one. */
INLINE const char *
number_end(const char *p, const char *end)
{
	const char *q;

	if (end - p > NUMBER_MAX)
		end = p + NUMBER_MAX;
	q = bytes_digits_end(p + (p < end && *p == '-'), end);
	if (end - q > 1 && *q == '.')
		q = bytes_digits_end(q + 1, end);
	else if (q == p + 1 && end - q > 1 && q[0] == 'x' && q[1] == 'x')
		q += 2;
	return q;
}

INLINE bool
delim_stands(const struct template_part *t, const char *p, const char *end)
{
	const size_t left = (size_t)(end - p), len = t->delim_len;

	if (left < 8)
		return left >= len && bytes_few(p, len) == t->word;
	if ((bytes_word(p) & t->mask) != t->word)
		return false;
	return len <= 8 || (left >= len && memcmp(p, t->delim, len) == 0);
}

/* The end of the field T at P, which has a look; NULL if it does not look like that. */
INLINE const char *
known_end(const struct template_part *t, const char *p, const char *end)
{
	const char *q;

	switch (t->look) {
	case LOOK_CLF:
		q = time_end(&clf, p, end);
		break;
	case LOOK_ISO:
		q = time_end(&iso, p, end);
		break;
	default:
		q = number_end(p, end);
	}
	return q && (t->delim_len > 0 ? delim_stands(t, q, end) : q == end) ? q : NULL;
}

static bool
is_escaped(const char *start, const char *quote)
{
	const char *p = quote;

	while (p > start && p[-1] == '\\')
		p--;
	return (quote - p) % 2 != 0;
}

INLINE bool
is_any(const struct template_part *t)
{
	return t->look <= LOOK_WORD;
}

/* The end of the field T at START, which may hold anything, or anything but a blank, at or behind P;
 * NULL: none. */
INLINE const char *
any_end(const struct template_part *t, const char *start, const char *p, const char *end)
{
	const bool word = t->look == LOOK_WORD;

	if (word && t->delim[0] == ' ') { /* the first blank ends it, or nothing does */
		p = p == start ? bytes_find(p, end, ' ') : NULL;
		return p && delim_stands(t, p, end) ? p : NULL;
	}
	if (t->delim_len == 0)
		return word && bytes_find(start, end, ' ') ? NULL : end;
	for (; (p = bytes_find(p, end, t->delim[0])) != NULL; p++)
		if (delim_stands(t, p, end) &&
			!(t->quote && p > start && p[-1] == '\\' && is_escaped(start, p)))
			break;
	return p && word && bytes_find(start, p, ' ') ? NULL : p;
}

/* A field with a look, T, does not look like that at the place behind BEFORE, which may hold anything:
 * so that one goes on to the next place where its delimiter stands and the look is right. Returns
 * whether there is one, as *RET and its end. */
static __attribute__((noinline)) bool
go_on(const struct template_part *t, struct piece *before, const char *end, const char **ret,
	const char **ret_stop)
{
	const char *p = before->p + before->len;

	while ((p = any_end(t - 1, before->p, p + 1, end)) != NULL) {
		*ret = p + t[-1].delim_len;
		*ret_stop = known_end(t, *ret, end);
		if (*ret_stop) {
			before->len = (uint32_t)(p - before->p);
			return true;
		}
	}
	return false;
}

/* Does the delimiter of T, of up to 8 bytes, stand at P? It does not if P is NULL. */
INLINE bool
short_delim_stands(const struct template_part *t, const char *p, const char *end)
{
	if (p && end - p >= 8)
		return (bytes_word(p) & t->mask) == t->word;
	return p && (size_t)(end - p) >= t->delim_len && bytes_few(p, t->delim_len) == t->word;
}

/* The end of the field T at P, where it is found at once: the same that any_end() and known_end() find. NULL: it
 * may be elsewhere, or nowhere. */
INLINE const char *
near_end(const struct template_part *t, const char *p, const char *end)
{
	const char *q;

	switch (t->end) {
	case END_WORD:
		q = bytes_find(p, end, ' ');
		return short_delim_stands(t, q, end) ? q : NULL;
	case END_TEXT:
		q = bytes_find(p, end, t->delim[0]);
		if (!short_delim_stands(t, q, end))
			return NULL;
		return q > p && q[-1] == '\\' && t->quote ? NULL : q;
	case END_DIGITS:
		q = end - p >= 16 ? bytes_digits_end(p, p + 16) : p;
		return q > p && short_delim_stands(t, q, end) ? q : NULL;
	case END_CLF:
		q = time_end(&clf, p, end);
		return short_delim_stands(t, q, end) ? q : NULL;
	default:
		return NULL;
	}
}

/* The same as near_end() where it has to be looked for. */
static __attribute__((noinline)) const char *
far_end(const struct template_part *t, const char *p, const char *end)
{
	return is_any(t) ? any_end(t, p, p, end) : known_end(t, p, end);
}

/* The first N parts of T, from LINE's beginning. Returns what is behind them; NULL: no match. */
INLINE const char *
split_parts(const struct template *t, unsigned n, struct span line, struct piece *pc)
{
	const struct template_part *part = t->part, *behind = part + n;
	const char *p = line.p, *end = p + line.len;

	if (!span_starts(line, span_of(t->lead, t->lead_len)))
		return NULL;
	p += t->lead_len;
	for (; part < behind; part++, pc++) {
		const char *stop = near_end(part, p, end);

		if (!stop)
			stop = far_end(part, p, end);
		if (!stop && (is_any(part) || part == t->part || !is_any(part - 1) ||
				     !go_on(part, pc - 1, end, &p, &stop)))
			return NULL;
		pc->p = p;
		pc->len = (uint32_t)(stop - p);
		pc->field = part->field;
		p = stop + part->delim_len;
	}
	return p;
}

enum format_result
template_split(const struct template *t, struct span line, struct split *ret)
{
	ret->n = t->n;
	ret->whole = true;
	return split_parts(t, t->n, line, ret->piece) == line.p + line.len ? FORMAT_OK
									   : FORMAT_NO_MATCH;
}

bool
template_split_head(const struct template *t, unsigned part, struct span line, struct split *ret)
{
	ret->n = part + 1;
	return split_parts(t, part + 1, line, ret->piece) != NULL;
}

/* go_on() moves the end of what may hold anything, when what follows it asks for that. */
bool
template_is_settled(const struct template *t, unsigned part)
{
	return !is_any(&t->part[part]);
}
