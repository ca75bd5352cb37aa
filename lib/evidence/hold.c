/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sqlite3.h>

#include "evidence/hold-private.h"
#include "record/key/keyring.h"

#define BUSY_MS      10000
#define INCIDENT_MAX 64
#define REASON_MAX   200
#define OWNER_MAX    64

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS hold (id INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT NOT NULL,"
	" reason TEXT NOT NULL, owner TEXT NOT NULL, stores TEXT NOT NULL, from_us INTEGER NOT NULL,"
	" to_us INTEGER NOT NULL, match INTEGER NOT NULL, sealed BLOB, created_us INTEGER NOT NULL,"
	" expires_us INTEGER NOT NULL, ended INTEGER NOT NULL, ended_us INTEGER NOT NULL) STRICT;"
	"PRAGMA user_version = 1;";

/* --- SQLite ----------------------------------------------------------------------------------- */

static int
failed(const struct holds *h, struct err *e)
{
	switch (sqlite3_errcode(h->db) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_fail(e, EX_TEMPFAIL, 0, N_("hold file is locked"), NULL, "%s", h->path);
	case SQLITE_FULL:
		return err_fail(e, EX_CANTCREAT, ENOSPC, N_("cannot write to the hold file"),
			N_("make room, then add the hold again"), "%s", h->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return err_fail(
			e, EX_NOPERM, 0, N_("cannot open the hold file"), NULL, "%s", h->path);
	case SQLITE_NOMEM:
		return err_memory(e);
	default:
		return err_fail(e, EX_DATAERR, 0, N_("hold file is damaged; nothing may be erased"),
			N_("restore a backup with `retention restore`"), "%s", h->path);
	}
}

static int
prepare(struct holds *h, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(h->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : failed(h, e);
}

static void
finish(sqlite3_stmt **st)
{
	(void)sqlite3_finalize(*st); /* its error was seen at the step */
}

static int
step(struct holds *h, sqlite3_stmt *st, struct err *e)
{
	return sqlite3_step(st) == SQLITE_DONE ? 0 : failed(h, e);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void
entries_clear(struct holds *h)
{
	for (size_t i = 0; h->entry && i < h->n; i++) {
		struct hold_entry *en = &h->entry[i];

		hold_needle_release(&en->needle);
		for (size_t k = 0; k < sizeof(en->texts) / sizeof(en->texts[0]); k++)
			free(en->texts[k]);
		free(en->hold.stores.v);
	}
	free(h->entry);
	free(h->list);
	h->entry = NULL;
	h->list = NULL;
	h->n = 0;
}

/* The names in TEXT, one a line, which is cut up. */
static int
names_take(char *text, struct conf_list *ret, struct err *e)
{
	size_t n = 1;

	for (const char *p = text; *p; p++)
		n += *p == '\n';
	ret->v = calloc(n, sizeof(ret->v[0]));
	if (!ret->v)
		return err_memory(e);
	for (char *p = text; p && *p;) {
		char *nl = strchr(p, '\n');

		if (nl)
			*nl = '\0';
		ret->v[ret->n++] = p;
		p = nl ? nl + 1 : NULL;
	}
	return 0;
}

static int
needle_take(struct holds *h, struct hold_entry *en, struct span sealed, struct err *e)
{
	struct buf text;
	struct err ignored;
	int rc = 0;

	if (en->hold.match == HOLD_ALL || en->hold.end != HOLD_IN_FORCE)
		return 0;
	buf_init(&text, sealed.len + 1);
	/* without the key it holds whatever its stores and times cover: hold_match.c */
	if (hold_unseal(h->conf, sealed, &text, &ignored) == 0)
		rc = hold_needle_init(&en->needle, en->hold.match, span_of(text.p, text.len), e);
	buf_wipe(&text);
	return rc;
}

static int
entry_take(struct holds *h, sqlite3_stmt *st, struct err *e)
{
	struct hold_entry *en = &h->entry[h->n++];
	struct hold *d = &en->hold;

	for (int i = 0; i < 4; i++) {
		const char *s = (const char *)sqlite3_column_text(st, 1 + i);

		en->texts[i] = strdup(s ? s : "");
		if (!en->texts[i])
			return err_memory(e);
	}
	*d = (struct hold){ .id = (uint64_t)sqlite3_column_int64(st, 0),
		.incident = en->texts[0],
		.reason = en->texts[1],
		.owner = en->texts[2],
		.from_us = sqlite3_column_int64(st, 5),
		.to_us = sqlite3_column_int64(st, 6),
		.match = (enum hold_match)sqlite3_column_int(st, 7),
		.created_us = sqlite3_column_int64(st, 9),
		.expires_us = sqlite3_column_int64(st, 10),
		.end = (enum hold_end)sqlite3_column_int(st, 11),
		.ended_us = sqlite3_column_int64(st, 12) };
	if (names_take(en->texts[3], &d->stores, e) < 0)
		return -1;
	return needle_take(
		h, en, span_of(sqlite3_column_blob(st, 8), (size_t)sqlite3_column_bytes(st, 8)), e);
}

static int
count_rows(struct holds *h, size_t *ret, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	if (prepare(h, "SELECT count(*) FROM hold", &st, e) < 0)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return failed(h, e);
	*ret = (size_t)sqlite3_column_int64(st, 0);
	return 0;
}

static int
read_all(struct holds *h, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	size_t n = 0;
	int rc;

	entries_clear(h);
	if (count_rows(h, &n, e) < 0)
		return -1;
	h->entry = calloc(n + 1, sizeof(h->entry[0]));
	h->list = calloc(n + 1, sizeof(h->list[0]));
	if (!h->entry || !h->list)
		return err_memory(e);
	if (prepare(h,
		    "SELECT id, incident, reason, owner, stores, from_us, to_us, match, sealed,"
		    " created_us, expires_us, ended, ended_us FROM hold ORDER BY id",
		    &st, e) < 0)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && h->n < n)
		if (entry_take(h, st, e) < 0)
			return -1;
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return failed(h, e);
	for (size_t i = 0; i < h->n; i++)
		h->list[i] = h->entry[i].hold;
	return 0;
}

/* Has another process written since? */
static int
version_of(struct holds *h, int64_t *ret, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	if (prepare(h, "PRAGMA data_version", &st, e) < 0)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return failed(h, e);
	*ret = sqlite3_column_int64(st, 0);
	return 0;
}

static int
refresh(struct holds *h, struct err *e)
{
	int64_t now = 0;

	if (!h->db)
		return 0;
	if (version_of(h, &now, e) < 0)
		return -1;
	if (h->entry && now == h->version)
		return 0;
	h->version = now;
	return read_all(h, e);
}

/* --- locking ---------------------------------------------------------------------------------- */

static int
lock(struct holds *h, int how, struct err *e)
{
	if (h->lock < 0 || flock(h->lock, how) == 0)
		return 0;
	return err_fail(e, EX_OSERR, errno, N_("cannot lock the hold file"), NULL, "%s", h->path);
}

int
holds_lock(struct holds *h, struct err *e)
{
	if (lock(h, LOCK_SH, e) < 0)
		return -1;
	if (refresh(h, e) == 0)
		return 0;
	holds_unlock(h);
	return -1;
}

void
holds_unlock(struct holds *h)
{
	struct err ignored;

	(void)lock(h, LOCK_UN, &ignored);
}

int
holds_act(struct holds *h, struct store *s, const struct plan_step *p, const struct selector *which,
	struct store_result *ret, struct err *e)
{
	int rc;

	if (h && holds_lock(h, e) < 0)
		return -1;
	rc = store_act(s, p, which, ret, e);
	if (h)
		holds_unlock(h);
	return rc;
}

/* --- changing --------------------------------------------------------------------------------- */

static int
limits_check(const struct holds *h, const struct hold *d, int64_t created_us, int64_t now_us,
	struct err *e)
{
	if (d->expires_us <= now_us)
		return err_fail(e, EX_USAGE, 0, N_("hold would have expired"),
			N_("give an expiry that is to come"), NULL);
	for (size_t i = 0; i < d->stores.n; i++) {
		const struct conf_store *s = conf_find_store(h->conf, d->stores.v[i]);

		if (!s)
			return err_fail(e, EX_USAGE, 0, N_("no such store"),
				N_("see `logscrub check-config` for the names"), "%s",
				d->stores.v[i]);
		if (d->match != HOLD_RECORDS &&
			d->expires_us - created_us > s->hold_max_s * 1000000)
			return err_fail(e, EX_NOPERM, 0,
				N_("hold would outlast its store's ceiling"),
				N_("give an earlier expiry; hold_max is the legal maximum"),
				"store \"%s\", hold_max %lld days", s->name,
				(long long)(s->hold_max_s / 86400));
	}
	return 0;
}

static int
texts_check(const struct hold *d, struct err *e)
{
	const struct {
		const char *text;
		size_t max;
		const char *what;
	} needed[] = {
		{ d->incident, INCIDENT_MAX, N_("hold needs an incident of 1 to 64 bytes") },
		{ d->reason, REASON_MAX, N_("hold needs a reason of 1 to 200 bytes") },
		{ d->owner, OWNER_MAX, N_("hold needs an owner of 1 to 64 bytes") },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		size_t n = needed[i].text ? strlen(needed[i].text) : 0;

		if (n == 0 || n > needed[i].max)
			return err_fail(e, EX_USAGE, 0, needed[i].what, NULL, NULL);
	}
	if (d->stores.n == 0)
		return err_fail(e, EX_USAGE, 0, N_("hold needs a store"), NULL, NULL);
	if (d->from_us >= d->to_us)
		return err_fail(e, EX_USAGE, 0, N_("hold covers no time"), NULL, NULL);
	return 0;
}

static int
insert(struct holds *h, const struct hold *d, struct span sealed, int64_t now_us, uint64_t *ret_id,
	struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;
	struct buf stores;
	int rc;

	if (prepare(h,
		    "INSERT INTO hold (incident, reason, owner, stores, from_us, to_us, match, sealed,"
		    " created_us, expires_us, ended, ended_us) VALUES (?,?,?,?,?,?,?,?,?,?,0,0)",
		    &st, e) < 0)
		return -1;
	buf_init(&stores, 64u << 10);
	for (size_t i = 0; i < d->stores.n; i++)
		buf_printf(&stores, "%s%s", i ? "\n" : "", d->stores.v[i]);
	(void)sqlite3_bind_text(st, 1, d->incident, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 2, d->reason, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 3, d->owner, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 4, stores.p, (int)stores.len, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(st, 5, d->from_us);
	(void)sqlite3_bind_int64(st, 6, d->to_us);
	(void)sqlite3_bind_int(st, 7, (int)d->match);
	if (sealed.p)
		(void)sqlite3_bind_blob(st, 8, sealed.p, (int)sealed.len, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int64(st, 9, now_us);
	(void)sqlite3_bind_int64(st, 10, d->expires_us);
	rc = stores.failed ? err_memory(e) : step(h, st, e);
	buf_release(&stores);
	if (rc == 0)
		*ret_id = (uint64_t)sqlite3_last_insert_rowid(h->db);
	return rc;
}

int
hold_add(struct holds *h, const struct hold *d, struct span match, int64_t now_us, uint64_t *ret_id,
	struct err *e)
{
	struct hold_needle needle;
	struct buf sealed;
	int rc;

	if (texts_check(d, e) < 0 || limits_check(h, d, now_us, now_us, e) < 0)
		return -1;
	rc = hold_needle_init(&needle, d->match, match, e);
	hold_needle_release(&needle);
	buf_init(&sealed, 2 * HOLD_MATCH_MAX + match.len);
	if (rc == 0 && d->match != HOLD_ALL)
		rc = hold_seal(h->conf, match, &sealed, e);
	/* waits until the step under way is done; the next one reads this hold */
	if (rc == 0)
		rc = lock(h, LOCK_EX, e);
	if (rc == 0) {
		rc = insert(h, d, span_of(sealed.p, sealed.len), now_us, ret_id, e);
		if (rc == 0)
			rc = read_all(h, e);
		holds_unlock(h);
	}
	buf_wipe(&sealed);
	return rc;
}

static const struct hold *
find_in_force(const struct holds *h, uint64_t id)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->entry[i].hold.id == id && h->entry[i].hold.end == HOLD_IN_FORCE)
			return &h->entry[i].hold;
	return NULL;
}

static int
update(struct holds *h, const char *sql, int64_t a, int64_t b, int64_t c, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	if (prepare(h, sql, &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, a);
	(void)sqlite3_bind_int64(st, 2, b);
	(void)sqlite3_bind_int64(st, 3, c);
	if (step(h, st, e) < 0)
		return -1;
	return read_all(h, e);
}

int
hold_extend(struct holds *h, uint64_t id, int64_t expires_us, int64_t now_us, struct err *e)
{
	const struct hold *old = find_in_force(h, id);
	struct hold d;

	if (!old)
		return 1;
	d = *old;
	d.expires_us = expires_us;
	if (limits_check(h, &d, old->created_us, now_us, e) < 0)
		return -1;
	return update(h, "UPDATE hold SET expires_us = ?1 WHERE id = ?2 AND ended = ?3", expires_us,
		(int64_t)id, HOLD_IN_FORCE, e);
}

/* What it looked for goes with it. */
#define END_SQL "UPDATE hold SET ended = ?1, ended_us = ?2, sealed = NULL WHERE ended = 0 AND "

int
hold_release(struct holds *h, uint64_t id, int64_t now_us, struct err *e)
{
	if (!find_in_force(h, id))
		return 1;
	return update(h, END_SQL "id = ?3", HOLD_RELEASED, now_us, (int64_t)id, e);
}

int
holds_expire(struct holds *h, int64_t now_us, size_t *ret_n, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->entry[i].hold.end == HOLD_IN_FORCE && h->entry[i].hold.expires_us <= now_us;
	*ret_n = n;
	if (n == 0)
		return 0;
	return update(h, END_SQL "expires_us <= ?3", HOLD_EXPIRED, now_us, now_us, e);
}

size_t
holds_list(const struct holds *h, const struct hold **ret)
{
	*ret = h->list;
	return h->n;
}

int
holds_copy(struct holds *h, const char *path, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	if (!h->db)
		return err_fail(e, EX_NOINPUT, 0, N_("there is no hold file"), NULL, "%s", h->path);
	if (prepare(h, "VACUUM INTO ?", &st, e) < 0)
		return -1;
	(void)sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
	return step(h, st, e);
}

int
holds_last(struct holds *h, uint64_t *ret, struct err *e)
{
	CLEANUP(finish) sqlite3_stmt *st = NULL;

	*ret = 0;
	if (!h->db)
		return 0;
	if (prepare(h, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'hold'", &st,
		    e) < 0)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return failed(h, e);
	*ret = (uint64_t)sqlite3_column_int64(st, 0);
	return 0;
}

int
holds_reserve(struct holds *h, uint64_t id, struct err *e)
{
	if (update(h,
		    "INSERT INTO sqlite_sequence (name, seq) SELECT 'hold', 0 WHERE ?1 >= 0 AND"
		    " NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'hold')",
		    0, 0, 0, e) < 0)
		return -1;
	return update(h, "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'hold'",
		(int64_t)id, 0, 0, e);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int
open_folder(const struct conf *c, bool make, char **ret, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/hold", c->state_dir) < 0)
		return err_memory(e);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", path);
	*ret = TAKE(path);
	return 0;
}

static int
open_files(struct holds *h, const char *folder, bool writable, struct err *e)
{
	cleanup_mem char *lock_path = NULL;
	const int flags = writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
				   : SQLITE_OPEN_READONLY;

	if (asprintf(&h->path, "%s/holds.db", folder) < 0 ||
		asprintf(&lock_path, "%s/lock", folder) < 0)
		return err_memory(e);
	if (!writable && access(h->path, F_OK) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_fail(
			e, EX_NOPERM, errno, N_("cannot open the hold file"), NULL, "%s", h->path);
	}
	h->lock = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (h->lock < 0)
		return err_fail(e, EX_NOPERM, errno, N_("cannot open the hold file"), NULL, "%s",
			lock_path);
	if (sqlite3_open_v2(h->path, &h->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return failed(h, e);
	(void)sqlite3_busy_timeout(h->db, BUSY_MS);
	if (sqlite3_exec(h->db, "PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON;", NULL,
		    NULL, NULL) != SQLITE_OK)
		return failed(h, e);
	if (writable && sqlite3_exec(h->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return failed(h, e);
	return refresh(h, e);
}

int
holds_open(const struct conf *c, bool writable, struct holds **ret, struct err *e)
{
	CLEANUP(holds_freep) struct holds *h = calloc(1, sizeof(*h));
	cleanup_mem char *folder = NULL;
	mode_t mask;
	int rc;

	if (!h)
		return err_memory(e);
	h->conf = c;
	h->lock = -1;
	for (size_t i = 0; i < sizeof(h->text) / sizeof(h->text[0]); i++)
		buf_init(&h->text[i], HOLD_TEXT_MAX);
	hold_questions(h);
	if (open_folder(c, writable, &folder, e) < 0)
		return -1;
	mask = umask(077);
	rc = open_files(h, folder, writable, e);
	(void)umask(mask);
	if (rc < 0)
		return -1;
	*ret = TAKE(h);
	return 0;
}

struct holds *
holds_free(struct holds *h)
{
	if (!h)
		return NULL;
	entries_clear(h);
	(void)sqlite3_close(h->db);
	if (h->lock >= 0)
		(void)close(h->lock); /* and with it the lock */
	for (size_t i = 0; i < sizeof(h->text) / sizeof(h->text[0]); i++)
		buf_release(&h->text[i]);
	pseudonym_free(h->pseudonym);
	keyring_free(h->keyring);
	free(h->path);
	free(h);
	return NULL;
}
