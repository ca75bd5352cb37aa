/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "evidence/sign.h"
#include "record/timestamp.h"

#define CANONICAL_MAX (1u << 20)
#define BUSY_MS       10000 /* another process writes for a moment only */

/* What is written once stays, also for somebody with the sqlite3 program who means no harm. */
static const char schema[] =
	"CREATE TABLE entry (seq INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL,"
	" data TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL) STRICT;"
	"CREATE INDEX entry_kind ON entry (kind, seq);"
	"CREATE TABLE head (seq INTEGER PRIMARY KEY REFERENCES entry (seq), hash TEXT NOT NULL,"
	" signature TEXT NOT NULL) STRICT;"
	"CREATE TRIGGER entry_next BEFORE INSERT ON entry"
	" WHEN new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry)"
	" OR new.prev <> coalesce((SELECT hash FROM entry WHERE seq = new.seq - 1), hex(zeroblob(32)))"
	" BEGIN SELECT raise(ABORT, 'an entry follows the newest one'); END;"
	"CREATE TRIGGER entry_update BEFORE UPDATE ON entry"
	" BEGIN SELECT raise(ABORT, 'append-only'); END;"
	"CREATE TRIGGER entry_delete BEFORE DELETE ON entry"
	" BEGIN SELECT raise(ABORT, 'append-only'); END;"
	"CREATE TRIGGER head_update BEFORE UPDATE ON head"
	" BEGIN SELECT raise(ABORT, 'append-only'); END;"
	"CREATE TRIGGER head_delete BEFORE DELETE ON head"
	" BEGIN SELECT raise(ABORT, 'append-only'); END;"
	"PRAGMA user_version = 1;";

struct ledger {
	sqlite3 *db;
	char *path;
	struct ledger_entry head;
	char *kind, *data; /* of the head */
	struct buf text;   /* canonical bytes on their way */
	bool begun;        /* ledger_begin() */
};

/* --- SQLite ----------------------------------------------------------------------------------- */

static int
failed(const struct ledger *l, struct err *e)
{
	switch (sqlite3_errcode(l->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_fail(e, EX_TEMPFAIL, 0, N_("ledger is locked"),
			N_("wait until the other run has ended"), "%s", l->path);
	case SQLITE_FULL:
		return err_fail(e, EX_CANTCREAT, ENOSPC, N_("cannot write to the ledger"),
			N_("make room; nothing is erased until it can be recorded"), "%s", l->path);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return err_fail(e, EX_DATAERR, 0, N_("ledger is damaged"),
			N_("keep the file for the auditor, restore a backup with `retention restore`"),
			"%s", l->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return err_fail(
			e, EX_NOPERM, 0, N_("cannot write to the ledger"), NULL, "%s", l->path);
	case SQLITE_NOMEM:
		return err_memory(e);
	default:
		return err_fail(e, EX_IOERR, 0, N_("ledger cannot be used"), NULL, "%s: %s",
			l->path, sqlite3_errmsg(l->db));
	}
}

static int
prepare(struct ledger *l, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(l->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : failed(l, e);
}

static void
finish(sqlite3_stmt **st)
{
	(void)sqlite3_finalize(*st); /* its error was seen at the step */
}

static int
run(struct ledger *l, const char *sql, struct err *e)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(l, e);
}

/* --- hashes ----------------------------------------------------------------------------------- */

static void
put_hex(struct buf *out, const uint8_t h[LEDGER_HASH_LEN])
{
	char hex[2 * LEDGER_HASH_LEN + 1];

	buf_str(out, sodium_bin2hex(hex, sizeof(hex), h, LEDGER_HASH_LEN));
}

int
ledger_canonical(const struct ledger_entry *en, struct buf *out, struct err *e)
{
	char time[28];

	timestamp_format(en->time_us, time);
	buf_clear(out);
	buf_printf(out, "sparsam-ledger-1\n%" PRIu64 "\n", en->seq);
	put_hex(out, en->prev);
	buf_printf(out, "\n%s\n%s\n%s\n", time, en->kind, en->data);
	return out->failed ? err_memory(e) : 0;
}

void
ledger_hash(const struct buf *canonical, uint8_t ret[LEDGER_HASH_LEN])
{
	(void)crypto_hash_sha256(ret, (const uint8_t *)canonical->p, canonical->len);
}

static bool
hash_read(const char *hex, uint8_t ret[LEDGER_HASH_LEN])
{
	size_t n;

	return hex && strlen(hex) == 2 * LEDGER_HASH_LEN &&
	       sodium_hex2bin(ret, LEDGER_HASH_LEN, hex, 2 * LEDGER_HASH_LEN, NULL, &n, NULL) == 0;
}

/* --- entries ---------------------------------------------------------------------------------- */

static const char *
column(sqlite3_stmt *st, int i)
{
	const char *s = (const char *)sqlite3_column_text(st, i);

	return s ? s : "";
}

/* The row at hand; its texts are the statement's. */
static int
entry_take(struct ledger *l, sqlite3_stmt *st, struct ledger_entry *ret, struct err *e)
{
	struct timestamp t;

	timestamp_init(&t, "UTC");
	*ret = (struct ledger_entry){ .seq = (uint64_t)sqlite3_column_int64(st, 0),
		.kind = column(st, 2),
		.data = column(st, 3) };
	if (timestamp_parse(&t, span_str(column(st, 1)), &ret->time_us) &&
		hash_read(column(st, 4), ret->prev) && hash_read(column(st, 5), ret->hash))
		return 0;
	return err_fail(e, EX_DATAERR, 0, N_("ledger has an entry that is none"),
		N_("look at it with `retention verify`"), "%s: %" PRIu64, l->path, ret->seq);
}

#define COLUMNS "seq, time, kind, data, prev, hash"

static void
head_set(struct ledger *l, const struct ledger_entry *en, char *kind, char *data)
{
	free(l->kind);
	free(l->data);
	l->kind = kind;
	l->data = data;
	l->head = *en;
	l->head.kind = kind;
	l->head.data = data;
}

static int
head_read(struct ledger *l, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	struct ledger_entry en;
	uint8_t hash[LEDGER_HASH_LEN];
	char *kind, *data;
	int rc;

	if (prepare(l, "SELECT " COLUMNS " FROM entry ORDER BY seq DESC LIMIT 1", &st, e) < 0)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return failed(l, e);
	if (entry_take(l, st, &en, e) < 0 || ledger_canonical(&en, &l->text, e) < 0)
		return -1;
	ledger_hash(&l->text, hash);
	if (memcmp(hash, en.hash, sizeof(hash)) != 0)
		return err_fail(e, EX_DATAERR, 0, N_("ledger's newest entry does not hash"),
			N_("look at it with `retention verify`"), "%s: %" PRIu64, l->path, en.seq);
	kind = strdup(en.kind);
	data = strdup(en.data);
	if (!kind || !data) {
		free(kind);
		free(data);
		return err_memory(e);
	}
	head_set(l, &en, kind, data);
	return 0;
}

int
ledger_head(struct ledger *l, const struct ledger_entry **ret, struct err *e)
{
	if (head_read(l, e) < 0)
		return -1;
	if (l->head.seq == 0)
		return 1;
	*ret = &l->head;
	return 0;
}

static int
entry_put(struct ledger *l, const struct ledger_entry *en, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	char time[28], prev[2 * LEDGER_HASH_LEN + 1], hash[sizeof(prev)];

	timestamp_format(en->time_us, time);
	(void)sodium_bin2hex(prev, sizeof(prev), en->prev, LEDGER_HASH_LEN);
	(void)sodium_bin2hex(hash, sizeof(hash), en->hash, LEDGER_HASH_LEN);
	if (prepare(l, "INSERT INTO entry (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, (sqlite3_int64)en->seq);
	(void)sqlite3_bind_text(st, 2, time, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 3, en->kind, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 4, en->data, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 5, prev, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 6, hash, -1, SQLITE_STATIC);
	return sqlite3_step(st) == SQLITE_DONE ? 0 : failed(l, e);
}

/* Within one transaction: nobody else may take the number meanwhile. */
static int
append_locked(struct ledger *l, struct ledger_entry *en, struct err *e)
{
	if (head_read(l, e) < 0)
		return -1;
	en->seq = l->head.seq + 1;
	memcpy(en->prev, l->head.hash, sizeof(en->prev));
	if (ledger_canonical(en, &l->text, e) < 0)
		return -1;
	ledger_hash(&l->text, en->hash);
	return entry_put(l, en, e);
}

int
ledger_begin(struct ledger *l, struct err *e)
{
	if (run(l, "BEGIN IMMEDIATE", e) < 0)
		return -1;
	l->begun = true;
	return 0;
}

int
ledger_commit(struct ledger *l, struct err *e)
{
	if (run(l, "COMMIT", e) < 0)
		return -1;
	l->begun = false;
	return 0;
}

void
ledger_undo(struct ledger *l)
{
	(void)sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL); /* or it is rolled back already */
	l->begun = false;
}

int
ledger_append(struct ledger *l, int64_t now_us, const char *kind, json_t *data, uint64_t *ret_seq,
	struct err *e)
{
	cleanup_mem char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
	struct ledger_entry en = { .time_us = now_us, .kind = kind, .data = text };
	const bool begun = l->begun;

	json_decref(data);
	if (!text)
		return err_memory(e);
	if (!begun && ledger_begin(l, e) < 0)
		return -1;
	if (append_locked(l, &en, e) < 0 || (!begun && ledger_commit(l, e) < 0)) {
		if (!begun)
			ledger_undo(l);
		return -1;
	}
	if (ret_seq)
		*ret_seq = en.seq;
	return 0;
}

static int
read_rows(struct ledger *l, const char *sql, uint64_t seq, ledger_seen *seen, void *ctx,
	struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	int rc;

	if (prepare(l, sql, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct ledger_entry en;
		int end;

		if (entry_take(l, st, &en, e) < 0)
			return -1;
		end = seen(ctx, &en, e);
		if (end != 0)
			return end < 0 ? -1 : 0;
	}
	return rc == SQLITE_DONE ? 0 : failed(l, e);
}

int
ledger_read(struct ledger *l, uint64_t seq, ledger_seen *seen, void *ctx, struct err *e)
{
	return read_rows(
		l, "SELECT " COLUMNS " FROM entry WHERE seq >= ? ORDER BY seq", seq, seen, ctx, e);
}

int
ledger_read_back(struct ledger *l, ledger_seen *seen, void *ctx, struct err *e)
{
	return read_rows(l, "SELECT " COLUMNS " FROM entry WHERE seq >= ? ORDER BY seq DESC", 0,
		seen, ctx, e);
}

int
ledger_last(struct ledger *l, const char *kind, ledger_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	struct ledger_entry en;
	int rc;

	if (prepare(l, "SELECT " COLUMNS " FROM entry WHERE kind = ? ORDER BY seq DESC LIMIT 1",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 1;
	if (rc != SQLITE_ROW)
		return failed(l, e);
	if (entry_take(l, st, &en, e) < 0)
		return -1;
	return seen(ctx, &en, e) < 0 ? -1 : 0;
}

struct checking {
	struct ledger *l;
	uint64_t seq;
	uint8_t prev[LEDGER_HASH_LEN];
};

static int
see_check(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct checking *c = ctx;
	uint8_t hash[LEDGER_HASH_LEN];

	if (ledger_canonical(en, &c->l->text, e) < 0)
		return -1;
	ledger_hash(&c->l->text, hash);
	if (en->seq != ++c->seq || memcmp(en->prev, c->prev, sizeof(c->prev)) != 0 ||
		memcmp(hash, en->hash, sizeof(hash)) != 0)
		return err_fail(e, EX_DATAERR, 0, N_("ledger's chain is broken"),
			N_("look at it with `retention verify`"), "%s: %" PRIu64, c->l->path,
			en->seq);
	memcpy(c->prev, hash, sizeof(c->prev));
	return 0;
}

int
ledger_check(struct ledger *l, struct err *e)
{
	struct checking c = { .l = l };

	return ledger_read(l, 0, see_check, &c, e);
}

/* --- signed heads ----------------------------------------------------------------------------- */

/* Is the newest entry signed? */
static int
is_signed(struct ledger *l, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	int rc;

	if (prepare(l, "SELECT 1 FROM head WHERE seq = ?", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, (sqlite3_int64)l->head.seq);
	rc = sqlite3_step(st);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : failed(l, e);
}

int
ledger_sign(struct ledger *l, struct sign *s, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	char hash[2 * LEDGER_HASH_LEN + 1], text[128];
	struct buf signature;
	int rc;

	if (head_read(l, e) < 0)
		return -1;
	rc = l->head.seq == 0 ? 1 : is_signed(l, e);
	if (rc != 0)
		return rc;
	(void)sodium_bin2hex(hash, sizeof(hash), l->head.hash, LEDGER_HASH_LEN);
	(void)snprintf(text, sizeof(text), "sparsam-head-1 %" PRIu64 " %s\n", l->head.seq, hash);
	buf_init(&signature, 64u << 10);
	rc = sign_detached(s, span_str(text), &signature, e);
	if (rc == 0)
		rc = prepare(l, "INSERT INTO head (seq, hash, signature) VALUES (?, ?, ?)", &st, e);
	if (rc == 0) {
		(void)sqlite3_bind_int64(st, 1, (sqlite3_int64)l->head.seq);
		(void)sqlite3_bind_text(st, 2, hash, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(st, 3, signature.p, (int)signature.len, SQLITE_TRANSIENT);
		rc = sqlite3_step(st) == SQLITE_DONE ? 0 : failed(l, e);
	}
	buf_release(&signature);
	return rc;
}

int
ledger_heads(struct ledger *l, ledger_head_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	int rc;

	if (prepare(l, "SELECT seq, hash, signature FROM head ORDER BY seq", &st, e) < 0)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct ledger_head h = { .seq = (uint64_t)sqlite3_column_int64(st, 0),
			.signature = span_str(column(st, 2)) };
		int end;

		if (!hash_read(column(st, 1), h.hash))
			return err_fail(e, EX_DATAERR, 0, N_("ledger has an entry that is none"),
				N_("look at it with `retention verify`"), "%s: %" PRIu64, l->path,
				h.seq);
		end = seen(ctx, &h, e);
		if (end != 0)
			return end < 0 ? -1 : 0;
	}
	return rc == SQLITE_DONE ? 0 : failed(l, e);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int
open_file(const char *path, int flags, struct ledger **ret, struct err *e)
{
	CLEANUP(ledger_freep) struct ledger *l = calloc(1, sizeof(*l));

	if (!l || !(l->path = strdup(path)))
		return err_memory(e);
	buf_init(&l->text, CANONICAL_MAX);
	if (sqlite3_open_v2(l->path, &l->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return failed(l, e);
	(void)sqlite3_busy_timeout(l->db, BUSY_MS);
	/* EXTRA: the journal's unlinking is on the disk as well, so that no commit is undone */
	if (!(flags & SQLITE_OPEN_READONLY) &&
		run(l, "PRAGMA synchronous = EXTRA; PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON;",
			e) < 0)
		return -1;
	*ret = TAKE(l);
	return 0;
}

int
ledger_open(const struct conf *c, bool writable, struct ledger **ret, struct err *e)
{
	CLEANUP(ledger_freep) struct ledger *l = NULL;
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/ledger.db", c->state_dir) < 0)
		return err_memory(e);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_fail(e, EX_CONFIG, 0, N_("there is no ledger"),
			N_("make one with `retention init`"), "%s", path);
	if (open_file(path, writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, &l, e) < 0 ||
		head_read(l, e) < 0)
		return -1;
	*ret = TAKE(l);
	return 0;
}

int
ledger_init(const struct conf *c, struct ledger **ret, struct err *e)
{
	CLEANUP(ledger_freep) struct ledger *l = NULL;
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/ledger.db", c->state_dir) < 0)
		return err_memory(e);
	/* made here for its mode; an empty file is an empty database */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make the ledger"), NULL, "%s", path);
	if (open_file(path, SQLITE_OPEN_READWRITE, &l, e) < 0 || run(l, schema, e) < 0)
		return -1;
	*ret = TAKE(l);
	return 0;
}

int
ledger_open_copy(const char *path, struct ledger **ret, struct err *e)
{
	return open_file(path, SQLITE_OPEN_READONLY, ret, e);
}

int
ledger_copy(struct ledger *l, const char *path, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	if (prepare(l, "VACUUM INTO ?", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
	return sqlite3_step(st) == SQLITE_DONE ? 0 : failed(l, e);
}

struct ledger *
ledger_free(struct ledger *l)
{
	if (!l)
		return NULL;
	(void)sqlite3_close(l->db);
	free(l->path);
	free(l->kind);
	free(l->data);
	buf_release(&l->text);
	free(l);
	return NULL;
}
