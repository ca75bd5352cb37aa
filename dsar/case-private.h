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
#include "dsar/case.h"

struct session;

unsigned case_who(void); /* the user id of whoever works here */

int case_list(struct session *s, bool all, struct err *e);
int case_show(struct session *s, const char *number, struct err *e);
