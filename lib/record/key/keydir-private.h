/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keydir-private.h - what the making and the destroying of keys share
 */
#pragma once
#include <stddef.h>
#include <sys/stat.h>

#include "record/key/day.h"
#include "record/key/keydir.h"

#define DAY_LEN  (DAY_TEXT_MAX - 1)
#define NAME_LEN (DAY_LEN + 4) /* YYYY-MM-DD.key */

struct keydir {
	int fd;
	struct stat st; /* its owner is the owner of what root makes in it */
};

/* Reads the file NAME up to N bytes. 0, with *ret_n; 1: it is not there. */
int file_get(int dirfd, const char *name, void *p, size_t n, size_t *ret_n, struct err *e);

/* Fills FD with P, gives it to OWNER (root) and has it on the disk. -1 with errno. */
int file_fill(int fd, const void *p, size_t n, const struct stat *owner);

/* Overwrites the file NAME and unlinks it. What is no regular file holds no key: only unlinked. */
int file_destroy(int dirfd, const char *name, struct err *e);
