/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * named.h - does a row of a database name it?
 *
 * A product that keeps its files by name in a folder and all else about them in PostgreSQL leaves files
 * behind whose row is gone. Asked for each file, since an answer that was remembered may be wrong when
 * the file is removed. A table without any row names everything: it is the wrong one, or was lost.
 */
#pragma once
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

struct conf_store;
struct named;
struct store_env;

/* Opens the question that S's options `service` and `row` ("TABLE.COLUMN") are. STORE_ABSENT: there is no
 * such service. Fails with EX_CONFIG, EX_NOPERM, EX_UNAVAILABLE. The caller owns *ret. */
int named_open(
	const struct store_env *env, const struct conf_store *s, struct named **ret, struct err *e);
struct named *named_free(struct named *n);
DEFINE_CLEANUP(struct named, named_free)

int named_by_row(struct named *n, const char *id, bool *ret, struct err *e);
