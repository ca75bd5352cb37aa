/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * backup.c - dsar backup and restore: the register and its ledger in one tar file, and back
 *
 * It holds personal data and is made 0600. The key of codes is not in it: a code that was sent before is void after a restore.
 *
 * What is good and newer stays. The ledger knows what became of the cases since the backup: who was shrunk or forgotten is so
 * again before anybody can look, numbers that were given away are not given again, and what is lost is named and put on
 * record.
 */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "dsar/case/case-private.h"
#include "dsar/command.h"
#include "dsar/register/registry-private.h"
#include "dsar/session.h"
#include "evidence/ledger.h"
#include "evidence/tar.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

static const struct tar_member members[] = { { "ledger.db", SPAN_NONE },
	{ "register.db", SPAN_NONE } };
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static int
copy_register(struct registry *r, const char *to, struct err *e)
{
	struct registry other = { .path = r->path };
	int rc;

	/* another connection: this one holds the lock that keeps both files as they are */
	if (sqlite3_open_v2(r->path, &other.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW,
		    NULL) != SQLITE_OK) {
		rc = registry_fail(&other, e);
	} else {
		CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

		rc = registry_prepare(&other, "VACUUM INTO ?", &st, e);
		if (rc == 0) {
			statement_text(st, 1, span_str(to));
			rc = registry_step(&other, st, e) < 0 ? -1 : 0;
		}
	}
	(void)sqlite3_close_v2(other.db);
	return rc;
}

static int
copy_both(struct registry *r, const char *scratch, struct err *e)
{
	char ledger[96], db[96];
	int rc;

	(void)snprintf(ledger, sizeof(ledger), "%s/ledger.db", scratch);
	(void)snprintf(db, sizeof(db), "%s/register.db", scratch);
	if (registry_begin(r, e) < 0)
		return -1;
	rc = ledger_copy(r->ledger, ledger, e);
	if (rc == 0)
		rc = copy_register(r, db, e);
	registry_undo(r);
	return rc;
}

static int
read_member(const char *scratch, const char *name, struct buf *out, struct err *e)
{
	char path[96];

	buf_init(out, TAR_FILE_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
	return tar_read_file(path, out, e);
}

static int
backup_to(struct session *s, const char *scratch, const char *to, struct err *e)
{
	struct buf ledger = { 0 }, db = { 0 };
	int rc = ledger_append(s->registry->ledger, s->now_us, "backup", json_object(), NULL, e);

	if (rc == 0)
		rc = copy_both(s->registry, scratch, e);
	if (rc == 0)
		rc = read_member(scratch, "ledger.db", &ledger, e);
	if (rc == 0)
		rc = read_member(scratch, "register.db", &db, e);
	(void)umask(0077);
	if (rc == 0)
		rc = tar_pack(to,
			(const struct tar_member[]){ { "ledger.db", span_of(ledger.p, ledger.len) },
				{ "register.db", span_of(db.p, db.len) } },
			N_MEMBERS, s->now_us, e);
	buf_release(&ledger);
	buf_wipe(&db);
	return rc;
}

int
backup_main(struct session *s, int argc, char **argv, struct err *e)
{
	char scratch[SCRATCH_MAX];
	int rc;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: dsar backup FILE\n"
			"Writes the register and its ledger into a tar file. It holds personal data: keep it\n"
			"encrypted, and no longer than the periods of the register allow.\n\n"
			"Example:  dsar backup /mnt/backup/register-$(date +%F).tar\n"),
			stdout);
		return 0;
	}
	if (argc != 2)
		return usage_fail(_("backup takes the name of the file to write"));
	if (scratch_make(scratch, e) < 0)
		return -1;
	rc = backup_to(s, scratch, argv[1], e);
	scratch_remove(scratch);
	return rc;
}

/* --- restore ---------------------------------------------------------------------------------- */

struct restore {
	struct session *s;
	char scratch[SCRATCH_MAX];
	char *db, *ledger;      /* where they belong */
	int64_t known;          /* the ledger's entry up to which the register knows */
	int64_t known_until_us; /* … and its time */
	bool db_kept, ledger_kept;
	json_t *shrunk, *gone, *lost, *changed; /* numbers of cases */
	json_t *done;                           /* entries that were confirmed */
};

/* The newest entry that the register at PATH knows; -1: it is none. */
static int64_t
register_known(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t known = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ==
			SQLITE_OK &&
		sqlite3_prepare_v2(db,
			"SELECT ledger, (SELECT quick_check FROM pragma_quick_check(1)) FROM registry",
			-1, &st, NULL) == SQLITE_OK &&
		sqlite3_step(st) == SQLITE_ROW && strcmp(statement_str(st, 1), "ok") == 0)
		known = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close_v2(db);
	return known;
}

/* What lies there is damaged, or older. */
static int
put_back(struct restore *r, const char *name, const char *path, bool damaged, struct err *e)
{
	char from[96];

	(void)snprintf(from, sizeof(from), "%s/%s", r->scratch, name);
	return tar_put_back(from, path, 0660, damaged ? r->s->now_us : 0, e);
}

static int
ledger_back(struct restore *r, struct err *e)
{
	struct conf own = *r->s->conf;
	struct ledger *l = NULL;

	own.state_dir = own.register_dir;
	r->ledger_kept = access(r->ledger, F_OK) == 0 && ledger_open(&own, true, &l, e) == 0 &&
			 ledger_check(l, e) == 0;
	ledger_free(l);
	return r->ledger_kept ? 0 : put_back(r, "ledger.db", r->ledger, true, e);
}

static int
register_back(struct restore *r, struct err *e)
{
	char copy[96];
	const int64_t here = access(r->db, F_OK) == 0 ? register_known(r->db) : -1;
	int64_t there;

	(void)snprintf(copy, sizeof(copy), "%s/register.db", r->scratch);
	there = register_known(copy);
	if (there < 0)
		return err_fail(e, EX_DATAERR, 0, N_("the backup is damaged"),
			N_("take an older one"), NULL);
	r->db_kept = here >= there;
	r->known = r->db_kept ? here : there;
	return r->db_kept ? 0 : put_back(r, "register.db", r->db, here < 0, e);
}

static bool
is_in(const json_t *list, const char *number)
{
	const json_t *one;
	size_t i;

	json_array_foreach(
		list, i, one) if (strcmp(json_string_value(one), number) == 0) return true;
	return false;
}

static void
remember(json_t *list, const char *number)
{
	if (!is_in(list, number))
		(void)json_array_append_new(list, json_string(number));
}

/* Which announcements were carried out. */
static int
see_confirmed(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct restore *r = ctx;
	json_t *d = strcmp(en->kind, "done") == 0 ? json_loads(en->data, 0, NULL) : NULL;
	const json_t *one;
	size_t i;

	(void)e;
	json_array_foreach(json_object_get(d, "entries"), i, one)
	{
		char seq[24];

		(void)snprintf(seq, sizeof(seq), "%lld", (long long)json_integer_value(one));
		(void)json_object_set_new(r->done, seq, json_true());
	}
	json_decref(d);
	return 0;
}

/* What has become of the cases since. That one was to be shrunk is enough, whether or not it was confirmed. */
static int
see_since(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct restore *r = ctx;
	json_t *d = json_loads(en->data, 0, NULL);
	const char *number = json_string_value(json_object_get(d, "case"));
	const char *what = json_string_value(json_object_get(d, "what"));
	const char *to = json_string_value(json_object_get(d, "to"));
	char seq[24];

	(void)e;
	(void)snprintf(seq, sizeof(seq), "%llu", (unsigned long long)en->seq);
	if (number && what && strcmp(en->kind, "refusal") != 0) {
		if (strcmp(what, "gone") == 0)
			remember(r->gone, number);
		else if (to && strcmp(to, "shrunk") == 0)
			remember(r->shrunk, number);
		else if (json_object_get(r->done, seq))
			remember(strcmp(what, "new") == 0 ? r->lost : r->changed, number);
	}
	json_decref(d);
	return 0;
}

/* A case that was lost, or is settled by the program, needs no second look. */
static int
changed_reduce(struct restore *r, struct registry *reg, struct err *e)
{
	struct case_file c;

	for (size_t i = json_array_size(r->changed); i-- > 0;) {
		const char *number = json_string_value(json_array_get(r->changed, i));

		if (is_in(r->lost, number) || is_in(r->shrunk, number) || is_in(r->gone, number))
			(void)json_array_remove(r->changed, i);
	}
	for (size_t i = json_array_size(r->lost); i-- > 0;) {
		const char *number = json_string_value(json_array_get(r->lost, i));
		const int rc = case_read(reg, number, &c, e);

		if (rc < 0)
			return -1;
		if (rc == 0 || is_in(r->shrunk, number) || is_in(r->gone, number))
			(void)json_array_remove(r->lost, i);
	}
	return 0;
}

static int
see_time(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct restore *r = ctx;

	(void)e;
	r->known_until_us = en->time_us;
	return 1;
}

/* Numbers that were given away stay so. */
static int
number_reserve(struct registry *reg, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	const char *dash = strchr(number, '-');

	if (!dash || registry_prepare(reg,
			     "INSERT INTO case_number VALUES (?1, ?2) ON CONFLICT (year)"
			     " DO UPDATE SET last = max(last, ?2)",
			     &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, strtol(number, NULL, 10));
	(void)sqlite3_bind_int64(st, 2, strtol(dash + 1, NULL, 10));
	return registry_step(reg, st, e) < 0 ? -1 : 0;
}

static int
settle(struct restore *r, struct registry *reg, struct err *e)
{
	const struct ledger_entry *head = NULL;
	json_t *one;
	size_t i;

	if (ledger_read(reg->ledger, (uint64_t)r->known, see_time, r, e) < 0 ||
		ledger_read(reg->ledger, (uint64_t)r->known + 1, see_confirmed, r, e) < 0 ||
		ledger_read(reg->ledger, (uint64_t)r->known + 1, see_since, r, e) < 0)
		return -1;
	json_array_foreach(
		r->lost, i, one) if (number_reserve(reg, json_string_value(one), e) < 0) return -1;
	json_array_foreach(r->shrunk, i, one) if (case_shrink_again(reg, json_string_value(one),
							  false, r->s->now_us, e) < 0) return -1;
	json_array_foreach(r->gone, i, one) if (case_shrink_again(reg, json_string_value(one), true,
							r->s->now_us, e) < 0) return -1;
	if (changed_reduce(r, reg, e) < 0)
		return -1;
	/* only now: killed before, the register is still the older one, and nobody can look */
	if (ledger_head(reg->ledger, &head, e) < 0 || !head)
		return head ? -1 : 0;
	return registry_known_set(reg, (int64_t)head->seq, e);
}

static int
note(struct restore *r, struct registry *reg, struct err *e)
{
	char from[28], until[28];

	timestamp_format(r->known_until_us, from);
	timestamp_format(r->s->now_us, until);
	return ledger_append(reg->ledger, r->s->now_us, "restore",
		json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:O}", "from", from, "until", until,
			"register", r->db_kept ? "kept" : "restored", "ledger",
			r->ledger_kept ? "kept" : "restored", "lost", r->lost, "shrunk", r->shrunk,
			"gone", r->gone, "changed", r->changed),
		NULL, e);
}

static void
tell_list(struct print *o, const char *key, const char *text, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (!o->json)
			printf("%s: %s\n", json_string_value(one), text);
		print_begin(o);
		print_str(o, "case", span_str(json_string_value(one)));
		print_str(o, "since", span_str(key));
		print_end(o);
	}
}

static void
tell(struct restore *r)
{
	struct print *o = &r->s->out;

	if (!o->json)
		printf(_("register %s, ledger %s\n"), r->db_kept ? _("kept") : _("restored"),
			r->ledger_kept ? _("kept") : _("restored"));
	print_begin(o);
	print_str(o, "register", span_str(r->db_kept ? "kept" : "restored"));
	print_str(o, "ledger", span_str(r->ledger_kept ? "kept" : "restored"));
	print_end(o);
	tell_list(o, "lost", _("was entered since the backup and is lost: enter it anew"), r->lost);
	tell_list(o, "changed", _("was worked on since the backup: look at it"), r->changed);
	tell_list(o, "shrunk", _("was closed since the backup, and is shrunk again"), r->shrunk);
	tell_list(o, "gone", _("was forgotten since the backup, and is again"), r->gone);
}

static int
restore(struct restore *r, const char *file, struct err *e)
{
	CLEANUP(registry_freep) struct registry *reg = NULL;
	const char *dir = r->s->conf->register_dir;

	if (asprintf(&r->db, "%s/register.db", dir) < 0 ||
		asprintf(&r->ledger, "%s/ledger.db", dir) < 0)
		return err_memory(e);
	(void)umask(0007);
	if (tar_unpack(file, r->scratch, members, N_MEMBERS, e) < 0 || ledger_back(r, e) < 0 ||
		register_back(r, e) < 0 || registry_open_older(r->s->conf, &reg, e) < 0 ||
		settle(r, reg, e) < 0 || note(r, reg, e) < 0)
		return -1;
	tell(r);
	return json_array_size(r->lost) + json_array_size(r->changed) > 0;
}

int
restore_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct restore r = { .s = s };
	int rc;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: dsar restore FILE\n"
			"Brings the register back from what `dsar backup` wrote; what is good and newer stays.\n"
			"Cases that were closed since are shrunk again. The gap goes on record. Exit status 1:\n"
			"cases were lost or have changed since.\n\n"
			"Example:  dsar restore /mnt/backup/register-2026-11-26.tar\n"),
			stdout);
		return 0;
	}
	if (argc != 2)
		return usage_fail(_("restore takes the name of a backup"));
	if (scratch_make(r.scratch, e) < 0)
		return -1;
	r.shrunk = json_array();
	r.gone = json_array();
	r.lost = json_array();
	r.changed = json_array();
	r.done = json_object();
	rc = restore(&r, argv[1], e);
	json_decref(r.shrunk);
	json_decref(r.gone);
	json_decref(r.lost);
	json_decref(r.changed);
	json_decref(r.done);
	free(r.db);
	free(r.ledger);
	scratch_remove(r.scratch);
	return rc;
}
