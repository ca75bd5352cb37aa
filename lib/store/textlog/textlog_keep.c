/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One copy for each file that has something to copy, in the file's own order, unpacked. An entry counts as
 * copied already when its first line is there as often: rotating moves lines, and does not double them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/copies.h"
#include "store/textlog/textlog-private.h"

struct keeping {
	struct textlog *t;
	const struct selector *which;
	struct copies *there;
	int dirfd;
	const char *name;
	uint64_t n;
};

static struct span
first_line(struct span text)
{
	const char *nl = memchr(text.p, '\n', text.len);

	return nl ? span_of(text.p, (size_t)(nl - text.p)) : text;
}

/* Each line of a copy: an entry's own and those that belong to it. */
static int
see_copy(void *ctx, const struct place *p, struct err *e)
{
	const struct keeping *k = ctx;
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	int rc = textlog_open_place(k->t, p, &en, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	while ((rc = entries_next(en, &one, e)) == 0)
		for (struct span rest = one.text; rest.len > 0;) {
			const struct span line = first_line(rest);

			if (copies_add(k->there, line, e) < 0)
				return -1;
			rest = span_from(rest, line.len < rest.len ? line.len + 1 : line.len);
		}
	return rc < 0 ? -1 : 0;
}

/* Writes what is to be copied of EN to OUT. *RET_N: entries. A damaged file's readable part is copied. */
static int
copy_entries(struct keeping *k, struct entries *en, const char *path, FILE *out, uint64_t *ret_n,
	struct err *e)
{
	struct entry_span one;
	int rc;

	while ((rc = entries_next(en, &one, e)) == 0) {
		struct record r = entry_record(k->t, &one, path);

		if (!selector_record(k->which, &r) || copies_take(k->there, first_line(one.text)))
			continue;
		(void)fwrite(one.text.p, 1, one.text.len, out); /* ferror() tells */
		++*ret_n;
	}
	if (rc < 0 && e->exit != EX_DATAERR)
		return -1;
	if (rc < 0)
		store_tell(&k->t->store, NOTE_DAMAGED, path, e->what);
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return err_fail(e, EX_CANTCREAT, errno, N_("cannot copy what is held"),
		N_("make room, then add the hold again"), "%s", k->name);
}

/* The copy gets its source's rights, and as its time the anchor by which its lines are aged. */
static int
copy_finish(
	const struct keeping *k, const struct place *p, int64_t anchor_us, int fd, struct err *e)
{
	cleanup_fd int from = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, e);
	struct stat st = p->st;

	if (from < 0)
		return -1;
	st.st_mtim = (struct timespec){ anchor_us / 1000000, anchor_us % 1000000 * 1000 };
	return copies_name(k->dirfd, k->name, ".log", from, &st, fd, e);
}

static int
keep_file(void *ctx, const struct place *p, struct err *e)
{
	struct keeping *k = ctx;
	const struct select_block all = textlog_block(k->t, p->path, &p->st);
	CLEANUP(entries_freep) struct entries *en = NULL;
	cleanup_stdio FILE *out = NULL;
	cleanup_fd int fd = -1;
	uint64_t n = 0;
	int rc, copy;

	if (all.copies || selector_block(k->which, &all) == SELECT_NO)
		return 0;
	rc = textlog_open_place(k->t, p, &en, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (copies_open(k->dirfd, &fd, e) < 0)
		return -1;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	out = copy < 0 ? NULL : fdopen(copy, "w");
	if (!out)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", k->name);
	if (copy_entries(k, en, p->path, out, &n, e) < 0)
		return -1;
	k->n += n;
	return n == 0 ? 0 : copy_finish(k, p, entries_anchor_us(en), fd, e);
}

int
textlog_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e)
{
	struct textlog *t = (struct textlog *)s;
	CLEANUP(copies_freep) struct copies *there = NULL;
	struct keeping k = { .t = t, .which = which, .dirfd = dirfd, .name = name };
	const struct conf_list copies = { &t->copies, t->copies ? 1 : 0 };

	if (copies_new(&there, e) < 0)
		return -1;
	k.there = there;
	if (places_each(&copies, PLACE_FILE, see_copy, NULL, &k, e) < 0 ||
		places_each(&t->paths, PLACE_FILE, keep_file, NULL, &k, e) < 0)
		return -1;
	*ret_n = k.n;
	return 0;
}
