/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * case_shrink.c - what stays of a closed case, and for how long (2.5)
 *
 * When a case closes its data go: finds, identifiers, keys, codes, files, the texts of its account. What proves that it was
 * answered stays: number, article, dates, states, grounds, hashes of what was sent. That goes three years later (Section
 * 31 OWiG from the closing, Sections 195 and 199 BGB from the end of that year; whichever is later), and counters remain.
 *
 * Deny by default: a table with a column "number" that is not named here loses the case's rows when it closes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/cleanup.h"
#include "dsar/act/correction.h"
#include "dsar/case/case-private.h"
#include "dsar/act/erasure.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/register/registry-private.h"

#define PROOF_YEARS 3
#define DEPTH_MAX   32 /* of folders of a case */

const char case_count_schema[] =
	"CREATE TABLE case_count (year INTEGER NOT NULL, article INTEGER NOT NULL,"
	" outcome TEXT NOT NULL, in_time INTEGER NOT NULL, n INTEGER NOT NULL,"
	" PRIMARY KEY (year, article, outcome, in_time)) STRICT, WITHOUT ROWID;";

/* Proof: what was decided and sent, as hashes and grounds; and what a person has stated about a record that could not be
 * changed, without which it would be wrong again (Art. 16). */
static const char *const proof_tables[] = { "case_file", "case_event", "made", "approvals",
	"erasures", "erasure_items", "rectifications", "statements", "restricted", "notices",
	"breach", "tombstones", "corrections" };
/* Of their own life: until the last backup that may hold the person is gone, until the restriction is lifted, until
 * what an erasure had to keep is erased. */
static const char *const own_life_tables[] = { "case_file", "case_event", "tombstones",
	"corrections", "restricted", "erasures", "erasure_items" };
/* Of an event's data; what a person wrote, or wrote about a person, goes. A refusal's reasons are proof (R12e). */
static const char *const proof_words[] = { "what", "method", "ground", "reasons", "article",
	"received", "to", "from", "reason", "notice_sent", "until_raw", "role", "answer_to", "by",
	"second", "part", "sha256", "hash", "sent", "due", "known", "kind", "letter", "lang", "n",
	"store", "recipient" };

static bool
is_among(const char *word, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, v[i]) == 0)
			return true;
	return false;
}
#define IS_AMONG(word, list) is_among(word, list, sizeof(list) / sizeof((list)[0]))

int64_t
case_gone_us(int64_t closed_us)
{
	const time_t t = (time_t)(closed_us / 1000000);
	struct tm closed = { 0 }, three, year_end;

	(void)localtime_r(&t, &closed);
	three = closed;
	three.tm_year += PROOF_YEARS;
	three.tm_isdst = -1;
	year_end = (struct tm){
		.tm_year = closed.tm_year + PROOF_YEARS + 1, .tm_mday = 1, .tm_isdst = -1
	};
	const int64_t a = (int64_t)mktime(&three), b = (int64_t)mktime(&year_end);

	return (a > b ? a : b) * 1000000;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int
rows_delete(struct registry *r, const char *table, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	char *sql = sqlite3_mprintf("DELETE FROM \"%w\" WHERE number = ?", table);
	int rc = sql ? registry_prepare(r, sql, &st, e) : err_memory(e);

	sqlite3_free(sql);
	if (rc < 0)
		return -1;
	statement_text(st, 1, span_str(number));
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

/* All tables of a case, but those of the N at KEPT. */
static int
tables_empty(
	struct registry *r, const char *number, const char *const *kept, size_t n, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc;

	if (registry_prepare(r,
		    "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) i"
		    " WHERE m.type = 'table' AND i.name = 'number'",
		    &st, e) < 0)
		return -1;
	while ((rc = registry_step(r, st, e)) == 0) {
		const char *table = statement_str(st, 0);

		if (!is_among(table, kept, n) && rows_delete(r, table, number, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* What stays of one event's data, as text; NULL: memory is out. */
static char *
event_reduce(struct span text)
{
	json_t *d = json_loadb(text.p, text.len, 0, NULL), *kept = json_object();
	const char *key;
	json_t *value;
	char *out = NULL;

	json_object_foreach(d, key, value) if (IS_AMONG(key, proof_words))(void)
		json_object_set(kept, key, value);
	if (kept)
		out = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(d);
	json_decref(kept);
	return out;
}

static int
events_reduce(struct registry *r, const char *number, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *from = NULL, *to = NULL;
	int rc;

	if (registry_prepare(r, "SELECT id, data FROM case_event WHERE number = ? ORDER BY id",
		    &from, e) < 0 ||
		registry_prepare(r, "UPDATE case_event SET data = ? WHERE id = ?", &to, e) < 0)
		return -1;
	statement_text(from, 1, span_str(number));
	while ((rc = registry_step(r, from, e)) == 0) {
		cleanup_mem char *less = event_reduce(statement_span(from, 1));

		if (!less)
			return err_memory(e);
		(void)sqlite3_reset(to);
		statement_text(to, 1, span_str(less));
		(void)sqlite3_bind_int64(to, 2, sqlite3_column_int64(from, 0));
		if (registry_step(r, to, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int folder_empty(int at, const char *name, unsigned depth, struct err *e);

static int
entry_remove(int at, const char *name, unsigned depth, struct err *e)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : err_fail(e, EX_IOERR, errno, N_("cannot look at a file"),
						 NULL, "%s", "register_dir");
	if (S_ISDIR(st.st_mode) && folder_empty(at, name, depth + 1, e) < 0)
		return -1;
	return unlinkat(at, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT
		       ? 0
		       : err_fail(e, EX_IOERR, errno, N_("cannot remove a file of the case"), NULL,
				 "%s", "register_dir");
}

static DIR *
folder_open(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && !d)
		(void)close(fd);
	return d;
}

static int
folder_empty(int at, const char *name, unsigned depth, struct err *e)
{
	DIR *d = depth < DEPTH_MAX ? folder_open(at, name) : NULL;
	int rc = 0;

	if (!d)
		return err_fail(e, EX_IOERR, errno, N_("cannot remove a file of the case"), NULL,
			"%s", "register_dir");
	for (const struct dirent *en; rc == 0 && (en = readdir(d));)
		if (strcmp(en->d_name, ".") != 0 && strcmp(en->d_name, "..") != 0)
			rc = entry_remove(dirfd(d), en->d_name, depth, e);
	(void)closedir(d);
	return rc;
}

/* "2026-0001", "2026-0001.pdf", "2026-0001-answer.tar", but not "2026-00011". */
static bool
is_of_case(const char *name, const char *number)
{
	const size_t n = strlen(number);

	return strncmp(name, number, n) == 0 && (name[n] == '\0' || strchr(".-_", name[n]));
}

/* Files of the case lie in the register's folder, or in a folder there, under its number. */
static int
files_remove(int at, const char *name, const char *number, unsigned depth, struct err *e)
{
	DIR *d = folder_open(at, name);
	int rc = 0;

	if (!d)
		return depth > 0
			       ? 0
			       : err_fail(e, EX_NOPERM, errno, N_("cannot open the register"),
					 N_("its people are of the group sparsam-dpo"), "%s", name);
	for (const struct dirent *en; rc == 0 && (en = readdir(d));) {
		if (en->d_name[0] == '.' || (depth == 0 && strcmp(en->d_name, "pgp") == 0))
			continue; /* keyrings are a letter's, not a case's */
		if (is_of_case(en->d_name, number))
			rc = entry_remove(dirfd(d), en->d_name, 0, e);
		else if (depth == 0 && en->d_type == DT_DIR)
			rc = files_remove(dirfd(d), en->d_name, number, depth + 1, e);
	}
	(void)closedir(d);
	return rc;
}

/* --- acts ------------------------------------------------------------------------------------- */

/* Is C the last of its letter's cases that was open? Then nothing is encrypted to the person any more. */
static int
is_last(struct registry *r, const struct case_file *c, bool *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "SELECT count(*) FROM case_file WHERE correspondence = ?1 AND state < ?2", &st,
		    e) < 0)
		return -1;
	statement_text(st, 1, span_str(c->correspondence));
	(void)sqlite3_bind_int(st, 2, CASE_SHRUNK);
	if (registry_step(r, st, e) < 0)
		return -1;
	*ret = sqlite3_column_int64(st, 0) == 0;
	return 0;
}

/* This one does not count any more. */
static int
keyring_remove(struct registry *r, const struct case_file *c, struct err *e)
{
	bool last;

	if (is_last(r, c, &last, e) < 0)
		return -1;
	if (last)
		openpgp_remove(registry_dir(r), c->correspondence);
	return 0;
}

static int
shrink_act(void *ctx, struct case_file *c, struct err *e)
{
	struct shrink *s = ctx;

	if (c->state != CASE_CLOSED)
		return 0; /* somebody else was quicker */
	if (case_move(s->registry, c, CASE_SHRUNK, s->now_us, e) < 0 ||
		keyring_remove(s->registry, c, e) < 0 ||
		files_remove(AT_FDCWD, registry_dir(s->registry), c->number, 0, e) < 0 ||
		registry_run(s->registry, "PRAGMA defer_foreign_keys = ON", e) < 0)
		return -1;
	if (tables_empty(s->registry, c->number, proof_tables,
		    sizeof(proof_tables) / sizeof(proof_tables[0]), e) < 0 ||
		erasure_shrink(s->registry, c->number, e) < 0 ||
		events_reduce(s->registry, c->number, e) < 0)
		return -1;
	return case_change(s->registry, c, "address = NULL", e);
}

int
case_shrink(struct registry *r, const char *number, int64_t now_us, struct err *e)
{
	struct shrink s = { r, now_us };

	return case_within(r, number, shrink_act, &s, e);
}

static int
count_up(struct registry *r, const struct case_file *c, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(r,
		    "INSERT INTO case_count VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
		    &st, e) < 0)
		return -1;
	(void)sqlite3_bind_int64(st, 1, strtol(c->number, NULL, 10));
	(void)sqlite3_bind_int64(st, 2, c->article);
	statement_text(st, 3, c->refused ? SPAN("refused") : SPAN("answered"));
	(void)sqlite3_bind_int64(st, 4, day_local(c->closed_us) <= c->due_day);
	return registry_step(r, st, e) < 0 ? -1 : 0;
}

static int
forget_act(void *ctx, struct case_file *c, struct err *e)
{
	struct shrink *s = ctx;

	if (c->state != CASE_SHRUNK || c->gone_us > s->now_us)
		return 0;
	if (registry_record(s->registry, c->number, "case", json_pack("{s:s}", "what", "gone"),
		    s->now_us, e) < 0 ||
		count_up(s->registry, c, e) < 0 ||
		registry_run(s->registry, "PRAGMA defer_foreign_keys = ON", e) < 0)
		return -1;
	if (tables_empty(s->registry, c->number, own_life_tables,
		    sizeof(own_life_tables) / sizeof(own_life_tables[0]), e) < 0 ||
		erasure_forget(s->registry, c->number, e) < 0 ||
		rows_delete(s->registry, "case_event", c->number, e) < 0)
		return -1;
	return rows_delete(s->registry, "case_file", c->number, e);
}

int
case_wipe(struct registry *r, const char *number, struct err *e)
{
	/* the agent's ledger says that an order was done, not of whom it was */
	static const char *const kept[] = { "tombstones", "corrections", "agent_orders" };

	if (registry_run(r, "PRAGMA defer_foreign_keys = ON", e) < 0)
		return -1;
	return tables_empty(r, number, kept, sizeof(kept) / sizeof(kept[0]), e);
}

static int
close_again_act(void *ctx, struct case_file *c, struct err *e)
{
	struct shrink *s = ctx;
	char set[128];

	if (c->state >= CASE_SHRUNK)
		return 0;
	if (registry_record(s->registry, c->number, "case",
		    json_pack("{s:s}", "what", "closed again"), s->now_us, e) < 0)
		return -1;
	(void)snprintf(set, sizeof(set), "state = %d, closed_us = %" PRId64 ", gone_us = %" PRId64,
		(int)CASE_CLOSED, s->now_us, case_gone_us(s->now_us));
	return case_change(s->registry, c, set, e);
}

static int
over_act(void *ctx, struct case_file *c, struct err *e)
{
	struct shrink *s = ctx;

	return case_change(s->registry, c, "gone_us = 1", e);
}

int
case_shrink_again(struct registry *r, const char *number, bool gone, int64_t now_us, struct err *e)
{
	struct shrink s = { r, now_us };
	struct case_file c;
	const int rc = case_read(r, number, &c, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (case_within(r, number, close_again_act, &s, e) < 0 ||
		case_shrink(r, number, now_us, e) < 0)
		return -1;
	if (!gone)
		return 0;
	return case_within(r, number, over_act, &s, e) < 0
		       ? -1
		       : case_within(r, number, forget_act, &s, e);
}

/* --- tidy ------------------------------------------------------------------------------------- */

struct due {
	char (*number)[CASE_NUMBER_MAX];
	size_t n, room;
	int64_t now_us;
};

static int
see_due(void *ctx, const struct case_file *c, struct err *e)
{
	struct due *d = ctx;

	if (c->state != CASE_CLOSED && !(c->state == CASE_SHRUNK && c->gone_us <= d->now_us))
		return 0;
	if (d->n == d->room) {
		const size_t room = d->room ? 2 * d->room : 64;
		void *v = reallocarray(d->number, room, sizeof(d->number[0]));

		if (!v)
			return err_memory(e);
		d->number = v;
		d->room = room;
	}
	memcpy(d->number[d->n++], c->number, CASE_NUMBER_MAX);
	return 0;
}

int
case_tidy(struct registry *r, int64_t now_us, bool dry, case_tidied *tell, void *ctx, struct err *e)
{
	struct due d = { .now_us = now_us };
	struct shrink s = { r, now_us };
	int rc = cases_each(r, see_due, &d, e);

	for (size_t i = 0; rc == 0 && i < d.n; i++) {
		if (!dry)
			rc = case_shrink(r, d.number[i], now_us, e);
		if (rc == 0 && !dry)
			rc = case_within(r, d.number[i], forget_act, &s, e);
		if (rc == 0)
			tell(ctx, d.number[i]);
	}
	free(d.number);
	return rc == 0 && !dry ? corrections_expire(r, now_us, e) : rc;
}
