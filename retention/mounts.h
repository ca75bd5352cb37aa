/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mounts.h - does a store lie where it lay before?
 *
 * Expected is what the ledger has. The first run that meets a folder of a store notes on which file
 * system it lies and where in it (base/file/mount.h), and which places below are on other mounts. A store
 * of which a folder lies elsewhere now, or below whose folders another mount has come, is refused:
 * what is there may be another system's, and what was there is hidden. Folders that come later are
 * noted then; a restored ledger may be on another machine, and begins anew.
 *
 * The entry "mount" has "stores": {NAME: {PLACE: WHERE}}, all there is each time. Both are 16 letters
 * of a SHA-256, because paths may name people; a place on another mount has the WHERE "other".
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct session;
struct store;

struct mounts {
	json_t *known; /* of the ledger, and what has been noted since */
	bool changed;
};

/* Reads what the ledger has. */
int mounts_read(struct mounts *m, struct session *s, struct err *e);
void mounts_release(struct mounts *m);

/* Where ST's folders lie, as an object to be given to the next two, and ended with json_decref(). */
int mounts_of(struct store *st, json_t **ret, struct err *e);

/* To NOW: the place PATH lies on another mount than its folder. */
void mounts_add_foreign(json_t *now, const char *path);

/* Is NOW of ST what is expected? Otherwise *ret_what is "PATH (TYPE)", borrowed from NOW. */
bool mounts_expected(
	const struct mounts *m, const struct store *st, const json_t *now, const char **ret_what);

/* NOW is expected from now on; mounts_note() adds the entry, if there is anything new. */
void mounts_accept(struct mounts *m, const struct store *st, const json_t *now);
int mounts_note(struct mounts *m, struct session *s, struct err *e);
