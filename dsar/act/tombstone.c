/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/tombstone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "dsar/subject/identifier.h"
#include "dsar/subject/match.h"
#include "dsar/register/registry-private.h"
#include "record/record.h"
#include "record/key/digest.h"

#define MAC_LEN   32
#define KEY_LEN   TOMBSTONE_KEY_LEN
#define DEFAULT_S (INT64_C(366) * 86400)

const char tombstone_schema[] =
	"CREATE TABLE tombstones ("
	" store TEXT NOT NULL, kind TEXT NOT NULL, mac BLOB NOT NULL, number TEXT NOT NULL,"
	" erased_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
	" PRIMARY KEY (mac)) STRICT, WITHOUT ROWID;";

struct stone {
	uint8_t mac[MAC_LEN];
	int64_t erased_us;
};

struct tombstones {
	const struct conf *conf;
	struct registry *registry;
	uint8_t key[KEY_LEN];
	struct stone *v; /* sorted by their hash */
	size_t n, max;
	char **store; /* names that there are some for */
	size_t n_stores;
	struct buf text;
};

/* --- the key ---------------------------------------------------------------------------------- */

static int
fail_key(const char *path, int code, const char *what, struct err *e)
{
	return err_fail(e, code == EACCES ? EX_NOPERM : EX_DATAERR, code, what, NULL, "%s", path);
}

/* Whole or not at all: under another name first. */
static int
key_make(const char *path, struct err *e)
{
	cleanup_mem char *made = NULL;
	uint8_t key[KEY_LEN];
	cleanup_fd int fd = -1;
	bool done;

	if (asprintf(&made, "%s.new", path) < 0)
		return err_memory(e);
	fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	randombytes_buf(key, sizeof(key));
	done = fd >= 0 && write(fd, key, sizeof(key)) == (ssize_t)sizeof(key) && fsync(fd) == 0 &&
	       link(made, path) == 0;
	sodium_memzero(key, sizeof(key));
	if (!done && errno != EEXIST)
		return err_fail(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
			N_("cannot make the key of tombstones"), NULL, "%s", path);
	(void)unlink(made); /* the other name stays */
	return 0;
}

int
tombstone_key(const struct conf *c, uint8_t ret[TOMBSTONE_KEY_LEN], struct err *e)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/tombstone.key", c->state_dir) < 0)
		return err_memory(e);
	if (access(path, F_OK) < 0 && errno == ENOENT && key_make(path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_key(path, errno, N_("cannot read the key of tombstones"), e);
	if (read(fd, ret, KEY_LEN) != (ssize_t)KEY_LEN)
		return fail_key(path, 0, N_("the key of tombstones is damaged"), e);
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, MAC_LEN);
}

static int
store_note(struct tombstones *t, const char *name, struct err *e)
{
	char **v;

	if (tombstones_concern(t, name))
		return 0;
	v = reallocarray(t->store, t->n_stores + 1, sizeof(*v));
	if (!v)
		return err_memory(e);
	t->store = v;
	v[t->n_stores] = strdup(name);
	return v[t->n_stores++] ? 0 : err_memory(e);
}

static int
stone_take(struct tombstones *t, sqlite3_stmt *st, struct err *e)
{
	const struct span mac = statement_span(st, 0);

	if (mac.len != MAC_LEN)
		return 0;
	if (t->n == t->max) {
		const size_t max = t->max ? 2 * t->max : 256;
		struct stone *v = reallocarray(t->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		t->v = v;
		t->max = max;
	}
	memcpy(t->v[t->n].mac, mac.p, MAC_LEN);
	t->v[t->n++].erased_us = sqlite3_column_int64(st, 1);
	return store_note(t, statement_str(st, 2), e);
}

static int
stones_read(struct tombstones *t, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *past = NULL, *st = NULL;
	int rc;

	if (registry_prepare(t->registry, "DELETE FROM tombstones WHERE until_us <= ?1", &past, e) <
		0)
		return -1;
	(void)sqlite3_bind_int64(past, 1, now_us);
	if (registry_step(t->registry, past, e) < 0 ||
		registry_prepare(t->registry,
			"SELECT mac, erased_us, store FROM tombstones ORDER BY mac", &st, e) < 0)
		return -1;
	while ((rc = registry_step(t->registry, st, e)) == 0)
		if (stone_take(t, st, e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

int
tombstones_open(const struct conf *c, struct registry *r, int64_t now_us, struct tombstones **ret,
	struct err *e)
{
	CLEANUP(tombstones_freep) struct tombstones *t = calloc(1, sizeof(*t));

	if (!t)
		return err_memory(e);
	t->conf = c;
	t->registry = r;
	buf_init(&t->text, 64u << 10);
	if (tombstone_key(c, t->key, e) < 0 || stones_read(t, now_us, e) < 0)
		return -1;
	*ret = TAKE(t);
	return 0;
}

struct tombstones *
tombstones_free(struct tombstones *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n_stores; i++)
		free(t->store[i]);
	free(t->store);
	free(t->v);
	buf_wipe(&t->text);
	sodium_memzero(t->key, sizeof(t->key));
	free(t);
	return NULL;
}

/* --- one -------------------------------------------------------------------------------------- */

static void
part(crypto_generichash_state *st, struct span s)
{
	const uint64_t len = s.len;

	(void)crypto_generichash_update(st, (const unsigned char *)&len, sizeof(len));
	(void)crypto_generichash_update(st, (const unsigned char *)s.p, s.len);
}

static void
mac_of(const struct tombstones *t, const char *store, const char *kind, struct span value,
	uint8_t ret[MAC_LEN])
{
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, t->key, sizeof(t->key), MAC_LEN);
	part(&st, span_str(store));
	part(&st, span_str(kind));
	part(&st, value);
	(void)crypto_generichash_final(&st, ret, MAC_LEN);
}

int64_t
tombstone_until_us(const struct conf *c, int64_t now_us)
{
	return now_us + (c->backup_s ? c->backup_s : DEFAULT_S) * 1000000;
}

int
tombstone_add(struct tombstones *t, const struct tombstone *s, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	uint8_t mac[MAC_LEN];

	if (registry_prepare(t->registry,
		    "INSERT OR REPLACE INTO tombstones VALUES (?1, ?2, ?3, ?4, ?5, ?6)", &st,
		    e) < 0)
		return -1;
	mac_of(t, s->store, s->kind, s->value, mac);
	statement_text(st, 1, span_str(s->store));
	statement_text(st, 2, span_str(s->kind));
	statement_blob(st, 3, span_of((const char *)mac, sizeof(mac)));
	statement_text(st, 4, span_str(s->number));
	(void)sqlite3_bind_int64(st, 5, s->erased_us);
	(void)sqlite3_bind_int64(st, 6, tombstone_until_us(t->conf, s->erased_us));
	return registry_step(t->registry, st, e) < 0 ? -1 : 0;
}

bool
tombstone_fits(const struct conf_subject *b)
{
	const enum identifier_class class = identifier_class(b->kind);

	return !b->pseudonym && !b->review && b->match == CONF_MATCH_EQUAL &&
	       (class == IDENTIFIER_EMAIL || class == IDENTIFIER_ID);
}

int
tombstone_form(const struct conf_subject *b, struct span value, struct buf *out)
{
	if (!b->as)
		return identifier_fold_class(identifier_class(b->kind), value, out);
	match_as(b->as, value, out);
	return 0;
}

/* --- records ---------------------------------------------------------------------------------- */

static bool
has(const struct tombstones *t, const struct record *r, const char *kind, struct span value)
{
	uint8_t mac[MAC_LEN];
	const struct stone *s;

	mac_of(t, r->store->name, kind, value, mac);
	s = bsearch(mac, t->v, t->n, sizeof(*t->v), compare);
	return s && (strcmp(kind, "record") == 0 ||
			    (r->time_us != RECORD_NO_TIME && r->time_us < s->erased_us));
}

bool
tombstones_cover(struct tombstones *t, const struct record *r)
{
	uint8_t digest[RECORD_DIGEST_LEN];

	if (!tombstones_concern(t, r->store->name))
		return false;
	record_digest(r, digest);
	if (has(t, r, "record", span_of((const char *)digest, sizeof(digest))))
		return true;
	for (size_t i = 0; r->field && i < r->store->n_subjects; i++) {
		const struct conf_subject *s = &r->store->subject[i];
		const struct span value = tombstone_fits(s) ? r->field(r, s->field) : SPAN_NONE;

		if (!value.p || value.len == 0)
			continue;
		buf_clear(&t->text);
		if (s->as)
			buf_span(&t->text, value);
		else if (identifier_fold_class(identifier_class(s->kind), value, &t->text) < 0)
			continue;
		if (!t->text.failed && has(t, r, s->kind, span_of(t->text.p, t->text.len)))
			return true;
	}
	return false;
}

bool
tombstones_concern(const struct tombstones *t, const char *store)
{
	for (size_t i = 0; i < t->n_stores; i++)
		if (strcmp(t->store[i], store) == 0)
			return true;
	return false;
}
