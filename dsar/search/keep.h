/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keep.h - finds are kept from routine deletion until the answer is out (R15c)
 *
 * One hold of a case's finds, by their digests; its incident is the case's number, and a newer search's takes
 * the place of an older one's. It goes when the case is answered, at the next call of keep_settle().
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct case_file;
struct session;

/* Keeps all finds of C. 1: there is none. Fails as hold_add() does. */
int keep_finds(struct session *s, const struct case_file *c, struct err *e);

/* Is anything kept for case NUMBER? */
bool keep_is(const struct session *s, const char *number);

/* Releases what was kept for case NUMBER: it has been erased. */
int keep_end(struct session *s, const char *number, struct err *e);

/* Releases what was kept for cases that are answered, or are no more. */
int keep_settle(struct session *s, struct err *e);
