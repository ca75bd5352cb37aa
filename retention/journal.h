/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal.h - what the verbs of `retention journal` share: which files, and of when
 */
#pragma once
#include <stdint.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "retention/match.h"

#define JOURNAL_PATHS 256

struct journal_asked {
	const char *path[JOURNAL_PATHS]; /* patterns, owned; none: the machine's journals */
	size_t n_paths;
	int64_t since_us, until_us; /* INT64_MIN, INT64_MAX: no bound */
	bool dry, break_seal;
	struct match match;
	struct conf_store conf; /* a store over those files */
};

struct session;

/* Each returns the exit status. */
int journal_stat(struct session *s, struct journal_asked *a, struct err *e);
int journal_drop(struct session *s, struct journal_asked *a, struct err *e);
