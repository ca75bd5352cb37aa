/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/known.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>
#include <systemd/sd-id128.h>

#include "base/conf/conf.h"
#include "record/timestamp.h"

#define BUSY_MS    200 /* nobody waits for a cache */
#define SAMPLES    8
#define SAMPLE_LEN 4096u
#define SUM_LEN    16
#define DRIFT_US   (INT64_C(5) * 1000000) /* that a clock may be set by and count as the same */

static const char schema[] =
	"CREATE TABLE basis (text TEXT NOT NULL, clock_us INTEGER NOT NULL, key BLOB NOT NULL) STRICT;"
	"CREATE TABLE file (dev INTEGER, ino INTEGER, what TEXT, born INTEGER, size INTEGER,"
	" mtime INTEGER, ctime INTEGER, day INTEGER, fresh INTEGER, oldest INTEGER, timed INTEGER,"
	" upto INTEGER, samples BLOB, sum BLOB, PRIMARY KEY (dev, ino, what)) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

struct known {
	sqlite3 *db;
	sqlite3_stmt *find, *put;
	char *folder, *path;
	bool writable, blind;
	int64_t now_us;
	int64_t ticked_ns; /* a time that has passed, by the clock that files get theirs from */
	uint8_t key[crypto_generichash_KEYBYTES];
};

/* One line of the table. */
struct line {
	struct known_id id;
	struct known_file file;
	int64_t day;
	uint8_t samples[SUM_LEN], sum[SUM_LEN];
};

/* --- what all of it rests on ------------------------------------------------------------------ */

/* The program, the configuration and the zone that times were read by, and the boot since which nothing
 * was lost of what the kernel had not written. */
static char *
basis_text(const struct conf *c)
{
	char boot[SD_ID128_STRING_MAX] = "", zone[256] = "", *text;
	const char *tz = getenv("TZ");
	ssize_t n = readlink("/etc/localtime", zone, sizeof(zone) - 1);
	sd_id128_t id;

	zone[n > 0 ? n : 0] = '\0';
	if (sd_id128_get_boot(&id) < 0)
		return NULL;
	(void)sd_id128_to_string(id, boot);
	if (asprintf(&text, "%s %s %016" PRIx64 " %s %s", SPARSAM_VERSION, boot, c->digest, zone,
		    tz ? tz : "-") < 0)
		return NULL;
	return text;
}

/* What the clock is ahead of the time since boot. */
static int64_t
clock_offset_us(int64_t now_us)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return now_us - ((int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

static int64_t
ns_of(int64_t s, uint32_t ns)
{
	return s * 1000000000 + ns;
}

/* The time that a file would get now, which is coarser than any clock that can be asked. */
static int64_t
file_time_ns(const char *folder)
{
	cleanup_fd int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return INT64_MIN; /* then every file is fresh */
	return ns_of(st.st_ctim.tv_sec, (uint32_t)st.st_ctim.tv_nsec);
}

/* --- SQLite ----------------------------------------------------------------------------------- */

static bool
run(struct known *k, const char *sql)
{
	return sqlite3_exec(k->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void
db_close(struct known *k)
{
	(void)sqlite3_finalize(k->find);
	(void)sqlite3_finalize(k->put);
	(void)sqlite3_close(k->db);
	k->find = k->put = NULL;
	k->db = NULL;
}

/* Something is wrong with it: from now on all is read. */
static void
give_up(struct known *k)
{
	char journal[4096];

	db_close(k);
	if (!k->writable)
		return;
	(void)snprintf(journal, sizeof(journal), "%s-journal", k->path);
	(void)unlink(k->path); /* if that fails, it is found damaged again */
	(void)unlink(journal);
}

/* The text or number of a statement's first column. */
static sqlite3_stmt *
first_row(struct known *k, const char *sql)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(k->db, sql, -1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW)
		return st;
	(void)sqlite3_finalize(st);
	return NULL;
}

static bool
is_whole(struct known *k)
{
	sqlite3_stmt *st = first_row(k, "PRAGMA quick_check(1)");
	const bool yes = st && strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;

	(void)sqlite3_finalize(st);
	return yes;
}

static bool
db_open(struct known *k)
{
	const int flags = k->writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;

	if (k->writable) {
		int fd = open(k->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return false;
		(void)close(fd);
	}
	/* what a power cut leaves is of another boot */
	return sqlite3_open_v2(k->path, &k->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK &&
	       sqlite3_busy_timeout(k->db, BUSY_MS) == SQLITE_OK &&
	       run(k, "PRAGMA synchronous = OFF") && is_whole(k);
}

/* Takes the key. False: there is none, or what is there rests on something else. */
static bool
basis_is(struct known *k, const char *text)
{
	sqlite3_stmt *st = first_row(k, "SELECT text, clock_us, key FROM basis");
	bool yes = false;

	if (st && sqlite3_column_type(st, 0) == SQLITE_TEXT &&
		sqlite3_column_bytes(st, 2) == (int)sizeof(k->key)) {
		const int64_t moved = sqlite3_column_int64(st, 1) - clock_offset_us(k->now_us);

		memcpy(k->key, sqlite3_column_blob(st, 2), sizeof(k->key));
		yes = strcmp((const char *)sqlite3_column_text(st, 0), text) == 0 &&
		      moved > -DRIFT_US && moved < DRIFT_US;
	}
	(void)sqlite3_finalize(st);
	return yes;
}

static bool
basis_set(struct known *k, const char *text)
{
	sqlite3_stmt *st = NULL;
	bool done = run(k, "DELETE FROM basis");

	done = done && sqlite3_prepare_v2(k->db, "INSERT INTO basis VALUES (?, ?, ?)", -1, &st,
			       NULL) == SQLITE_OK;
	done = done && sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC) == SQLITE_OK &&
	       sqlite3_bind_int64(st, 2, clock_offset_us(k->now_us)) == SQLITE_OK &&
	       sqlite3_bind_blob(st, 3, k->key, sizeof(k->key), SQLITE_STATIC) == SQLITE_OK &&
	       sqlite3_step(st) == SQLITE_DONE;
	(void)sqlite3_finalize(st);
	return done;
}

/* Makes it ready for this run: nothing is left that rests on something else. */
static bool
renew(struct known *k, const char *text)
{
	char old[80];

	if (!run(k, "BEGIN IMMEDIATE"))
		return false;
	if (!basis_is(k, text)) {
		sqlite3_stmt *there = first_row(k, "SELECT 1 FROM sqlite_schema");

		(void)sqlite3_finalize(there);
		if (!run(k, there ? "DELETE FROM file" : schema))
			return false;
		crypto_generichash_keygen(k->key);
	}
	(void)snprintf(old, sizeof(old), "DELETE FROM file WHERE day <> %" PRId32,
		timestamp_day(k->now_us));
	return run(k, old) && basis_set(k, text);
}

static bool
prepare(struct known *k)
{
	return sqlite3_prepare_v2(k->db,
		       "SELECT born, size, mtime, ctime, day, fresh, oldest, timed, upto, samples, sum"
		       " FROM file WHERE dev = ? AND ino = ? AND what = ?",
		       -1, &k->find, NULL) == SQLITE_OK &&
	       (!k->writable || sqlite3_prepare_v2(k->db,
					"INSERT OR REPLACE INTO file"
					" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
					-1, &k->put, NULL) == SQLITE_OK);
}

struct known *
known_open(const struct conf *c, bool writable, int64_t now_us)
{
	CLEANUP(known_freep) struct known *k = calloc(1, sizeof(*k));
	cleanup_mem char *text = c->state_dir ? basis_text(c) : NULL;
	bool ready = false;

	if (!k || !text)
		return NULL;
	k->writable = writable;
	k->now_us = now_us;
	k->folder = strdup(c->state_dir);
	if (!k->folder || asprintf(&k->path, "%s/known.db", c->state_dir) < 0) {
		k->path = NULL;
		return NULL;
	}
	k->ticked_ns = INT64_MIN;
	for (int tries = 0; tries < 2 && !ready; tries++) { /* what is damaged is made anew */
		ready = db_open(k) && (writable ? renew(k, text) : basis_is(k, text)) && prepare(k);
		if (!ready)
			give_up(k);
	}
	return ready ? TAKE(k) : NULL;
}

struct known *
known_free(struct known *k)
{
	if (!k)
		return NULL;
	if (k->db && k->writable && !run(k, "COMMIT"))
		give_up(k);
	db_close(k);
	free(k->folder);
	free(k->path);
	free(k);
	return NULL;
}

void
known_distrust(struct known *k)
{
	if (k)
		k->blind = true;
}

/* --- files ------------------------------------------------------------------------------------ */

bool
known_look(struct known *k, int dirfd, const char *name, struct known_id *ret)
{
	struct statx x;

	if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
		    &x) < 0)
		return false;
	*ret = (struct known_id){ .dev = makedev(x.stx_dev_major, x.stx_dev_minor),
		.ino = x.stx_ino,
		.size = x.stx_size,
		.mtime_ns = ns_of(x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec),
		.ctime_ns = ns_of(x.stx_ctime.tv_sec, x.stx_ctime.tv_nsec) };
	if (x.stx_mask & STATX_BTIME)
		ret->born_ns = ns_of(x.stx_btime.tv_sec, x.stx_btime.tv_nsec);
	if (ret->ctime_ns >= k->ticked_ns)
		k->ticked_ns = file_time_ns(k->folder);
	ret->fresh = ret->ctime_ns >= k->ticked_ns;
	return true;
}

/* A sum over pieces of FD's first TO bytes: its beginning, its end, and some between. */
static bool
sample(const struct known *k, int fd, uint64_t to, uint8_t ret[SUM_LEN])
{
	const size_t len = to < SAMPLE_LEN ? (size_t)to : SAMPLE_LEN;
	crypto_generichash_state h;
	char text[SAMPLE_LEN];

	(void)crypto_generichash_init(&h, k->key, sizeof(k->key), SUM_LEN);
	for (unsigned i = 0; i < SAMPLES; i++) {
		if (pread(fd, text, len, (off_t)((to - len) / (SAMPLES - 1) * i)) != (ssize_t)len)
			return false;
		(void)crypto_generichash_update(&h, (const uint8_t *)text, len);
	}
	if (pread(fd, text, len, (off_t)(to - len)) != (ssize_t)len)
		return false;
	(void)crypto_generichash_update(&h, (const uint8_t *)text, len);
	(void)crypto_generichash_final(&h, ret, SUM_LEN);
	explicit_bzero(text, sizeof(text));
	return true;
}

/* Over all of a line: what a disk or a hand has changed in it is not believed. */
static void
line_sum(const struct known *k, const char *what, const struct line *l, uint8_t ret[SUM_LEN])
{
	const int64_t v[] = { (int64_t)l->id.dev, (int64_t)l->id.ino, (int64_t)l->id.size,
		l->id.born_ns, l->id.mtime_ns, l->id.ctime_ns, l->day, l->id.fresh,
		l->file.oldest_us, l->file.timed, (int64_t)l->file.to };
	crypto_generichash_state h;

	(void)crypto_generichash_init(&h, k->key, sizeof(k->key), SUM_LEN);
	(void)crypto_generichash_update(&h, (const uint8_t *)v, sizeof(v));
	(void)crypto_generichash_update(&h, l->samples, sizeof(l->samples));
	(void)crypto_generichash_update(&h, (const uint8_t *)what, strlen(what));
	(void)crypto_generichash_final(&h, ret, SUM_LEN);
}

static bool
take_blob(sqlite3_stmt *st, int column, uint8_t ret[SUM_LEN])
{
	if (sqlite3_column_bytes(st, column) != SUM_LEN)
		return false;
	memcpy(ret, sqlite3_column_blob(st, column), SUM_LEN);
	return true;
}

/* The line of the file that has ID's device and inode. */
static bool
line_find(struct known *k, const char *what, const struct known_id *id, struct line *ret)
{
	uint8_t sum[SUM_LEN];
	sqlite3_stmt *st = k->find;
	bool found = false;
	int rc;

	(void)sqlite3_bind_int64(st, 1, (int64_t)id->dev);
	(void)sqlite3_bind_int64(st, 2, (int64_t)id->ino);
	(void)sqlite3_bind_text(st, 3, what, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*ret = (struct line){ .id = { .dev = id->dev,
					      .ino = id->ino,
					      .born_ns = sqlite3_column_int64(st, 0),
					      .size = (uint64_t)sqlite3_column_int64(st, 1),
					      .mtime_ns = sqlite3_column_int64(st, 2),
					      .ctime_ns = sqlite3_column_int64(st, 3),
					      .fresh = sqlite3_column_int(st, 5) },
			.day = sqlite3_column_int64(st, 4),
			.file = { .oldest_us = sqlite3_column_int64(st, 6),
				.timed = sqlite3_column_int(st, 7),
				.to = (uint64_t)sqlite3_column_int64(st, 8) } };
		found = take_blob(st, 9, ret->samples) && take_blob(st, 10, ret->sum);
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		give_up(k);
	if (!found)
		return false;
	line_sum(k, what, ret, sum);
	return memcmp(sum, ret->sum, SUM_LEN) == 0 && ret->day == timestamp_day(k->now_us);
}

enum known_state
known_find(struct known *k, const char *what, const struct known_id *id, int fd,
	struct known_file *ret)
{
	uint8_t samples[SUM_LEN];
	struct line l;

	if (!k || !k->db || k->blind || !line_find(k, what, id, &l) || l.id.born_ns != id->born_ns)
		return KNOWN_NOT;
	*ret = l.file;
	if (l.id.size == id->size && l.id.mtime_ns == id->mtime_ns && l.id.ctime_ns == id->ctime_ns)
		return l.id.fresh ? KNOWN_NOT : KNOWN_SAME;
	if (l.file.to == 0 || id->size <= l.file.to || !sample(k, fd, l.file.to, samples) ||
		memcmp(samples, l.samples, SUM_LEN) != 0)
		return KNOWN_NOT;
	return KNOWN_GROWN;
}

void
known_put(struct known *k, const char *what, const struct known_id *id, int fd,
	const struct known_file *f)
{
	struct line l = { .id = *id, .file = *f };
	sqlite3_stmt *st;

	if (!k || !k->db || !k->writable)
		return;
	/* what has only grown was read whole today, or it would not have been known */
	l.day = timestamp_day(k->now_us);
	if (f->to > 0 && !sample(k, fd, f->to, l.samples))
		l.file.to = 0;
	line_sum(k, what, &l, l.sum);
	st = k->put;
	(void)sqlite3_bind_int64(st, 1, (int64_t)id->dev);
	(void)sqlite3_bind_int64(st, 2, (int64_t)id->ino);
	(void)sqlite3_bind_text(st, 3, what, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 4, id->born_ns);
	(void)sqlite3_bind_int64(st, 5, (int64_t)id->size);
	(void)sqlite3_bind_int64(st, 6, id->mtime_ns);
	(void)sqlite3_bind_int64(st, 7, id->ctime_ns);
	(void)sqlite3_bind_int64(st, 8, l.day);
	(void)sqlite3_bind_int(st, 9, id->fresh);
	(void)sqlite3_bind_int64(st, 10, l.file.oldest_us);
	(void)sqlite3_bind_int(st, 11, l.file.timed);
	(void)sqlite3_bind_int64(st, 12, (int64_t)l.file.to);
	(void)sqlite3_bind_blob(st, 13, l.samples, SUM_LEN, SQLITE_STATIC);
	(void)sqlite3_bind_blob(st, 14, l.sum, SUM_LEN, SQLITE_STATIC);
	if (sqlite3_step(st) != SQLITE_DONE)
		give_up(k); /* the statement is gone with it */
	else
		(void)sqlite3_reset(st);
}
