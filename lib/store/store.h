/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * store.h - where records live, behind one small interface
 *
 * A store is declared in the configuration; its type names the driver that serves it (textlog,
 * journal, utmp, tree, maildir, sqlite, postgres, redis). Another kind of store is one new file that
 * fills in one struct store_driver, and its line in store.c.
 *
 * Erasing is planned first (nothing is changed), then acted step by step. A step looks again: at
 * the identity of its place, and with the selector at every record, so that what was held since the
 * plan stays. Each step may be killed at any point and run again.
 *
 * Times are microseconds since 1970-01-01 UTC. One thread per store. Paths are walked by
 * base/file/walk.h, from the longest part of a declared path that has no pattern in it: that folder is
 * the administrator's, who may reach it through links of his own, and all below it may belong to a
 * stranger.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "store/place.h"
#include "store/plan.h"
#include "store/selector.h"

struct conf;
struct conf_store;
struct formats;
struct known;
struct record;
struct store;
struct unlinked;

/* What an auditor or operator should look at, though it stops nothing. */
enum store_note {
	NOTE_DELETED_OPEN, /* an unlinked file that a process still has open; DETAIL: "name[pid]" */
	NOTE_NOT_SHRUNK,   /* blanked, but the file keeps its size; DETAIL: why */
	NOTE_REMAINS,      /* where copies may be left that we cannot reach: WAL, free pages, … */
	NOTE_DAMAGED,      /* could not be read to its end: left as it is */
	NOTE_NOT_POSSIBLE, /* past its period, and this place does not allow to erase it; why */
	NOTE_NO_TIME,      /* records without a time of their own, aged by DETAIL (the anchor) */
	NOTE_FOREIGN_MOUNT, /* lies on another file system than its folder */
	NOTE_SEAL,          /* dropping entries breaks the file's seal, as it was configured */
	NOTE_ODD,           /* a link, several names, not a regular file: never touched */
	STORE_NOTES
};

/* What all stores of a run share; borrowed until the last one is freed. */
struct store_env {
	const struct conf *conf;
	struct formats *formats;
	int64_t now_us;
	uint64_t memory_max;       /* bytes that one driver may use for what it reads */
	struct unlinked *unlinked; /* looked for once; NULL: by each store */
	struct known *known;       /* what is known of files unread; NULL: nothing */
	bool searches; /* people are looked for by subjects and links: one that names no column of a table is refused */

	void *ctx; /* of the three functions, each of which may be NULL */
	void (*note)(void *ctx, const struct conf_store *s, enum store_note n, const char *place,
		const char *detail);
	void (*progress)(void *ctx, const struct conf_store *s, uint64_t done, uint64_t total);
	bool (*stop)(void *ctx); /* asked between records: end early, with what is consistent */
};

struct store_size {
	uint64_t bytes;   /* that it takes up */
	uint64_t n_parts; /* files, tables, keys */
};

struct store_cost {
	uint64_t bytes; /* that have to be read to answer */
	bool indexed;   /* an index answers, reading in proportion to what is found */
};

/* How a step ended. */
struct store_result {
	uint64_t n_erased, n_stayed, bytes;
	enum plan_technique technique; /* the real one, perhaps less than the plan's */
	bool seal_broken;              /* … of the file: its SHA-256 before and after */
	uint8_t before[32], after[32];
	bool skipped; /* the place is not what it was: nothing was done */
};

/* Return 0 to go on, 1 to end the scan (which then returns 0), -1 with E filled to fail it. */
typedef int store_seen(void *ctx, const struct record *r, struct err *e);

/* Opens S. 0: *ret is the caller's, ended with store_free(); STORE_ABSENT: its product is not on
 * this machine. Fails with EX_CONFIG at a place (options the driver does not have, a bad pattern),
 * EX_UNAVAILABLE (a service does not answer), EX_NOPERM. */
#define STORE_ABSENT 1
int store_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e);
struct store *store_free(struct store *s);
DEFINE_CLEANUP(struct store, store_free)

const struct conf_store *store_conf(const struct store *s);

/* Calls SEEN for each folder that S's places lie in and that is there (store/place.h); a service's
 * stores have none. */
int store_folders(struct store *s, place_folder *seen, void *ctx, struct err *e);

/* Calls SEEN for each record that WHICH selects, places in a fixed order, within one in the order
 * of its records. A place that cannot be read is noted and does not end the scan. */
int store_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e);

/* Opens store S and scans it; one that is absent has no records. */
int store_visit(const struct store_env *env, const struct conf_store *s,
	const struct selector *which, store_seen *seen, void *ctx, struct err *e);

/* What a scan would cost, without reading. */
int store_cost(
	struct store *s, const struct selector *which, struct store_cost *ret, struct err *e);

/* Adds to PLAN the steps that erase what WHICH selects and nothing else. Changes nothing. */
int store_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e);

/* Notes each file of S's places that is unlinked while a process still has it open, as a plan does. */
void store_unlinked(struct store *s);

/* Carries out one step of a plan that this store made. When it returns, what it did is durable. */
int store_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);

/* Sets fields to values in each record that WHICH selects, all of a record's or none. *ret_n: records that
 * were changed; one that somebody else has locked is not. Durable on return. STORE_FIXED: this kind of
 * store keeps its records as they were written. STORE_REFUSED: a value would not stand there as it was
 * given (against a rule, cut off, turned into another form): the record stays as it was. A failure changes
 * nothing, but where the machine or a disk fails between two databases: then it is to be said again. */
#define STORE_FIXED   1
#define STORE_REFUSED 2
struct store_value {
	const char *field;
	const char *value; /* UTF-8 */
};
int store_set(struct store *s, const struct selector *which, const struct store_value *v, size_t n,
	uint64_t *ret_n, struct err *e);

/* The time of the oldest record that is there and that KEPT (may be NULL) does not select: read
 * back, but of files that are what they were when they were read today (known.h). STORE_EMPTY:
 * there is none. */
#define STORE_EMPTY 1
int store_oldest(struct store *s, const struct selector *kept, int64_t *ret_us, struct err *e);

/* Right after store_plan() it may be what the plan has seen. */
int store_size(struct store *s, struct store_size *ret, struct err *e);

/* Takes what WHICH selects out of reach of whoever else deletes here (logrotate, journald's vacuum):
 * a copy goes into the folder DIRFD under names that begin with NAME, with the same rights. For
 * stores where nobody else deletes it does nothing. *ret_n: records. Durable on return. */
int store_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e);
