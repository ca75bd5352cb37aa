/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file that journald has open is never changed: what it writes then is lost in silence. It is asked to
 * rotate, and once the file says that it is archived, under whatever name it has by then, it is ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file/walk.h"
#include "store/copies.h"
#include "store/journal/journal-private.h"

#define ARCHIVE_MS 20000 /* that journald may take to archive a file */
#define NAMES_MAX  100000

/* The file of a step, wherever it is by now. */
struct found {
	int dirfd; /* borrowed */
	char name[NAME_MAX + 1], path[PATH_MAX];
	struct stat st;
	struct journal_header header;
	bool closed;
};

/* Sets F's name and path. False: STEP's file is not in its folder any more. */
static bool
find(struct found *f, const char *name, const struct plan_step *step)
{
	const size_t folder = strlen(step->place) - strlen(name);
	struct dirent **names = NULL;
	int n = 0;

	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	if (!plan_stands(step, f->dirfd, name, &f->st)) {
		*f->name = '\0';
		n = scandirat(f->dirfd, ".", &names, NULL, NULL);
	}
	for (int i = 0; i < n; i++) {
		if (!*f->name && plan_stands(step, f->dirfd, names[i]->d_name, &f->st))
			(void)snprintf(f->name, sizeof(f->name), "%s", names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return *f->name && snprintf(f->path, sizeof(f->path), "%.*s%s", (int)folder, step->place,
				   f->name) < (int)sizeof(f->path);
}

static bool
look(struct found *f, const struct journal *j)
{
	struct err ignored;
	cleanup_fd int fd = walk_open(f->dirfd, f->name, O_RDONLY, 0, NULL, &ignored);

	if (fd < 0 || journal_header(fd, &f->header) < 0)
		return false;
	f->closed = journal_is_copy(j, f->path) || journal_is_closed(fd, f->name, &f->header);
	return true;
}

/* What journald has closed and not archived, a user's file perhaps, it opens again at the next message. */
static bool
may_be_opened(const struct found *f, const struct journal *j)
{
	return f->header.state != JF_ARCHIVED && f->name[strlen(f->name) - 1] != '~' &&
	       !journal_is_copy(j, f->path) && journal_can_rotate(f->path);
}

/* Has journald let go of F? Asks it to. */
static int
let_go(struct found *f, const struct journal *j, const char *name, const struct plan_step *step,
	struct err *e)
{
	const struct timespec nap = { .tv_nsec = 20 * 1000000 };

	if (journal_rotate(f->path, e) < 0)
		return -1;
	for (int ms = 0; ms < ARCHIVE_MS; ms += 20) {
		if (!find(f, name, step))
			return 1;
		if (look(f, j) && f->closed)
			return 0;
		(void)nanosleep(&nap, NULL);
	}
	return err_fail(
		e, EX_TEMPFAIL, 0, N_("journald does not let go of a file"), NULL, "%s", f->path);
}

/* --- acts ------------------------------------------------------------------------------------- */

/* A file that is gone through for the records that WHICH selects. Begins the context of each judge. */
struct asking {
	struct jfile *f;
	const struct selector *which;
};

static void
says_of(void *ctx, struct span data, struct journal_says *ret)
{
	jfile_says(((const struct asking *)ctx)->f, data, ret);
}

static uint32_t
join_of(void *ctx, uint32_t a, uint32_t b)
{
	return jfile_join(((const struct asking *)ctx)->f, a, b);
}

/* Is EN one that is asked for? -1: it is damaged. *ret_size: of its record, where it is. */
static int
is_asked_for(const struct asking *a, struct journal_map *m, const struct journal_entry *en,
	const struct journal_says *all, uint64_t *ret_size, struct err *e)
{
	struct record r;
	bool is;

	if (!jfile_reaches(a->f, en, all->marks))
		return 0;
	if (jfile_record(a->f, en, all, &r) < 0)
		return journal_map_fail(m, e);
	is = selector_record(a->which, &r);
	if (jfile_is_broken(a->f))
		return journal_map_fail(m, e);
	*ret_size = r.size;
	return is;
}

struct going {
	struct asking asking;
	uint64_t bytes;
};

static int
goes(void *ctx, struct journal_map *m, const struct journal_entry *en,
	const struct journal_says *all, struct err *e)
{
	struct going *g = ctx;
	uint64_t size = 0;
	const int rc = is_asked_for(&g->asking, m, en, all, &size, e);

	g->bytes += rc > 0 ? size : 0;
	return rc;
}

/* By its header: mtime may change after the last write, when the kernel writes mapped pages back. */
static bool
is_unchanged(const struct found *f)
{
	struct journal_header now;
	struct err ignored;
	struct stat st;
	cleanup_fd int fd = walk_open(f->dirfd, f->name, O_RDONLY, 0, &st, &ignored);

	return fd >= 0 && st.st_dev == f->st.st_dev && st.st_ino == f->st.st_ino &&
	       journal_header(fd, &now) == 0 && now.n_entries == f->header.n_entries &&
	       now.tail_us == f->header.tail_us;
}

/* Whoever has named a file looks for it under that name. */
static bool
was_named(const struct journal *j, const char *path)
{
	for (size_t i = 0; i < j->paths.n; i++)
		if (strcmp(j->paths.v[i], path) == 0)
			return true;
	return false;
}

/* First the old name, which is one step; then the one that tells journald of the new file's age. */
static int
take_place(const struct journal *j, const struct found *f, struct jwrite *w, struct err *e)
{
	char name[NAME_MAX + 1];

	if (!is_unchanged(f))
		return err_fail(e, EX_TEMPFAIL, 0, N_("the file has changed meanwhile"),
			N_("try again"), "%s", f->path);
	if (jwrite_commit(w, f->name, true, e) < 0)
		return -1;
	jwrite_name(w, f->name, name, sizeof(name));
	if (!was_named(j, f->path) && strcmp(name, f->name) != 0)
		(void)renameat2(f->dirfd, f->name, f->dirfd, name, RENAME_NOREPLACE);
	return fsync(f->dirfd) == 0 ? 0
				    : err_fail(e, EX_IOERR, errno, N_("cannot write the folder"),
					      NULL, "%s", f->path);
}

static int
file_hash(int fd, uint8_t ret[32], struct err *e)
{
	crypto_hash_sha256_state h;
	uint8_t block[65536];
	off_t at = 0;
	ssize_t n;

	_Static_assert(crypto_hash_sha256_BYTES == 32, "struct store_result");
	(void)crypto_hash_sha256_init(&h);
	while ((n = pread(fd, block, sizeof(block), at)) > 0) {
		(void)crypto_hash_sha256_update(&h, block, (unsigned long long)n);
		at += n;
	}
	(void)crypto_hash_sha256_final(&h, ret);
	return n < 0 ? err_fail(e, EX_IOERR, errno, N_("cannot read a journal file"), NULL, NULL)
		     : 0;
}

/* What a seal says no more, the ledger says: that this file became that one. */
static int
seal_result(int before, int after, struct store_result *ret, struct err *e)
{
	ret->seal_broken = true;
	return file_hash(before, ret->before, e) < 0 || file_hash(after, ret->after, e) < 0 ? -1
											    : 0;
}

static int
act_read(struct journal *j, const struct found *f, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	const struct place p = { .dirfd = f->dirfd, .name = f->name, .path = f->path, .st = f->st };
	CLEANUP(jfile_freep) struct jfile *in = NULL;
	CLEANUP(jwrite_freep) struct jwrite *w = NULL;
	struct going g = { .asking = { .which = which } };
	const struct journal_judge judge = { &g, says_of, join_of, goes };
	struct journal_collected done;
	int rc = jfile_open(j, &p, &in, e);

	if (rc == 0) {
		g.asking.f = in;
		jfile_reach(in, which);
		rc = jwrite_collect(in, f->dirfd, &judge, false, &w, &done, e);
	}
	if (rc != 0) {
		*ret = (struct store_result){ .skipped = true };
		return rc < 0 ? err_within(e, "%s", f->path) : 0;
	}
	ret->n_erased = done.n_gone;
	ret->n_stayed = done.n_stay;
	ret->bytes = g.bytes;
	if (done.n_gone == 0)
		return 0;
	if (!w)
		return place_remove(f->dirfd, f->name, f->path, e);
	rc = f->header.sealed && !journal_seal_may_break(j, f->path)
		     ? 1
		     : jwrite_finish(
			       w, in, &f->st, !was_named(j, f->path) && strchr(f->name, '@'), e);
	if (rc == 0 && f->header.sealed)
		rc = seal_result(jfile_fd(in), jwrite_fd(w), ret, e);
	if (rc != 0) {
		*ret = (struct store_result){ .skipped = true };
		return rc < 0 ? err_within(e, "%s", f->path) : 0;
	}
	return take_place(j, f, w, e);
}

/* With the first file that is rewritten beside it, it has gone already. */
static int
act_leftover(const struct journal *j, const struct plan_step *step, struct store_result *ret,
	struct err *e)
{
	const char *name;
	cleanup_fd int dirfd = place_open_folder(&j->leftovers, step->place, &name, e);
	struct stat st;
	int rc = 1;

	if (dirfd < 0)
		return -1;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		st.st_dev == step->dev && st.st_ino == step->ino)
		rc = journal_leftover_remove(dirfd, step->place, e);
	ret->skipped = rc > 0;
	return rc < 0 ? -1 : 0;
}

static bool
is_leftover(const char *place)
{
	return strcmp(strrchr(place, '/') + 1, JOURNAL_SCRATCH) == 0;
}

static int
act_file(struct journal *j, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	const char *name;
	cleanup_fd int dirfd = place_open_folder(&j->paths, step->place, &name, e);
	struct found f = { .dirfd = dirfd };
	bool readable;
	int rc;

	if (dirfd < 0) {
		ret->skipped = e && e->errnum == ENOENT;
		return ret->skipped ? 0 : -1;
	}
	if (!find(&f, name, step)) {
		ret->skipped = true;
		return 0;
	}
	if (journal_know_copies(j, e) < 0) /* anew: one may have gone with its hold */
		return -1;
	readable = look(&f, j);
	if (readable && (!f.closed || may_be_opened(&f, j))) {
		rc = let_go(&f, j, name, step, e);
		if (rc < 0 && f.closed && e->exit == EX_UNAVAILABLE)
			rc = 0; /* there is no journald that could */
		ret->skipped = rc > 0;
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	/* what nobody has read when it was planned has to be as old as it was then */
	if (step->action != PLAN_UNLINK ||
		journal_block(j, which, f.path, &f.st, readable ? &f.header : NULL,
			JOURNAL_AGE_UNKNOWN) != SELECT_YES)
		return act_read(j, &f, which, ret, e);
	if (place_remove(f.dirfd, f.name, f.path, e) < 0)
		return -1;
	ret->n_erased = readable ? f.header.n_entries : step->n_records;
	ret->bytes = (uint64_t)f.st.st_size;
	return 0;
}

int
journal_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct journal *j = (struct journal *)s;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	return is_leftover(step->place) ? act_leftover(j, step, ret, e)
					: act_file(j, step, which, ret, e);
}

/* --- copies ----------------------------------------------------------------------------------- */

struct keeping {
	struct journal *j;
	const struct selector *which;
	struct copies *there;
	int dirfd;
	const char *name;
	uint64_t n;
};

struct copying {
	struct journal *j;
	struct copies *there;
};

static int
see_copy(void *ctx, const struct place *p, struct err *e)
{
	const struct copying *c = ctx;
	CLEANUP(jfile_freep) struct jfile *f = NULL;
	struct record r;
	int rc = jfile_open(c->j, p, &f, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	while ((rc = jfile_next(f, &r, e)) == 0)
		if (copies_add(c->there, jfile_key(f), e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

int
journal_copies(struct journal *j, struct copies **ret, struct err *e)
{
	const struct conf_list copies = { &j->copies, j->copies ? 1 : 0 };
	CLEANUP(copies_freep) struct copies *there = NULL;
	struct copying c = { .j = j };

	if (copies_new(&there, e) < 0)
		return -1;
	c.there = there;
	if (places_each(&copies, PLACE_FILE, see_copy, NULL, &c, e) < 0)
		return -1;
	*ret = TAKE(there);
	return 0;
}

int
journal_know_copies(struct journal *j, struct err *e)
{
	j->there = copies_free(j->there);
	return journal_copies(j, &j->there, e);
}

static int
commit_copy(const struct keeping *k, struct jwrite *w, struct err *e)
{
	char name[NAME_MAX + 1];
	int rc = 1;

	for (unsigned n = 1; rc > 0 && n <= NAMES_MAX; n++) {
		(void)snprintf(name, sizeof(name), "%s-%u.journal", k->name, n);
		rc = jwrite_commit(w, name, false, e);
	}
	if (rc > 0)
		return err_fail(
			e, EX_CANTCREAT, 0, N_("cannot copy what is held"), NULL, "%s", k->name);
	return rc;
}

/* What is not to be copied, or lies there already, does not go along. */
struct keeping_file {
	struct asking asking;
	struct copies *there;
};

static int
is_left_out(void *ctx, struct journal_map *m, const struct journal_entry *en,
	const struct journal_says *all, struct err *e)
{
	const struct keeping_file *kf = ctx;
	uint64_t size;
	const int rc = is_asked_for(&kf->asking, m, en, all, &size, e);

	return rc < 0 ? -1 : rc == 0 || copies_take(kf->there, jfile_key(kf->asking.f));
}

/* Never several files into one: the times of a boot have to go forward. */
static int
keep_file(void *ctx, const struct place *p, struct err *e)
{
	struct keeping *k = ctx;
	CLEANUP(jfile_freep) struct jfile *f = NULL;
	CLEANUP(jwrite_freep) struct jwrite *w = NULL;
	struct keeping_file kf = { .asking = { .which = k->which }, .there = k->there };
	const struct journal_judge judge = { &kf, says_of, join_of, is_left_out };
	struct journal_collected done;
	int rc;

	if (p->st.st_size == 0 || journal_is_copy(k->j, p->path) ||
		journal_block(k->j, k->which, p->path, &p->st, NULL, JOURNAL_AGE_UNKNOWN) ==
			SELECT_NO)
		return 0;
	rc = jfile_open(k->j, p, &f, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	kf.asking.f = f;
	jfile_reach(f, k->which);
	rc = jwrite_collect(f, k->dirfd, &judge, true, &w, &done, e);
	if (rc != 0 || !w)
		return rc < 0 ? err_within(e, "%s", p->path) : 0;
	rc = jwrite_finish(w, f, &p->st, false, e);
	if (rc != 0)
		return rc < 0 ? err_within(e, "%s", p->path) : 0;
	k->n += done.n_stay;
	return commit_copy(k, w, e);
}

int
journal_keep(struct store *s, const struct selector *which, int dirfd, const char *name,
	uint64_t *ret_n, struct err *e)
{
	struct journal *j = (struct journal *)s;
	CLEANUP(copies_freep) struct copies *there = NULL;
	struct keeping k = { .j = j, .which = which, .dirfd = dirfd, .name = name };

	if (journal_copies(j, &there, e) < 0)
		return -1;
	k.there = there;
	if (places_each(&j->paths, PLACE_FILE, keep_file, NULL, &k, e) < 0)
		return -1;
	*ret_n = k.n;
	return 0;
}
