/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "store/maildir/maildir-private.h"

static void maildir_free(struct store *s);

static int
maildir_open(
	const struct store_env *env, const struct conf_store *s, struct store **ret, struct err *e)
{
	struct maildir *m = calloc(1, sizeof(*m));

	if (!m)
		return err_memory(e);
	m->store.conf = s;
	m->store.env = env;
	timestamp_init(&m->ts, s->timezone);
	buf_init(&m->raw, env->memory_max / 4 + 8192);
	buf_init(&m->text, env->memory_max / 4 + 8192);
	if (maildir_declared(m, s, e) < 0) {
		maildir_free(&m->store);
		return -1;
	}
	if (!places_exist(&s->paths)) {
		maildir_free(&m->store);
		return STORE_ABSENT;
	}
	*ret = &m->store;
	return 0;
}

static void
maildir_free(struct store *s)
{
	struct maildir *m = (struct maildir *)s;

	free(m->about_text);
	free(m->about.v);
	buf_release(&m->raw);
	buf_release(&m->text);
	free(m);
}

/* --- a question, asked of each mail ----------------------------------------------------------- */

struct question {
	struct maildir *m;
	const struct selector *which;
	store_seen *seen;
	void *ctx;
	struct plan *plan;
	struct plan_step step; /* of the folder in hand */
	struct store_size *size;
	struct store_result *result;
	int64_t oldest_us;
	int (*each)(struct question *q, struct mail *one, struct err *e);
	struct mail mail;
};

static int
see_name(void *ctx, const char *name, unsigned char type, struct err *e)
{
	struct question *q = ctx;
	int rc;

	(void)type;
	q->mail.name = name;
	if (store_stopped(&q->m->store))
		return 1;
	rc = mail_look(&q->mail, e);
	return rc == 0 ? q->each(q, &q->mail, e) : rc < 0 ? -1 : 0;
}

/* FOLDER/SUB, whose descriptor is FD. */
static int
each_mail(struct question *q, int fd, const char *folder, enum maildir_sub sub, struct err *e)
{
	q->mail = (struct mail){ .m = q->m, .dirfd = fd, .folder = folder, .sub = sub };
	return folder_each(fd, see_name, q, e);
}

static int
see_sub(struct question *q, const struct place *p, enum maildir_sub sub, struct err *e)
{
	char below[NAME_MAX + 8];
	struct err why;
	cleanup_fd int fd = -1;

	(void)snprintf(below, sizeof(below), "%s/%s", p->name, maildir_sub_name(sub));
	fd = walk_open(p->dirfd, below, O_RDONLY | O_DIRECTORY, 0, NULL, &why);
	if (fd < 0) {
		if (why.exit != EX_NOINPUT)
			store_tell(&q->m->store, NOTE_NOT_POSSIBLE, p->path, why.what);
		return 0;
	}
	return each_mail(q, fd, p->path, sub, e);
}

static int
see_folder(void *ctx, const struct place *p, struct err *e)
{
	int rc = 0;

	for (int sub = 0; rc == 0 && sub < MAILDIR_SUBS; sub++)
		rc = see_sub(ctx, p, (enum maildir_sub)sub, e);
	return rc;
}

static int
ask(struct question *q, place_seen *seen, struct err *e)
{
	return store_places(&q->m->store, PLACE_FOLDER, seen, q, e);
}

static int
scan_mail(struct question *q, struct mail *one, struct err *e)
{
	struct record r;
	bool selected;

	if (mail_selected(one, q->which, &selected, e) < 0)
		return -1;
	if (!selected)
		return 0;
	if (mail_record(one, &r, e) < 0)
		return -1;
	return q->seen(q->ctx, &r, e);
}

static int
maildir_scan(
	struct store *s, const struct selector *which, store_seen *seen, void *ctx, struct err *e)
{
	struct question q = { .m = (struct maildir *)s,
		.which = which,
		.seen = seen,
		.ctx = ctx,
		.each = scan_mail };

	return ask(&q, see_folder, e);
}

static int
oldest_mail(struct question *q, struct mail *one, struct err *e)
{
	bool selected;

	if (mail_selected(one, q->which, &selected, e) < 0)
		return -1;
	if (selected && one->time_us < q->oldest_us)
		q->oldest_us = one->time_us;
	return 0;
}

static int
maildir_oldest(struct store *s, const struct selector *which, int64_t *us, struct err *e)
{
	struct question q = {
		.m = (struct maildir *)s, .which = which, .oldest_us = *us, .each = oldest_mail
	};

	if (ask(&q, see_folder, e) < 0)
		return -1;
	*us = q.oldest_us;
	return 0;
}

static int
size_mail(struct question *q, struct mail *one, struct err *e)
{
	(void)e;
	q->size->bytes += (uint64_t)one->st.st_blocks * 512;
	q->size->n_parts++;
	return 0;
}

static int
maildir_size(struct store *s, struct store_size *ret, struct err *e)
{
	struct question q = { .m = (struct maildir *)s, .size = ret, .each = size_mail };

	*ret = (struct store_size){ 0 };
	return ask(&q, see_folder, e);
}

/* Names, and headers of those that are old enough. */
static int
maildir_cost(struct store *s, const struct selector *which, struct store_cost *ret, struct err *e)
{
	(void)s;
	(void)which;
	(void)e;
	*ret = (struct store_cost){ .indexed = true };
	return 0;
}

/* --- plans ------------------------------------------------------------------------------------ */

static int
plan_mail(struct question *q, struct mail *one, struct err *e)
{
	struct plan_step *step = &q->step;
	bool selected;

	if (mail_selected(one, q->which, &selected, e) < 0)
		return -1;
	if (!selected) {
		step->n_stay++;
		return 0;
	}
	plan_count(step, one->time_us, (uint64_t)one->st.st_blocks * 512);
	return 0;
}

/* Dovecot keeps headers in an index of its own, until it is next purged. */
static void
tell_index(const struct question *q, const struct place *p)
{
	char below[NAME_MAX + 32];
	struct stat st;

	(void)snprintf(below, sizeof(below), "%s/dovecot.index.cache", p->name);
	if (fstatat(p->dirfd, below, &st, AT_SYMLINK_NOFOLLOW) == 0)
		store_tell(&q->m->store, NOTE_REMAINS, p->path,
			"dovecot.index.cache, until `doveadm purge`");
}

static int
plan_folder(void *ctx, const struct place *p, struct err *e)
{
	struct question *q = ctx;
	bool any = false;

	for (int sub = 0; sub < MAILDIR_SUBS; sub++) {
		char place[PATH_MAX + 8];

		(void)snprintf(place, sizeof(place), "%s/%s", p->path,
			maildir_sub_name((enum maildir_sub)sub));
		q->step = (struct plan_step){ .store = q->m->store.conf->name,
			.action = PLAN_DELETE,
			.technique = PLAN_UNLINKED,
			.place = place,
			.oldest_us = RECORD_NO_TIME,
			.newest_us = RECORD_NO_TIME,
			.driver = (uint64_t)sub };
		if (see_sub(q, p, (enum maildir_sub)sub, e) < 0)
			return -1;
		if (q->step.n_records == 0)
			continue;
		any = true;
		if (plan_add(q->plan, &q->step, e) < 0)
			return -1;
	}
	if (any)
		tell_index(q, p);
	return 0;
}

static int
maildir_plan(struct store *s, const struct selector *which, struct plan *plan, struct err *e)
{
	struct question q = {
		.m = (struct maildir *)s, .which = which, .plan = plan, .each = plan_mail
	};

	return ask(&q, plan_folder, e);
}

/* --- acts ------------------------------------------------------------------------------------- */

static int
act_mail(struct question *q, struct mail *one, struct err *e)
{
	bool selected;

	if (mail_selected(one, q->which, &selected, e) < 0)
		return -1;
	if (!selected) {
		q->result->n_stayed++;
		return 0;
	}
	if (unlinkat(one->dirfd, one->name, 0) < 0)
		return errno == ENOENT ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot remove"), NULL,
						 "%s/%s", one->folder, maildir_sub_name(one->sub));
	q->result->n_erased++;
	q->result->bytes += (uint64_t)one->st.st_blocks * 512;
	return 0;
}

static int
maildir_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	struct question q = {
		.m = (struct maildir *)s, .which = which, .result = ret, .each = act_mail
	};
	const enum maildir_sub sub = (enum maildir_sub)step->driver;
	char folder[PATH_MAX], below[NAME_MAX + 8];
	const char *name;
	struct err why;
	cleanup_fd int dirfd = -1, fd = -1;

	*ret = (struct store_result){ .technique = PLAN_UNLINKED };
	(void)snprintf(folder, sizeof(folder), "%.*s",
		(int)(strlen(step->place) - strlen(maildir_sub_name(sub)) - 1), step->place);
	dirfd = place_open_folder(&s->conf->paths, folder, &name, &why);
	if (dirfd >= 0) {
		(void)snprintf(below, sizeof(below), "%s/%s", name, maildir_sub_name(sub));
		fd = walk_open(dirfd, below, O_RDONLY | O_DIRECTORY, 0, NULL, &why);
	}
	if (fd < 0) {
		ret->skipped = why.exit == EX_NOINPUT;
		*e = why;
		return ret->skipped ? 0 : -1;
	}
	if (each_mail(&q, fd, folder, sub, e) < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "%s", step->place);
	return 0;
}

const struct store_driver store_maildir = {
	.type = "maildir",
	.open = maildir_open,
	.free = maildir_free,
	.scan = maildir_scan,
	.cost = maildir_cost,
	.plan = maildir_plan,
	.act = maildir_act,
	.oldest = maildir_oldest,
	.size = maildir_size,
};
