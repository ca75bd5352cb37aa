/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PostgreSQL: where a cluster's raw log goes, and what its settings put into it. Its files are read
 * as the server reads them: postgresql.conf with include, include_if_exists and include_dir (conf.d),
 * then postgresql.auto.conf of ALTER SYSTEM, and of a container what it is called with; the last assignment
 * counts. What ALTER ROLE and ALTER DATABASE have set for some sessions is looked at besides.
 */
#include <libintl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/doctor_postgres-private.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/rotations.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define INCLUDE_DEEP   10 /* as the server has it */
#define FILES_MAX      1000
#define DAY            86400
#define OPENINGS_MAX   (11 * 1000) /* of log files, looked at ahead: a week of minutes */
#define OPENINGS_TRIED 16

#define CONTAINER_MEND                                                                              \
	"-c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic\n" \
	"-c log_error_verbosity=terse -c log_parameter_max_length=0\n"                              \
	"-c log_parameter_max_length_on_error=0 -c log_connections=off -c log_disconnections=off\n" \
	"-c log_hostname=off -c log_line_prefix='%m [%p] '"

enum name {
	DATA_DIRECTORY,
	LOG_DESTINATION,
	LOGGING_COLLECTOR,
	LOG_DIRECTORY,
	LOG_FILENAME,
	LOG_FILE_MODE,
	LOG_ROTATION_AGE,
	LOG_TRUNCATE_ON_ROTATION,
	LOG_LINE_PREFIX,
	LOG_CONNECTIONS,
	LOG_DISCONNECTIONS,
	LOG_HOSTNAME,
	LOG_STATEMENT,
	LOG_MIN_DURATION_STATEMENT,
	LOG_MIN_DURATION_SAMPLE,
	LOG_TRANSACTION_SAMPLE_RATE,
	AUTO_EXPLAIN,
	PGAUDIT,
	LOG_PARAMETER_MAX_LENGTH,
	LOG_PARAMETER_MAX_LENGTH_ON_ERROR,
	LOG_MIN_ERROR_STATEMENT,
	LOG_ERROR_VERBOSITY,
	NAMES
};

static const struct {
	const char *name, *preset; /* what it is without a word */
} known[NAMES] = {
	[DATA_DIRECTORY] = { "data_directory", "" },
	[LOG_DESTINATION] = { "log_destination", "stderr" },
	[LOGGING_COLLECTOR] = { "logging_collector", "off" },
	[LOG_DIRECTORY] = { "log_directory", "log" },
	[LOG_FILENAME] = { "log_filename", "postgresql-%Y-%m-%d_%H%M%S.log" },
	[LOG_FILE_MODE] = { "log_file_mode", "0600" },
	[LOG_ROTATION_AGE] = { "log_rotation_age", "1d" },
	[LOG_TRUNCATE_ON_ROTATION] = { "log_truncate_on_rotation", "off" },
	[LOG_LINE_PREFIX] = { "log_line_prefix", "%m [%p] " },
	[LOG_CONNECTIONS] = { "log_connections", "off" },
	[LOG_DISCONNECTIONS] = { "log_disconnections", "off" },
	[LOG_HOSTNAME] = { "log_hostname", "off" },
	[LOG_STATEMENT] = { "log_statement", "none" },
	[LOG_MIN_DURATION_STATEMENT] = { "log_min_duration_statement", "-1" },
	[LOG_MIN_DURATION_SAMPLE] = { "log_min_duration_sample", "-1" },
	[LOG_TRANSACTION_SAMPLE_RATE] = { "log_transaction_sample_rate", "0" },
	[AUTO_EXPLAIN] = { "auto_explain.log_min_duration", "-1" },
	[PGAUDIT] = { "pgaudit.log", "none" },
	[LOG_PARAMETER_MAX_LENGTH] = { "log_parameter_max_length", "-1" },
	[LOG_PARAMETER_MAX_LENGTH_ON_ERROR] = { "log_parameter_max_length_on_error", "0" },
	[LOG_MIN_ERROR_STATEMENT] = { "log_min_error_statement", "error" },
	[LOG_ERROR_VERBOSITY] = { "log_error_verbosity", "default" },
};

struct value {
	char text[512];
	char file[PATH_MAX]; /* where it was assigned; "": nowhere */
	unsigned line;
};

struct cluster {
	struct doctor *doctor;
	unsigned depth, n_files;
	const char *conf;           /* its postgresql.conf */
	char name[256];             /* "15/main", or its data directory */
	char data[PATH_MAX];        /* which log_directory begins in */
	char stderr_file[PATH_MAX]; /* what Debian's pg_ctlcluster gives it; "": the journal's */
	const struct postgres_server *server; /* in a container; NULL: not */
	struct value value[NAMES];
};

/* --- reading ---------------------------------------------------------------------------------- */

static void file_read(struct cluster *c, const char *path);

static void
include_seen(void *ctx, const char *path)
{
	file_read(ctx, path);
}

/* Relative ones begin at the file that names them. */
static void
include_read(struct cluster *c, const char *from, const char *what, const char *pattern)
{
	char path[2 * PATH_MAX];
	const char *slash = strrchr(from, '/');

	(void)snprintf(path, sizeof(path), "%.*s%s%s", *what == '/' ? 0 : (int)(slash - from) + 1,
		from, what, pattern);
	tree_glob(&c->doctor->tree, path, include_seen, c);
}

static void
assign(struct cluster *c, const char *name, const char *value, const char *file, unsigned line)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		(void)snprintf(c->value[i].text, sizeof(c->value[i].text), "%s", value);
		(void)snprintf(c->value[i].file, sizeof(c->value[i].file), "%s", file);
		c->value[i].line = line;
	}
}

/* "name = value", "name=value", "name value" */
static void
statement_take(struct cluster *c, const struct words *w, const char *file)
{
	const char *word = words_get(w, 0), *value;
	const size_t n = strcspn(word, "=");
	char name[64];

	if (n >= sizeof(name))
		return;
	memcpy(name, word, n);
	name[n] = '\0';
	value = word[n] ? word + n + 1 : words_get(w, 1);
	if (*value == '=' && !word[n])
		value++;
	if (!*value)
		value = words_get(w, word[n] ? 1 : 2);
	if (strcasecmp(name, "include") == 0 || strcasecmp(name, "include_if_exists") == 0)
		include_read(c, file, value, "");
	else if (strcasecmp(name, "include_dir") == 0)
		include_read(c, file, value, "/*.conf");
	else
		assign(c, name, value, file, w->line);
}

static void
file_read(struct cluster *c, const char *path)
{
	size_t len;
	cleanup_mem char *text = NULL;
	struct words w;

	if (c->depth == 0 || c->n_files++ >= FILES_MAX)
		return;
	text = tree_text(&c->doctor->tree, path, &len);
	if (!text)
		return;
	c->depth--;
	words_init(&w, text, len, WORDS_LINES | WORDS_COMMENTS);
	while (words_next(&w))
		statement_take(c, &w, path);
	words_release(&w);
	c->depth++;
}

/* --- values ----------------------------------------------------------------------------------- */

static const char *
text_of(const struct cluster *c, enum name name)
{
	return c->value[name].text;
}

/* As the server takes it: any beginning of a word that no other has. A list (log_connections since
 * version 18) is on where it names anything. */
static bool
is_on(const struct cluster *c, enum name name)
{
	const char *v = text_of(c, name);
	const size_t n = strlen(v);

	return n > 0 && strcmp(v, "0") != 0 && strncasecmp(v, "false", n) != 0 &&
	       strncasecmp(v, "no", n) != 0 && (n < 2 || strncasecmp(v, "off", n) != 0);
}

/* Does it put what is sent into the log? */
static bool
tells(const struct cluster *c, enum name name)
{
	const char *v = text_of(c, name);

	switch (name) {
	case LOG_CONNECTIONS:
	case LOG_DISCONNECTIONS:
	case LOG_HOSTNAME:
		return is_on(c, name);
	case LOG_STATEMENT:
	case PGAUDIT:
		return strcasecmp(v, "none") != 0;
	case LOG_MIN_DURATION_STATEMENT:
	case LOG_MIN_DURATION_SAMPLE:
	case AUTO_EXPLAIN:
		return *v != '-';
	case LOG_TRANSACTION_SAMPLE_RATE:
		return strtod(v, NULL) > 0;
	case LOG_PARAMETER_MAX_LENGTH:
	case LOG_PARAMETER_MAX_LENGTH_ON_ERROR:
		return strtol(v, NULL, 10) != 0;
	case LOG_MIN_ERROR_STATEMENT:
		return strcasecmp(v, "panic") != 0;
	case LOG_ERROR_VERBOSITY:
		return strcasecmp(v, "terse") != 0;
	default:
		return false;
	}
}

/* The escapes of log_line_prefix that name who is there: "%h %u". "%-10u" pads. */
static void
prefix_tell(const char *prefix, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (const char *p = prefix; (p = strchr(p, '%')) != NULL;) {
		p++;
		p += strspn(p, "-0123456789");
		if (*p && strchr("hru", *p) && n + 4 < size)
			n += (size_t)snprintf(ret + n, size - n, "%s%%%c", n > 0 ? " " : "", *p);
		p += *p != '\0';
	}
}

/* In minutes, its unit where there is none. */
static double
minutes_of(const char *text)
{
	static const struct {
		const char *unit;
		double minutes;
	} units[] = { { "us", 1.0 / 60e6 }, { "ms", 1.0 / 60e3 }, { "s", 1.0 / 60 }, { "min", 1 },
		{ "h", 60 }, { "d", 1440 } };
	char *end;
	const double n = strtod(text, &end);

	end += strspn(end, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0)
			return n * units[i].minutes;
	}
	return n;
}

/* --- how old a line gets ---------------------------------------------------------------------- */

/* The name that the collector gives a file which it opens at TIME_S; false where there is none. */
static bool
file_name(const char *pattern, int64_t time_s, char *ret, size_t size)
{
	/* by a pointer, since the compiler would check a format that stands here, and it cannot */
	size_t (*const put)(char *, size_t, const char *, const struct tm *) = strftime;
	const time_t t = (time_t)time_s;
	struct tm tm;

	return gmtime_r(&t, &tm) && put(ret, size, pattern, &tm) > 0;
}

/* Seconds until the file that was opened at BEGUN_S is begun anew, which the collector does when its
 * name comes again behind another one; -1: never. */
static int64_t
again_s(const char *pattern, int64_t begun_s, int64_t step_s)
{
	char first[256] = "", before[256], name[256] = "";

	if (!file_name(pattern, begun_s, first, sizeof(first)))
		return -1;
	memcpy(before, first, sizeof(before));
	for (int64_t i = 1; i < OPENINGS_MAX; i++) {
		if (!file_name(pattern, begun_s + i * step_s, name, sizeof(name)))
			return -1;
		if (strcmp(name, first) == 0 && strcmp(name, before) != 0)
			return i * step_s;
		memcpy(before, name, sizeof(before));
	}
	return -1;
}

/* A line's greatest age, over openings on which all starts of days and weeks fall; -1: it has no end.
 * A change of files by size begins none anew. */
static int64_t
keeps_s(const struct cluster *c)
{
	const double minutes = minutes_of(text_of(c, LOG_ROTATION_AGE));
	const int64_t epoch_s = 20000LL * DAY;
	int64_t longest_s = 0, step_s;

	if (!is_on(c, LOG_TRUNCATE_ON_ROTATION) || !(minutes >= 1) || minutes > 1e6)
		return -1;
	step_s = (int64_t)minutes * 60;
	for (int i = 0; i < OPENINGS_TRIED; i++) {
		const int64_t keeps = again_s(
			text_of(c, LOG_FILENAME), epoch_s + i * step_s, step_s);

		if (keeps < 0)
			return -1;
		longest_s = keeps > longest_s ? keeps : longest_s;
	}
	return longest_s;
}

/* --- findings --------------------------------------------------------------------------------- */

struct text {
	char s[PATH_MAX + 1024];
	size_t n;
};

static void
text_add(struct text *t, const char *name, const char *value)
{
	if (t->n < sizeof(t->s))
		t->n += (size_t)snprintf(t->s + t->n, sizeof(t->s) - t->n, "%s%s = %.140s",
			t->n > 0 ? ", " : "", name, value);
}

/* Adds which of NAMES (ended by NAMES) put anything into the log; returns the first that was assigned,
 * or NULL. */
static const struct value *
told_by(const struct cluster *c, const enum name names[], struct text *t)
{
	const struct value *first = NULL;

	for (size_t i = 0; names[i] != NAMES; i++) {
		if (!tells(c, names[i]))
			continue;
		text_add(t, known[names[i]].name, text_of(c, names[i]));
		if (!first && *c->value[names[i]].file)
			first = &c->value[names[i]];
	}
	return first;
}

static void
report(struct cluster *c, struct doctor_finding f, const struct value *where)
{
	f.file = where && *where->file ? where->file : c->conf;
	f.line = where && *where->file ? where->line : 0;
	f.row = ROW_LOGS;
	if (!f.mend && c->server) {
		f.mend = N_(
			"Give its command these (docker compose: command: postgres -c NAME=VALUE …), "
			"and make it anew:");
		f.lines = CONTAINER_MEND;
	} else if (!f.mend) {
		f.mend = N_("Log to syslog alone, and less; what ALTER SYSTEM has set otherwise, "
			    "ALTER SYSTEM RESET takes back:");
		f.lines = raw_off(RAW_OFF_POSTGRESQL);
	}
	doctor_report(c->doctor, &f);
}

/* What errors and messages quote, in whatever log there is. */
static void
log_report(struct cluster *c, const char *subject, const char *what, const struct value *where)
{
	static const enum name names[] = { LOG_MIN_ERROR_STATEMENT, LOG_ERROR_VERBOSITY, NAMES };
	struct text t = { .n = 0 };

	(void)told_by(c, names, &t);
	if (c->server && t.n == 0)
		return; /* that its driver writes lines to a disk, Docker's check tells */
	report(c,
		(struct doctor_finding){
			.check = "postgresql-log",
			.subject = subject,
			.severity = DOCTOR_MEDIUM,
			.what = what,
			.proof = t.n > 0 ? t.s : _("messages quote what was sent"),
		},
		where);
}

static void
statements_judge(struct cluster *c)
{
	static const enum name names[] = { LOG_STATEMENT, LOG_MIN_DURATION_STATEMENT,
		LOG_MIN_DURATION_SAMPLE, LOG_TRANSACTION_SAMPLE_RATE, AUTO_EXPLAIN, PGAUDIT,
		LOG_PARAMETER_MAX_LENGTH_ON_ERROR, NAMES };
	struct text t = { .n = 0 };
	const struct value *where = told_by(c, names, &t);

	if (t.n == 0)
		return;
	if (tells(c, LOG_PARAMETER_MAX_LENGTH))
		text_add(&t, known[LOG_PARAMETER_MAX_LENGTH].name,
			text_of(c, LOG_PARAMETER_MAX_LENGTH));
	report(c,
		(struct doctor_finding){
			.check = "postgresql-statements",
			.subject = c->name,
			.severity = DOCTOR_HIGH,
			.what = N_(
				"PostgreSQL writes statements and the values in them to its log"),
			.proof = t.s,
		},
		where);
}

static void
clients_judge(struct cluster *c)
{
	static const enum name names[] = { LOG_CONNECTIONS, LOG_DISCONNECTIONS, LOG_HOSTNAME,
		NAMES };
	struct text t = { .n = 0 };
	const struct value *where = told_by(c, names, &t);
	char escapes[32];

	prefix_tell(text_of(c, LOG_LINE_PREFIX), escapes, sizeof(escapes));
	if (*escapes) {
		text_add(&t, known[LOG_LINE_PREFIX].name, escapes);
		where = where ? where : &c->value[LOG_LINE_PREFIX];
	}
	if (t.n == 0)
		return;
	report(c,
		(struct doctor_finding){
			.check = "postgresql-clients",
			.subject = c->name,
			.severity = DOCTOR_MEDIUM,
			.what = N_("PostgreSQL writes who connects, and from where, to its log"),
			.proof = t.s,
		},
		where);
}

struct told {
	struct cluster *c;
	struct text t;
};

/* Does TEXT, "name=value", let sessions say more than the cluster's own settings do? */
static void
setting_seen(void *ctx, uint32_t role, uint32_t database, const char *text)
{
	struct told *told = ctx;
	struct cluster *c = told->c;
	const char *equals = strchr(text, '=');
	char value[160];

	for (int i = LOG_CONNECTIONS; equals && i < NAMES; i++) {
		struct value own = c->value[i];
		bool more;

		if (strlen(known[i].name) != (size_t)(equals - text) ||
			strncasecmp(known[i].name, text, (size_t)(equals - text)) != 0)
			continue;
		(void)snprintf(c->value[i].text, sizeof(c->value[i].text), "%s", equals + 1);
		more = tells(c, (enum name)i) && strcasecmp(own.text, equals + 1) != 0;
		c->value[i] = own;
		(void)snprintf(value, sizeof(value), "%.80s (setrole %u, setdatabase %u)",
			equals + 1, role, database);
		if (more)
			text_add(&told->t, known[i].name, value);
	}
}

/* Roles are named by their number, since their names may be people's. */
static void
roles_judge(struct cluster *c)
{
	struct told told = { .c = c, .t = { .n = 0 } };
	struct value where = { .line = 0 };
	const uint32_t number = *c->data ? postgres_role_settings(
						   c->doctor, c->data, setting_seen, &told)
					 : 0;

	if (told.t.n == 0)
		return;
	(void)snprintf(where.file, sizeof(where.file), "%.4000s/global/%u", c->data, number);
	report(c,
		(struct doctor_finding){
			.check = "postgresql-roles",
			.subject = c->name,
			.severity = DOCTOR_HIGH,
			.what = N_("PostgreSQL writes more of some roles or databases to its log"),
			.proof = told.t.s,
			.mend = N_("psql's \\drds tells the names; take back for each:"),
			.lines = "ALTER ROLE role RESET setting;\n"
				 "ALTER ROLE role IN DATABASE database RESET setting;\n"
				 "ALTER DATABASE database RESET setting;",
		},
		&where);
}

/* What logrotate does with the files is its own check's matter. */
static void
age_judge(struct cluster *c, const char *path)
{
	const int64_t keeps = keeps_s(c), period_s = doctor_period_s(c->doctor, path);
	const struct value *where = &c->value[LOG_TRUNCATE_ON_ROTATION];
	struct text t = { .n = 0 };

	if ((keeps >= 0 && keeps <= period_s) || rotations_find(c->doctor->rotations, path))
		return;
	text_add(&t, known[LOG_FILENAME].name, text_of(c, LOG_FILENAME));
	text_add(&t, known[LOG_ROTATION_AGE].name, text_of(c, LOG_ROTATION_AGE));
	text_add(&t, known[LOG_TRUNCATE_ON_ROTATION].name, text_of(c, LOG_TRUNCATE_ON_ROTATION));
	if (t.n < sizeof(t.s) && keeps < 0)
		(void)snprintf(
			t.s + t.n, sizeof(t.s) - t.n, ": %s", _("a line has no greatest age"));
	else if (t.n < sizeof(t.s))
		(void)snprintf(t.s + t.n, sizeof(t.s) - t.n,
			_(": a line gets up to %lld days old, its period is %lld"),
			(long long)(keeps + DAY - 1) / DAY, (long long)period_s / DAY);
	report(c,
		(struct doctor_finding){
			.check = "postgresql-age",
			.subject = path,
			.severity = DOCTOR_HIGH,
			.what = N_("files of PostgreSQL's logging collector outlive their period"),
			.proof = t.s,
		},
		*where->file ? where : &c->value[LOGGING_COLLECTOR]);
}

static void
mode_judge(struct cluster *c, const char *path)
{
	const long mode = strtol(text_of(c, LOG_FILE_MODE), NULL, 0);

	if ((mode & 0007) == 0)
		return;
	report(c,
		(struct doctor_finding){
			.check = "postgresql-mode",
			.subject = path,
			.severity = DOCTOR_MEDIUM,
			.what = N_("every user of the machine may read PostgreSQL's log"),
			.proof = text_of(c, LOG_FILE_MODE),
			.mend = N_("Write this instead, and reload PostgreSQL:"),
			.lines = "log_file_mode = 0640",
		},
		&c->value[LOG_FILE_MODE]);
}

/* --- where it goes ---------------------------------------------------------------------------- */

static bool
goes_to(const struct cluster *c, const char *destination)
{
	return strcasestr(text_of(c, LOG_DESTINATION), destination) != NULL;
}

static bool
collector_judge(struct cluster *c)
{
	const char *dir = text_of(c, LOG_DIRECTORY);
	char path[PATH_MAX + 1100];

	(void)snprintf(path, sizeof(path), "%s%s%s/%s", *dir == '/' ? "" : c->data,
		*dir == '/' ? "" : "/", dir, text_of(c, LOG_FILENAME));
	if (!doctor_on_disk(c->doctor, path))
		return false;
	log_report(
		c, path, N_("PostgreSQL writes a raw log to a disk"), &c->value[LOGGING_COLLECTOR]);
	age_judge(c, path);
	mode_judge(c, path);
	return true;
}

/* Of a server without a collector. */
static bool
stderr_judge(struct cluster *c)
{
	if (c->server && !c->server->stderr_file)
		return false;
	if (*c->stderr_file ? !doctor_on_disk(c->doctor, c->stderr_file)
			    : !doctor_syslog_on_disk(c->doctor))
		return false;
	log_report(c, *c->stderr_file ? c->stderr_file : "stderr",
		N_("PostgreSQL writes a raw log to a disk"), &c->value[LOG_DESTINATION]);
	return true;
}

static bool
syslog_judge(struct cluster *c)
{
	if (!doctor_syslog_on_disk(c->doctor))
		return false;
	log_report(c, "syslog",
		N_("PostgreSQL gives raw lines to syslog, which writes them to a disk"),
		&c->value[LOG_DESTINATION]);
	return true;
}

/* csvlog and jsonlog are the collector's alone; without one their lines go to stderr. */
static void
cluster_judge(struct cluster *c)
{
	const bool lines = goes_to(c, "stderr") || goes_to(c, "csvlog") || goes_to(c, "jsonlog");
	bool raw = false;

	if (lines && is_on(c, LOGGING_COLLECTOR))
		raw = collector_judge(c);
	else if (lines)
		raw = stderr_judge(c);
	if (goes_to(c, "syslog") && syslog_judge(c))
		raw = true;
	if (!raw)
		return;
	statements_judge(c);
	clients_judge(c);
	roles_judge(c);
}

/* --- clusters --------------------------------------------------------------------------------- */

static void
presets_take(struct cluster *c)
{
	for (size_t i = 0; i < NAMES; i++)
		(void)snprintf(c->value[i].text, sizeof(c->value[i].text), "%s", known[i].preset);
}

/* The folder of c->conf is the cluster's. */
static void
cluster_look(struct cluster *c)
{
	char path[PATH_MAX + 32];

	presets_take(c);
	file_read(c, c->conf);
	if (*text_of(c, DATA_DIRECTORY))
		(void)snprintf(c->data, sizeof(c->data), "%s", text_of(c, DATA_DIRECTORY));
	(void)snprintf(path, sizeof(path), "%s/postgresql.auto.conf", c->data);
	file_read(c, path);
	cluster_judge(c);
}

static struct cluster *
cluster_new(struct doctor *d, const char *conf)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (!c) {
		d->failed = true;
		return NULL;
	}
	c->doctor = d;
	c->conf = conf;
	c->depth = INCLUDE_DEEP;
	return c;
}

static void
options_take(struct cluster *c, const struct postgres_server *s)
{
	for (size_t i = 0; i < s->n_options; i++) {
		const char *equals = strchr(s->option[i], '=');
		char name[64];

		if (snprintf(name, sizeof(name), "%.*s", (int)(equals - s->option[i]),
			    s->option[i]) < (int)sizeof(name))
			assign(c, name, equals + 1, s->file, 0);
	}
}

void
postgres_judge(struct doctor *d, const struct postgres_server *s)
{
	struct cluster *c = cluster_new(d, s->file);
	struct value *log;
	char path[PATH_MAX];

	if (!c)
		return;
	c->server = s;
	(void)snprintf(c->name, sizeof(c->name), "%s", s->name);
	(void)snprintf(c->data, sizeof(c->data), "%s", s->data);
	(void)snprintf(
		c->stderr_file, sizeof(c->stderr_file), "%s", s->stderr_file ? s->stderr_file : "");
	presets_take(c);
	if (snprintf(path, sizeof(path), "%s/postgresql.conf", s->data) < PATH_MAX)
		file_read(c, path);
	if (snprintf(path, sizeof(path), "%s/postgresql.auto.conf", s->data) < PATH_MAX)
		file_read(c, path);
	options_take(c, s);
	log = &c->value[LOG_DIRECTORY];
	if (*log->text == '/') {
		s->place(s->ctx, log->text, path);
		(void)snprintf(log->text, sizeof(log->text), "%.511s", path);
	}
	cluster_judge(c);
	free(c);
}

/* One that nobody can start: pg_ctlcluster refuses. */
static bool
is_disabled(struct doctor *d, const char *dir)
{
	char path[PATH_MAX + 16];
	size_t len;
	cleanup_mem char *text = NULL;
	struct words w;
	bool disabled;

	(void)snprintf(path, sizeof(path), "%s/start.conf", dir);
	text = tree_text(&d->tree, path, &len);
	if (!text)
		return false;
	words_init(&w, text, len, WORDS_LINES);
	disabled = words_next(&w) && words_is(&w, 0, "disabled");
	words_release(&w);
	return disabled;
}

/* /etc/postgresql/15/main/postgresql.conf, of Debian's postgresql-common */
static void
debian_seen(void *ctx, const char *path)
{
	struct doctor *d = ctx;
	const char *version = path + strlen("/etc/postgresql/"), *end = strrchr(path, '/');
	const int n = (int)(end - version);
	struct cluster *c;
	char dir[PATH_MAX], link[PATH_MAX + 8];

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(end - path), path);
	if (is_disabled(d, dir) || !(c = cluster_new(d, path)))
		return;
	(void)snprintf(c->name, sizeof(c->name), "%.*s", n, version);
	(void)snprintf(c->data, sizeof(c->data), "/var/lib/postgresql/%s", c->name);
	(void)snprintf(link, sizeof(link), "%s/log", dir);
	if (!tree_link(&d->tree, link, c->stderr_file)) {
		const char *slash = strchr(c->name, '/');

		(void)snprintf(c->stderr_file, sizeof(c->stderr_file),
			"/var/log/postgresql/postgresql-%.*s-%s.log",
			slash ? (int)(slash - c->name) : 0, c->name, slash ? slash + 1 : "");
	}
	cluster_look(c);
	free(c);
}

/* Its configuration lies beside its data: what the project's own packages and initdb do. */
static void
data_seen(void *ctx, const char *path)
{
	struct doctor *d = ctx;
	struct cluster *c = cluster_new(d, path);

	if (!c)
		return;
	(void)snprintf(c->data, sizeof(c->data), "%.*s", (int)(strrchr(path, '/') - path), path);
	(void)snprintf(c->name, sizeof(c->name), "%.255s", c->data);
	cluster_look(c);
	free(c);
}

void
doctor_postgres(struct doctor *d)
{
	static const char *const data[] = { "/var/lib/pgsql/data/postgresql.conf",
		"/var/lib/pgsql/*/data/postgresql.conf", "/var/lib/postgres/data/postgresql.conf",
		"/var/lib/postgresql/data/postgresql.conf",
		"/var/lib/postgresql/*/data/postgresql.conf" };

	if (!doctor_unit_is_off(d, "postgresql.service"))
		tree_glob(&d->tree, "/etc/postgresql/*/*/postgresql.conf", debian_seen, d);
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		tree_glob(&d->tree, data[i], data_seen, d);
	postgres_containers(d);
}
