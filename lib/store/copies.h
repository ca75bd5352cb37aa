/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * copies.h - the copies in a hold's own folder
 *
 * What somebody else may delete (logrotate, journald's vacuum) is copied for a hold, store by store,
 * to state_dir/hold/STORE/hold-ID-N.EXT. A copy has its source's rights, appears whole or not at all,
 * and is scanned with its store (struct record: copy). What was copied once is not copied again, also
 * for another hold: `struct copies` remembers by keyed 64-bit hashes how often each thing is there.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct conf;
struct conf_store;
struct copies;
struct stat;

/* The pattern of S's copies that end with END; its fixed part is their folder. Owned by the caller. NULL:
 * memory is out. */
char *copies_pattern(const struct conf *c, const struct conf_store *s, const char *end);

int copies_new(struct copies **ret, struct err *e);
struct copies *copies_free(struct copies *c);
DEFINE_CLEANUP(struct copies, copies_free)

/* TEXT is there (once more). */
int copies_add(struct copies *c, struct span text, struct err *e);

/* Is TEXT there? */
bool copies_have(const struct copies *c, struct span text);

/* Is TEXT there? Then once less from now on, so that what is there twice is found twice. */
bool copies_take(struct copies *c, struct span text);

/* Gives the file TO_FD, which has no name yet (O_TMPFILE), all that belongs to its source and the first
 * name NAME-N.EXT that is free in the folder DIRFD. Durable on return. */
int copies_open(int dirfd, int *ret_fd, struct err *e);
int copies_name(int dirfd, const char *name, const char *end, int from_fd, const struct stat *from,
	int to_fd, struct err *e);
