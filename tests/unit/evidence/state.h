/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * state.h - a state folder of its own for a test, gone at its end
 */
#pragma once
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "tests/unit/folder.h"

#define DAY_S  INT64_C(86400)
#define NOW_US (INT64_C(1795484429) * 1000000) /* 2026-11-24T01:40:29Z */

static char creds[96];
static struct err e;
static struct conf_store stores[] = {
	{ .name = "web", .type = "textlog", .category = "account", .hold_max_s = 90 * DAY_S },
	{ .name = "mail", .type = "textlog", .category = "contact", .hold_max_s = 30 * DAY_S },
};
static struct conf conf = { .state_dir = folder,
	.key_dir = folder,
	.credential = "/nowhere",
	.pseudonym_prefix = "fd73:7061:7273::/48",
	.store = stores,
	.n_stores = 2 };

static void
state_make(void)
{
	FILE *f;
	char path[128];

	ck_assert_int_ge(sodium_init(), 0);
	folder_make();
	(void)snprintf(creds, sizeof(creds), "%s/creds", folder);
	ck_assert_int_eq(mkdir(creds, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/sparsam-keys", creds);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 32; i++)
		putc('a' + i % 26, f);
	ck_assert_int_eq(fclose(f), 0);
	(void)setenv("CREDENTIALS_DIRECTORY", creds, 1);
}

static void
state_remove(void)
{
	folder_remove();
}
