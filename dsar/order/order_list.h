/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * order_list.h - the orders of a case, and what they do there, for people and programs
 */
#pragma once
#include "base/err.h"

struct session;

/* Shows the orders of case NUMBER. 1: one was not answered in time. */
int order_list(struct session *s, const char *number, struct err *e);

/* Shows what becomes of each find of NODE, by its newest plan or act. */
int order_show_items(struct session *s, const char *number, const char *node, struct err *e);
