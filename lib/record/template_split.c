/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A field ends at the first place where its delimiter stands and the next field may begin; the last
 * delimiter must end the line. Every byte is looked at about once.
 */
#include "record/template-private.h"

#define NUMBER_MAX 32 /* bytes */

/* 16 bytes at once, in whatever way the compiler has for it. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));

/* The lowest and the highest byte in each place of a time. */
static const struct look {
	size_t len; /* 16 to 32 */
	const char *low, *high;
} clf = { 26, "00/AAA/0000:00:00:00 +0000", "99/zzz/9999:99:99:99 -9999" },
  iso = { 25, "0000-00-00T00:00:00+00:00", "9999-99-99T99:99:99-99:99" };

static bool
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

static const char *
time_end(const struct look *look, const char *p, const char *end)
{
	size_t tail = look->len - 16;

	if ((size_t)(end - p) >= look->len && between(p, look->low, look->high) &&
		between(p + tail, look->low + tail, look->high + tail))
		return p + look->len;
	return p < end && *p == '-' ? p + 1 : NULL;
}

static const char *
digits_end(const char *p, const char *end)
{
	while (p < end && (unsigned)(*p - '0') < 10)
		p++;
	return p;
}

/* "200", "0.004", "-1", "-", and "4xx" for a status that a rule has reduced. An address has more
 * dots than a number, so that none passes for one. */
static const char *
number_end(const char *p, const char *end)
{
	const char *q;

	if (end - p > NUMBER_MAX)
		end = p + NUMBER_MAX;
	q = digits_end(p + (p < end && *p == '-'), end);
	if (end - q > 1 && *q == '.')
		q = digits_end(q + 1, end);
	else if (q == p + 1 && end - q > 1 && q[0] == 'x' && q[1] == 'x')
		q += 2;
	return q;
}

static inline bool
delim_stands(const struct template_part *t, const char *p, const char *end)
{
	uint64_t v;

	if (end - p >= 8) {
		memcpy(&v, p, sizeof(v));
		if ((v & t->mask) != t->word)
			return false;
		if (t->delim_len <= 8)
			return true;
	}
	return (size_t)(end - p) >= t->delim_len && memcmp(p, t->delim, t->delim_len) == 0;
}

/* The end of the field T at P, which has a look; NULL if it does not look like that. */
static const char *
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
	if (!q || (t->delim_len == 0 ? q != end : !delim_stands(t, q, end)))
		return NULL;
	return q;
}

static bool
is_escaped(const char *start, const char *quote)
{
	const char *p = quote;

	while (p > start && p[-1] == '\\')
		p--;
	return (quote - p) % 2 != 0;
}

/* The first place from P on where T's delimiter stands; START is where its field begins. */
static const char *
delim_find(const struct template_part *t, const char *start, const char *p, const char *end)
{
	if (t->delim_len == 0)
		return end;
	while ((p = memchr(p, t->delim[0], (size_t)(end - p))) != NULL) {
		if (delim_stands(t, p, end) && !(t->quote && is_escaped(start, p)))
			return p;
		p++;
	}
	return NULL;
}

/* The end of the field T at P, which may hold anything (a word: but a blank), and in *ret_next that of the field behind
 * it where that one has a look. NULL: none. */
static const char *
any_end(const struct template_part *t, bool last, const char *p, const char *end,
	const char **ret_next)
{
	const char *from = p, *q, *blank = NULL;

	*ret_next = NULL;
	if (t->look == LOOK_WORD)
		blank = memchr(p, ' ', (size_t)(end - p));
	while ((q = delim_find(t, p, from, end)) != NULL) {
		if (blank && q > blank)
			return NULL;
		if (last || t[1].look <= LOOK_WORD)
			return q;
		*ret_next = known_end(t + 1, q + t->delim_len, end);
		if (*ret_next)
			return q;
		from = q + 1;
	}
	return NULL;
}

static const char *
put_field(const struct template_part *t, const char *p, const char *stop, struct split *ret)
{
	struct piece *pc = &ret->piece[ret->n];

	pc[0] = (struct piece){ .p = p, .len = (uint32_t)(stop - p), .field = t->field };
	pc[1] = (struct piece){ .p = stop, .len = t->delim_len, .field = PIECE_LITERAL };
	ret->n += t->delim_len > 0 ? 2 : 1;
	return stop + t->delim_len;
}

enum format_result
template_split(const struct template *t, struct span line, struct split *ret)
{
	const struct template_part *part = t->part, *behind = t->part + t->n;
	const char *p = line.p, *end = line.p + line.len;

	ret->n = 0;
	if (!span_starts(line, span_of(t->lead, t->lead_len)))
		return FORMAT_NO_MATCH;
	if (t->lead_len > 0)
		(void)split_add(ret, p, t->lead_len, PIECE_LITERAL); /* there is room: first */
	p += t->lead_len;
	while (part < behind) {
		const char *next = NULL, *stop;

		stop = part->look <= LOOK_WORD ? any_end(part, part + 1 == behind, p, end, &next)
					       : known_end(part, p, end);
		if (!stop)
			return FORMAT_NO_MATCH;
		p = put_field(part++, p, stop, ret);
		if (next)
			p = put_field(part++, p, next, ret);
	}
	return p == end ? FORMAT_OK : FORMAT_NO_MATCH;
}
