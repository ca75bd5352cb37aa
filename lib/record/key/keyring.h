/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keyring.h - the daily keys of the pseudonyms
 *
 * A key serves one UTC day, from 00:00 to 24:00. On disk it is a file of mode 0600 in a folder of
 * mode 0700 of its own, wrapped (libsodium crypto_secretbox) by one key that reaches the unit as
 * the credential "sparsam-keys" (LoadCredentialEncrypted); in memory it is locked, not dumped and
 * wiped after use. To destroy a key is to overwrite and then unlink its file and to leave a mark
 * with its day: from then on nobody can tie that day's tokens to an address. The folder is marked
 * CACHEDIR.TAG and is never to be backed up.
 *
 * A day outside [today - longest period, today + 1 day], a day whose key was destroyed, and every
 * day where the folder or the wrapping key cannot be read, get a throw-away key that lives in this
 * process only; each cause is said once, by `notice`. Throw-away keys are derived from one random
 * secret of the process, so that a day keeps its own however many there are.
 *
 * One thread per keyring; several processes may use the same folder. File format: sparsam-keys(5).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "record/key/keydir.h"

struct conf;
struct keyring;

/* Called at most once a cause; TEXT is fixed, DAY is "2026-11-24" or "". */
typedef void keyring_notice(void *ctx, const char *text, const char *day);

/* Opens the folder of keys that C names. A folder or wrapping key that cannot be had is no failure
 * but a notice: throw-away keys serve. The caller owns *ret. Fails with EX_OSERR (memory). C is not
 * needed afterwards. */
int keyring_open(const struct conf *c, keyring_notice *notice, void *ctx, struct keyring **ret,
	struct err *e);

/* The key of DAY (days since 1970-01-01 UTC): read, or made and written (fsync) before it is first
 * used. Borrowed until the next call on K. Cheap for the day asked last. Fails with EX_DATAERR (a
 * key file that does not open under the wrapping key, a damaged mark), EX_NOPERM, EX_CANTCREAT,
 * EX_IOERR. */
int keyring_key(struct keyring *k, int32_t day, const uint8_t **ret, struct err *e);

/* Is there a key of DAY, not a throw-away one? Makes none: for whoever looks for what was written. Then keyring_key()
 * gives it. */
bool keyring_has(struct keyring *k, int32_t day);

/* The day before which all keys are destroyed; INT32_MIN: none is, or nobody can tell. */
int32_t keyring_destroyed(const struct keyring *k);

/* Is DAY's key a throw-away one? True as well before keyring_key() was asked for it. */
bool keyring_is_throwaway(const struct keyring *k, int32_t day);

/* Are all keys throw-away ones, because the folder or the wrapping key cannot be read? */
bool keyring_is_broken(const struct keyring *k);

/* Wipes the keys in memory that another process has destroyed since, and those whose day has passed
 * out of the longest period. Returns whether there were any. For a service's timer: a minute is
 * often enough. */
bool keyring_refresh(struct keyring *k);

/* Destroys every key of a day before DAY; *ret_n is how many. Safe to run again after a crash.
 * Refuses what keydir_check_destroy() does. */
int keyring_destroy_before(struct keyring *k, int32_t day, unsigned *ret_n, struct err *e);

struct keyring *keyring_free(struct keyring *k);
DEFINE_CLEANUP(struct keyring, keyring_free)
