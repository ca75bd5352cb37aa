/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/input.h"
#include "record/detect/needles.h"
#include "store/textlog/textlog-private.h"

#define CHUNK     (256u << 10)
#define ENTRY_MAX (1u << 20) /* what is longer comes in parts */

struct entries {
	struct textlog *t;
	struct input *in;
	char *p;
	size_t len, cap, at; /* bytes there, room, where the next entry begins */
	uint64_t start;      /* of p[0] in the unpacked file */
	uint64_t whole;      /* behind the last line end that was given */
	bool ended;
	int failed; /* input_read() failed, and how is in `damage` */
	struct err damage;
	int64_t time_us, anchor_us; /* of the entry before; of the file */
	bool had_time;
	uint64_t known; /* where the line begins that was looked at last, and what begins() said */
	int64_t known_us;
	bool known_begins;
};

/* When FD's file was made. */
static int64_t
birth_us(int fd, const struct stat *st)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == 0 && (x.stx_mask & STATX_BTIME))
		return (int64_t)x.stx_btime.tv_sec * 1000000 + x.stx_btime.tv_nsec / 1000;
	return (int64_t)st->st_ctim.tv_sec * 1000000; /* no earlier than that is known */
}

/* A head that was taken out where it could not be collapsed is a hole: there is nothing to read. */
static uint64_t
skip_hole(int fd, uint64_t from)
{
	off_t at = lseek(fd, (off_t)from, SEEK_DATA);

	if (at < 0 && errno == ENXIO) /* a hole is all that it is */
		at = lseek(fd, 0, SEEK_END);
	return at > 0 ? (uint64_t)at : 0;
}

int
entries_open(struct textlog *t, int fd, uint64_t from, const struct stat *st, const char *path,
	struct entries **ret, struct err *e)
{
	CLEANUP(entries_freep) struct entries *en = calloc(1, sizeof(*en));

	if (!en) {
		(void)close(fd);
		return err_memory(e);
	}
	en->t = t;
	en->anchor_us = t->anchor == ANCHOR_BIRTH && !textlog_is_copy(t, path) ? birth_us(fd, st)
									       : mtime_us(st);
	en->time_us = RECORD_NO_TIME;
	en->known = UINT64_MAX;
	reader_latest(t->reader, mtime_us(st) + 60 * INT64_C(1000000)); /* clocks of writers */
	en->start = skip_hole(fd, from);
	if (input_open(fd, path, &en->in, e) < 0)
		return -1;
	en->cap = CHUNK;
	en->p = malloc(en->cap);
	if (!en->p)
		return err_memory(e);
	*ret = TAKE(en);
	return 0;
}

struct entries *
entries_free(struct entries *en)
{
	if (!en)
		return NULL;
	input_free(en->in);
	if (en->p)
		explicit_bzero(en->p, en->cap);
	free(en->p);
	free(en);
	return NULL;
}

uint64_t
entries_len(const struct entries *en)
{
	return en->start + en->at;
}

uint64_t
entries_len_whole(const struct entries *en)
{
	return en->whole;
}

int64_t
entries_anchor_us(const struct entries *en)
{
	return en->anchor_us;
}

uint64_t
entries_start(const struct entries *en)
{
	return en->start;
}

bool
entries_at_end(const struct entries *en)
{
	return en->ended && en->at == en->len;
}

const char *
entries_filter(const struct entries *en)
{
	return input_filter(en->in);
}

/* Reads more behind what is there. False: there is none, or the entry is as long as it may be. */
static bool
fill(struct entries *en)
{
	long n;

	if (en->ended)
		return false;
	if (en->at > 0) {
		memmove(en->p, en->p + en->at, en->len - en->at);
		en->start += en->at;
		en->len -= en->at;
		en->at = 0;
	}
	if (en->len >= ENTRY_MAX)
		return false;
	if (en->cap - en->len < CHUNK / 4) {
		char *p = realloc(en->p, 2 * en->cap);

		if (!p) {
			en->ended = true;
			en->failed = err_memory(&en->damage);
			return false;
		}
		en->p = p;
		en->cap *= 2;
	}
	n = input_read(en->in, en->p + en->len, en->cap - en->len, &en->damage);
	if (n > 0) {
		en->len += (size_t)n;
		return true;
	}
	en->ended = true;
	en->failed = n < 0 ? -1 : 0;
	return false;
}

/* The length of the line at AT, with its end; 0: none. */
static size_t
line_at(struct entries *en, size_t *at)
{
	size_t scanned = 0;

	for (;;) {
		const char *nl = memchr(en->p + *at + scanned, '\n', en->len - *at - scanned);
		const size_t front = en->at;
		bool more;

		if (nl)
			return (size_t)(nl + 1 - (en->p + *at));
		scanned = en->len - *at;
		more = fill(en);
		*at -= front - en->at; /* all may have moved to the front */
		if (!more)
			return en->len - *at;
	}
}

static struct span
without_end(const char *p, size_t len)
{
	if (len > 0 && p[len - 1] == '\n')
		len--;
	if (len > 0 && p[len - 1] == '\r')
		len--;
	return span_of(p, len);
}

/* The seconds at the head of a line: "17: ", or RECORD_NO_TIME. */
static int64_t
seconds_us(struct span s)
{
	int64_t n = 0;
	size_t i = 0;

	for (; i < s.len && i < 12 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		n = n * 10 + (s.p[i] - '0');
	return i > 0 && i < s.len && s.p[i] == ':' ? n * 1000000 : RECORD_NO_TIME;
}

/* Does the line of LEN bytes at AT begin an entry, and when was that? */
static bool
begins(struct entries *en, size_t at, size_t len, int64_t *ret_us)
{
	const struct span line = without_end(en->p + at, len);

	if (en->known != en->start + at) {
		en->known = en->start + at;
		en->known_us = RECORD_NO_TIME;
		en->known_begins = reader_begins(en->t->reader, line);
		if (en->known_begins) {
			(void)reader_read(en->t->reader, line);
			en->known_us = reader_time_us(en->t->reader);
		}
		if (en->known_us == RECORD_NO_TIME && en->t->anchor == ANCHOR_BIRTH &&
			(en->known_us = seconds_us(line)) != RECORD_NO_TIME)
			en->known_us += en->anchor_us;
		en->known_begins &= en->known_us != RECORD_NO_TIME;
	}
	*ret_us = en->known_us;
	return en->known_begins;
}

int
entries_next(struct entries *en, struct entry_span *ret, struct err *e)
{
	size_t at = en->at, n = line_at(en, &at);
	int64_t us, next_us;
	const char *nl;
	bool timed;

	if (n == 0) {
		if (en->failed)
			*e = en->damage;
		return en->failed ? -1 : 1;
	}
	timed = begins(en, at, n, &us);
	/* the lines that belong to it; at the head of a file the first time counts for all before */
	for (;;) {
		size_t next = at + n, more = line_at(en, &next);

		at = next - n;
		if (more == 0 || n + more > ENTRY_MAX)
			break;
		if (begins(en, next, more, &next_us)) {
			if (timed || en->had_time)
				break;
			timed = true;
			us = next_us;
			break;
		}
		n += more;
	}
	en->had_time |= timed;
	if (us != RECORD_NO_TIME)
		en->time_us = us;
	*ret = (struct entry_span){ .start = en->start + at,
		.text = span_of(en->p + at, n),
		.time_us = en->time_us != RECORD_NO_TIME ? en->time_us : en->anchor_us,
		.timed = en->time_us != RECORD_NO_TIME };
	nl = memrchr(en->p + at, '\n', n);
	if (nl)
		en->whole = en->start + (uint64_t)(nl + 1 - en->p);
	en->at = at + n;
	return 0;
}

/* What a glance says of a line is its own time or, where it is none, that of the entry before: both have to
 * be young enough, and the second is, because the one before was passed, or read. */
void
entries_pass(struct entries *en, int64_t bound_us, struct entry_span *ret, uint64_t *ret_n)
{
	const char *nl;
	size_t at;
	int64_t us;

	*ret_n = 0;
	if (!en->had_time || en->time_us < bound_us)
		return;
	if (!memchr(en->p + en->at, '\n', en->len - en->at))
		(void)fill(en);
	at = en->at;
	while ((nl = memchr(en->p + at, '\n', en->len - at)) != NULL) {
		const struct span line = without_end(en->p + at, (size_t)(nl + 1 - (en->p + at)));

		if (!reader_glance(en->t->reader, line, &us) || us < bound_us)
			break;
		en->time_us = us;
		at = (size_t)(nl + 1 - en->p);
		++*ret_n;
	}
	*ret = (struct entry_span){ .start = en->start + en->at,
		.text = span_of(en->p + en->at, at - en->at),
		.time_us = en->time_us,
		.timed = true };
	en->at = at;
	if (*ret_n > 0)
		en->whole = en->start + at;
}

#define BACK_MAX 64 /* lines that are looked at for the beginning of an entry */

/* The last line before AT, not before EN's, that begins an entry and whose end is there; SIZE_MAX: none. */
static size_t
begins_before(struct entries *en, size_t at)
{
	for (unsigned i = 0; i < BACK_MAX && at > en->at; i++) {
		const char *p = en->p + en->at;
		const char *nl = memrchr(p, '\n', at - 1 - en->at);
		const size_t line = nl ? (size_t)(nl + 1 - en->p) : en->at;
		const char *end = memchr(en->p + line, '\n', en->len - line);
		int64_t us;

		if (end && begins(en, line, (size_t)(end + 1 - (en->p + line)), &us))
			return line;
		at = line;
	}
	return SIZE_MAX;
}

/* The line in which byte AT is ends at … */
static size_t
line_end(const struct entries *en, size_t at)
{
	const char *nl = memchr(en->p + at, '\n', en->len - at);

	return nl ? (size_t)(nl + 1 - en->p) : en->len;
}

/* What is passed over are whole entries, up to a line that begins one: the last that has come is left, for what is
 * still to be read may belong to it. */
void
entries_skip(struct entries *en, const struct needles *needles)
{
	while (en->had_time) {
		struct needles_walk w = needles_in(
			needles, span_of(en->p + en->at, en->len - en->at));
		struct needle_hit hit;
		const bool found = needles_next(&w, &hit) == 0;
		const size_t to = begins_before(
			en, found ? line_end(en, en->at + hit.begin) : en->len);

		if (to != SIZE_MAX)
			en->at = to;
		if (found || to == SIZE_MAX || !fill(en))
			return;
	}
}

int
entries_next_before(
	struct entries *en, int64_t bound_us, uint64_t *n, struct entry_span *ret, struct err *e)
{
	uint64_t passed;

	do {
		entries_pass(en, bound_us, ret, &passed);
		*n += passed;
	} while (passed > 0);
	return entries_next(en, ret, e);
}

static struct span
entry_field(const struct record *r, const char *name)
{
	struct textlog *t = r->driver;
	const char *nl = memchr(r->text.p, '\n', r->text.len);

	(void)reader_read(
		t->reader, without_end(r->text.p, nl ? (size_t)(nl + 1 - r->text.p) : r->text.len));
	return reader_field(t->reader, name);
}

struct record
entry_record(const struct textlog *t, const struct entry_span *en, const char *path)
{
	return (struct record){ .store = t->store.conf,
		.time_us = en->time_us,
		.text = en->text,
		.size = en->text.len,
		.place = path,
		.offset = en->start,
		.copy = textlog_is_copy(t, path),
		.field = entry_field,
		.driver = (void *)t };
}
