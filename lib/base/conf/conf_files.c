/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The operator's own files are read before the shipped ones, so that what he has declared is there
 * when a shipped file declares the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf/conf-private.h"
#include "base/file/walk.h"

#define SYSTEM_DIR   "/etc/sparsam"
#define SYSTEM_FILE  SYSTEM_DIR "/sparsam.conf"
#define BUILD_LEVELS 5 /* build/release/test/base/test_x: the source folder is five up */

/* Reads all of FD into P; > CONF_TEXT_MAX bytes are too much. */
static ssize_t
text_read(int fd, char *p)
{
	size_t n = 0;

	while (n <= CONF_TEXT_MAX) {
		const ssize_t r = read(fd, p + n, CONF_TEXT_MAX + 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -1 : (ssize_t)n;
		n += (size_t)r;
	}
	errno = EFBIG;
	return -1;
}

/* Opens a path of the system that is configured; what is shipped is always this machine's. */
static int
place_open(const struct conf_draft *d, const char *path, int flags)
{
	if (d->root < 0 || d->shipped)
		return open(path, flags | O_CLOEXEC);
	return walk_open_inside(d->root, path, flags, NULL, NULL);
}

/* Is there a file of the operator's own at PATH? */
static bool
own_is_there(const struct conf_draft *d, const char *path)
{
	cleanup_fd int fd = d->root < 0 ? open(path, O_PATH | O_CLOEXEC)
					: walk_open_inside(d->root, path, O_PATH, NULL, NULL);

	return fd >= 0;
}

static int
file_read(struct conf_draft *d, const char *file, bool main, struct err *e)
{
	cleanup_fd int fd = place_open(d, file, O_RDONLY);
	cleanup_mem char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return err_fail(e, main && errno == ENOENT ? EX_NOINPUT : EX_CONFIG, errno,
			N_("cannot open configuration"), NULL, "%s", file);
	text = malloc(CONF_TEXT_MAX + 1);
	if (!text)
		return err_memory(e);
	n = text_read(fd, text);
	if (n < 0)
		return err_fail(
			e, EX_CONFIG, errno, N_("cannot read configuration"), NULL, "%s", file);
	return conf_parse(d, file, text, (size_t)n, main, e);
}

static int
part_is_named(const struct dirent *ent)
{
	const size_t n = strlen(ent->d_name);

	return ent->d_name[0] != '.' && n > 5 && strcmp(ent->d_name + n - 5, ".conf") == 0;
}

static int
byte_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads DIR/PART/NAME unless HIDING/PART has a file of that name. */
static int
part_read(struct conf_draft *d, const char *dir, const char *part, const char *name,
	const char *hiding, struct err *e)
{
	cleanup_mem char *path = NULL, *hider = NULL;

	if (hiding) {
		if (asprintf(&hider, "%s/%s/%s", hiding, part, name) < 0)
			return err_memory(e);
		if (own_is_there(d, hider))
			return 0;
	}
	if (asprintf(&path, "%s/%s/%s", dir, part, name) < 0)
		return err_memory(e);
	return file_read(d, path, false, e);
}

/* Reads DIR/PART, where there is one, in byte order. */
static int
parts_read(
	struct conf_draft *d, const char *dir, const char *part, const char *hiding, struct err *e)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;
	struct dirent **v = NULL;
	int n = -1, r = 0;

	if (asprintf(&path, "%s/%s", dir, part) < 0)
		return err_memory(e);
	fd = place_open(d, path, O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		n = scandirat(fd, ".", &v, part_is_named, byte_order);
	if (n < 0 && errno != ENOENT)
		return err_fail(
			e, EX_CONFIG, errno, N_("cannot read configuration"), NULL, "%s", path);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = part_read(d, dir, part, v[i]->d_name, hiding, e);
		free(v[i]);
	}
	free(v);
	return r;
}

static int
folder_read(struct conf_draft *d, const char *dir, const char *hiding, struct err *e)
{
	if (parts_read(d, dir, "formats.d", hiding, e) < 0)
		return -1;
	return parts_read(d, dir, "stores.d", hiding, e);
}

/* The shipped folder: conf/ above a program that lies in its build tree, else the installed one. */
static const char *
shipped_dir(char ret[PATH_MAX])
{
	char program[PATH_MAX], formats[PATH_MAX + 32];
	const ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[n > 0 ? n : 0] = '\0';
	for (int level = 0; level < BUILD_LEVELS; level++) {
		char *slash = strrchr(program, '/');

		if (!slash)
			break;
		*slash = '\0';
		(void)snprintf(formats, sizeof(formats), "%s/conf/formats.d", program);
		if (access(formats, F_OK) == 0 &&
			snprintf(ret, PATH_MAX, "%s/conf", program) < PATH_MAX)
			return ret;
	}
	(void)snprintf(ret, PATH_MAX, "%s", SPARSAM_DATADIR);
	return ret;
}

/* The file to read where none is named, or NULL: the shipped ones alone. */
static const char *
default_file(const struct conf_draft *d)
{
	const char *env = getenv("SPARSAM_CONF");

	if (d->root >= 0)
		return own_is_there(d, SYSTEM_FILE) ? SYSTEM_FILE : NULL;
	if (access(SYSTEM_FILE, F_OK) == 0)
		return SYSTEM_FILE;
	return env && *env ? env : NULL;
}

/* The folder of the operator's own files: that of FILE. */
static char *
own_dir(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!file)
		return strdup(SYSTEM_DIR);
	return slash ? strndup(file, (size_t)(slash - file)) : strdup(".");
}

int
conf_files_read(struct conf_draft *d, const char *file, struct err *e)
{
	cleanup_mem char *own = NULL;
	char shipped[PATH_MAX];

	if (!file)
		file = default_file(d);
	own = own_dir(file);
	d->conf.file = conf_strdup(d, file);
	d->conf.own_dir = conf_strdup(d, own);
	d->conf.shipped_dir = conf_strdup(d, shipped_dir(shipped));
	if (!own || d->failed)
		return err_memory(e);
	if (file && file_read(d, file, true, e) < 0)
		return -1;
	if (folder_read(d, own, NULL, e) < 0)
		return -1;
	d->own_sets = d->conf.n_sets;
	d->own_formats = d->conf.n_formats;
	d->own_stores = d->conf.n_stores;
	d->own_sources = d->conf.n_sources;
	d->own_accepts = d->conf.n_accepts;
	d->own_categories = d->conf.n_categories;
	d->own_duties = d->conf.n_duties;
	d->own_recipients = d->conf.n_recipients;
	d->shipped = true;
	return folder_read(d, shipped, own, e);
}
