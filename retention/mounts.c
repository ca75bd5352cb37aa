/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/mounts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/file/mount.h"
#include "evidence/ledger.h"
#include "retention/session.h"

#define LETTERS 16
#define OTHER   "other"

/* Letters alone, in which no detector sees a number. */
static void
letters_of(const char *text, char ret[LETTERS + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
	for (int i = 0; i < LETTERS; i++)
		ret[i] = (char)('a' + (hash[i / 2] >> (i % 2 ? 0 : 4) & 15));
	ret[LETTERS] = '\0';
}

/* --- what the ledger has ---------------------------------------------------------------------- */

struct found {
	uint64_t seq;
	json_t *stores;
};

static int
see_entry(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct found *f = ctx;
	json_t *d = json_loads(en->data, 0, NULL);

	(void)e;
	f->seq = en->seq;
	f->stores = json_incref(json_object_get(d, "stores"));
	json_decref(d);
	return 0;
}

int
mounts_read(struct mounts *m, struct session *s, struct err *e)
{
	struct found noted = { 0 }, restored = { 0 };
	int rc = 0;

	if (s->ledger)
		rc = ledger_last(s->ledger, "mount", see_entry, &noted, e);
	if (s->ledger && rc == 0)
		rc = ledger_last(s->ledger, "restore", see_entry, &restored, e);
	if (rc >= 0 && restored.seq < noted.seq)
		m->known = json_deep_copy(noted.stores);
	json_decref(noted.stores);
	json_decref(restored.stores);
	if (!m->known)
		m->known = json_object();
	return rc < 0 ? -1 : 0;
}

void
mounts_release(struct mounts *m)
{
	json_decref(m->known);
}

/* --- what is now ------------------------------------------------------------------------------ */

/* {PLACE: [WHERE, "PATH (TYPE)"]} */
static void
add(json_t *now, const char *path, const char *where, const char *type)
{
	char place[LETTERS + 1];

	letters_of(path, place);
	(void)json_object_set_new(
		now, place, json_pack("[s, o]", where, json_sprintf("%s (%s)", path, type)));
}

static int
see_folder(void *ctx, int fd, const char *path, struct err *e)
{
	char where[LETTERS + 1];
	struct mount m;

	if (mount_of(fd, &m, e) < 0)
		return -1;
	letters_of(m.where, where);
	add(ctx, path, where, m.type);
	return 0;
}

int
mounts_of(struct store *st, json_t **ret, struct err *e)
{
	json_t *now = json_object();

	if (store_folders(st, see_folder, now, e) < 0) {
		json_decref(now);
		return err_within(e, "store \"%s\"", store_conf(st)->name);
	}
	*ret = now;
	return 0;
}

void
mounts_add_foreign(json_t *now, const char *path)
{
	add(now, path, OTHER, "another mount");
}

/* --- is it the same? -------------------------------------------------------------------------- */

static const char *
where_of(const json_t *entry)
{
	return json_string_value(json_array_get(entry, 0));
}

bool
mounts_expected(
	const struct mounts *m, const struct store *st, const json_t *now, const char **ret_what)
{
	const json_t *known = json_object_get(m->known, store_conf(st)->name);
	const char *place;
	json_t *entry;

	if (!known)
		return true;
	json_object_foreach((json_t *)now, place, entry)
	{
		const char *was = json_string_value(json_object_get(known, place));

		/* a folder may come later, a mount below one may not */
		if (was ? strcmp(was, where_of(entry)) == 0 : strcmp(where_of(entry), OTHER) != 0)
			continue;
		*ret_what = json_string_value(json_array_get(entry, 1));
		return false;
	}
	return true;
}

void
mounts_accept(struct mounts *m, const struct store *st, const json_t *now)
{
	const char *name = store_conf(st)->name, *place;
	json_t *entry, *known = json_object_get(m->known, name);

	if (!known && json_object_size(now) > 0)
		(void)json_object_set_new(m->known, name, known = json_object());
	json_object_foreach((json_t *)now, place, entry)
	{
		const char *was = json_string_value(json_object_get(known, place));

		if (was && strcmp(was, where_of(entry)) == 0)
			continue;
		(void)json_object_set_new(known, place, json_string(where_of(entry)));
		m->changed = true;
	}
}

int
mounts_note(struct mounts *m, struct session *s, struct err *e)
{
	if (!m->changed)
		return 0;
	m->changed = false;
	return ledger_append(
		s->ledger, s->now_us, "mount", json_pack("{s:O}", "stores", m->known), NULL, e);
}
