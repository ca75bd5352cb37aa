/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/wipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
wipe_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

struct block {
	size_t n;
	_Alignas(max_align_t) char p[];
};

static struct block *
block_of(void *p)
{
	return (struct block *)((char *)p - offsetof(struct block, p));
}

void *
wipe_malloc(size_t n)
{
	struct block *b = n <= SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + n) : NULL;

	if (!b)
		return NULL;
	b->n = n;
	return b->p;
}

void *
wipe_calloc(size_t n, size_t size)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, size, &all))
		return NULL;
	p = wipe_malloc(all);
	return p ? memset(p, 0, all) : NULL;
}

void *
wipe_realloc(void *p, size_t n)
{
	void *new = wipe_malloc(n);

	if (!new || !p)
		return new;
	memcpy(new, p, block_of(p)->n < n ? block_of(p)->n : n);
	wipe_free(p);
	return new;
}

char *
wipe_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = wipe_malloc(n);

	return p ? memcpy(p, s, n) : NULL;
}

void
wipe_free(void *p)
{
	if (!p)
		return;
	explicit_bzero(p, block_of(p)->n);
	free(block_of(p));
}
