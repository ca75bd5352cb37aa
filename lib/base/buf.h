/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * buf.h - bytes that grow up to a stated maximum
 *
 * What does not fit sets `failed`, and from then on appending does nothing: a writer appends
 * without looking and asks once at the end, so the hot path has one branch an append. buf_clear()
 * makes a buffer usable again and keeps its memory, so that a loop over records allocates nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/span.h"

struct buf {
	char *p;
	size_t len, cap; /* bytes in use, bytes there */
	size_t max;      /* bytes it may ever have */
	bool failed;     /* something did not fit, or memory is out */
};

/* Readies B, owned by the caller, to hold up to MAX bytes. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);

/* Ends B. Its maximum stays, so it may be used again. */
void buf_release(struct buf *b);
void buf_wipe(struct buf *b); /* buf_release() for keys and identifiers */

/* Slow path of buf_room(). */
bool buf_grow(struct buf *b, size_t n);

/* Is there room for N more bytes (made, if need be)? */
static inline bool
buf_room(struct buf *b, size_t n)
{
	return (!b->failed && b->cap - b->len >= n) || buf_grow(b, n);
}

static inline void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (buf_room(b, n) && n > 0) {
		memcpy(b->p + b->len, p, n);
		b->len += n;
	}
}

/* The same for what is mostly short, and has 15 bytes behind it that may be read: no call, and no branch
 * for its length up to 16. */
static inline void
buf_put_short(struct buf *b, const void *p, size_t n)
{
	const char *from = p;

	if (!buf_room(b, n + 15))
		return;
	for (size_t i = 0; i < n; i += 16)
		memcpy(b->p + b->len + i, from + i, 16);
	b->len += n;
}

static inline void
buf_span(struct buf *b, struct span s)
{
	buf_put(b, s.p, s.len);
}

static inline void
buf_char(struct buf *b, char c)
{
	if (buf_room(b, 1))
		b->p[b->len++] = c;
}

static inline void
buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

/* Takes back everything after the first LEN bytes, and what failed in it. */
static inline void
buf_cut(struct buf *b, size_t len)
{
	b->len = len;
	b->failed = false;
}
