/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * span.h - bytes that somebody else owns
 *
 * A span is a place in a buffer: it owns nothing, may hold any byte (NUL too) and is not
 * terminated. `p == NULL` means "not there", which differs from "there and empty".
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t len; /* bytes */
};

#define SPAN(literal) ((struct span){ "" literal, sizeof(literal) - 1 })
#define SPAN_NONE     ((struct span){ NULL, 0 })

static inline struct span
span_of(const void *p, size_t len)
{
	return (struct span){ p, len };
}

static inline struct span
span_str(const char *s)
{
	return (struct span){ s, s ? strlen(s) : 0 };
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
span_starts(struct span s, struct span head)
{
	return s.len >= head.len && memcmp(s.p, head.p, head.len) == 0;
}

/* The rest of S from byte N on; N is at most S.len. */
static inline struct span
span_from(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

static inline bool
span_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool
span_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* S without the blanks around it. */
static inline struct span
span_trim(struct span s)
{
	while (s.len > 0 && span_is_blank(s.p[0]))
		s = span_from(s, 1);
	while (s.len > 0 && span_is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}
