/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a line's own member lies, without reading all of it: among the first members, as long as they are numbers,
 * words and plain strings; or as the last one, as Docker writes it.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"
#include "record/format/json-private.h"

#define KEY_MAX 64

/* Behind the plain string that begins behind a quote at P, at its closing quote; NULL: it is none. */
static const char *
plain_end(const char *p, const char *end)
{
	const char *quote = memchr(p, '"', (size_t)(end - p));

	return quote && !memchr(p, '\\', (size_t)(quote - p)) ? quote : NULL;
}

/* The value at P, and what comes behind it. */
static const char *
scalar(const char *p, const char *end, struct span *ret)
{
	const char *to;

	if (p < end && *p == '"') {
		to = plain_end(p + 1, end);
		if (!to)
			return NULL;
		*ret = span_of(p + 1, (size_t)(to - p - 1));
		return to + 1;
	}
	for (to = p; to < end && *to != ',' && *to != '}'; to++)
		if (!strchr("0123456789+-.eEtrufalsn", *to))
			return NULL;
	*ret = span_of(p, (size_t)(to - p));
	return to;
}

/* Is one of the first members KEY? */
static bool
among_first(struct span line, struct span key, struct span *ret)
{
	const char *p = line.p, *end = line.p + line.len;

	while (end - p > 2 && (*p == '{' || *p == ',') && p[1] == '"') {
		const char *name = p + 2, *to = plain_end(name, end);
		struct span value;

		if (!to || end - to < 2 || to[1] != ':')
			return false;
		p = scalar(to + 2, end, &value);
		if (!p)
			return false;
		if (span_eq(span_of(name, (size_t)(to - name)), key)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Does the text with these N bytes, two at least, stand between P and END? Only where its first and its last byte stand
 * in their distance it is compared: memmem() takes ten times as long for a line. */
static bool
has(const char *p, const char *end, const char *text, size_t n)
{
#ifdef __SSE2__
	const __m128i first = _mm_set1_epi8(text[0]), last = _mm_set1_epi8(text[n - 1]);

	for (; (size_t)(end - p) >= n + 15; p += 16)
		for (unsigned at = bytes_are16(p, first) & bytes_are16(p + n - 1, last); at != 0;
			at &= at - 1)
			if (memcmp(p + __builtin_ctz(at), text, n) == 0)
				return true;
#endif
	return memmem(p, (size_t)(end - p), text, n) != NULL;
}

/* ,"KEY":"VALUE"} ends the line, and no member before it has that name, in whatever spelling. */
static bool
as_last(struct span line, struct span key, struct span *ret)
{
	char name[KEY_MAX + 4];
	const size_t n = key.len + 2;
	const char *end = line.p + line.len, *value;
	const char *before;

	if (key.len > KEY_MAX || line.len < n + 6 || end[-1] != '}' || end[-2] != '"')
		return false;
	name[0] = name[n - 1] = '"';
	memcpy(name + 1, key.p, key.len);
	value = memrchr(line.p, '"', line.len - 2);
	if (!value || (size_t)(value - line.p) < n + 2 || value[-1] != ':' ||
		memcmp(value - 1 - n, name, n) != 0 || value[-2 - (ptrdiff_t)n] != ',' ||
		memchr(value, '\\', (size_t)(end - value)))
		return false;
	before = value - 1 - n;
	if (has(line.p, before, name, n) || has(line.p, before, "\\u", 2))
		return false;
	*ret = span_of(value + 1, (size_t)(end - 2 - value - 1));
	return true;
}

bool
json_glance(struct span line, const char *key, struct span *ret)
{
	const struct span name = span_str(key);

	if (line.len < 2 || line.p[0] != '{')
		return false;
	return among_first(line, name, ret) || as_last(line, name, ret);
}
