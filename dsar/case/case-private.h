/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * case-private.h - what the files of the case share
 *
 *   case.c          tables, dates, reading, a letter's cases
 *   case_guard.c    what an act needs, and moving on
 *   case_command.c  dsar case: its verbs
 *   case_print.c    … list and show
 *   case_shrink.c   what stays of a closed case, and for how long
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "dsar/case/case.h"

struct session;

unsigned case_who(void); /* the user id of whoever works here */

struct shrink {
	struct registry *registry;
	int64_t now_us;
};

/* When the file of a case goes that was closed at CLOSED_US. */
int64_t case_gone_us(int64_t closed_us);

/* Takes away what proof does not need, if NUMBER is closed and this is not done yet. */
int case_shrink(struct registry *r, const char *number, int64_t now_us, struct err *e);

/* What a restore has brought back and was shrunk, or GONE, before: is so again, whatever its state. No case: fine. */
int case_shrink_again(
	struct registry *r, const char *number, bool gone, int64_t now_us, struct err *e);

/* Shrinks what is closed and forgets what is over; TELL is told of each. DRY: only told. */
typedef void case_tidied(void *ctx, const char *number);
int case_tidy(
	struct registry *r, int64_t now_us, bool dry, case_tidied *tell, void *ctx, struct err *e);

/* C is refused, wholly or in PART, on GROUND: on both accounts, within a transaction. EVENT, which the letter of refusal is
 * made of, is given away. */
int case_refuse(struct session *s, struct case_file *c, const char *ground, bool part,
	json_t *event, struct err *e);

int case_list(struct session *s, bool all, struct err *e);
int case_show(struct session *s, const char *number, struct err *e);
