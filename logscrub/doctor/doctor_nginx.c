/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * nginx: access_log and error_log of the configuration with all that it includes. What a server
 * declares takes the place of what its http block declares; without any, nginx logs to a file. A path
 * with a variable is each path that the variable's map, geo, split_clients or set can give it.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define INCLUDE_DEEP   16
#define FILES_MAX      2000
#define ITEMS_MAX      100000
#define VARIABLES_DEEP 4    /* in one path */
#define PATHS_MAX      1000 /* of one log */

struct log_format {
	char *name;
	char *personal; /* its variables that tell of a person: "$remote_addr, $request" */
};

enum scope_kind { SCOPE_MAIN, SCOPE_HTTP, SCOPE_SERVER, SCOPE_STREAM, SCOPE_MAP, SCOPE_OTHER };

struct scope {
	enum scope_kind kind;
	size_t parent;
	char *file;
	unsigned line;
	bool has_access, has_error;
	char *variable; /* of a map: what it sets, or NULL */
};

struct variable { /* one value that it may have */
	char *name, *value;
};

struct log {
	bool is_access;
	size_t scope;
	char *path, *format; /* format: of an error log its level */
	char *file;
	unsigned line;
};

struct nginx {
	struct doctor *doctor;
	const char *conf_dir;    /* where relative includes begin */
	const char *prefix;      /* where relative logs begin */
	const char *default_dir; /* of the logs that are compiled in */
	unsigned depth, n_files;
	struct scope *scope;
	size_t n_scopes;
	struct log *log;
	size_t n_logs;
	struct log_format *format;
	size_t n_formats;
	struct variable *variable;
	size_t n_variables;
};

/* One more of an array of N, zeroed; NULL when there are too many. */
static void *
item_add(struct nginx *g, void *array, size_t *n, size_t size)
{
	void *v, *more;

	memcpy(&v, array, sizeof(v)); /* its type is the caller's own */
	if (*n >= ITEMS_MAX)
		return NULL;
	if ((*n & (*n - 1)) == 0) { /* room for a power of two */
		more = reallocarray(v, *n ? 2 * *n : 1, size);
		if (!more) {
			g->doctor->failed = true;
			return NULL;
		}
		memcpy(array, &more, sizeof(more));
		v = more;
	}
	v = (char *)v + (*n)++ * size;
	return memset(v, 0, size);
}

/* --- what a log_format holds ------------------------------------------------------------------ */

static bool
is_personal_variable(const char *name, size_t len)
{
	static const char *const whole[] = { "remote_addr", "binary_remote_addr", "remote_port",
		"remote_user", "realip_remote_addr", "realip_remote_port", "proxy_protocol_addr",
		"proxy_protocol_port", "proxy_add_x_forwarded_for", "request", "request_uri", "uri",
		"document_uri", "args", "query_string", "request_body", "request_filename",
		"upstream_http_location", "sent_http_location", "sent_http_set_cookie",
		"ssl_session_id", "ssl_preread_server_name" };
	static const char *const begin[] = { "http_", "cookie_", "arg_", "ssl_client_", "geoip" };
	/* headers that a client sends by rule, not about itself */
	static const char *const harmless[] = { "http_host", "http_upgrade", "http_connection",
		"http_accept_encoding" };

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (strlen(harmless[i]) == len && strncmp(name, harmless[i], len) == 0)
			return false;
	}
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		if (strlen(whole[i]) == len && strncmp(name, whole[i], len) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		if (len > strlen(begin[i]) && strncmp(name, begin[i], strlen(begin[i])) == 0)
			return true;
	}
	return false;
}

/* Of a variable's name, behind "$" or "${". */
static size_t
variable_length(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

static void
personal_collect(const char *text, struct buf *ret)
{
	while ((text = strchr(text, '$')) != NULL) {
		size_t n;

		text += 1 + (text[1] == '{');
		n = variable_length(text);
		if (is_personal_variable(text, n)) {
			if (ret->len > 0)
				buf_str(ret, ", ");
			buf_char(ret, '$');
			buf_put(ret, text, n);
		}
		text += n;
	}
}

static void
format_take(struct nginx *g, const struct words *w)
{
	struct log_format *f = item_add(g, &g->format, &g->n_formats, sizeof(*f));
	struct buf b;

	if (!f)
		return;
	buf_init(&b, 1 << 16);
	for (size_t i = 2; i < w->n; i++)
		personal_collect(words_get(w, i), &b);
	buf_char(&b, '\0');
	f->name = strdup(words_get(w, 1));
	f->personal = b.failed ? NULL : TAKE(b.p);
	buf_release(&b);
}

/* What a log of the format NAME tells of persons; "": nothing. */
static const char *
format_personal(const struct nginx *g, const char *name)
{
	if (*name == '\0' || strcmp(name, "combined") == 0)
		return "$remote_addr, $remote_user, $request, $http_referer, $http_user_agent";
	for (size_t i = 0; i < g->n_formats; i++) {
		if (g->format[i].name && strcmp(g->format[i].name, name) == 0)
			return g->format[i].personal ? g->format[i].personal : "";
	}
	return _("a log_format that is not declared");
}

/* --- reading ---------------------------------------------------------------------------------- */

static size_t
scope_open(struct nginx *g, const struct words *w, size_t parent, const char *file)
{
	static const struct {
		const char *name;
		enum scope_kind kind;
	} kinds[] = { { "http", SCOPE_HTTP }, { "server", SCOPE_SERVER },
		{ "stream", SCOPE_STREAM }, { "map", SCOPE_MAP }, { "geo", SCOPE_MAP },
		{ "split_clients", SCOPE_MAP } };
	struct scope *s = item_add(g, &g->scope, &g->n_scopes, sizeof(*s));

	if (!s)
		return parent;
	*s = (struct scope){ .kind = SCOPE_OTHER, .parent = parent, .line = w ? w->line : 0 };
	s->file = strdup(file);
	for (size_t i = 0; w && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(words_get(w, 0), kinds[i].name) == 0)
			s->kind = kinds[i].kind;
	}
	if (!w)
		s->kind = SCOPE_MAIN;
	if (s->kind == SCOPE_MAP && w->n > 1 && *words_get(w, w->n - 1) == '$')
		s->variable = strdup(words_get(w, w->n - 1) + 1);
	return g->n_scopes - 1;
}

static void
log_take(struct nginx *g, const struct words *w, size_t scope, const char *file, bool is_access)
{
	struct log *l = item_add(g, &g->log, &g->n_logs, sizeof(*l));
	const char *second = words_get(w, 2);

	if (is_access)
		g->scope[scope].has_access = true;
	else
		g->scope[scope].has_error = true;
	if (!l)
		return;
	/* access_log PATH FORMAT, or PATH with options alone */
	*l = (struct log){ .is_access = is_access, .scope = scope, .line = w->line };
	l->path = strdup(words_get(w, 1));
	l->format = strdup(strchr(second, '=') ? "" : second);
	l->file = strdup(file);
}

static void file_read(struct nginx *g, const char *path, size_t scope);

struct including {
	struct nginx *nginx;
	size_t scope;
};

static void
include_seen(void *ctx, const char *path)
{
	const struct including *in = ctx;

	file_read(in->nginx, path, in->scope);
}

static void
include_read(struct nginx *g, const char *pattern, size_t scope)
{
	struct including in = { g, scope };
	char full[PATH_MAX];

	if (*pattern == '/')
		(void)snprintf(full, sizeof(full), "%s", pattern);
	else
		(void)snprintf(full, sizeof(full), "%s/%s", g->conf_dir, pattern);
	tree_glob(&g->doctor->tree, full, include_seen, &in);
}

static bool
is_lua(const char *word)
{
	const size_t n = strlen(word);

	return n > 14 && strcmp(word + n - 14, "_by_lua_block") == 0;
}

static void
variable_take(struct nginx *g, const char *name, const char *value)
{
	struct variable *v = item_add(g, &g->variable, &g->n_variables, sizeof(*v));

	if (v)
		*v = (struct variable){ strdup(name), strdup(value) };
}

/* "KEY VALUE" of a map, or an include of such. */
static void
map_take(struct nginx *g, const struct words *w, size_t scope)
{
	if (w->n == 2 && strcmp(words_get(w, 0), "include") == 0)
		include_read(g, words_get(w, 1), scope);
	else if (w->n == 2 && g->scope[scope].variable)
		variable_take(g, g->scope[scope].variable, words_get(w, 1));
}

static void
statement_take(struct nginx *g, const struct words *w, size_t scope, const char *file)
{
	const char *name = words_get(w, 0);

	if (g->scope[scope].kind == SCOPE_MAP)
		map_take(g, w, scope);
	else if (strcmp(name, "set") == 0 && *words_get(w, 1) == '$')
		variable_take(g, words_get(w, 1) + 1, words_get(w, 2));
	else if (strcmp(name, "access_log") == 0)
		log_take(g, w, scope, file, true);
	else if (strcmp(name, "error_log") == 0)
		log_take(g, w, scope, file, false);
	else if (strcmp(name, "log_format") == 0)
		format_take(g, w);
	else if (strcmp(name, "include") == 0)
		include_read(g, words_get(w, 1), scope);
}

static void
file_read(struct nginx *g, const char *path, size_t scope)
{
	size_t len;
	cleanup_mem char *text = NULL;
	struct words w;

	if (g->depth == 0 || g->n_files >= FILES_MAX)
		return;
	text = tree_text(&g->doctor->tree, path, &len);
	if (!text)
		return;
	g->depth--;
	g->n_files++;
	words_init(&w, text, len, WORDS_BLOCKS);
	while (words_next(&w)) {
		if (w.ended_by == '}')
			scope = g->scope[scope].parent;
		else if (w.ended_by == '{' && is_lua(words_get(&w, 0)))
			words_skip_block(&w);
		else if (w.ended_by == '{')
			scope = scope_open(g, &w, scope, path);
		else
			statement_take(g, &w, scope, path);
	}
	words_release(&w);
	g->depth++;
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool
is_silent(const char *path)
{
	return strcmp(path, "off") == 0 || strcmp(path, "stderr") == 0 ||
	       strcmp(path, "stdout") == 0 || strncmp(path, "memory:", 7) == 0;
}

/* "syslog:server=unix:/dev/log,tag=x": the journal, if it is not a socket of logscrub. */
static bool
syslog_server(const char *path, char *ret, size_t size)
{
	const char *at = strncmp(path, "syslog:", 7) == 0 ? strstr(path, "server=") : NULL;

	if (!at)
		return false;
	(void)snprintf(ret, size, "%.*s", (int)strcspn(at + 7, ","), at + 7);
	return true;
}

static bool
is_this_machine(const char *server)
{
	return strncmp(server, "unix:", 5) == 0 || strncmp(server, "127.", 4) == 0 ||
	       strncmp(server, "[::1]", 5) == 0 || strncmp(server, "localhost", 9) == 0;
}

static bool
is_journal(const char *server)
{
	return strcmp(server, "unix:/dev/log") == 0 ||
	       strncmp(server, "unix:/run/systemd/journal/", 26) == 0;
}

static void
log_report(struct nginx *g, const struct log *l, const char *check, const char *what,
	const char *path, const char *proof)
{
	doctor_report(g->doctor, &(struct doctor_finding){
					 .check = check,
					 .subject = path,
					 .severity = l->is_access ? DOCTOR_HIGH : DOCTOR_MEDIUM,
					 .what = what,
					 .file = l->file,
					 .line = l->line,
					 .proof = proof,
					 .row = ROW_LOGS,
					 .mend = N_("Write this instead, and reload nginx:"),
					 .lines = raw_off(RAW_OFF_NGINX),
				 });
}

static void
syslog_judge(struct nginx *g, const struct log *l, const char *server, const char *proof)
{
	if (!is_this_machine(server))
		log_report(g, l, "nginx-remote-log", N_("nginx sends raw lines to another machine"),
			l->is_access ? "access" : "error", proof);
	else if (is_journal(server) && doctor_syslog_on_disk(g->doctor))
		log_report(g, l, l->is_access ? "nginx-access-log" : "nginx-error-log",
			N_("nginx gives raw lines to syslog, which writes them to a disk"),
			"syslog", proof);
}

/* An error log has addresses and whole requests, but not at the levels that tell of nginx itself. */
static const char *
log_personal(const struct nginx *g, const struct log *l)
{
	if (l->is_access)
		return format_personal(g, l->format);
	if (strcmp(l->format, "alert") == 0 || strcmp(l->format, "emerg") == 0)
		return "";
	return _("client addresses, whole requests and referrers");
}

struct paths {
	struct nginx *nginx;
	const struct log *log;
	const char *proof;
	unsigned depth, n;
};

static void
path_judge(struct nginx *g, const struct log *l, const char *text, const char *proof)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s%s", *text == '/' ? "" : g->prefix,
		*text == '/' ? "" : "/", text);
	if (doctor_on_disk(g->doctor, path))
		log_report(g, l, l->is_access ? "nginx-access-log" : "nginx-error-log",
			l->is_access ? N_("nginx writes a raw access log to a disk")
				     : N_("nginx writes a raw error log to a disk"),
			path, proof);
}

/* PATH with each value that its first variable is known to have. Where none is, as with $host, it
 * stays what it is: whatever it means, it is a file. */
static void
paths_judge(struct paths *s, const char *path)
{
	const char *at = strchr(path, '$');
	const size_t brace = at && at[1] == '{', n = at ? variable_length(at + 1 + brace) : 0;
	bool known = false;

	if (s->n >= PATHS_MAX)
		return;
	for (size_t i = 0; n > 0 && s->depth > 0 && i < s->nginx->n_variables; i++) {
		const struct variable *v = &s->nginx->variable[i];
		char value[PATH_MAX];

		if (!v->name || !v->value || strlen(v->name) != n ||
			strncmp(v->name, at + 1 + brace, n) != 0)
			continue;
		known = true;
		(void)snprintf(value, sizeof(value), "%.*s%.2000s%.2000s", (int)(at - path), path,
			v->value, at + 1 + brace + n + (brace && at[1 + brace + n] == '}'));
		if (*value == '\0') /* nginx cannot open that */
			continue;
		s->depth--;
		paths_judge(s, value);
		s->depth++;
	}
	if (known)
		return;
	s->n++;
	path_judge(s->nginx, s->log, path, s->proof);
}

static void
log_judge(struct nginx *g, const struct log *l)
{
	const char *personal = log_personal(g, l);
	struct paths paths = { .nginx = g, .log = l, .depth = VARIABLES_DEEP };
	char server[300], proof[600];

	if (!l->path || !l->format || !l->file || is_silent(l->path) || *personal == '\0')
		return;
	(void)snprintf(proof, sizeof(proof), "%s: %s",
		*l->format     ? l->format
		: l->is_access ? "combined"
			       : "error",
		personal);
	if (syslog_server(l->path, server, sizeof(server))) {
		syslog_judge(g, l, server, proof);
		return;
	}
	paths.proof = proof;
	paths_judge(&paths, l->path);
}

/* Does what the http block I says, or leaves to nginx, hold for any of its servers? ALONE: what if
 * there is none. */
static bool
is_inherited(const struct nginx *g, size_t i, bool alone)
{
	bool any = false, all_their_own = true;

	for (size_t k = 0; k < g->n_scopes; k++) {
		if (g->scope[k].kind != SCOPE_SERVER || g->scope[k].parent != i)
			continue;
		any = true;
		all_their_own &= g->scope[k].has_access;
	}
	return any ? !all_their_own : alone;
}

static void
defaults_judge(struct nginx *g, size_t i)
{
	const struct scope *s = &g->scope[i];
	struct log l = { .scope = i, .file = s->file, .line = s->line };
	char path[PATH_MAX];
	const bool http = s->kind == SCOPE_HTTP && !s->has_access && is_inherited(g, i, false);

	if (!http && !(s->kind == SCOPE_MAIN && !s->has_error))
		return;
	(void)snprintf(
		path, sizeof(path), "%s/%s", g->default_dir, http ? "access.log" : "error.log");
	l.is_access = http;
	l.path = path;
	l.format = (char *)"";
	log_judge(g, &l);
}

static void
all_judge(struct nginx *g)
{
	for (size_t i = 0; i < g->n_logs; i++) {
		const struct log *l = &g->log[i];

		if (l->is_access && g->scope[l->scope].kind == SCOPE_HTTP &&
			!is_inherited(g, l->scope, true))
			continue;
		log_judge(g, l);
	}
	for (size_t i = 0; i < g->n_scopes; i++)
		defaults_judge(g, i);
}

static void
nginx_release(struct nginx *g)
{
	for (size_t i = 0; i < g->n_scopes; i++) {
		free(g->scope[i].file);
		free(g->scope[i].variable);
	}
	for (size_t i = 0; i < g->n_variables; i++) {
		free(g->variable[i].name);
		free(g->variable[i].value);
	}
	for (size_t i = 0; i < g->n_logs; i++) {
		free(g->log[i].path);
		free(g->log[i].format);
		free(g->log[i].file);
	}
	for (size_t i = 0; i < g->n_formats; i++) {
		free(g->format[i].name);
		free(g->format[i].personal);
	}
	free(g->scope);
	free(g->variable);
	free(g->log);
	free(g->format);
}

/* A tree that has only the parts: they stand in an http block that is elsewhere. */
static void
parts_read(struct nginx *g)
{
	struct including in = { g, 0 };
	static const char *const parts[] = { "/etc/nginx/conf.d/*.conf",
		"/etc/nginx/sites-enabled/*" };

	g->scope[0].has_error = true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		tree_glob(&g->doctor->tree, parts[i], include_seen, &in);
}

void
doctor_nginx(struct doctor *d)
{
	static const struct {
		const char *file, *conf_dir, *prefix, *default_dir;
	} places[] = {
		{ "/etc/nginx/nginx.conf", "/etc/nginx", "/usr/share/nginx", "/var/log/nginx" },
		{ "/usr/local/nginx/conf/nginx.conf", "/usr/local/nginx/conf", "/usr/local/nginx",
			"/usr/local/nginx/logs" },
		{ "/usr/local/openresty/nginx/conf/nginx.conf", "/usr/local/openresty/nginx/conf",
			"/usr/local/openresty/nginx", "/usr/local/openresty/nginx/logs" },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct nginx g = { .doctor = d,
			.conf_dir = places[i].conf_dir,
			.prefix = places[i].prefix,
			.default_dir = places[i].default_dir,
			.depth = INCLUDE_DEEP };

		(void)scope_open(&g, NULL, 0, places[i].file);
		if (g.n_scopes > 0 && tree_has(&d->tree, places[i].file)) {
			file_read(&g, places[i].file, 0);
			all_judge(&g);
		} else if (g.n_scopes > 0 && i == 0) {
			parts_read(&g);
			all_judge(&g);
		}
		nginx_release(&g);
	}
}
