/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * print.h - one way out for what the programs say
 *
 * Facts are printed as text, or with --json as JSON Lines ("v":1, snake_case keys, RFC 3339 UTC
 * times, sizes in bytes; sparsam-json(5)). stdout is data, stderr is talk. Colour only on a
 * terminal and never with NO_COLOR.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/span.h"

struct print {
	FILE *f;
	bool json, colour;
	bool open; /* inside an object */
};

void print_init(struct print *p, FILE *f, bool json);

/* One JSON object a fact; these do nothing where !p->json. */
void print_begin(struct print *p);
void print_str(
	struct print *p, const char *key, struct span value); /* bytes that are no UTF-8: U+FFFD */
void print_int(struct print *p, const char *key, int64_t value);
void print_bool(struct print *p, const char *key, bool value);
void print_time(struct print *p, const char *key, int64_t us);
void print_end(struct print *p);

/* Escape codes, or "" where there is no colour. */
enum print_ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_RED, INK_GREEN, INK_YELLOW, INK_BLUE };
const char *print_ink(const struct print *p, enum print_ink ink);

/* Text for people: control bytes as \xHH, so that a log line cannot drive a terminal. */
void print_safe(struct print *p, struct span s);

/* A table that aligns: columns are set by the widest cell; the first row is the head. */
struct print_table;
struct print_table *print_table_new(unsigned n_columns);
void print_table_cell(struct print_table *t, bool right, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void print_table_ink(struct print_table *t, enum print_ink ink); /* of the newest cell */
void print_table_free(struct print_table *t, struct print *p);   /* prints it, too */

/* A bar on stderr for long work, only on a terminal; done == total ends it. total 0: unknown. */
void print_progress(const char *label, uint64_t done, uint64_t total);
