/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/readback.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "logscrub/sink/sink-private.h"

#define SUFFIX    ".journal"
#define TRIES_MAX 100000 /* entries that are torn, or another stream's */

static int
readback_init(struct readback *r, const char *store, struct err *e)
{
	int n;

	*r = (struct readback){ .store = store };
	n = snprintf(r->store_match, sizeof(r->store_match), "SPARSAM_STORE=%s", store);
	if (n >= (int)sizeof(r->store_match))
		return err_fail(e, EX_CONFIG, 0, N_("the store's name is too long for a journal"),
			N_("choose a shorter one"), "%s", store);
	return 0;
}

static int
fail_open(int r, const char *name, struct err *e)
{
	return err_fail(e, EX_UNAVAILABLE, -r, N_("cannot read a journal back"),
		N_("add the service user to group \"systemd-journal\""), "%s", name);
}

static int
namespace_open(struct readback *r)
{
	int rc;

	sd_journal_close(r->j);
	r->j = NULL;
	rc = sd_journal_open_namespace(&r->j, r->namespace_, SD_JOURNAL_LOCAL_ONLY);
	return rc < 0 ? rc
		      : sd_journal_get_fd(r->j); /* so that files that are made later are seen */
}

int
readback_open_namespace(
	struct readback *r, const char *namespace_, const char *store, struct err *e)
{
	int rc;

	if (readback_init(r, store, e) < 0)
		return -1;
	(void)snprintf(r->uid_match, sizeof(r->uid_match), "_UID=%u", (unsigned)geteuid());
	r->namespace_ = namespace_;
	rc = namespace_open(r);
	return rc < 0 ? fail_open(rc, namespace_, e) : 0;
}

int
readback_open_file(struct readback *r, const char *path, const char *store, struct err *e)
{
	if (readback_init(r, store, e) < 0)
		return -1;
	r->path = strdup(path);
	return r->path ? 0 : err_memory(e);
}

void
readback_release(struct readback *r)
{
	sd_journal_close(r->j);
	free(r->path);
	*r = (struct readback){ 0 };
}

/* Stands on the last entry of J with the matches A, B, C (NULL: not that one). */
static bool
stand_on_last(sd_journal *j, const char *a, const char *b, const char *c)
{
	sd_journal_flush_matches(j);
	if ((a && sd_journal_add_match(j, a, 0) < 0) || (b && sd_journal_add_match(j, b, 0) < 0) ||
		(c && sd_journal_add_match(j, c, 0) < 0))
		return false;
	return sd_journal_seek_tail(j) >= 0 && sd_journal_previous(j) > 0;
}

/* "SPARSAM_POSITION=NUMBER ORDER POSITION" of the entry that J stands on. */
static bool
read_entry(sd_journal *j, struct readback_entry *ret)
{
	static const char head[] = "SPARSAM_POSITION=";
	char text[POSITION_MAX + 64], *end;
	const void *p;
	size_t len;

	if (sd_journal_get_data(j, "SPARSAM_POSITION", &p, &len) < 0)
		return false;
	len -= sizeof(head) - 1;
	if (len >= sizeof(text))
		return false;
	memcpy(text, (const char *)p + sizeof(head) - 1, len);
	text[len] = '\0';
	ret->number = strtoull(text, &end, 10);
	if (*end != ' ')
		return false;
	ret->order = strtoll(end + 1, &end, 10);
	if (*end != ' ' || strlen(++end) > POSITION_MAX)
		return false;
	ret->len = strcmp(end, "-") == 0 ? 0 : strlen(end);
	memcpy(ret->position, end, ret->len);
	return true;
}

static bool
is_of_stream(sd_journal *j, const char *match)
{
	const void *p;
	size_t len;

	return sd_journal_get_data(j, "SPARSAM_SOURCE", &p, &len) >= 0 && len == strlen(match) &&
	       memcmp(p, match, len) == 0;
}

/* An entry that a power cut tore cannot be read: the one before it counts. A file has the entries of
 * one store alone and is looked through without matches: the lists that serve those may have lost
 * their end, or kept it, where the list of all entries has not. */
static bool
last_of(struct readback *r, sd_journal *j, const char *stream, struct readback_entry *ret)
{
	char match[POSITION_NAME_MAX + 32];

	(void)snprintf(match, sizeof(match), "SPARSAM_SOURCE=%s", stream ? stream : "");
	if (r->path ? !stand_on_last(j, NULL, NULL, NULL)
		    : !stand_on_last(j, r->store_match, r->uid_match, stream ? match : NULL))
		return false;
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		if (read_entry(j, ret) && (!r->path || !stream || is_of_stream(j, match)))
			return true;
		if (sd_journal_previous(j) <= 0)
			return false;
	}
	return false;
}

static void
journal_closep(sd_journal **j)
{
	sd_journal_close(*j);
}

static void
closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

/* The last entry of a file that nobody closed: a power cut may have left its lists of entries short
 * at their end, and yet the entries there, for those who read on from the first. */
static bool
last_of_torn(sd_journal *j, const char *stream, struct readback_entry *ret)
{
	char match[POSITION_NAME_MAX + 32];
	struct readback_entry n;

	(void)snprintf(match, sizeof(match), "SPARSAM_SOURCE=%s", stream ? stream : "");
	ret->number = 0;
	sd_journal_flush_matches(j);
	if (sd_journal_seek_head(j) < 0)
		return false;
	while (sd_journal_next(j) > 0)
		if (read_entry(j, &n) && n.number > ret->number &&
			(!stream || is_of_stream(j, match)))
			*ret = n;
	return ret->number > 0;
}

/* Its header's state, a byte: 1 while it is written to. Source: systemd.io/JOURNAL_FILE_FORMAT. */
static bool
is_closed(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t state = 1;

	return fd >= 0 && pread(fd, &state, 1, 16) == 1 && state != 1;
}

/* Calls for the file and each rotated sibling; BEST is the entry with the greatest number. */
static bool
last_of_file(struct readback *r, const char *path, const char *stream, struct readback_entry *best)
{
	CLEANUP(journal_closep) sd_journal *j = NULL;
	const char *paths[] = { path, NULL };
	struct readback_entry n;

	if (sd_journal_open_files(&j, paths, 0) < 0 ||
		!(is_closed(path) ? last_of(r, j, stream, &n) : last_of_torn(j, stream, &n)))
		return false;
	if (n.number > best->number)
		*best = n;
	return true;
}

static void
last_of_siblings(struct readback *r, const char *stream, struct readback_entry *best)
{
	CLEANUP(closedirp) DIR *d = NULL;
	cleanup_mem char *folder = strdup(r->path);
	const char *base = strrchr(r->path, '/');
	size_t len;
	char path[4096];

	base = base ? base + 1 : r->path;
	len = strlen(base) - (sizeof(SUFFIX) - 1);
	if (!folder)
		return;
	if (base == r->path)
		(void)snprintf(folder, strlen(r->path) + 1, ".");
	else
		folder[base - r->path] = '\0';
	d = opendir(folder);
	for (const struct dirent *n = d ? readdir(d) : NULL; n; n = readdir(d)) {
		if (strncmp(n->d_name, base, len) != 0 || n->d_name[len] != '@')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, n->d_name);
		(void)last_of_file(r, path, stream, best);
	}
}

int
readback_last(struct readback *r, const char *stream, struct readback_entry *ret, struct err *e)
{
	struct readback_entry best = { 0 };

	(void)e; /* what cannot be read is not there */
	if (!r->path) {
		/* A file that was rotated while the folder was listed comes as an event. */
		(void)sd_journal_process(r->j);
		return last_of(r, r->j, stream, ret) ? 0 : 1;
	}
	last_of_siblings(r, stream, &best);
	(void)last_of_file(r, r->path, stream, &best);
	if (best.number == 0)
		return 1;
	*ret = best;
	return 0;
}

/* A journald that begins with the first entry makes the namespace's folder, which libsystemd does not
 * see: it takes new folders for a journal's only when their name is a machine's id and no more. */
static bool
namespace_follow(struct readback *r)
{
	if (r->j && (sd_journal_has_persistent_files(r->j) > 0 ||
			    sd_journal_has_runtime_files(r->j) > 0))
		return true;
	return namespace_open(r) >= 0;
}

/* Keeps a file's journal open as long as the name means it. */
static bool
reader_follow(struct readback *r)
{
	const char *paths[] = { r->path, NULL };
	struct readback_entry best = { 0 };
	struct stat st;

	if (!r->path)
		return namespace_follow(r);
	if (stat(r->path, &st) < 0)
		return false;
	if (r->j && st.st_ino == r->ino)
		return true;
	sd_journal_close(r->j);
	r->j = NULL;
	if (sd_journal_open_files(&r->j, paths, 0) < 0)
		return false;
	r->ino = st.st_ino;
	last_of_siblings(r, NULL, &best);
	r->floor = best.number;
	return true;
}

bool
readback_has(struct readback *r, const char *match)
{
	return reader_follow(r) && stand_on_last(r->j, match, NULL, NULL);
}

static bool
has_number(struct readback *r, uint64_t number)
{
	struct readback_entry n;

	if (!reader_follow(r))
		return false;
	return r->floor >= number || (last_of(r, r->j, NULL, &n) && n.number >= number);
}

bool
readback_await(struct readback *r, uint64_t number, const char *match, int limit_ms)
{
	int64_t until = sink_now_ms() + limit_ms;
	useconds_t pause = 250;

	while (number > 0 ? !has_number(r, number) : !readback_has(r, match)) {
		if (sink_now_ms() >= until)
			return false;
		/* Journals are written through a mapping, which wakes nobody. */
		(void)usleep(pause);
		if (pause < 20000)
			pause *= 2;
		if (!r->path)
			(void)sd_journal_process(r->j);
	}
	return true;
}
