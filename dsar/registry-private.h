/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * registry-private.h - what the files of the register share
 */
#pragma once
#include "dsar/registry.h"

struct registry {
	char *dir, *path;
	sqlite3 *db;
	struct ledger *ledger;
	enum conf_land land; /* whose holidays count */
	json_t *announced;   /* the ledger's entries of the change at hand, or NULL */
	int64_t announced_us;
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
extern const char approval_schema[];
extern const char tombstone_schema[];
extern const char case_schema[], find_schema[], identity_schema[], subject_schema[],
	review_schema[], made_schema[], notice_schema[];

/* Is the register as new as its ledger says? EX_DATAERR: it is an older one. */
int registry_compare(struct registry *r, struct err *e);
