/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wipe.h - malloc(3) and its like, whose blocks are wiped when they are given back
 *
 * For libraries that hold what names people and take their memory from us: libexpat and libcurl.
 * Each block costs 16 bytes more. Blocks go back by wipe_free() only.
 */
#pragma once
#include <stddef.h>

/* Overwrites TEXT, of malloc(3) itself, and gives it back; NULL is fine. */
void wipe_text(char *text);

void *wipe_malloc(size_t n);
void *wipe_calloc(size_t n, size_t size);
void *wipe_realloc(void *p, size_t n); /* the old block is wiped, if it moves */
char *wipe_strdup(const char *s);
void wipe_free(void *p); /* NULL is fine */
