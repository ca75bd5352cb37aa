/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * setup.h - configuration, formats and keys, opened together for one command
 */
#pragma once
#include "base/conf/conf.h"
#include "logscrub/rule/rule.h"
#include "record/key/keyring.h"
#include "record/key/pseudonym.h"

struct setup {
	struct conf *conf;
	struct formats *formats;
	struct keyring *keyring;
	struct pseudonym *pseudonym;
};

/* Opens all four; notices of the keyring go to stderr. FILE: NULL for the default configuration.
 * The caller owns *ret_s (zeroed before) and ends it with setup_release(). */
int setup_open(struct setup *ret_s, const char *file, struct err *e);
void setup_release(struct setup *s);

/* The rule of the store NAME. Fails with EX_USAGE where there is no such store. */
int setup_rule(const struct setup *s, const char *name, struct rule **ret, struct err *e);

/* The store with a scrub section whose format is NAME. Fails with EX_USAGE. */
int setup_store_by_format(
	const struct setup *s, const char *name, const struct conf_store **ret, struct err *e);

/* The store with a scrub section that claims PATH by its `paths`; NULL: none. */
const struct conf_store *setup_store_by_path(const struct setup *s, const char *path);
