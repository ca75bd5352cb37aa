/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HAProxy: where frontends send the lines of their clients. A frontend logs to its own "log" lines,
 * or to those of the defaults before it, of which "log global" means those of the global section; in
 * the format of its last option, or that of the defaults. The sections of all files are one.
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

#define TARGETS_MAX 16

struct target {
	char address[256]; /* "global" is a reference */
	char file[PATH_MAX];
	unsigned line;
};

struct section {
	struct target target[TARGETS_MAX];
	size_t n_targets;
	bool own_targets;   /* what is inherited is out */
	char personal[256]; /* of its format; "": nothing of a person */
	char format_name[32];
};

struct haproxy {
	struct doctor *doctor;
	const char *file;
	struct section global, defaults, front;
	struct section *now;
	bool now_is_front;
};

/* --- formats ---------------------------------------------------------------------------------- */

/* Variables of log-format that tell of a person, and parts of sample expressions that do. */
static void
personal_collect(const char *format, char *ret, size_t size)
{
	static const char *const variables[] = { "ci", "cp", "hr", "hrl", "hs", "hsl", "r", "HP",
		"HPO", "HU", "HQ", "CC", "CS", "U", "HM+" };
	static const char *const samples[] = { "src", "capture.", "hdr(", "path", "url", "query",
		"cookie", "ssl_c_", "req.", "var(" };
	size_t n = 0;

	ret[0] = '\0';
	for (const char *p = strchr(format, '%'); p && n < size; p = strchr(p, '%')) {
		size_t len;

		p++;
		if (*p == '%') {
			p++;
			continue;
		}
		if (*p == '{') /* flags */
			p += strcspn(p, "}") + (p[strcspn(p, "}")] == '}');
		if (*p == '[') {
			char expression[256];

			(void)snprintf(expression, sizeof(expression), "%.*s",
				(int)strcspn(p + 1, "]"), p + 1);
			for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
				if (strstr(expression, samples[i])) {
					n += (size_t)snprintf(ret + n, size - n, "%s%%[%s]",
						n ? ", " : "", expression);
					break;
				}
			}
			continue;
		}
		len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
		for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]) && n < size; i++) {
			if (strlen(variables[i]) == len && strncmp(variables[i], p, len) == 0)
				n += (size_t)snprintf(
					ret + n, size - n, "%s%%%s", n ? ", " : "", variables[i]);
		}
	}
}

static void
format_set(struct section *s, const char *name, const char *personal)
{
	(void)snprintf(s->format_name, sizeof(s->format_name), "%s", name);
	(void)snprintf(s->personal, sizeof(s->personal), "%s", personal);
}

static void
option_take(struct section *s, const char *name)
{
	if (strcmp(name, "httplog") == 0 || strcmp(name, "httpslog") == 0)
		format_set(s, name, "%ci, %cp, %hr, %r");
	else if (strcmp(name, "tcplog") == 0)
		format_set(s, name, "%ci, %cp");
}

/* --- findings --------------------------------------------------------------------------------- */

static bool
is_this_machine(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "localhost", 9) == 0 ||
	       strncmp(address, "ipv4@127.", 9) == 0 || strncmp(address, "[::1]", 5) == 0 ||
	       strncmp(address, "::1", 3) == 0 || strncmp(address, "udp@127.", 8) == 0;
}

/* Leaves the kind of address out: "unix@/dev/log" is "/dev/log". */
static const char *
path_of(const char *address)
{
	const char *at = strchr(address, '@');

	if (at && at[1] == '/')
		return at + 1;
	return *address == '/' ? address : NULL;
}

static void
target_judge(struct haproxy *h, const struct target *t, const struct section *front)
{
	const char *path = path_of(t->address), *what;
	char proof[400], lines[1000];
	bool remote;

	if (strncmp(t->address, "stdout", 6) == 0 || strncmp(t->address, "stderr", 6) == 0 ||
		strncmp(t->address, "fd@", 3) == 0)
		path = "/dev/log"; /* the unit's output is the journal's */
	if (strncmp(t->address, "ring@", 5) == 0)
		return;
	remote = !path && !is_this_machine(t->address);
	if (!remote && !(path && strstr(path, "/dev/log")) &&
		!(path && strstr(path, "/systemd/journal/")) && path)
		return; /* a socket of somebody's own */
	if (!remote && !doctor_syslog_on_disk(h->doctor))
		return;
	what = remote ? N_("HAProxy sends raw lines to another machine")
		      : N_("HAProxy gives raw lines to syslog, which writes them to a disk");
	(void)snprintf(proof, sizeof(proof), "%s: %s", front->format_name, front->personal);
	(void)snprintf(lines, sizeof(lines), "%s%s", raw_off(RAW_OFF_HAPROXY),
		raw_off(RAW_OFF_HAPROXY_UNIT));
	doctor_report(h->doctor, &(struct doctor_finding){
					 .check = remote ? "haproxy-remote-log" : "haproxy-log",
					 .subject = remote ? NULL
						    : path ? path
							   : "syslog",
					 .severity = remote ? DOCTOR_MEDIUM : DOCTOR_HIGH,
					 .what = what,
					 .file = t->file,
					 .line = t->line,
					 .proof = proof,
					 .row = ROW_LOGS,
					 .mend = N_("Write this instead, and restart HAProxy:"),
					 .lines = lines,
				 });
}

static void
targets_judge(struct haproxy *h, const struct section *from, const struct section *front)
{
	for (size_t i = 0; i < from->n_targets; i++) {
		if (strcmp(from->target[i].address, "global") != 0)
			target_judge(h, &from->target[i], front);
		else if (from != &h->global)
			targets_judge(h, &h->global, front);
	}
}

/* A frontend is whole when the next section begins. */
static void
section_end(struct haproxy *h)
{
	if (h->now_is_front && *h->front.personal)
		targets_judge(h, &h->front, &h->front);
	h->now_is_front = false;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool
section_begin(struct haproxy *h, const struct words *w)
{
	static const char *const others[] = { "backend", "peers", "resolvers", "userlist",
		"mailers", "program", "http-errors", "ring", "log-forward", "cache", "fcgi-app",
		"crt-store", "traces", "acme", NULL };
	const char *name = words_get(w, 0);

	if (strcmp(name, "global") == 0) {
		section_end(h);
		h->now = &h->global;
		return true;
	}
	if (strcmp(name, "defaults") == 0) {
		section_end(h);
		h->defaults = (struct section){ 0 };
		/* of a connection, without any option: "Connect from ADDRESS:PORT to …" */
		format_set(&h->defaults, "log", "%ci, %cp");
		h->now = &h->defaults;
		return true;
	}
	if (strcmp(name, "frontend") == 0 || strcmp(name, "listen") == 0) {
		section_end(h);
		h->front = h->defaults;
		h->front.own_targets = false;
		h->now = &h->front;
		h->now_is_front = true;
		return true;
	}
	for (size_t i = 0; others[i]; i++) {
		if (strcmp(name, others[i]) == 0) {
			section_end(h);
			h->now = NULL;
			return true;
		}
	}
	return false;
}

static void
log_take(struct haproxy *h, const struct words *w)
{
	struct section *s = h->now;
	struct target *t;

	if (!s->own_targets) { /* its own ones take the place of the defaults' */
		s->own_targets = true;
		s->n_targets = 0;
	}
	if (s->n_targets == TARGETS_MAX)
		return;
	t = &s->target[s->n_targets++];
	*t = (struct target){ .line = w->line };
	(void)snprintf(t->address, sizeof(t->address), "%s", words_get(w, 1));
	(void)snprintf(t->file, sizeof(t->file), "%s", h->file);
}

static void
statement_take(struct haproxy *h, const struct words *w)
{
	const char *name = words_get(w, 0);

	if (section_begin(h, w) || !h->now)
		return;
	if (strcmp(name, "log") == 0)
		log_take(h, w);
	else if (strcmp(name, "no") == 0 && words_is(w, 1, "log"))
		h->now->own_targets = true, h->now->n_targets = 0;
	else if (strcmp(name, "option") == 0)
		option_take(h->now, words_get(w, 1));
	else if (strcmp(name, "log-format") == 0) {
		char personal[256];

		personal_collect(words_get(w, 1), personal, sizeof(personal));
		format_set(h->now, name, personal);
	}
}

static void
file_seen(void *ctx, const char *path)
{
	struct haproxy *h = ctx;
	size_t len;
	cleanup_mem char *text = tree_text(&h->doctor->tree, path, &len);
	struct words w;

	if (!text)
		return;
	h->file = path;
	words_init(&w, text, len, WORDS_LINES | WORDS_COMMENTS);
	while (words_next(&w))
		statement_take(h, &w);
	words_release(&w);
	section_end(h);
}

void
doctor_haproxy(struct doctor *d)
{
	struct haproxy *h = calloc(1, sizeof(*h));

	if (!h) {
		d->failed = true;
		return;
	}
	h->doctor = d;
	format_set(&h->defaults, "log", "%ci, %cp");
	tree_glob(&d->tree, "/etc/haproxy/haproxy.cfg", file_seen, h);
	tree_glob(&d->tree, "/etc/haproxy/conf.d/*.cfg", file_seen, h);
	free(h);
}
