/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tree.h - the files of a system below its root: this machine's, or one that is mounted or unpacked
 *
 * Paths are absolute, as that system sees them. All is opened through walk_open_inside(), so that
 * no link of the tree leads out of it. What is not there is no failure; what may not be read is
 * counted, because nothing can be said about it.
 */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

#define TREE_TEXT_MAX (4u << 20) /* bytes of a configuration file; more is not read */

struct tree {
	int fd;
	bool live;             /* its root is this process's own */
	unsigned n_denied;     /* files and folders that could not be looked at */
	char denied[PATH_MAX]; /* the first of them */
};

/* Opens the tree below ROOT ("/": this machine). EX_NOINPUT, EX_NOPERM. */
int tree_open(const char *root, struct tree *ret, struct err *e);
void tree_release(struct tree *t);

/* Opens PATH with FLAGS (O_RDONLY, O_PATH, O_DIRECTORY), regular files and folders only unless
 * O_PATH. Returns the descriptor, owned by the caller, or -1. RET_ST may be NULL. */
int tree_fd(struct tree *t, const char *path, int flags, struct stat *ret_st);

bool tree_has(struct tree *t, const char *path);

/* The file's text and a NUL behind it, owned by the caller; NULL where there is none. */
char *tree_text(struct tree *t, const char *path, size_t *ret_len);

/* What the symbolic link at PATH says; false where it is none. */
bool tree_link(struct tree *t, const char *path, char ret[PATH_MAX]);

/* PATH with the links on its way resolved; its end need not be there. A link that leads to nothing
 * of the tree is answered with what it says ("/dev/stdout"). */
void tree_resolve(struct tree *t, const char *path, char ret[PATH_MAX]);

/* The names in the folder PATH in byte order, without "." and ".."; *ret is owned by the caller and
 * ended with tree_names_release(). */
struct tree_names {
	char **v;
	size_t n;
};
void tree_list(struct tree *t, const char *path, struct tree_names *ret);
void tree_names_release(struct tree_names *names);

/* Calls SEEN for each path that PATTERN (an absolute path with *, ? or [] in any component) has, in
 * byte order; without a wildcard for the path itself, if it is there. */
typedef void tree_seen(void *ctx, const char *path);
void tree_glob(struct tree *t, const char *pattern, tree_seen *seen, void *ctx);
