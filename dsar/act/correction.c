/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/correction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "base/file/wipe.h"
#include "dsar/act/tombstone.h"
#include "dsar/register/registry-private.h"
#include "dsar/subject/identifier.h"
#include "record/record.h"

#define MAC_LEN 32
#define KEY_LEN crypto_secretbox_KEYBYTES

#define SEALED_HEAD (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

const char correction_schema[] =
	"CREATE TABLE corrections ("
	" mac BLOB NOT NULL, store TEXT NOT NULL, number TEXT NOT NULL, sealed BLOB NOT NULL,"
	" rectified_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
	" PRIMARY KEY (mac)) STRICT, WITHOUT ROWID;";

struct sealed {
	uint8_t mac[MAC_LEN];
	char number[16];
	char *store;
	uint8_t *p;
	size_t len;
	int64_t rectified_us;
};

struct corrections {
	const struct conf *conf;
	struct registry *registry;
	uint8_t mac_key[KEY_LEN], seal_key[KEY_LEN];
	struct sealed *v; /* sorted by their hash */
	size_t n, max;
	struct buf text;
};

/* --- reading ---------------------------------------------------------------------------------- */

static int
keys_make(struct corrections *c, struct err *e)
{
	uint8_t key[TOMBSTONE_KEY_LEN];

	if (tombstone_key(c->conf, key, e) < 0)
		return -1;
	(void)crypto_generichash(c->mac_key, KEY_LEN, (const unsigned char *)"correction: which",
		17, key, sizeof(key));
	(void)crypto_generichash(c->seal_key, KEY_LEN, (const unsigned char *)"correction: value",
		17, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, MAC_LEN);
}

static int
take(struct corrections *c, sqlite3_stmt *st, struct err *e)
{
	const struct span mac = statement_span(st, 0), p = statement_span(st, 3);
	struct sealed *s;

	if (mac.len != MAC_LEN)
		return 0;
	if (c->n == c->max) {
		const size_t max = c->max ? 2 * c->max : 64;
		struct sealed *v = reallocarray(c->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		c->v = v;
		c->max = max;
	}
	s = &c->v[c->n++];
	*s = (struct sealed){ .len = p.len,
		.store = strdup(statement_str(st, 1)),
		.p = malloc(p.len + 1),
		.rectified_us = sqlite3_column_int64(st, 4) };
	if (!s->store || !s->p)
		return err_memory(e);
	memcpy(s->mac, mac.p, MAC_LEN);
	memcpy(s->p, p.p, p.len);
	(void)snprintf(s->number, sizeof(s->number), "%s", statement_str(st, 2));
	return 0;
}

static int
read_all(struct corrections *c, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(c->registry,
		    "SELECT mac, store, number, sealed, rectified_us FROM corrections ORDER BY mac",
		    &st, e) < 0)
		return -1;
	while ((rc = registry_step(c->registry, st, e)) == 0)
		if (take(c, st, e) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

static int
expire(struct registry *r, const char *sql, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *past = NULL;

	if (registry_prepare(r, sql, &past, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(past, 1, now_us);
	return registry_step(r, past, e) < 0 ? -1 : 0;
}

int
corrections_expire(struct registry *r, int64_t now_us, struct err *e)
{
	return expire(r, "DELETE FROM corrections WHERE until_us <= ?1", now_us, e) < 0
		       ? -1
		       : expire(r, "DELETE FROM tombstones WHERE until_us <= ?1", now_us, e);
}

int
corrections_open(const struct conf *conf, struct registry *r, int64_t now_us,
	struct corrections **ret, struct err *e)
{
	CLEANUP(corrections_freep) struct corrections *c = calloc(1, sizeof(*c));

	if (!c)
		return err_memory(e);
	c->conf = conf;
	c->registry = r;
	buf_init(&c->text, 64u << 10);
	if (keys_make(c, e) < 0 || corrections_expire(r, now_us, e) < 0 || read_all(c, e) < 0)
		return -1;
	*ret = TAKE(c);
	return 0;
}

struct corrections *
corrections_free(struct corrections *c)
{
	if (!c)
		return NULL;
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].store);
		free(c->v[i].p);
	}
	free(c->v);
	buf_wipe(&c->text);
	sodium_memzero(c->mac_key, sizeof(c->mac_key));
	sodium_memzero(c->seal_key, sizeof(c->seal_key));
	free(c);
	return NULL;
}

bool
corrections_concern(const struct corrections *c, const char *store)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].store, store) == 0)
			return true;
	return false;
}

/* --- what a record is known by ---------------------------------------------------------------- */

/* "record" with a digest, or the kind of an identifier with its value. */
struct name {
	const char *kind;
	struct span value;
};

static void
part(crypto_generichash_state *st, struct span s)
{
	const uint64_t len = s.len;

	(void)crypto_generichash_update(st, (const unsigned char *)&len, sizeof(len));
	(void)crypto_generichash_update(st, (const unsigned char *)s.p, s.len);
}

/* No value is another thing than an empty one. */
static void
mac_of(const struct corrections *c, const char *store, struct name name, const char *field,
	struct span value, uint8_t ret[MAC_LEN])
{
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, c->mac_key, KEY_LEN, MAC_LEN);
	part(&st, span_str(store));
	part(&st, span_str(name.kind));
	part(&st, name.value);
	part(&st, span_str(field));
	part(&st, value.p ? SPAN("is") : SPAN("null"));
	part(&st, value.p ? value : SPAN(""));
	(void)crypto_generichash_final(&st, ret, MAC_LEN);
}

/* Is R's own key in the field of B: a subject that a link leads on by as well? */
static bool
is_key(const struct conf_store *s, const struct conf_subject *b)
{
	for (size_t i = 0; tombstone_fits(b) && i < s->n_links; i++)
		if (!s->link[i].review && !s->link[i].element && !s->link[i].as &&
			strcmp(s->link[i].field, b->field) == 0)
			return true;
	return false;
}

static int
put_name(const struct conf_subject *b, struct span value, struct buf *out)
{
	if (!b->as)
		return identifier_fold_class(identifier_class(b->kind), value, out);
	buf_span(out, value);
	return 0;
}

/* Calls SEEN for all that R is known by, until that returns other than 0, which is returned. The value is C's until the
 * next one. */
static int
each_name(struct corrections *c, const struct record *r, int (*seen)(void *ctx, struct name name),
	void *ctx)
{
	const struct conf_store *s = r->store;
	uint8_t digest[RECORD_DIGEST_LEN];
	int rc;

	record_digest(r, digest);
	rc = seen(ctx, (struct name){ "record", span_of((const char *)digest, sizeof(digest)) });
	for (size_t i = 0; rc == 0 && i < s->n_subjects; i++) {
		const struct conf_subject *b = &s->subject[i];
		const struct span value = is_key(s, b) ? r->field(r, b->field) : SPAN_NONE;

		buf_clear(&c->text);
		if (value.p && value.len > 0 && put_name(b, value, &c->text) == 0 &&
			!c->text.failed)
			rc = seen(ctx, (struct name){ b->kind, span_of(c->text.p, c->text.len) });
	}
	return rc;
}

/* --- writing ---------------------------------------------------------------------------------- */

struct adding {
	struct corrections *c;
	const char *number;
	const struct record *was;
	const uint8_t *becomes;
	const struct store_value *v;
	size_t n;
	int64_t now_us;
	struct err *e;
};

static int
forget(const struct adding *a, const uint8_t mac[MAC_LEN])
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(a->c->registry, "DELETE FROM corrections WHERE mac = ?1", &st, a->e) <
		0)
		return -1;
	statement_blob(st, 1, span_of((const char *)mac, MAC_LEN));
	return registry_step(a->c->registry, st, a->e) < 0 ? -1 : 0;
}

/* Nonce, and VALUE sealed; owned. NULL: no memory. */
static char *
seal(const struct adding *a, const char *value, size_t *ret_len)
{
	const size_t len = strlen(value);
	uint8_t *p = malloc(SEALED_HEAD + len);

	if (!p)
		return NULL;
	randombytes_buf(p, crypto_secretbox_NONCEBYTES);
	(void)crypto_secretbox_easy(
		p + crypto_secretbox_NONCEBYTES, (const uint8_t *)value, len, p, a->c->seal_key);
	*ret_len = SEALED_HEAD + len;
	return (char *)p;
}

static int
keep(const struct adding *a, const uint8_t mac[MAC_LEN], const char *value)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	size_t len = 0;
	cleanup_mem char *sealed = seal(a, value, &len);

	if (!sealed)
		return err_memory(a->e);
	if (registry_prepare(a->c->registry,
		    "INSERT OR REPLACE INTO corrections VALUES (?1, ?2, ?3, ?4, ?5, ?6)", &st,
		    a->e) < 0)
		return -1;
	statement_blob(st, 1, span_of((const char *)mac, MAC_LEN));
	statement_text(st, 2, span_str(a->was->store->name));
	statement_text(st, 3, span_str(a->number));
	statement_blob(st, 4, span_of(sealed, len));
	(void)sqlite3_bind_int64(st, 5, a->now_us);
	(void)sqlite3_bind_int64(st, 6, tombstone_until_us(a->c->conf, a->now_us));
	return registry_step(a->c->registry, st, a->e) < 0 ? -1 : 0;
}

static int
add_name(void *ctx, struct name name)
{
	const struct adding *a = ctx;
	const char *store = a->was->store->name;
	const bool whole = strcmp(name.kind, "record") == 0;
	const struct name later = { name.kind,
		whole ? span_of((const char *)a->becomes, RECORD_DIGEST_LEN) : name.value };

	for (size_t i = 0; i < a->n; i++) {
		const char *field = a->v[i].field;
		uint8_t mac[MAC_LEN];

		mac_of(a->c, store, later, field, span_str(a->v[i].value), mac);
		if (forget(a, mac) < 0)
			return -1;
		mac_of(a->c, store, name, field, a->was->field(a->was, field), mac);
		if (keep(a, mac, a->v[i].value) < 0)
			return -1;
	}
	return 0;
}

int
corrections_add(struct corrections *c, const char *number, const struct record *was,
	const uint8_t becomes[RECORD_DIGEST_LEN], const struct store_value *v, size_t n,
	int64_t now_us, struct err *e)
{
	struct adding a = { c, number, was, becomes, v, n, now_us, e };

	if (!was->field)
		return 0;
	return registry_begin(c->registry, e) < 0
		       ? -1
		       : registry_end(c->registry, each_name(c, was, add_name, &a), e);
}

int
corrections_drop(
	struct corrections *c, const char *number, const char *store, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(c->registry,
		    "DELETE FROM corrections WHERE number = ?1 AND store = ?2 AND rectified_us = ?3",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(store));
	(void)sqlite3_bind_int64(st, 3, now_us);
	return registry_step(c->registry, st, e) < 0 ? -1 : 0;
}

/* --- finding ---------------------------------------------------------------------------------- */

struct finding {
	struct corrections *c;
	const struct record *r;
	struct correction *ret; /* NULL: whether there is any */
	struct err *e;
};

static const struct sealed *
find(const struct finding *f, struct name name, const char *field)
{
	uint8_t mac[MAC_LEN];
	const struct sealed *s;

	mac_of(f->c, f->r->store->name, name, field, f->r->field(f->r, field), mac);
	s = bsearch(mac, f->c->v, f->c->n, sizeof(*f->c->v), compare);
	if (s && strcmp(name.kind, "record") != 0 &&
		(f->r->time_us == RECORD_NO_TIME || f->r->time_us >= s->rectified_us))
		return NULL;
	return s;
}

static bool
has_field(const struct correction *x, const char *field)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->v[i].field, field) == 0)
			return true;
	return false;
}

static int
open_sealed(const struct finding *f, const struct sealed *s, const char *field)
{
	char *value = s->len >= SEALED_HEAD ? calloc(1, s->len - SEALED_HEAD + 1) : NULL;

	if (s->len >= SEALED_HEAD && !value)
		return err_memory(f->e);
	if (!value ||
		crypto_secretbox_open_easy((uint8_t *)value, s->p + crypto_secretbox_NONCEBYTES,
			s->len - crypto_secretbox_NONCEBYTES, s->p, f->c->seal_key) != 0) {
		free(value);
		return err_fail(f->e, EX_DATAERR, 0,
			N_("what was set right cannot be read: the key of tombstones is another one"),
			NULL, "%s", s->number);
	}
	f->ret->v[f->ret->n++] = (struct store_value){ field, value };
	memcpy(f->ret->number, s->number, sizeof(f->ret->number));
	return 0;
}

/* 1: there is one, and that is all that is asked. */
static int
find_name(void *ctx, struct name name)
{
	const struct finding *f = ctx;
	const struct conf_store *st = f->r->store;

	for (size_t i = 0; i < st->rectify.n; i++) {
		const char *field = st->rectify.v[i];
		const struct sealed *s = find(f, name, field);

		if (!s)
			continue;
		if (!f->ret)
			return 1;
		if (f->ret->n < CORRECTION_FIELDS_MAX && !has_field(f->ret, field) &&
			open_sealed(f, s, field) < 0)
			return -1;
	}
	return 0;
}

bool
corrections_cover(struct corrections *c, const struct record *r)
{
	struct finding f = { .c = c, .r = r };

	return r->field && corrections_concern(c, r->store->name) &&
	       each_name(c, r, find_name, &f) == 1;
}

int
corrections_of(struct corrections *c, const struct record *r, struct correction *ret, struct err *e)
{
	struct finding f = { c, r, ret, e };

	*ret = (struct correction){ 0 };
	record_digest(r, ret->digest);
	return each_name(c, r, find_name, &f);
}

void
correction_release(struct correction *x)
{
	for (size_t i = 0; i < x->n; i++)
		wipe_text((char *)x->v[i].value);
	x->n = 0;
}
