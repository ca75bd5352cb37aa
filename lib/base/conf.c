/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf.h"

#include <confuse.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf-private.h"

#define SYSTEM_DIR     "/etc/sparsam"
#define SYSTEM_FILE    SYSTEM_DIR "/sparsam.conf"
#define BUILD_LEVELS   5 /* build/release/test/base/test_x: the source folder is five up */
#define DEFAULT_STATE  "/var/lib/sparsam"
#define DEFAULT_PREFIX "fd73:7061:7273::/48" /* "spars" in ASCII */

struct conf_block {
	struct conf_block *next;
	_Alignas(max_align_t) char p[];
};

int
conf_fail(struct err *e, const struct conf_place *at, const char *what, const char *todo,
	const char *where, ...)
{
	char detail[400];
	va_list ap;

	va_start(ap, where);
	(void)vsnprintf(detail, sizeof(detail), where, ap);
	va_end(ap);
	return err_fail(e, EX_CONFIG, 0, what, todo, "%s:%u%s%s", at->file, at->line,
		*detail ? ": " : "", detail);
}

void *
conf_alloc(struct conf_draft *d, size_t n)
{
	struct conf_block *b = calloc(1, sizeof(*b) + n);

	if (!b) {
		d->failed = true;
		return NULL;
	}
	b->next = d->blocks;
	d->blocks = b;
	return b->p;
}

const char *
conf_strdup(struct conf_draft *d, const char *s)
{
	char *copy = s ? conf_alloc(d, strlen(s) + 1) : NULL;

	return copy ? strcpy(copy, s) : NULL;
}

struct conf_draft *
conf_draft_new(struct err *e)
{
	struct conf_draft *d = calloc(1, sizeof(*d));

	if (!d) {
		(void)err_memory(e);
		return NULL;
	}
	d->conf = (struct conf){
		.state_dir = DEFAULT_STATE,
		.runtime_dir = "/run/sparsam",
		.metrics_dir = "/var/lib/prometheus/node-exporter",
		.log_dir = "/var/log/sparsam",
		.key_dir = DEFAULT_STATE "/keys",
		.credential = "/etc/credstore.encrypted/sparsam-keys",
		.pseudonym_prefix = DEFAULT_PREFIX,
		.clock_ntp = true,
	};
	return d;
}

struct conf *
conf_free(struct conf *c)
{
	struct conf_draft *d = (struct conf_draft *)c;

	if (!d)
		return NULL;
	for (struct conf_block *b = d->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(c->format);
	free(c->store);
	free(c->source);
	free(d);
	return NULL;
}

int
conf_parse(struct conf_draft *d, const char *file, const char *text, size_t len, bool main,
	struct err *e)
{
	cfg_t *root;
	int r;

	if (conf_schema_read(file, text, len, main, &root, e) < 0)
		return -1;
	r = conf_take(d, file, root, main, e);
	cfg_free(root);
	return r;
}

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

static int
file_read(struct conf_draft *d, const char *file, bool main, struct err *e)
{
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
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
		if (access(hider, F_OK) == 0)
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
	struct dirent **v = NULL;
	int n, r = 0;

	if (asprintf(&path, "%s/%s", dir, part) < 0)
		return err_memory(e);
	n = scandir(path, &v, part_is_named, byte_order);
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
shipped_dir(char path[PATH_MAX])
{
	const ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("/conf/formats.d"));

	if (n <= 0)
		return SPARSAM_DATADIR;
	path[n] = '\0';
	for (int level = 0; level < BUILD_LEVELS; level++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			break;
		strcpy(slash, "/conf/formats.d");
		if (access(path, F_OK) == 0) {
			strcpy(slash, "/conf");
			return path;
		}
		*slash = '\0';
	}
	return SPARSAM_DATADIR;
}

/* The file to read where none is named, or NULL: the shipped ones alone. */
static const char *
default_file(void)
{
	const char *env = getenv("SPARSAM_CONF");

	if (access(SYSTEM_FILE, F_OK) == 0)
		return SYSTEM_FILE;
	return env && *env ? env : NULL;
}

static int
all_read(struct conf_draft *d, const char *file, struct err *e)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	cleanup_mem char *own = file ? strndup(file, slash ? (size_t)(slash - file) : 0)
				     : strdup(SYSTEM_DIR);
	char shipped[PATH_MAX];

	if (!own)
		return err_memory(e);
	if (file && !slash) {
		free(own);
		own = strdup(".");
		if (!own)
			return err_memory(e);
	}
	if (file && file_read(d, file, true, e) < 0)
		return -1;
	if (folder_read(d, own, NULL, e) < 0)
		return -1;
	d->own_formats = d->conf.n_formats;
	d->own_stores = d->conf.n_stores;
	d->own_sources = d->conf.n_sources;
	d->shipped = true;
	return folder_read(d, shipped_dir(shipped), own, e);
}

int
conf_read(const char *file, struct conf **ret, struct err *e)
{
	struct conf_draft *d = conf_draft_new(e);

	if (!d)
		return -1;
	if (!file)
		file = default_file();
	d->conf.file = conf_strdup(d, file);
	if (d->failed)
		(void)err_memory(e);
	if (d->failed || all_read(d, file, e) < 0 || conf_check(d, e) < 0) {
		(void)conf_free(&d->conf);
		return -1;
	}
	*ret = &d->conf;
	return 0;
}

const struct conf_format *
conf_find_format(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_formats; i++) {
		if (strcmp(c->format[i].name, name) == 0)
			return &c->format[i];
	}
	return NULL;
}

const struct conf_store *
conf_find_store(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_stores; i++) {
		if (strcmp(c->store[i].name, name) == 0)
			return &c->store[i];
	}
	return NULL;
}
