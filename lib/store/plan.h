/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.h - what an erasure is going to do, before it does anything
 *
 * A plan is a list of steps. It is printed by --dry-run, its hash names it (`--confirm HASH`, the
 * ledger), and each step is then carried out by the store that made it, which looks first whether
 * the place still is what the plan saw. Deleting is counted in the words of DIN 66398 and NIST SP
 * 800-88: unlinked, cleared (overwritten, then unlinked), crypto-erased.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"

#define PLAN_HASH_LEN 32 /* SHA-256 */

enum plan_action {
	PLAN_UNLINK,  /* a whole file, or a unit of several */
	PLAN_REWRITE, /* what stays is written to a new file, which takes the old one's name */
	PLAN_CUT,     /* the head of an open file goes, its writer goes on */
	PLAN_BLANK,   /* overwritten in place at equal length */
	PLAN_DELETE,  /* rows, keys, mails */
	PLAN_DROP,    /* a partition */
	PLAN_ACTIONS
};

enum plan_technique { PLAN_UNLINKED, PLAN_CLEARED, PLAN_CRYPTO_ERASED, PLAN_TECHNIQUES };

struct plan_step {
	const char *store; /* borrowed: the declaration's */
	enum plan_action action;
	enum plan_technique technique;
	const char *place;  /* owned by the plan: a file's path, "database.table", a key pattern */
	uint64_t dev, ino;  /* of the file; 0: it is none */
	uint64_t n_records; /* that go */
	uint64_t n_stay;    /* that stay in this place; UINT64_MAX: nobody has counted */
	uint64_t n_held;    /* of those, past their period and held */
	uint64_t bytes;     /* that go */
	int64_t oldest_us, newest_us; /* of what goes; RECORD_NO_TIME: unknown */
	uint64_t driver;              /* for the store that made the step */
};

struct plan {
	struct plan_step *step;
	size_t n, max;
};

void plan_init(struct plan *p);
void plan_release(struct plan *p);

/* One more record goes, of that time and as many bytes. */
void plan_count(struct plan_step *s, int64_t time_us, uint64_t bytes);

/* Is ST that of the file that S was planned for, still with one name? Its folder's owner may have put
 * another one in its place: what is opened is asked again. */
bool plan_is_file(const struct plan_step *s, const struct stat *st);

/* The same of NAME in the folder DIRFD, not followed; *RET is what lies there. */
bool plan_stands(const struct plan_step *s, int dirfd, const char *name, struct stat *ret);

/* Adds a copy of S, and of its place. */
int plan_add(struct plan *p, const struct plan_step *s, struct err *e);

/* SHA-256 over the canonical lines of all steps, in their order, which is the order of the acts:
 *   store TAB action TAB technique TAB place TAB dev TAB ino TAB n_records TAB bytes TAB oldest TAB
 *   newest LF, with \t, \n and \\ in a place escaped.
 * Two plans with one hash do the same. */
void plan_hash(const struct plan *p, uint8_t ret[PLAN_HASH_LEN]);

/* "unlink", "rewrite", …; "unlinked", "cleared", …: as in the ledger and in JSON. */
const char *plan_action_name(enum plan_action a);
const char *plan_technique_name(enum plan_technique t);
