/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keydir.h - the folder in which the daily keys lie, wrapped
 *
 * One file a day, YYYY-MM-DD.key, mode 0600, in a folder of mode 0700 that is marked CACHEDIR.TAG
 * and never to be backed up. A file appears whole or not at all (temporary, fsync, link, fsync of
 * the folder), and of two processes that make the same day's key the first one's counts. The file
 * `destroyed` names the day before which no key may exist again; it is written before the first
 * key goes, so that a run that was cut short is finished by the next, and a process that makes a
 * key meanwhile notices. File formats: sparsam-keys(5).
 *
 * Days are counted from 1970-01-01 UTC. Only days with a year of four digits have a name.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define KEY_LEN 32

struct keydir;
struct stat;

/* Opens the folder PATH; with MAKE, makes it (and the one above it) if it is missing. The caller
 * owns *ret. Fails with EX_NOPERM (others may enter it, or it belongs to somebody else; root may
 * use anybody's), EX_NOINPUT, EX_CANTCREAT. */
int keydir_open(const char *path, bool make, struct keydir **ret, struct err *e);

struct keydir *keydir_free(struct keydir *d);
DEFINE_CLEANUP(struct keydir, keydir_free)

/* Reads DAY's key. 0: *ret is set; 1: there is none. Fails with EX_DATAERR (damaged, or wrapped
 * with another key), EX_NOPERM, EX_IOERR. */
int keydir_read(const struct keydir *d, int32_t day, const uint8_t wrap[KEY_LEN],
	uint8_t ret[KEY_LEN], struct err *e);

/* Reads DAY's key, or makes it; when this returns 0 it is on the disk. 1: the day's key was
 * destroyed and none is made. Fails like keydir_read(), and with EX_CANTCREAT, EX_IOERR. */
int keydir_make(const struct keydir *d, int32_t day, const uint8_t wrap[KEY_LEN],
	uint8_t ret[KEY_LEN], struct err *e);

/* The day before which all keys are destroyed; INT32_MIN if none ever was. EX_DATAERR: damaged. */
int keydir_destroyed(const struct keydir *d, int32_t *ret_before, struct err *e);

/* May the days before DAY be destroyed? Refuses (EX_NOPERM) one later than tomorrow, which would
 * leave no day with a key. */
int keydir_check_destroy(int32_t day, struct err *e);

/* Marks all days before DAY as destroyed, then overwrites and unlinks their keys. *ret_n: how many
 * there were. Safe to run again. Refuses what keydir_check_destroy() does. */
int keydir_destroy_before(const struct keydir *d, int32_t day, unsigned *ret_n, struct err *e);

/* Does overwriting reach the bytes on the medium? True only for a file system that writes in place
 * on a rotating disk, or in memory; false on flash, on copy-on-write, and where nobody can tell. */
bool keydir_clears(const struct keydir *d);

/* Calls SEEN for each day that has a key, in order of days. */
typedef void keydir_seen(void *ctx, int32_t day);
int keydir_list(const struct keydir *d, keydir_seen *seen, void *ctx, struct err *e);

/* Writes a file NAME of mode 0600 below DIRFD that was not there before, whole or not at all: on
 * the disk when this returns. OWNER is what root gives it to. 1: there is one already. */
int file_put_new(int dirfd, const char *name, const void *p, size_t n, const struct stat *owner,
	struct err *e);
