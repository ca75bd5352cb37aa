/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * registry-private.h - what the files of the register share
 */
#pragma once
#include "dsar/register/registry.h"

#define REGISTRY_KEPT_MAX 16 /* texts in the code */

struct registry {
	char *dir, *path;
	sqlite3 *db;
	struct ledger *ledger;
	enum conf_land land; /* whose holidays count */
	json_t *announced;   /* the ledger's entries of the change at hand, or NULL */
	int64_t announced_us;
	bool batch;      /* changes are parts of one */
	size_t n_before; /* announced before the part at hand */
	bool older;      /* being settled: changes do not make it the newest */
	struct registry_kept {
		const char *sql;
		sqlite3_stmt *st;
	} kept[REGISTRY_KEPT_MAX];
	size_t n_kept;
};

/* Each noun's tables, and what it refers to before it. */
extern const char case_schema[];
extern const char find_schema[];
extern const char identity_schema[];
extern const char mail_schema[];
extern const char subject_schema[];
extern const char review_schema[];
extern const char case_count_schema[];
extern const char erasure_schema[];
extern const char rectification_schema[];
extern const char restriction_schema[];
extern const char approval_schema[];
extern const char tombstone_schema[];
extern const char correction_schema[];
extern const char made_schema[];
extern const char probe_schema[];
extern const char notice_schema[];
extern const char breach_schema[];
extern const char ordered_schema[];
extern const char agent_schema[];

/* registry_open() of one that may be older than its ledger, for who settles that. */
int registry_open_older(const struct conf *c, struct registry **ret, struct err *e);

/* From now on the register knows of the ledger's entries up to SEQ. */
int registry_known_set(struct registry *r, int64_t seq, struct err *e);

/* Is the register as new as its ledger says? EX_DATAERR: it is an older one. */
int registry_compare(struct registry *r, struct err *e);
