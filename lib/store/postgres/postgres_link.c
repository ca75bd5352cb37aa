/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "store/postgres/postgres-private.h"

#define CONNECT_S    10
#define SQLSTATE_LEN 5

/* --- is it there at all? ---------------------------------------------------------------------- */

static bool
file_has_service(const char *path, const char *service)
{
	cleanup_stdio FILE *f = fopen(path, "re");
	char line[256];
	const size_t len = strlen(service);

	while (f && fgets(line, sizeof(line), f))
		if (line[0] == '[' && strncmp(line + 1, service, len) == 0 && line[len + 1] == ']')
			return true;
	return false;
}

/* As libpq looks for it, which tells a missing service by its text alone. */
static bool
has_service(const char *service)
{
	const char *own = getenv("PGSERVICEFILE"), *home = getenv("HOME"),
		   *system = getenv("PGSYSCONFDIR");
	char path[512];

	if (own && file_has_service(own, service))
		return true;
	(void)snprintf(path, sizeof(path), "%s/.pg_service.conf", home ? home : "/root");
	if (!own && file_has_service(path, service))
		return true;
	(void)snprintf(path, sizeof(path), "%s/pg_service.conf",
		system ? system : "/etc/postgresql-common");
	return file_has_service(path, service);
}

static bool
has_socket(const struct conf_store *s, const char *folder)
{
	char path[512];
	struct stat st;

	(void)snprintf(
		path, sizeof(path), "%s/.s.PGSQL.%s", folder, store_option(s, "port", "5432"));
	return stat(path, &st) == 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* Waits for what libpq wants; a server that accepts and then says nothing is given up on. */
static PostgresPollingStatusType
wait_for(PGconn *c)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	const time_t end = time(NULL) + CONNECT_S;

	while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
		struct pollfd p = { .fd = PQsocket(c),
			.events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT };

		if (time(NULL) > end || poll(&p, 1, CONNECT_S * 1000) < 0)
			return PGRES_POLLING_FAILED;
		want = PQconnectPoll(c);
	}
	return want;
}

/* The last word of what libpq says, where it is told to say SQLSTATEs. */
static const char *
state_of(const char *message, char ret[SQLSTATE_LEN + 1])
{
	size_t len = strlen(message);

	while (len > 0 && isspace((unsigned char)message[len - 1]))
		len--;
	ret[0] = '\0';
	if (len < SQLSTATE_LEN)
		return ret;
	message += len - SQLSTATE_LEN;
	for (size_t i = 0; i < SQLSTATE_LEN; i++)
		if (!isdigit((unsigned char)message[i]) && !isupper((unsigned char)message[i]))
			return ret;
	memcpy(ret, message, SQLSTATE_LEN);
	ret[SQLSTATE_LEN] = '\0';
	return ret;
}

static void
say_nothing(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r; /* notices quote values */
}

static int
fail_connect(const struct pg *t, struct err *e)
{
	char state[SQLSTATE_LEN + 1];

	(void)state_of(PQerrorMessage(t->conn), state);
	if (strcmp(state, "3D000") == 0)
		return STORE_ABSENT;
	if (strncmp(state, "28", 2) == 0)
		return err_fail(e, EX_NOPERM, 0, N_("database refuses the user"),
			N_("see postgres in sparsam.conf(5)"), "%s: SQLSTATE %s", t->place, state);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("no connection to the database"), NULL, "%s%s%s",
		t->place, *state ? ": SQLSTATE " : "", state);
}

static int
set_session(struct pg *t, struct err *e)
{
	const char *timeout = store_option(t->store.conf, "timeout", "60s");
	cleanup_mem char *text = NULL;
	const int64_t s = conf_period_s(timeout);

	if (s < 0)
		return pg_fail_conf(t, N_("timeout is no period"), timeout, e);
	if (asprintf(&text, "SET statement_timeout = '%llds'", (long long)s) < 0)
		return err_memory(e);
	return pg_run(t, text, e) < 0 || pg_run(t, "SET lock_timeout = '3s'", e) < 0 ||
			       /* rows that a policy hides would be missing in silence: that fails */
			       pg_run(t, "SET row_security = off", e) < 0 ||
			       pg_run(t, "SET timezone = 'UTC'", e) < 0 ||
			       pg_run(t, "SET datestyle = 'ISO'", e) < 0 ||
			       pg_run(t, "SET client_encoding = 'UTF8'", e) < 0 ||
			       pg_run(t, "SET default_transaction_read_only = on", e) < 0
		       ? -1
		       : 0;
}

int
pg_connect(struct pg *t, struct err *e)
{
	const struct conf_store *s = t->store.conf;
	const char *service = store_option(s, "service", NULL),
		   *socket = store_option(s, "socket", service ? NULL : "/var/run/postgresql");
	const char *const key[] = { "service", "host", "port", "dbname", "user", "passfile",
		"application_name", NULL };
	const char *const value[] = { service, socket, store_option(s, "port", NULL),
		store_option(s, "database", NULL), store_option(s, "user", NULL),
		store_option(s, "passfile", NULL), "sparsam", NULL };

	if (service ? !has_service(service) : !has_socket(s, socket))
		return STORE_ABSENT;
	t->conn = PQconnectStartParams(key, value, 0);
	if (!t->conn)
		return err_memory(e);
	(void)PQsetErrorVerbosity(t->conn, PQERRORS_SQLSTATE);
	(void)PQsetNoticeReceiver(t->conn, say_nothing, NULL);
	if (PQstatus(t->conn) == CONNECTION_BAD || wait_for(t->conn) != PGRES_POLLING_OK)
		return fail_connect(t, e);
	return set_session(t, e);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int
fail_state(const struct pg *t, const char *state, struct err *e)
{
	static const struct {
		const char *begins;
		int exit;
		const char *what, *todo;
	} states[] = {
		{ "42501", EX_NOPERM, N_("no right to read or delete in the table"),
			N_("grant it, and SELECT on the tables that point to it; a policy may hide "
			   "rows as well: see postgres in sparsam.conf(5)") },
		{ "57014", EX_TEMPFAIL, N_("statement took longer than its timeout"),
			N_("add an index on the time, or raise timeout") },
		{ "55P03", EX_TEMPFAIL, N_("table is locked by another session"), NULL },
		{ "40", EX_TEMPFAIL, N_("another session was in the way"), NULL },
		{ "23503", EX_UNAVAILABLE, N_("rows of another table point to them"),
			N_("name that table in `with'") },
		{ "25006", EX_UNAVAILABLE, N_("database is read-only"), NULL },
		{ "42", EX_CONFIG, N_("bad condition"), N_("see postgres in sparsam.conf(5)") },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strncmp(state, states[i].begins, strlen(states[i].begins)) == 0)
			return err_fail(e, states[i].exit, 0, states[i].what, states[i].todo,
				"%s: SQLSTATE %s", t->place, state);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("database does not answer as it should"), NULL,
		"%s: SQLSTATE %s", t->place, *state ? state : "-");
}

PGresult *
pg_ask(struct pg *t, struct err *e, const char *sql, int n, const char *const *params)
{
	PGresult *r = PQexecParams(t->conn, sql, n, NULL, params, NULL, NULL, 0);
	const char *state;

	if (PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK)
		return r;
	state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	(void)fail_state(t, state ? state : "", e);
	PQclear(r);
	return NULL;
}

PGresult *
pg_ask_buf(struct pg *t, struct buf *sql, struct err *e)
{
	PGresult *r = NULL;

	buf_char(sql, '\0');
	if (sql->failed)
		(void)err_memory(e);
	else
		r = pg_ask(t, e, sql->p, 0, NULL);
	buf_release(sql);
	return r;
}

int
pg_run(struct pg *t, const char *sql, struct err *e)
{
	PGresult *r = pg_ask(t, e, sql, 0, NULL);
	const bool done = r;

	PQclear(r);
	return done ? 0 : -1;
}
