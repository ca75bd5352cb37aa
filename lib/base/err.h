/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * err.h - what went wrong, where, and what to do about it
 *
 * A function that can fail returns 0 for done, -1 for failed with its `struct err` filled in, and
 * a positive number for an outcome that its own header documents. `struct err` lives on the stack
 * of main() and needs no memory. *what* and *what to do* are fixed texts, marked N_() for
 * translation, so that no personal data can slip in; *where* is a path, a store, a line number, an
 * offset: never the content of a record.
 */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#define N_(text) text

struct err {
	int exit;         /* the exit status this asks for: <sysexits.h>, or 1 for "findings" */
	int errnum;       /* errno, or 0 */
	const char *what; /* fixed text */
	const char *todo; /* fixed text, or NULL */
	char where[512];  /* "outermost: inner: innermost" */
};

/* Fills E and returns -1. WHERE may be NULL. E may be NULL, when nobody wants to know. */
int err_fail(struct err *e, int exit, int errnum, const char *what, const char *todo,
	const char *where, ...) __attribute__((format(printf, 6, 7)));

/* Puts one more place in front of what E has and returns -1. */
int err_within(struct err *e, const char *where, ...) __attribute__((format(printf, 2, 3)));

/* Out of memory: EX_OSERR. Returns -1. */
int err_memory(struct err *e);

/* Whoever reads one file alone, as compiler and analyzer do, sees what these return. */
#define err_fail(...)   ((void)(err_fail)(__VA_ARGS__), -1)
#define err_within(...) ((void)(err_within)(__VA_ARGS__), -1)
#define err_memory(e)   ((void)(err_memory)(e), -1)

/* Prints "PROGRAM: what: where: strerror; todo" and a newline, translated, and returns e->exit. */
int err_print(const struct err *e, const char *program, FILE *f);
