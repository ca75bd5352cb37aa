/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "store/redis/redis-private.h"

#define TIMEOUT_S    10
#define PASSWORD_MAX 512

static int
fail_conf(const struct redis *t, const char *what, const char *value, struct err *e)
{
	const struct conf_store *s = t->store.conf;

	return conf_fail(e, &s->where, what, N_("see redis in sparsam.conf(5)"), "store \"%s\": %s",
		s->name, value);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* A server's message begins with a word for what it is about; the rest may quote. */
static int
fail_reply(const struct redis *t, const redisReply *r, struct err *e)
{
	static const struct {
		const char *word;
		int exit;
		const char *what;
	} words[] = {
		{ "NOAUTH", EX_NOPERM, N_("database refuses the user") },
		{ "WRONGPASS", EX_NOPERM, N_("database refuses the user") },
		{ "NOPERM", EX_NOPERM, N_("the user may not do this") },
		{ "LOADING", EX_TEMPFAIL, N_("database is not ready yet") },
		{ "READONLY", EX_UNAVAILABLE, N_("database is read-only") },
		{ "MISCONF", EX_UNAVAILABLE, N_("database is read-only") },
	};

	if (!r)
		return err_fail(e, EX_UNAVAILABLE, t->link->err == REDIS_ERR_IO ? errno : 0,
			N_("no connection to the database"), NULL, "%s", t->place);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(r->str, words[i].word, strlen(words[i].word)) == 0)
			return err_fail(e, words[i].exit, 0, words[i].what,
				N_("see redis in sparsam.conf(5)"), "%s", t->place);
	return err_fail(e, EX_UNAVAILABLE, 0, N_("database does not answer as it should"), NULL,
		"%s: %.*s", t->place, (int)strcspn(r->str, " "), r->str);
}

static redisReply *
ask(struct redis *t, struct err *e, const char *format, va_list ap)
{
	redisReply *r = redisvCommand(t->link, format, ap);

	if (r && r->type != REDIS_REPLY_ERROR)
		return r;
	(void)fail_reply(t, r, e);
	freeReplyObject(r);
	return NULL;
}

redisReply *
redis_ask(struct redis *t, struct err *e, const char *format, ...)
{
	va_list ap;
	redisReply *r;

	va_start(ap, format);
	r = ask(t, e, format, ap);
	va_end(ap);
	return r;
}

redisReply *
redis_ask_list(struct redis *t, size_t n, const char **argv, const size_t *len, struct err *e)
{
	redisReply *r = redisCommandArgv(t->link, (int)n, argv, len);

	if (r && r->type != REDIS_REPLY_ERROR)
		return r;
	(void)fail_reply(t, r, e);
	freeReplyObject(r);
	return NULL;
}

int
redis_ask_number(
	struct redis *t, int64_t otherwise, int64_t *ret, struct err *e, const char *format, ...)
{
	va_list ap;
	redisReply *r;

	va_start(ap, format);
	r = ask(t, e, format, ap);
	va_end(ap);
	if (!r)
		return -1;
	*ret = r->type == REDIS_REPLY_INTEGER ? r->integer : otherwise;
	freeReplyObject(r);
	return 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* ADDRESS:PORT of this machine's own; the wire is not encrypted. */
static int
read_address(
	const struct redis *t, const char *address, char host[64], int *ret_port, struct err *e)
{
	const char *colon = strrchr(address, ':');
	const bool bracket = *address == '[';
	const size_t len = colon ? (size_t)(colon - address) : 0;
	char *end = NULL;

	if (colon && len > 2 && len < 64) {
		(void)snprintf(host, 64, "%.*s", (int)(len - 2 * bracket), address + bracket);
		*ret_port = (int)strtol(colon + 1, &end, 10);
	}
	if (!end || *end || *ret_port < 1 || *ret_port > 65535 ||
		(strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0))
		return fail_conf(t, N_("address is not this machine's own"), address, e);
	return 0;
}

static int
link_to(struct redis *t, struct err *e)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	const char *address = store_option(t->store.conf, "address", NULL);
	char host[64];
	int port = 0;

	if (address && read_address(t, address, host, &port, e) < 0)
		return -1;
	t->link = address ? redisConnectWithTimeout(host, port, timeout)
			  : redisConnectUnixWithTimeout(store_option(t->store.conf, "socket",
								"/run/redis/redis-server.sock"),
				    timeout);
	if (!t->link)
		return err_memory(e);
	if (t->link->err && (errno == ENOENT || errno == ECONNREFUSED))
		return STORE_ABSENT;
	if (t->link->err)
		return err_fail(e, errno == EACCES ? EX_NOPERM : EX_UNAVAILABLE, errno,
			N_("no connection to the database"), NULL, "%s", t->place);
	(void)redisSetTimeout(t->link, timeout);
	return 0;
}

/* A credential of the unit by its name, or a file that nobody else may read. */
static int
read_password(const struct redis *t, const char *name, char ret[PASSWORD_MAX], struct err *e)
{
	const char *folder = *name == '/' ? "" : secure_getenv("CREDENTIALS_DIRECTORY");
	const mode_t others = *name == '/' ? 077 : 007; /* an ACL shows as the group's bits */
	char path[PATH_MAX];
	struct stat st;
	cleanup_fd int fd = -1;
	ssize_t n;

	if (!folder)
		return fail_conf(t, N_("no credential was given"), name, e);
	(void)snprintf(path, sizeof(path), "%s%s%s", folder, *name == '/' ? "" : "/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_fail(e, errno == EACCES ? EX_NOPERM : EX_CONFIG, errno,
			N_("cannot read the password"), NULL, "%s", t->place);
	if (!S_ISREG(st.st_mode) || st.st_mode & others)
		return err_fail(e, EX_NOPERM, 0, N_("the password can be read by others"), NULL,
			"%s", t->place);
	n = read(fd, ret, PASSWORD_MAX - 1);
	if (n < 0)
		return err_fail(
			e, EX_IOERR, errno, N_("cannot read the password"), NULL, "%s", t->place);
	ret[n] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return 0;
}

static int
log_in(struct redis *t, struct err *e)
{
	const char *name = store_option(t->store.conf, "password", NULL);
	char password[PASSWORD_MAX];
	redisReply *r;

	if (!name)
		return 0;
	if (read_password(t, name, password, e) < 0)
		return -1;
	r = redis_ask(t, e, "AUTH %s %s", store_option(t->store.conf, "user", "default"), password);
	explicit_bzero(password, sizeof(password));
	freeReplyObject(r);
	return r ? 0 : -1;
}

int
redis_link_open(struct redis *t, struct err *e)
{
	redisReply *r;
	int rc = link_to(t, e);

	if (rc != 0)
		return rc;
	if (log_in(t, e) < 0)
		return -1;
	r = redis_ask(t, e, "SELECT %s", store_option(t->store.conf, "database", "0"));
	freeReplyObject(r);
	return r ? 0 : -1;
}
