/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "base/file/walk.h"
#include "store/journal/journal-private.h"
#include "store/known.h"

/* The least time in M: entries are in the order in which they came, and the clock may have been set back. */
static int64_t
least_time(struct journal_map *m)
{
	struct journal_chain chain = journal_map_entries(m);
	struct journal_entry en;
	int64_t least_us = INT64_MAX;
	int rc;

	while ((rc = journal_chain_next(m, &chain, &en)) == 0)
		if ((int64_t)en.realtime < least_us)
			least_us = (int64_t)en.realtime;
	return rc < 0 || map_is_torn(m->map) ? JOURNAL_AGE_UNKNOWN : least_us;
}

static int64_t
read_age(int fd)
{
	struct journal_map m;
	struct err ignored;
	int64_t us;

	if (journal_map_open(fd, 0, &m, &ignored) < 0)
		return JOURNAL_AGE_UNKNOWN;
	us = least_time(&m);
	journal_map_release(&m);
	return us;
}

/* Of a file that somebody has mapped for writing mtime comes late: it is not believed. */
int64_t
journal_age(const struct journal *j, const struct place *p)
{
	struct known *k = j->store.env->known;
	struct err ignored;
	cleanup_fd int fd = walk_open(p->dirfd, p->name, O_RDONLY, 0, NULL, &ignored);
	struct known_file file;
	struct known_id id;
	struct journal_header h;
	bool closed;

	if (fd < 0 || journal_header(fd, &h) < 0)
		return JOURNAL_AGE_UNKNOWN;
	closed = k && journal_is_closed(fd, p->name, &h) && known_look(k, fd, "", &id);
	if (closed && known_find(k, j->store.conf->name, &id, fd, &file) == KNOWN_SAME)
		return file.oldest_us;
	file = (struct known_file){ .oldest_us = read_age(fd), .timed = true };
	if (closed && file.oldest_us != JOURNAL_AGE_UNKNOWN)
		known_put(k, j->store.conf->name, &id, fd, &file);
	return file.oldest_us;
}
