/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/register/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "dsar/register/registry-private.h"
#include "evidence/ledger.h"

#define GROUP     "sparsam-dpo"
#define FILE_MODE 0660  /* the group's; SQLite's journal takes it over */
#define BUSY_MS   10000 /* another one writes for a moment only */

/* Its one row is the newest entry of the ledger that a change of the register was announced by. */
static const char own_schema[] = "CREATE TABLE registry (ledger INTEGER NOT NULL) STRICT;"
				 "INSERT INTO registry VALUES (0);";

/* Of each noun, in an order in which references find what they refer to. */
static const char *const schemas[] = {
	own_schema,
	case_schema,
	case_count_schema,
	breach_schema,
	identity_schema,
	mail_schema,
	subject_schema,
	find_schema,
	review_schema,
	erasure_schema,
	rectification_schema,
	restriction_schema,
	approval_schema,
	tombstone_schema,
	correction_schema,
	made_schema,
	notice_schema,
	ordered_schema,
	agent_schema,
	probe_schema,
};

/* What the tables come to, as their register's user_version: 31 bits of their texts' BLAKE2b, so that none can be
 * changed and the number forgotten. */
static int
tables_version(void)
{
	unsigned char sum[crypto_generichash_BYTES_MIN];
	crypto_generichash_state st;

	(void)crypto_generichash_init(&st, NULL, 0, sizeof(sum));
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		(void)crypto_generichash_update(
			&st, (const unsigned char *)schemas[i], strlen(schemas[i]));
	(void)crypto_generichash_final(&st, sum, sizeof(sum));
	return (sum[0] & 0x7f) << 24 | sum[1] << 16 | sum[2] << 8 | sum[3];
}

/* Within the transaction that has made the tables. */
static int
tables_mark(struct registry *r, struct err *e)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", tables_version());
	return registry_run(r, sql, e);
}

static int
tables_compare(struct registry *r, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc = registry_prepare(r, "PRAGMA user_version", &st, e);

	if (rc == 0)
		rc = registry_step(r, st, e);
	if (rc < 0)
		return -1;
	return sqlite3_column_int(st, 0) == tables_version()
		       ? 0
		       : err_fail(e, EX_CONFIG, 0,
				 N_("the register was made by another version of dsar"),
				 N_("end its cases with that version, or make a new one in another folder "
				    "(register_dir) by `dsar init`"),
				 "%s", r->path);
}

/* Deleted rows are overwritten, the rollback journal goes, nothing lies in a temporary file. */
static const char pragmas[] = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
			      "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
			      "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";

/* The register's ledger is one like the node's, in a folder of its own. */
static struct conf
own_state(const struct conf *c)
{
	struct conf own = *c;

	own.state_dir = c->register_dir;
	return own;
}

static int
database_open(const struct conf *c, int flags, struct registry **ret, struct err *e)
{
	struct registry *r = calloc(1, sizeof(*r));
	CLEANUP(registry_freep) struct registry *made = r;

	if (r)
		r->land = c->land;
	if (!r || !(r->dir = strdup(c->register_dir)) ||
		asprintf(&r->path, "%s/register.db", c->register_dir) < 0)
		return err_memory(e);
	if (sqlite3_open_v2(r->path, &r->db, flags | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
		return access(r->path, F_OK) != 0 && errno == ENOENT
			       ? err_fail(e, EX_CONFIG, 0, N_("there is no register of requests"),
					 N_("say `dsar init`"), "%s", r->path)
			       : registry_fail(r, e);
	(void)sqlite3_extended_result_codes(r->db, 1);
	(void)sqlite3_busy_timeout(r->db, BUSY_MS);
	*ret = TAKE(made);
	return 0;
}

int
registry_open_older(const struct conf *c, struct registry **ret, struct err *e)
{
	const struct conf own = own_state(c);
	CLEANUP(registry_freep) struct registry *r = NULL;

	(void)umask(0007); /* what is made beside it is the group's, too */
	if (database_open(c, SQLITE_OPEN_READWRITE, &r, e) < 0 || registry_run(r, pragmas, e) < 0 ||
		tables_compare(r, e) < 0 || ledger_open(&own, true, &r->ledger, e) < 0)
		return -1;
	r->older = true;
	*ret = TAKE(r);
	return 0;
}

int
registry_open(const struct conf *c, struct registry **ret, struct err *e)
{
	CLEANUP(registry_freep) struct registry *r = NULL;

	if (registry_open_older(c, &r, e) < 0 || registry_compare(r, e) < 0)
		return -1;
	r->older = false;
	*ret = TAKE(r);
	return 0;
}

/* Makes the empty file PATH for its mode; an empty file is an empty database. */
static int
file_make(const char *path, struct err *e)
{
	cleanup_fd int fd = open(
		path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	return fd >= 0 ? 0
		       : err_fail(e, EX_CANTCREAT, errno, N_("cannot make the register"), NULL,
				 "%s", path);
}

static int
ledger_make(struct registry *r, const struct conf *own, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/ledger.db", own->state_dir) < 0)
		return err_memory(e);
	if (ledger_init(own, &r->ledger, e) < 0)
		return -1;
	return chmod(path, FILE_MODE) == 0
		       ? 0
		       : err_fail(e, EX_CANTCREAT, errno, N_("cannot make the register"), NULL,
				 "%s", path);
}

/* Where there is no such group (a machine for trying things out), the folder is its owner's alone. */
static int
folder_make(const char *path, struct err *e)
{
	const struct group *g = getgrnam(GROUP);

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", path);
	if (g && (chown(path, (uid_t)-1, g->gr_gid) < 0 || chmod(path, 02770) < 0))
		return err_fail(e, EX_NOPERM, errno, N_("cannot give the register to its group"),
			N_("say `dsar init` as root"), "%s", path);
	return 0;
}

int
registry_init(const struct conf *c, struct registry **ret, struct err *e)
{
	const struct conf own = own_state(c);
	CLEANUP(registry_freep) struct registry *r = NULL;
	cleanup_mem char *path = NULL;

	if (folder_make(c->register_dir, e) < 0)
		return -1;
	if (asprintf(&path, "%s/register.db", c->register_dir) < 0)
		return err_memory(e);
	if (access(path, F_OK) == 0)
		return err_fail(e, EX_CANTCREAT, EEXIST, N_("there is a register already"), NULL,
			"%s", path);
	(void)umask(0007);
	if (file_make(path, e) < 0 || database_open(c, SQLITE_OPEN_READWRITE, &r, e) < 0 ||
		registry_run(r, pragmas, e) < 0)
		return -1;
	if (registry_begin(r, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (registry_run(r, schemas[i], e) < 0)
			return -1;
	if (tables_mark(r, e) < 0 || registry_commit(r, e) < 0 || ledger_make(r, &own, e) < 0)
		return -1;
	*ret = TAKE(r);
	return 0;
}

struct registry *
registry_free(struct registry *r)
{
	if (!r)
		return NULL;
	json_decref(r->announced);
	ledger_free(r->ledger);
	for (size_t i = 0; i < r->n_kept; i++)
		(void)sqlite3_finalize(r->kept[i].st);
	(void)sqlite3_close_v2(r->db);
	free(r->path);
	free(r->dir);
	free(r);
	return NULL;
}

const char *
registry_dir(const struct registry *r)
{
	return r->dir;
}

struct sqlite3 *
registry_db(struct registry *r)
{
	return r->db;
}

struct ledger *
registry_ledger(struct registry *r)
{
	return r->ledger;
}
