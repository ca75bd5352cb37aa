/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_box.h"

#include <stdio.h>

#include "dsar/register/registry-private.h"

const char mail_schema[] =
	"CREATE TABLE mail (digest BLOB PRIMARY KEY, number TEXT REFERENCES case_file ON DELETE CASCADE,"
	" time_us INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;"
	"CREATE TABLE mail_key (number TEXT NOT NULL REFERENCES case_file ON DELETE CASCADE,"
	" fingerprint TEXT NOT NULL, source TEXT NOT NULL, time_us INTEGER NOT NULL,"
	" PRIMARY KEY (number, fingerprint)) STRICT;";

static struct span
digest_span(const uint8_t digest[MAIL_DIGEST_LEN])
{
	return span_of(digest, MAIL_DIGEST_LEN);
}

int
mail_box_number(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN],
	char ret_number[CASE_NUMBER_MAX], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *get = NULL;
	int rc;

	if (registry_prepare(r, "SELECT coalesce(number, '') FROM mail WHERE digest = ?", &get, e) <
		0)
		return -1;
	statement_blob(get, 1, digest_span(digest));
	rc = registry_step(r, get, e);
	(void)snprintf(ret_number, CASE_NUMBER_MAX, "%s", rc == 0 ? statement_str(get, 0) : "");
	return rc < 0 ? -1 : 0;
}

int
mail_box_put(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN], struct span sealed,
	int64_t now_us, char ret_number[CASE_NUMBER_MAX], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *put = NULL;

	if (registry_prepare(r,
		    "INSERT INTO mail (digest, time_us, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		    &put, e) < 0)
		return -1;
	statement_blob(put, 1, digest_span(digest));
	(void)sqlite3_bind_int64(put, 2, now_us);
	(void)sqlite3_bind_blob64(put, 3, sealed.p, sealed.len, SQLITE_STATIC); /* large: no copy */
	if (registry_step(r, put, e) < 0)
		return -1;
	return mail_box_number(r, digest, ret_number, e);
}

int
mail_box_file(struct registry *r, const uint8_t digest[MAIL_DIGEST_LEN], const char *number,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "UPDATE mail SET number = ? WHERE digest = ?", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_blob(st, 2, digest_span(digest));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
mail_box_key(struct registry *r, const char *number, const struct openpgp_key *k,
	const char *source, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "INSERT INTO mail_key VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(k->fpr));
	statement_text(st, 3, span_str(source));
	(void)sqlite3_bind_int64(st, 4, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
mail_box_keys(
	struct registry *r, const char *number, mail_box_key_seen *seen, void *ctx, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT fingerprint, source, time_us FROM mail_key WHERE number = ?"
		    " ORDER BY time_us, fingerprint",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	while ((rc = registry_step(r, st, e)) == 0) {
		const int end = seen(ctx, statement_str(st, 0), statement_str(st, 1),
			sqlite3_column_int64(st, 2), e);

		if (end != 0)
			return end < 0 ? -1 : 0;
	}
	return rc < 0 ? -1 : 0;
}
