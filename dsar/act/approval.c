/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/approval.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "base/file/scratch.h"
#include "dsar/case/case.h"
#include "dsar/register/registry-private.h"
#include "evidence/sign.h"
#include "record/timestamp.h"

const char approval_schema[] =
	"CREATE TABLE approvals ("
	" number TEXT NOT NULL, hash TEXT NOT NULL, fingerprint TEXT NOT NULL,"
	" signature BLOB NOT NULL, public_key BLOB NOT NULL, made_us INTEGER NOT NULL,"
	" PRIMARY KEY (number, hash, fingerprint)) STRICT, WITHOUT ROWID;";

static int
write_one(struct registry *r, const struct approved *x, const char *fingerprint,
	struct span signature, struct span key, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r, "INSERT OR REPLACE INTO approvals VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	statement_text(st, 2, span_str(x->hash));
	statement_text(st, 3, span_str(fingerprint));
	statement_blob(st, 4, signature);
	statement_blob(st, 5, key);
	(void)sqlite3_bind_int64(st, 6, now_us);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

int
approval_make(struct registry *r, const struct approved *x, struct span text, struct sign *s,
	int64_t now_us, struct err *e)
{
	struct buf signature, key;
	int rc;

	buf_init(&signature, SIGNED_MAX);
	buf_init(&key, SIGNED_MAX);
	rc = sign_detached(s, text, &signature, e);
	if (rc == 0)
		rc = sign_export(s, &key, e);
	if (rc == 0)
		rc = write_one(r, x, sign_fingerprint(s), span_of(signature.p, signature.len),
			span_of(key.p, key.len), now_us, e);
	buf_release(&signature);
	buf_release(&key);
	return rc;
}

/* --- checking --------------------------------------------------------------------------------- */

/* The place among those who may approve; SIZE_MAX: none of them. */
static size_t
approver_of(const struct conf *c, const char *fingerprint)
{
	for (size_t i = 0; i < c->approvers.n; i++)
		if (strcasecmp(c->approvers.v[i], fingerprint) == 0)
			return i;
	return SIZE_MAX;
}

int
approver_signed(const struct conf *c, struct span text, struct span signature, struct span key,
	size_t *ret_who, char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e)
{
	CLEANUP(sign_check_freep) struct sign_check *check = NULL;
	char scratch[SCRATCH_MAX];
	int rc;

	if (scratch_make(scratch, e) < 0)
		return -1;
	rc = sign_check_new(scratch, key, &check, ret_fingerprint, e);
	if (rc == 0) {
		*ret_who = approver_of(c, ret_fingerprint);
		rc = *ret_who == SIZE_MAX ? 1 : sign_verify(check, text, signature, e);
	}
	check = sign_check_free(check);
	scratch_remove(scratch);
	return rc;
}

/* Sets of WHO, by place, that whose good signature it is. What the register says of its maker counts for nothing:
 * one signature may stand there twice. */
static int
check_one(const struct conf *c, struct span text, struct span signature, struct span key, bool *who,
	struct err *e)
{
	char fingerprint[FINGERPRINT_LEN + 1];
	size_t at;
	const int rc = approver_signed(c, text, signature, key, &at, fingerprint, e);

	if (rc == 0)
		who[at] = true;
	return rc < 0 ? -1 : 0;
}

int
approvals_guard(struct registry *r, const struct conf *c, const struct approved *x,
	struct span text, int64_t now_us, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	const unsigned needed = c->second_person ? 2 : 1;
	cleanup_mem bool *who = calloc(c->approvers.n + 1, sizeof(*who));
	unsigned n = 0;
	int rc;

	if (!who)
		return err_memory(e);

	if (registry_prepare(r,
		    "SELECT signature, public_key FROM approvals WHERE number = ?1 AND hash = ?2",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(x->number));
	statement_text(st, 2, span_str(x->hash));
	while ((rc = registry_step(r, st, e)) == 0)
		if (check_one(c, text, statement_span(st, 0), statement_span(st, 1), who, e) < 0)
			return -1;
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < c->approvers.n; i++)
		n += who[i];
	if (n >= needed)
		return 0;
	return case_forbid(r, x->number, "approval", now_us,
		needed > 1 && n == 1 ? N_("the plan lacks a second person's approval")
				     : N_("the plan is not approved"),
		N_("say `dsar approve CASE HASH`, as one of dsar { approvers }"), e);
}

int
approvals_list(struct registry *r, const char *number, json_t *list, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT hash, fingerprint, made_us FROM approvals WHERE number = ?1"
		    " ORDER BY made_us, fingerprint",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	while ((rc = registry_step(r, st, e)) == 0) {
		char time[28];

		timestamp_format(sqlite3_column_int64(st, 2), time);
		if (json_array_append_new(
			    list, json_pack("{s:s, s:s, s:s}", "hash", statement_str(st, 0),
					  "fingerprint", statement_str(st, 1), "time", time)) < 0)
			return err_memory(e);
	}
	return rc < 0 ? -1 : 0;
}
