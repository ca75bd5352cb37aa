/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * utf8.h - is it UTF-8? (RFC 3629: no surrogates, no overlong forms, nothing over U+10FFFF)
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Bytes of the character that S begins with; 0 where it begins with none. S is not empty. */
static inline size_t
utf8_length(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < n)
		return 0;
	switch (p[0]) {
	case 0xe0:
		low = 0xa0;
		break;
	case 0xed:
		high = 0x9f;
		break;
	case 0xf0:
		low = 0x90;
		break;
	case 0xf4:
		high = 0x8f;
		break;
	}
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* Is the character that S begins with a control (C0, DEL, C1), or one that turns the direction of
 * writing (U+202A to U+202E, U+2066 to U+2069)? */
static inline bool
utf8_is_control(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (p[0] < 0x80)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (p[0] == 0xc2)
		return p[1] < 0xa0;
	return p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
				       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}
