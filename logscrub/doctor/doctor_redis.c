/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Redis: whether what it holds comes to a disk (RDB snapshots, the append-only file). Most keys of a
 * conference have no end of their own (meeting:info:…, etherpad's authors and pads, exportJobs), so
 * what is on the disk stays there. On the machine itself the running one is asked as well: it may have
 * been set otherwise since.
 */
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <hiredis/hiredis.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define INCLUDE_DEEP 8
#define FILES_MAX    1000 /* read at all: files may include one another */
#define DAY          86400

struct redis {
	struct doctor *doctor;
	unsigned depth, n_files;
	const char *file;
	char dir[PATH_MAX], dump[256], append[256];
	char socket[108], address[64], password[512];
	int port;
	bool has_save, saves, appends, is_verbose;
	char save_file[PATH_MAX], append_file[PATH_MAX];
	unsigned save_line, append_line;
};

static void file_read(struct redis *r, const char *path);

static void
include_seen(void *ctx, const char *path)
{
	file_read(ctx, path);
}

/* save "" takes all earlier ones away; without any there are three of Redis' own. */
static void
save_take(struct redis *r, const struct words *w)
{
	r->has_save = true;
	r->saves = w->n > 1 && *words_get(w, 1) != '\0';
	(void)snprintf(r->save_file, sizeof(r->save_file), "%s", r->file);
	r->save_line = w->line;
}

static void
statement_take(struct redis *r, const struct words *w)
{
	const char *value = words_get(w, 1);

	if (words_is(w, 0, "save")) {
		save_take(r, w);
	} else if (words_is(w, 0, "appendonly")) {
		r->appends = strcasecmp(value, "yes") == 0;
		(void)snprintf(r->append_file, sizeof(r->append_file), "%s", r->file);
		r->append_line = w->line;
	} else if (words_is(w, 0, "dir")) {
		(void)snprintf(r->dir, sizeof(r->dir), "%s", value);
	} else if (words_is(w, 0, "dbfilename")) {
		(void)snprintf(r->dump, sizeof(r->dump), "%s", value);
	} else if (words_is(w, 0, "appenddirname")) {
		(void)snprintf(r->append, sizeof(r->append), "%s", value);
	} else if (words_is(w, 0, "unixsocket")) {
		(void)snprintf(r->socket, sizeof(r->socket), "%s", value);
	} else if (words_is(w, 0, "bind")) {
		(void)snprintf(r->address, sizeof(r->address), "%s", value + (*value == '-'));
	} else if (words_is(w, 0, "port")) {
		r->port = (int)strtol(value, NULL, 10);
	} else if (words_is(w, 0, "requirepass")) {
		(void)snprintf(r->password, sizeof(r->password), "%s", value);
	} else if (words_is(w, 0, "include")) {
		tree_glob(&r->doctor->tree, value, include_seen, r);
	}
}

static void
file_read(struct redis *r, const char *path)
{
	size_t len;
	cleanup_mem char *text = NULL;
	const char *outer = r->file;
	struct words w;

	if (r->depth == 0 || r->n_files++ >= FILES_MAX)
		return;
	text = tree_text(&r->doctor->tree, path, &len);
	if (!text)
		return;
	r->depth--;
	r->file = path;
	words_init(&w, text, len, WORDS_LINES);
	while (words_next(&w))
		statement_take(r, &w);
	words_release(&w);
	r->file = outer;
	r->depth++;
}

/* ", written 3 days ago" where the file is there. */
static void
age_tell(struct doctor *d, const char *path, char *ret, size_t size)
{
	struct stat st;
	cleanup_fd int fd = tree_fd(&d->tree, path, O_PATH, &st);

	ret[0] = '\0';
	if (fd >= 0)
		(void)snprintf(ret, size, _(", written %lld days ago"),
			(long long)(d->now_s - st.st_mtime) / DAY);
}

static void
disk_report(struct redis *r, const char *subject, const char *file, unsigned line, const char *how)
{
	char path[PATH_MAX + 300], age[64], proof[PATH_MAX + 500];

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, subject);
	if (!doctor_on_disk(r->doctor, path))
		return;
	age_tell(r->doctor, path, age, sizeof(age));
	(void)snprintf(proof, sizeof(proof), "%s: %s%s", how, path, age);
	doctor_report(r->doctor,
		&(struct doctor_finding){
			.check = "redis-keys",
			.subject = path,
			.severity = DOCTOR_MEDIUM,
			.what = N_("Redis writes keys that have no end to a disk"),
			.file = file,
			.line = line,
			.proof = proof,
			.row = ROW_CONFERENCE,
			.mend = N_(
				"Keep them in memory; in redis.conf, at its end, then restart Redis and "
				"delete the file:"),
			.lines = raw_off(RAW_OFF_REDIS),
		});
}

/* --- the running one -------------------------------------------------------------------------- */

static redisContext *
link_open(const struct redis *r)
{
	const struct timeval second = { .tv_sec = 1 };
	redisContext *c = *r->socket    ? redisConnectUnixWithTimeout(r->socket, second)
			  : r->port > 0 ? redisConnectWithTimeout(r->address, r->port, second)
					: NULL;

	if (c && (c->err || redisSetTimeout(c, second) != REDIS_OK)) {
		redisFree(c);
		return NULL;
	}
	if (c && *r->password)
		freeReplyObject(redisCommand(c, "AUTH %s", r->password));
	return c;
}

/* What NAME is set to; false where that is not answered. */
static bool
setting_ask(redisContext *c, const char *name, char *ret, size_t size)
{
	redisReply *a = redisCommand(c, "CONFIG GET %s", name);
	const bool good = a && a->type == REDIS_REPLY_ARRAY && a->elements == 2 &&
			  a->element[1]->type == REDIS_REPLY_STRING;

	if (good)
		(void)snprintf(ret, size, "%s", a->element[1]->str);
	freeReplyObject(a);
	return good;
}

/* What the files have said already is not told twice. */
static void
running_look(struct redis *r, const char *file)
{
	char save[256], append[16];
	redisContext *c = link_open(r);

	if (!c)
		return;
	(void)setting_ask(c, "dir", r->dir, sizeof(r->dir));
	(void)setting_ask(c, "dbfilename", r->dump, sizeof(r->dump));
	if (r->has_save && !r->saves && setting_ask(c, "save", save, sizeof(save)) && *save)
		disk_report(r, r->dump, file, 0, _("the running one has save"));
	if (!r->appends && setting_ask(c, "appendonly", append, sizeof(append)) &&
		strcmp(append, "yes") == 0)
		disk_report(r, r->append, file, 0, _("the running one has appendonly"));
	redisFree(c);
}

static void
instance_seen(void *ctx, const char *path)
{
	struct redis r = { .doctor = ctx, .depth = INCLUDE_DEEP, .port = 6379 };

	strcpy(r.address, "127.0.0.1");
	strcpy(r.dir, "/var/lib/redis");
	strcpy(r.dump, "dump.rdb");
	strcpy(r.append, "appendonlydir");
	file_read(&r, path);
	if (!r.has_save || r.saves)
		disk_report(&r, r.dump, r.has_save ? r.save_file : path, r.save_line,
			r.has_save ? "save" : _("save by default"));
	if (r.appends)
		disk_report(&r, r.append, r.append_file, r.append_line, "appendonly yes");
	if (r.doctor->tree.live)
		running_look(&r, path);
	explicit_bzero(r.password, sizeof(r.password));
}

void
doctor_redis(struct doctor *d)
{
	static const char *const files[] = { "/etc/redis/redis*.conf", "/etc/redis.conf",
		"/etc/valkey/valkey.conf", "/etc/valkey.conf", "/etc/redis/[0-9]*.conf" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_glob(&d->tree, files[i], instance_seen, d);
}
