/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/journal_files.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#define SEEN_MAX 4096 /* files; then the oldest are forgotten, and looked at again */

struct seen {
	dev_t dev;
	ino_t ino;
};

struct journal_files {
	struct seen *seen; /* owned */
	size_t n, next;    /* used; the slot to use next */
};

int
journal_files_new(struct journal_files **ret, struct err *e)
{
	CLEANUP(journal_files_freep) struct journal_files *f = calloc(1, sizeof(*f));

	if (!f)
		return err_memory(e);
	f->seen = calloc(SEEN_MAX, sizeof(*f->seen));
	if (!f->seen)
		return err_memory(e);
	*ret = TAKE(f);
	return 0;
}

struct journal_files *
journal_files_free(struct journal_files *f)
{
	if (f)
		free(f->seen);
	free(f);
	return NULL;
}

/* Where the files are, as systemd-journald.service(8) has it, with wildcards. False: no more. */
static bool
folder_pattern(const struct conf_source *d, unsigned i, char *ret, size_t size)
{
	static const char *const homes[] = { "/run/log/journal", "/var/log/journal" };
	char id[SD_ID128_STRING_MAX];
	sd_id128_t machine;
	int n;

	if (i >= sizeof(homes) / sizeof(homes[0]) || (d->directory && i > 0))
		return false;
	if (d->directory) {
		n = snprintf(ret, size, "%s/{,*/}*.journal{,~}", d->directory);
		return n > 0 && (size_t)n < size;
	}
	if (sd_id128_get_machine(&machine) < 0)
		return false;
	n = snprintf(ret, size, "%s/%s%s%s/*.journal{,~}", homes[i],
		sd_id128_to_string(machine, id), d->namespace_ ? "." : "",
		d->namespace_ ? d->namespace_ : "");
	return n > 0 && (size_t)n < size;
}

static bool
was_seen(struct journal_files *f, const struct stat *st)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->seen[i].dev == st->st_dev && f->seen[i].ino == st->st_ino)
			return true;
	return false;
}

static void
see(struct journal_files *f, const struct stat *st)
{
	f->seen[f->next] = (struct seen){ st->st_dev, st->st_ino };
	f->next = (f->next + 1) % SEEN_MAX;
	if (f->n < SEEN_MAX)
		f->n++;
}

static bool
is_torn(struct journal_files *f, const char *path, struct err *e)
{
	const char *paths[] = { path, NULL };
	sd_journal *j = NULL;
	struct stat st;
	int r;

	if (stat(path, &st) < 0 || st.st_size == 0 || was_seen(f, &st))
		return false;
	r = sd_journal_open_files(&j, paths, 0);
	sd_journal_close(j);
	if (r == -EACCES || r == -EPERM || r == -ENOENT)
		return false;
	see(f, &st);
	if (r >= 0)
		return false;
	(void)err_fail(e, EX_DATAERR, -r, N_("a torn journal file is passed over"),
		N_("journalctl --verify says what is wrong with it"), "%s", path);
	return true;
}

unsigned
journal_files_look(struct journal_files *f, const struct conf_source *d, struct err *e)
{
	char pattern[4096];
	unsigned n = 0;

	for (unsigned i = 0; folder_pattern(d, i, pattern, sizeof(pattern)); i++) {
		glob_t g;

		if (glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, &g) != 0)
			continue;
		for (size_t k = 0; k < g.gl_pathc; k++)
			n += is_torn(f, g.gl_pathv[k], e);
		globfree(&g);
	}
	return n;
}
