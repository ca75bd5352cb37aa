/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * place.h - the files and folders that a store's paths name
 *
 * A declared path is a pattern of glob(7), component by component. The longest part without a
 * pattern is the administrator's and may lead through links that belong to root or to us; all below it is
 * walked by descriptor (base/file/walk.h), because it may belong to a stranger. Names that begin with a dot are matched only
 * by patterns that do. Order: of the paths as declared, in one folder by bytes; what an earlier
 * path of the list names is not given again.
 */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/conf/conf.h"
#include "base/err.h"

/* Nothing in a file is younger than its last write. */
static inline int64_t
mtime_us(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

struct place {
	int dirfd;        /* borrowed: the folder it lies in */
	const char *name; /* in that folder */
	const char *path; /* whole, for reports */
	struct stat st;   /* as seen by descriptor; not followed */
	bool again;       /* what lies in it may have been read under another name (record.h) */
};

enum place_kind { PLACE_FILE, PLACE_FOLDER, PLACE_ANY };

/* Return 0 to go on, 1 to end, -1 to fail. */
typedef int place_seen(void *ctx, const struct place *p, struct err *e);

/* Calls SEEN for each place, and ODD (may be NULL) for each that matches and is not to be touched: a
 * link (a stranger's own above the pattern, too), several names, another mount, not of KIND. Returns 0; fails only where memory is out or
 * SEEN does. A folder that is not there or cannot be read holds nothing. */
typedef void place_odd(void *ctx, const char *path, bool foreign_mount);
int places_each(const struct conf_list *paths, enum place_kind kind, place_seen *seen,
	place_odd *odd, void *ctx, struct err *e);

/* The same, where what is odd was told before; *GONE is set where a name's file had gone when it was looked at. */
int places_each_again(const struct conf_list *paths, enum place_kind kind, place_seen *seen,
	void *ctx, bool *gone, struct err *e);

/* Does NAME fit COMPONENT of a pattern? As fnmatch() with FNM_PERIOD, which takes ten times as long. */
bool place_fits(const char *component, const char *name);

/* FOLDER/NAME. False: no path that could be opened is as long. As snprintf() does it, in a tenth of the time. */
bool place_join(char ret[PATH_MAX], const char *folder, const char *name);

/* Is there any of the folders that the paths begin with? */
bool places_exist(const struct conf_list *paths);

/* Calls SEEN for each folder that the paths begin with and that is there, once: FD is borrowed. */
typedef int place_folder(void *ctx, int fd, const char *path, struct err *e);
int places_folders(const struct conf_list *paths, place_folder *seen, void *ctx, struct err *e);

/* Opens the place NAME of a plan or report, one that PATHS name, for an act: its folder. Fails with
 * EX_NOINPUT (gone), EX_NOPERM (not one of the paths, or through a link). The caller owns the
 * descriptor; *ret_name points into PATH. */
int place_open_folder(
	const struct conf_list *paths, const char *path, const char **ret_name, struct err *e);

/* Takes the file NAME out of the folder DIRFD, and has the disk know. PATH is for what fails. */
int place_remove(int dirfd, const char *name, const char *path, struct err *e);
