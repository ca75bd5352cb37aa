/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file/walk.h"
#include "store/textlog/textlog-private.h"

void
textlog_finding_clear(struct textlog_finding *f)
{
	f->file = (struct known_file){ .oldest_us = INT64_MAX };
}

void
textlog_finding_see(struct textlog_finding *f, const struct entry_span *one)
{
	f->file.timed |= one->timed;
	if (one->time_us < f->file.oldest_us)
		f->file.oldest_us = one->time_us;
}

/* What F's file has grown by. Of its entries only those count that have a time: the first ones without may
 * belong to the last one before, which is counted. */
static bool
read_rest(const struct textlog *t, const struct place *p, struct textlog_finding *f)
{
	CLEANUP(entries_freep) struct entries *en = NULL;
	struct entry_span one;
	uint64_t passed = 0;
	struct err ignored;
	int rc, fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);

	/* a line end is no beginning of anything packed */
	if (fd < 0 || entries_open((struct textlog *)t, fd, f->file.to - 1, &p->st, p->path, &en,
			      &ignored) < 0)
		return false;
	while ((rc = entries_next_before(en, f->file.oldest_us, &passed, &one, &ignored)) == 0)
		if (one.timed)
			textlog_finding_see(f, &one);
	if (rc < 0 || *entries_filter(en))
		return false;
	textlog_finding_end(t, f, en);
	return true;
}

bool
textlog_finding_begin(const struct textlog *t, const struct place *p, struct textlog_finding *ret)
{
	struct known *k = t->store.env->known;
	struct err ignored;

	*ret = (struct textlog_finding){ .fd = -1 };
	textlog_finding_clear(ret);
	if (!k || textlog_is_copy(t, p->path))
		return false;
	ret->fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);
	ret->looked = ret->fd >= 0 && known_look(k, ret->fd, "", &ret->id);
	if (!ret->looked)
		return false;
	switch (known_find(k, t->store.conf->name, &ret->id, ret->fd, &ret->file)) {
	case KNOWN_SAME:
		return true;
	case KNOWN_GROWN:
		/* without times all of it is as old as its last write, which was another one */
		if (ret->file.timed && read_rest(t, p, ret))
			return true;
		break;
	default:
		break;
	}
	textlog_finding_clear(ret);
	return false;
}

void
textlog_finding_end(const struct textlog *t, struct textlog_finding *f, const struct entries *en)
{
	if (!f->looked)
		return;
	f->file.to = *entries_filter(en) ? 0 : entries_len_whole(en);
	known_put(t->store.env->known, t->store.conf->name, &f->id, f->fd, &f->file);
}

void
textlog_finding_release(struct textlog_finding *f)
{
	fd_closep(&f->fd);
}
