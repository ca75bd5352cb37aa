/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/case/identity.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "dsar/register/registry-private.h"

#define STATEMENT_MAX (1u << 20) /* bytes */

const char identity_schema[] =
	"CREATE TABLE identity_key (number TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,"
	" key BLOB NOT NULL) STRICT;"
	"CREATE TABLE identity_code (number TEXT PRIMARY KEY, hash BLOB NOT NULL,"
	" expires_us INTEGER NOT NULL, tries INTEGER NOT NULL, n_codes INTEGER NOT NULL) STRICT;";

/* --- the letter's cases ------------------------------------------------------------------------ */

static json_t *
event_of(const char *what, const char *method, struct span reason)
{
	return reason.p ? json_pack("{s:s, s:s, s:s%}", "what", what, "method", method, "text",
				  reason.p, reason.len)
			: json_pack("{s:s, s:s}", "what", what, "method", method);
}

static int
set_one(struct registry *r, struct case_file *c, enum case_identity to, const char *method,
	struct span reason, int64_t now_us, struct err *e)
{
	const char *what = case_identity_name(to);
	json_t *event = event_of(what, method, reason);
	char sql[32];

	if (!event)
		return err_memory(e);
	(void)snprintf(sql, sizeof(sql), "identity = %d", (int)to);
	if (case_change(r, c, sql, e) < 0 ||
		registry_record(r, c->number, "identity",
			json_pack("{s:s, s:s}", "what", what, "method", method), now_us, e) < 0) {
		json_decref(event);
		return -1;
	}
	return case_event(r, c->number, "identity", event, now_us, e);
}

int
identity_set(struct registry *r, const struct case_file *c, enum case_identity to,
	const char *method, struct span reason, int64_t now_us, struct err *e)
{
	struct case_file v[CASE_SIBLINGS_MAX];
	size_t n;

	if (case_guard(r, c, CASE_NEEDS_OPEN, now_us, e) < 0 || case_siblings(r, c, v, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (set_one(r, &v[i], to, method, reason, now_us, e) < 0)
			return -1;
	return 0;
}

/* A step that changes nothing of the state: KIND on both accounts of C. */
static int
note(struct registry *r, const struct case_file *c, const char *kind, const char *what,
	int64_t now_us, struct err *e)
{
	if (registry_record(r, c->number, "identity", json_pack("{s:s}", "what", what), now_us, e) <
		0)
		return -1;
	return case_event(r, c->number, kind, json_pack("{s:s}", "what", what), now_us, e);
}

/* --- by a pinned key --------------------------------------------------------------------------- */

static int
key_put(struct registry *r, const char *number, const char *fingerprint, struct span key,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "INSERT OR REPLACE INTO identity_key VALUES (?, ?, ?)", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	statement_text(st, 2, span_str(fingerprint));
	statement_blob(st, 3, key);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
identity_pin(struct registry *r, const struct case_file *c, struct span public_key, int64_t now_us,
	char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e)
{
	struct case_file v[CASE_SIBLINGS_MAX];
	struct sign_check *check = NULL;
	char scratch[SCRATCH_MAX];
	size_t n;
	int rc;

	if (case_guard(r, c, CASE_NEEDS_OPEN, now_us, e) < 0 || case_siblings(r, c, v, &n, e) < 0 ||
		scratch_make(scratch, e) < 0)
		return -1;
	rc = sign_check_new(scratch, public_key, &check, ret_fingerprint, e);
	sign_check_free(check);
	scratch_remove(scratch);
	if (rc > 0)
		return err_fail(e, EX_DATAERR, 0, N_("this is not exactly one OpenPGP public key"),
			N_("export the person's key alone"), "%s", c->number);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = key_put(r, v[i].number, ret_fingerprint, public_key, e);
	return rc < 0 ? -1 : note(r, c, "key", "pinned", now_us, e);
}

struct pinned {
	char fingerprint[FINGERPRINT_LEN + 1];
	struct buf key;
};

static int
pinned_read(struct registry *r, const char *number, struct pinned *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(
		    r, "SELECT fingerprint, key FROM identity_key WHERE number = ?", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	rc = registry_step(r, st, e);
	if (rc != 0)
		return rc;
	(void)snprintf(ret->fingerprint, sizeof(ret->fingerprint), "%s", statement_str(st, 0));
	buf_init(&ret->key, STATEMENT_MAX);
	buf_span(&ret->key, statement_span(st, 1));
	return ret->key.failed ? err_memory(e) : 0;
}

int
identity_key(struct registry *r, const struct case_file *c,
	char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e)
{
	struct pinned p = { .key = { 0 } };
	const int rc = pinned_read(r, c->number, &p, e);

	if (rc == 0)
		memcpy(ret_fingerprint, p.fingerprint, sizeof(p.fingerprint));
	buf_release(&p.key);
	return rc;
}

/* A number that another digit follows is another one. */
static bool
names(struct span text, const char *number)
{
	const size_t n = strlen(number);

	for (size_t i = 0; i + n <= text.len; i++)
		if (memcmp(text.p + i, number, n) == 0 &&
			(i + n == text.len || !isdigit((unsigned char)text.p[i + n])) &&
			(i == 0 || !isdigit((unsigned char)text.p[i - 1])))
			return true;
	return false;
}

static int
names_the_letter(struct registry *r, const struct case_file *c, struct span text, struct err *e)
{
	struct case_file v[CASE_SIBLINGS_MAX];
	size_t n;

	if (case_siblings(r, c, v, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (names(text, v[i].number))
			return 0;
	return 1;
}

/* The same key once more, in a keyring with nothing else: *ret_said is what was signed. */
static int
signature_check(const struct pinned *p, struct span statement, struct span signature,
	struct buf *ret_said, struct err *e)
{
	struct sign_check *check = NULL;
	char scratch[SCRATCH_MAX], fingerprint[FINGERPRINT_LEN + 1] = "";
	int rc;

	if (scratch_make(scratch, e) < 0)
		return -1;
	rc = sign_check_new(scratch, span_of(p->key.p, p->key.len), &check, fingerprint, e);
	if (rc == 0 && strcmp(fingerprint, p->fingerprint) != 0)
		rc = 1;
	if (rc == 0)
		rc = signature.p ? sign_verify(check, statement, signature, e)
				 : sign_verify_clear(check, statement, ret_said, e);
	if (rc == 0 && signature.p)
		buf_span(ret_said, statement);
	sign_check_free(check);
	scratch_remove(scratch);
	return rc;
}

int
identity_by_signature(struct registry *r, const struct case_file *c, struct span statement,
	struct span signature, int64_t now_us, struct err *e)
{
	struct pinned p = { .key = { 0 } };
	struct buf said;
	int rc = pinned_read(r, c->number, &p, e);

	if (rc > 0)
		return err_fail(e, EX_NOPERM, 0, N_("no key is pinned to the case"),
			N_("say `dsar identity CASE --pin FILE` with one that was known before"),
			"%s", c->number);
	buf_init(&said, STATEMENT_MAX);
	if (rc == 0)
		rc = signature_check(&p, statement, signature, &said, e);
	if (rc == 0)
		rc = names_the_letter(r, c, span_of(said.p, said.len), e);
	if (rc == 0)
		rc = identity_set(r, c, IDENTITY_VERIFIED, "signature", SPAN_NONE, now_us, e);
	else if (rc > 0 && note(r, c, "key", "signature refused", now_us, e) < 0)
		rc = -1;
	buf_wipe(&said);
	buf_release(&p.key);
	return rc;
}

/* --- by a code --------------------------------------------------------------------------------- */

/* The key of the hashes: made at the first code, and never backed up with the register. */
static int
secret_read(struct registry *r, uint8_t ret[crypto_generichash_KEYBYTES], struct err *e)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/code.key", r->dir) < 0)
		return err_memory(e);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && read(fd, ret, crypto_generichash_KEYBYTES) == crypto_generichash_KEYBYTES)
		return 0;
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0660);
	else if (fd >= 0) /* cut short while it was made: no code knows it */
		(void)unlink(path);
	randombytes_buf(ret, crypto_generichash_KEYBYTES);
	if (fd < 0 || write(fd, ret, crypto_generichash_KEYBYTES) != crypto_generichash_KEYBYTES ||
		fsync(fd) < 0)
		return err_fail(e, EX_TEMPFAIL, errno, N_("cannot keep a key for codes"),
			N_("try again"), "%s", path);
	return 0;
}

static int
code_hash(struct registry *r, const struct case_file *c, const char *code,
	uint8_t ret[crypto_generichash_BYTES], struct err *e)
{
	uint8_t key[crypto_generichash_KEYBYTES];
	crypto_generichash_state h;

	if (secret_read(r, key, e) < 0)
		return -1;
	(void)crypto_generichash_init(&h, key, sizeof(key), crypto_generichash_BYTES);
	(void)crypto_generichash_update(
		&h, (const uint8_t *)c->correspondence, sizeof(c->correspondence));
	(void)crypto_generichash_update(&h, (const uint8_t *)code, CODE_LEN);
	(void)crypto_generichash_final(&h, ret, crypto_generichash_BYTES);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&h, sizeof(h));
	return 0;
}

static int
code_put(struct registry *r, const struct case_file *c, const uint8_t *hash, int64_t now_us,
	struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO identity_code VALUES (?1, ?2, ?3, 0, 1) ON CONFLICT (number) DO"
		    " UPDATE SET hash = ?2, expires_us = ?3, tries = 0, n_codes = n_codes + 1"
		    " WHERE n_codes < ?4",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->correspondence));
	statement_blob(st, 2, span_of(hash, crypto_generichash_BYTES));
	(void)sqlite3_bind_int64(st, 3, now_us + (int64_t)CODE_LIFE_S * 1000000);
	(void)sqlite3_bind_int64(st, 4, CODES_MAX);
	if (registry_step(r, st, e) < 0)
		return -1;
	return sqlite3_changes(r->db) == 1
		       ? 0
		       : err_fail(e, EX_NOPERM, 0, N_("there were too many codes for this letter"),
				 N_("find out by another way who it is"), "%s", c->number);
}

int
identity_code_new(struct registry *r, const struct case_file *c, int64_t now_us,
	char ret[CODE_TEXT_MAX], struct err *e)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t hash[crypto_generichash_BYTES];
	char code[CODE_LEN];

	for (size_t i = 0; i < CODE_LEN; i++)
		code[i] = letters[randombytes_uniform(32)];
	if (code_hash(r, c, code, hash, e) < 0 || code_put(r, c, hash, now_us, e) < 0 ||
		identity_set(r, c, IDENTITY_ASKED, "code", SPAN_NONE, now_us, e) < 0)
		return -1;
	(void)snprintf(ret, CODE_TEXT_MAX, "%.5s-%.5s", code, code + 5);
	sodium_memzero(code, sizeof(code));
	return 0;
}

static bool
code_take(struct span text, char ret[CODE_LEN])
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (strchr("- \t\r\n", text.p[i]))
			continue;
		if (n == CODE_LEN)
			return false;
		ret[n++] = (char)toupper((unsigned char)text.p[i]);
	}
	return n == CODE_LEN;
}

/* One try less, whatever comes of it; the hash that is kept. */
static int
code_try(struct registry *r, const struct case_file *c, int64_t now_us,
	uint8_t ret[crypto_generichash_BYTES], struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	struct span hash;
	int rc;

	if (registry_prepare(r,
		    "UPDATE identity_code SET tries = tries + 1 WHERE number = ? AND tries < ?"
		    " AND expires_us > ? RETURNING hash",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->correspondence));
	(void)sqlite3_bind_int64(st, 2, CODE_TRIES);
	(void)sqlite3_bind_int64(st, 3, now_us);
	rc = registry_step(r, st, e);
	if (rc < 0)
		return -1;
	hash = rc == 0 ? statement_span(st, 0) : SPAN_NONE;
	if (hash.len != crypto_generichash_BYTES)
		return err_fail(e, EX_NOPERM, 0, N_("there is no code that may be tried"),
			N_("none was sent, it has expired or was tried too often: send another one"),
			"%s", c->number);
	memcpy(ret, hash.p, hash.len);
	return 0;
}

static int
code_forget(struct registry *r, const struct case_file *c, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "DELETE FROM identity_code WHERE number = ?", &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->correspondence));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
identity_by_code(struct registry *r, const struct case_file *c, struct span text, int64_t now_us,
	struct err *e)
{
	uint8_t kept[crypto_generichash_BYTES], given[crypto_generichash_BYTES];
	char code[CODE_LEN] = "";
	const bool whole = code_take(text, code);

	if (code_try(r, c, now_us, kept, e) < 0 || code_hash(r, c, code, given, e) < 0)
		return -1;
	sodium_memzero(code, sizeof(code));
	if (!whole || sodium_memcmp(kept, given, sizeof(kept)) != 0)
		return note(r, c, "code", "code refused", now_us, e) < 0 ? -1 : 1;
	return code_forget(r, c, e) < 0
		       ? -1
		       : identity_set(r, c, IDENTITY_VERIFIED, "code", SPAN_NONE, now_us, e);
}
