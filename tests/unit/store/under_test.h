/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * under_test.h - the store under test: its options, and what it tells
 */
#pragma once
#include "base/conf/conf.h"
#include "store/store.h"
#include "tests/unit/folder.h"

#define DAY_S INT64_C(86400)
#define NOW_S INT64_C(1795484429) /* 2026-11-24T01:40:29Z */

static struct conf_option option[8];
static struct store *store;
static struct err e;
static unsigned n_notes[STORE_NOTES];
static char said[512];

static inline void
hear(void *ctx, const struct conf_store *s, enum store_note n, const char *place,
	const char *detail)
{
	(void)ctx;
	(void)s;
	(void)place;
	n_notes[n]++;
	(void)strncat(said, detail, sizeof(said) - strlen(said) - 1);
}
