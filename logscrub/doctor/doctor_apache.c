/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Apache: CustomLog, TransferLog, GlobalLog, ErrorLog and ForensicLog of the configuration with all
 * that it includes. Conditions (<IfModule>, <IfDefine>, env=) are taken as met.
 */
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define INCLUDE_DEEP  16
#define FILES_MAX     2000
#define VARIABLES_MAX 256
#define FORMATS_MAX   256

struct pair {
	char *name, *value;
};

struct pairs {
	struct pair v[VARIABLES_MAX];
	size_t n;
};

/* A CustomLog waits for the format's name to be known: it may be declared later. */
struct waiting {
	char *file, *target, *format;
	unsigned line;
};

struct apache {
	struct doctor *doctor;
	const char *root; /* ServerRoot */
	unsigned depth, n_files;
	bool has_error_log;
	struct pairs variables, formats;
	char *server_root;
	struct waiting *waiting;
	size_t n_waiting;
};

static void
pair_set(struct pairs *p, const char *name, const char *value)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->v[i].name, name) != 0)
		i++;
	if (i == VARIABLES_MAX)
		return;
	if (i < p->n) {
		free(p->v[i].name);
		free(p->v[i].value);
		p->v[i] = p->v[--p->n];
		i = p->n;
	}
	p->v[i] = (struct pair){ strdup(name), strdup(value) };
	if (p->v[i].name && p->v[i].value) {
		p->n++;
	} else {
		free(p->v[i].name);
		free(p->v[i].value);
	}
}

static const char *
pair_get(const struct pairs *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i].name, name) == 0)
			return p->v[i].value;
	}
	return NULL;
}

static void
pairs_release(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].name);
		free(p->v[i].value);
	}
}

/* ${NAME} put in; what is not known stays. */
static void
expand(const struct apache *a, const char *text, char *ret, size_t size)
{
	size_t n = 0;

	while (*text && n + 1 < size) {
		const char *end = strncmp(text, "${", 2) == 0 ? strchr(text, '}') : NULL;
		char name[128];
		const char *value = NULL;

		if (end && (size_t)(end - text) < sizeof(name)) {
			(void)snprintf(name, sizeof(name), "%.*s", (int)(end - text) - 2, text + 2);
			value = pair_get(&a->variables, name);
		}
		if (value) {
			n += (size_t)snprintf(ret + n, size - n, "%s", value);
			n = n < size ? n : size - 1;
			text = end + 1;
		} else
			ret[n++] = *text++;
	}
	ret[n] = '\0';
}

/* --- what a LogFormat holds ------------------------------------------------------------------- */

/* The name of the directive at P, which is behind its %, as in "h", "{Referer}i", "{c}a". */
static bool
is_personal_directive(const char *p, char *ret, size_t size)
{
	const char *start = p, *inner = NULL;
	size_t inner_len = 0;

	p += strspn(p, "!<>0123456789,");
	if (*p == '{') {
		inner = p + 1;
		inner_len = strcspn(inner, "}");
		p = inner + inner_len + (inner[inner_len] == '}');
	}
	(void)snprintf(ret, size, "%%%.*s%c", (int)(p - start), start, *p);
	switch (*p) {
	case 'h': /* host or address of the client */
	case 'a':
	case 'l':
	case 'u':
	case 'r':
	case 'q':
	case 'U':
	case 'f':
	case 'C':
	case 'n':
	case 'e':
	case 'x':
		return true;
	case 'i': /* a header that the client sent */
		return !(inner &&
			 ((inner_len == 4 && strncasecmp(inner, "Host", 4) == 0) ||
				 (inner_len == 7 && strncasecmp(inner, "Upgrade", 7) == 0)));
	case 'p':
		return inner && strncmp(inner, "remote", 6) == 0;
	default:
		return false;
	}
}

static void
personal_collect(const char *format, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (const char *p = strchr(format, '%'); p; p = strchr(p, '%')) {
		char name[64];

		p++;
		if (*p == '%') {
			p++;
			continue;
		}
		if (is_personal_directive(p, name, sizeof(name)) && n < size)
			n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", name);
	}
}

static void
format_personal(const struct apache *a, const char *format, char *ret, size_t size)
{
	static const char common[] = "%h %l %u %t \"%r\" %>s %b";
	const char *known = pair_get(&a->formats, format);

	if (known)
		personal_collect(known, ret, size);
	else if (strchr(format, '%'))
		personal_collect(format, ret, size);
	else if (*format == '\0' || strcmp(format, "common") == 0)
		personal_collect(common, ret, size);
	else
		(void)snprintf(ret, size, "%s", _("a LogFormat that is not declared"));
}

/* --- where it goes ---------------------------------------------------------------------------- */

/* A pipe to a program that writes what it gets to a file as it is. */
static bool
is_raw_pipe(const char *command)
{
	static const char *const raw[] = { "rotatelogs", "cronolog", "tee ", "httplog", " >" };

	if (strstr(command, "logscrub"))
		return false;
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		if (strstr(command, raw[i]))
			return true;
	}
	return false;
}

/* What the log is, for its id; NULL where it reaches no disk. */
static const char *
target_of(struct apache *a, const char *target, char *ret, size_t size)
{
	if (*target == '|') {
		const char *command = target + 1 + strspn(target + 1, "|$ ");

		(void)snprintf(ret, size, "|%.*s", (int)strcspn(command, " "), command);
		return is_raw_pipe(command) ? ret : NULL;
	}
	if (strncasecmp(target, "syslog", 6) == 0 || strncasecmp(target, "journald", 8) == 0)
		return doctor_syslog_on_disk(a->doctor) ? "syslog" : NULL;
	(void)snprintf(ret, size, "%s%s%s", *target == '/' ? "" : a->root,
		*target == '/' ? "" : "/", target);
	return doctor_on_disk(a->doctor, ret) ? ret : NULL;
}

static void
log_report(struct apache *a, const char *file, unsigned line, const char *target, bool is_access,
	const char *proof)
{
	char real[PATH_MAX];
	const char *subject = target_of(a, target, real, sizeof(real));

	if (!subject || *target == '\0')
		return;
	doctor_report(a->doctor,
		&(struct doctor_finding){
			.check = is_access ? "apache-access-log" : "apache-error-log",
			.subject = subject,
			.severity = is_access ? DOCTOR_HIGH : DOCTOR_MEDIUM,
			.what = is_access ? N_("Apache writes a raw access log to a disk")
					  : N_("Apache writes a raw error log to a disk"),
			.file = file,
			.line = line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_("Write this instead, and reload Apache:"),
			.lines = raw_off(RAW_OFF_APACHE),
		});
}

static void
access_log_take(struct apache *a, const struct words *w, const char *file)
{
	struct waiting *v = reallocarray(a->waiting, a->n_waiting + 1, sizeof(*v));
	char target[PATH_MAX];

	if (!v) {
		a->doctor->failed = true;
		return;
	}
	a->waiting = v;
	expand(a, words_get(w, 1), target, sizeof(target));
	v += a->n_waiting;
	*v = (struct waiting){ .line = w->line };
	v->file = strdup(file);
	v->target = strdup(target);
	v->format = strdup(words_is(w, 0, "TransferLog") ? "" : words_get(w, 2));
	a->n_waiting++;
}

static void
access_logs_judge(struct apache *a)
{
	for (size_t i = 0; i < a->n_waiting; i++) {
		const struct waiting *v = &a->waiting[i];
		char personal[512], proof[600];

		if (!v->file || !v->target || !v->format)
			continue;
		format_personal(a, v->format, personal, sizeof(personal));
		(void)snprintf(proof, sizeof(proof), "%s: %s",
			strchr(v->format, '%') ? "LogFormat"
			: *v->format           ? v->format
					       : "common",
			personal);
		if (*personal)
			log_report(a, v->file, v->line, v->target, true, proof);
	}
}

static void
error_log_take(struct apache *a, const char *value, const char *file, unsigned line)
{
	char target[PATH_MAX];

	a->has_error_log = true;
	expand(a, value, target, sizeof(target));
	log_report(a, file, line, target, false, _("client addresses, user names, referrers"));
}

/* --- reading ---------------------------------------------------------------------------------- */

static void file_read(struct apache *a, const char *path);

static void
folder_read(struct apache *a, const char *folder)
{
	struct tree_names names;

	tree_list(&a->doctor->tree, folder, &names);
	for (size_t i = 0; i < names.n; i++) {
		char path[PATH_MAX];

		if (strlen(folder) + strlen(names.v[i]) + 2 > sizeof(path))
			continue;
		(void)stpcpy(stpcpy(stpcpy(path, folder), "/"), names.v[i]);
		file_read(a, path);
	}
	tree_names_release(&names);
}

static void
include_seen(void *ctx, const char *path)
{
	struct apache *a = ctx;
	cleanup_fd int fd = tree_fd(&a->doctor->tree, path, O_PATH | O_DIRECTORY, NULL);

	if (fd >= 0 && a->depth > 0) {
		a->depth--;
		folder_read(a, path);
		a->depth++;
	} else
		file_read(a, path);
}

static void
include_read(struct apache *a, const char *pattern)
{
	char value[PATH_MAX], full[PATH_MAX];

	expand(a, pattern, value, sizeof(value));
	if (strlen(a->root) + strlen(value) + 2 > sizeof(full))
		return;
	if (*value == '/')
		memcpy(full, value, strlen(value) + 1);
	else
		(void)stpcpy(stpcpy(stpcpy(full, a->root), "/"), value);
	tree_glob(&a->doctor->tree, full, include_seen, a);
}

static void
root_set(struct apache *a, const char *root)
{
	char *copy = *root == '/' ? strdup(root) : NULL;

	if (!copy)
		return;
	free(a->server_root);
	a->root = a->server_root = copy;
}

static void
statement_take(struct apache *a, const struct words *w, const char *file)
{
	if (words_is(w, 0, "CustomLog") || words_is(w, 0, "TransferLog") ||
		words_is(w, 0, "GlobalLog"))
		access_log_take(a, w, file);
	else if (words_is(w, 0, "ForensicLog"))
		log_report(
			a, file, w->line, words_get(w, 1), true, _("all headers of each request"));
	else if (words_is(w, 0, "ErrorLog"))
		error_log_take(a, words_get(w, 1), file, w->line);
	else if (words_is(w, 0, "LogFormat"))
		pair_set(&a->formats, words_get(w, 2), words_get(w, 1));
	else if (words_is(w, 0, "Define"))
		pair_set(&a->variables, words_get(w, 1), words_get(w, 2));
	else if (words_is(w, 0, "ServerRoot"))
		root_set(a, words_get(w, 1));
	else if (words_is(w, 0, "Include") || words_is(w, 0, "IncludeOptional"))
		include_read(a, words_get(w, 1));
}

static void
file_read(struct apache *a, const char *path)
{
	size_t len;
	cleanup_mem char *text = NULL;
	struct words w;

	if (a->depth == 0 || a->n_files >= FILES_MAX)
		return;
	text = tree_text(&a->doctor->tree, path, &len);
	if (!text)
		return;
	a->depth--;
	a->n_files++;
	words_init(&w, text, len, WORDS_LINES | WORDS_CONTINUED);
	while (words_next(&w))
		statement_take(a, &w, path);
	words_release(&w);
	a->depth++;
}

/* envvars is shell; of it only "export NAME=value" is read. */
static void
envvars_read(struct apache *a, const char *path)
{
	size_t len;
	cleanup_mem char *text = tree_text(&a->doctor->tree, path, &len);
	struct words w;

	pair_set(&a->variables, "APACHE_LOG_DIR", "/var/log/apache2");
	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES);
	while (words_next(&w)) {
		const char *word = words_get(&w, words_is(&w, 0, "export"));
		const size_t n = strcspn(word, "=$ ");
		char name[64], value[PATH_MAX];

		if (word[n] != '=' || n >= sizeof(name))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, word);
		/* "/var/log/apache2$SUFFIX": the suffix is that of a second instance */
		(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(word + n + 1, "$"),
			word + n + 1);
		pair_set(&a->variables, name, value);
	}
	words_release(&w);
}

static void
apache_release(struct apache *a)
{
	for (size_t i = 0; i < a->n_waiting; i++) {
		free(a->waiting[i].file);
		free(a->waiting[i].target);
		free(a->waiting[i].format);
	}
	free(a->waiting);
	free(a->server_root);
	pairs_release(&a->variables);
	pairs_release(&a->formats);
}

void
doctor_apache(struct doctor *d)
{
	static const struct {
		const char *file, *root, *envvars;
	} places[] = {
		{ "/etc/apache2/apache2.conf", "/etc/apache2", "/etc/apache2/envvars" },
		{ "/etc/httpd/conf/httpd.conf", "/etc/httpd", "/etc/sysconfig/httpd" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct apache *a = NULL;

		if (!tree_has(&d->tree, places[i].file))
			continue;
		a = calloc(1, sizeof(*a));
		if (!a) {
			d->failed = true;
			return;
		}
		a->doctor = d;
		a->root = places[i].root;
		a->depth = INCLUDE_DEEP;
		envvars_read(a, places[i].envvars);
		file_read(a, places[i].file);
		access_logs_judge(a);
		if (!a->has_error_log)
			error_log_take(a, "logs/error_log", places[i].file, 0);
		apache_release(a);
		free(a);
	}
}
