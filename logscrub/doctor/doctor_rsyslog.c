/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rsyslog: which of its outputs write raw lines to a disk or send them to another machine. Both of
 * its languages are read, often mixed in one file: selectors with an action ("auth.* /var/log/x"),
 * property filters (":programname, …"), $Directives, and RainerScript (if … then, action(…)).
 * What cannot be reached because of a "stop" before it is no finding; rsyslog_filter.h says which
 * filters are understood, and where they are not the finding says so.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/rsyslog_filter.h"
#include "record/detect/detect.h"

#define _(text) gettext(text)

#define INCLUDE_DEEP 10
#define FILES_MAX    200
#define VALUE_MAX    4096

struct rsyslog {
	struct doctor *doctor;
	unsigned depth, n_files;
	const char *file;
	struct rsyslog_flow *flow;
	bool follows; /* what comes next stands under the filter that was read */
	bool silent;  /* read for the names in its filters alone */
	/* the text being read */
	const char *at, *end;
	unsigned line;
};

/* --- characters ------------------------------------------------------------------------------- */

static int
peek(const struct rsyslog *r, size_t ahead)
{
	return (size_t)(r->end - r->at) > ahead ? (unsigned char)r->at[ahead] : -1;
}

static void
forward(struct rsyslog *r)
{
	r->line += *r->at == '\n';
	r->at++;
}

static bool
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\0';
}

static bool
is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

static void
line_skip(struct rsyslog *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
}

/* Blanks and comments. LINES: line ends, too. */
static void
blanks_skip(struct rsyslog *r, bool lines)
{
	while (r->at < r->end) {
		const int c = peek(r, 0);

		if (c == '#' && lines) {
			line_skip(r);
		} else if (c == '/' && peek(r, 1) == '*') {
			while (r->at < r->end && !(peek(r, 0) == '*' && peek(r, 1) == '/'))
				forward(r);
			r->at += r->end - r->at >= 2 ? 2 : r->end - r->at;
		} else if (c == '\\' && peek(r, 1) == '\n') {
			forward(r);
			forward(r);
		} else if (is_space(c) && (lines || c != '\n')) {
			forward(r);
		} else
			return;
	}
}

/* A quoted text; the quotes are left out. */
static void
quoted_read(struct rsyslog *r, char *ret, size_t size)
{
	const char quote = *r->at;
	size_t n = 0;

	forward(r);
	while (r->at < r->end && *r->at != quote) {
		if (*r->at == '\\' && r->end - r->at > 1)
			forward(r);
		if (n + 1 < size)
			ret[n++] = *r->at;
		forward(r);
	}
	if (r->at < r->end)
		forward(r);
	ret[n] = '\0';
}

/* What stands up to a blank or one of ENDS. */
static void
token_read(struct rsyslog *r, const char *ends, char *ret, size_t size)
{
	size_t n = 0;

	while (r->at < r->end && !is_space(*r->at) && !strchr(ends, *r->at)) {
		if (n + 1 < size)
			ret[n++] = *r->at;
		r->at++;
	}
	ret[n] = '\0';
}

/* --- findings --------------------------------------------------------------------------------- */

static void
file_report(struct rsyslog *r, const char *path, unsigned line)
{
	const enum rsyslog_reach reach = rsyslog_flow_reaches(r->flow);
	char proof[VALUE_MAX + 200];

	if (*path == '-')
		path++;
	if (r->silent || reach == RSYSLOG_NO || (*path == '/' && !doctor_on_disk(r->doctor, path)))
		return;
	(void)snprintf(proof, sizeof(proof), "%s%s", path,
		reach == RSYSLOG_YES
			? ""
			: _(": whether a line gets past all filters could not be told"));
	doctor_report(r->doctor,
		&(struct doctor_finding){
			.check = "rsyslog-file",
			.subject = path,
			.severity = reach == RSYSLOG_YES ? DOCTOR_HIGH : DOCTOR_MEDIUM,
			.what = reach == RSYSLOG_YES ? N_("rsyslog writes raw lines to a disk")
						     : N_("rsyslog may write raw lines to a disk"),
			.file = r->file,
			.line = line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Give the lines to logscrub, and end before the line; or, where logscrub "
				"reads the journal,\nsystemctl disable --now rsyslog:"),
			.lines = raw_off(RAW_OFF_RSYSLOG),
		});
	r->doctor->rsyslog_on_disk = DOCTOR_YES;
}

static bool
is_this_machine(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strncasecmp(host, "localhost", 9) == 0 || *host == '\0';
}

static void
remote_report(struct rsyslog *r, const char *host, unsigned line)
{
	const enum rsyslog_reach reach = rsyslog_flow_reaches(r->flow);

	if (r->silent || reach == RSYSLOG_NO || is_this_machine(host))
		return;
	doctor_report(r->doctor,
		&(struct doctor_finding){
			.check = "rsyslog-remote",
			.subject = r->file,
			.severity = DOCTOR_MEDIUM,
			.what = reach == RSYSLOG_YES
					? N_("rsyslog sends raw lines to another machine")
					: N_("rsyslog may send raw lines to another machine"),
			.file = r->file,
			.line = line,
			.proof =
				reach == RSYSLOG_YES
					? NULL
					: _("whether a line gets past all filters could not be told"),
			.row = ROW_LOGS,
			.mend = N_("Send what logscrub has written, by a sink of its store:"),
			.lines = "sink { type = \"syslog\" path = \"tcp:loghost.example:514\" }",
		});
}

/* --- actions ---------------------------------------------------------------------------------- */

struct action {
	char type[64], file[VALUE_MAX], target[256], name[256];
};

/* name="value" …, up to the closing parenthesis. */
static void
parameters_read(struct rsyslog *r, struct action *ret)
{
	static char value[VALUE_MAX];
	char key[64];

	*ret = (struct action){ .type = "" };
	for (;;) {
		blanks_skip(r, true);
		if (r->at >= r->end)
			return;
		if (*r->at == ')') {
			forward(r);
			return;
		}
		token_read(r, "=()\"'[]{}", key, sizeof(key));
		blanks_skip(r, true);
		if (peek(r, 0) != '=') {
			if (r->at < r->end && *r->at != ')')
				forward(r);
			continue;
		}
		forward(r);
		blanks_skip(r, true);
		if (peek(r, 0) == '"' || peek(r, 0) == '\'')
			quoted_read(r, value, sizeof(value));
		else
			token_read(r, ")\"'", value, sizeof(value));
		if (strcasecmp(key, "type") == 0)
			(void)snprintf(ret->type, sizeof(ret->type), "%.63s", value);
		else if (strcasecmp(key, "file") == 0 || strcasecmp(key, "dynafile") == 0)
			(void)snprintf(ret->file, sizeof(ret->file), "%s%.4000s",
				strcasecmp(key, "dynafile") == 0 ? "?" : "", value);
		else if (strcasecmp(key, "target") == 0)
			(void)snprintf(ret->target, sizeof(ret->target), "%.255s", value);
	}
}

static void
object_report(struct rsyslog *r, const struct action *a, unsigned line)
{
	if (strcasecmp(a->type, "omfile") == 0 && *a->file)
		file_report(r, a->file, line);
	else if (strcasecmp(a->type, "omfwd") == 0 || strcasecmp(a->type, "omrelp") == 0)
		remote_report(r, a->target, line);
}

/* "@host", "@@(o,z9)[host]:port;template" */
static void
forward_action(struct rsyslog *r, unsigned line)
{
	char host[256];

	while (peek(r, 0) == '@')
		r->at++;
	if (peek(r, 0) == '(') {
		while (r->at < r->end && *r->at != ')' && *r->at != '\n')
			r->at++;
		r->at += r->at < r->end && *r->at == ')';
	}
	if (peek(r, 0) == '[') {
		r->at++;
		token_read(r, "]", host, sizeof(host));
	} else
		token_read(r, ":;", host, sizeof(host));
	line_skip(r);
	remote_report(r, host, line);
}

static void include_read(struct rsyslog *r, const char *pattern);

/* "name(…)": the name is read, and the parenthesis is next. */
static void
object_read(struct rsyslog *r, const char *name, unsigned line)
{
	struct action a;

	forward(r);
	parameters_read(r, &a);
	if (strcasecmp(name, "action") == 0)
		object_report(r, &a, line);
	else if (strcasecmp(name, "include") == 0 && *a.file)
		include_read(r, a.file);
	else if (strcasecmp(name, "ruleset") == 0) {
		rsyslog_flow_ruleset(r->flow);
		r->follows = true;
	}
}

/* What follows a filter. */
static void
action_read(struct rsyslog *r)
{
	char text[VALUE_MAX];
	unsigned line;
	int c;

	blanks_skip(r, false);
	line = r->line;
	c = peek(r, 0);
	if (c == '/' || c == '?' || (c == '-' && (peek(r, 1) == '/' || peek(r, 1) == '?'))) {
		token_read(r, ";}", text, sizeof(text));
		if (peek(r, 0) == ';') /* its template */
			token_read(r, "}", text + strlen(text), 1);
		file_report(r, text, line);
	} else if (c == '@') {
		forward_action(r, line);
	} else if (c == '|' || c == ':' || c == '*' || c == '^' || c == '~') {
		if (c == '~')
			rsyslog_flow_stop(r->flow);
		line_skip(r);
	} else
		r->follows = true; /* a statement of its own, or a user's name */
}

/* --- statements ------------------------------------------------------------------------------- */

/* $IncludeConfig PATTERN; all others say how, not where. */
static void
directive_read(struct rsyslog *r)
{
	char name[64], value[VALUE_MAX];

	r->at++;
	token_read(r, "", name, sizeof(name));
	blanks_skip(r, false);
	token_read(r, "", value, sizeof(value));
	line_skip(r);
	if (strcasecmp(name, "IncludeConfig") == 0)
		include_read(r, value);
}

/* What stands before a comma, or the line's end. */
static void
part_read(struct rsyslog *r, char *ret, size_t size)
{
	blanks_skip(r, false);
	token_read(r, ",\"", ret, size);
	blanks_skip(r, false);
	if (peek(r, 0) == ',')
		r->at++;
	blanks_skip(r, false);
}

/* :property, operation, "value" */
static void
property_filter_read(struct rsyslog *r)
{
	char property[64], operation[64], value[VALUE_MAX] = "";

	r->at++;
	part_read(r, property, sizeof(property));
	part_read(r, operation, sizeof(operation));
	if (peek(r, 0) == '"')
		quoted_read(r, value, sizeof(value));
	rsyslog_flow_property(r->flow, property, operation, value);
	action_read(r);
}

/* "$!name", "$syslogseverity-text", "contains", "4", "<=", "(" */
static size_t
word_length(const struct rsyslog *r)
{
	const int c = peek(r, 0);
	size_t n = 1;

	if (is_word(c) || c == '$') {
		while (is_word(peek(r, n)) || (n == 1 && (peek(r, 1) == '!' || peek(r, 1) == '/')))
			n++;
		return n;
	}
	return (c == '=' || c == '!' || c == '<' || c == '>') &&
			       (peek(r, 1) == '=' || (c == '<' && peek(r, 1) == '>'))
		       ? 2
		       : 1;
}

/* if EXPRESSION then */
static void
condition_read(struct rsyslog *r)
{
	static struct rsyslog_words words;
	char text[VALUE_MAX];
	size_t n;

	rsyslog_words_clear(&words);
	for (blanks_skip(r, true); r->at < r->end; blanks_skip(r, true)) {
		if (peek(r, 0) == '"' || peek(r, 0) == '\'') {
			quoted_read(r, text, sizeof(text));
			rsyslog_words_add(&words, true, text, strlen(text));
			continue;
		}
		n = word_length(r);
		if (n == 4 && strncasecmp(r->at, "then", 4) == 0) {
			r->at += 4;
			break;
		}
		rsyslog_words_add(&words, false, r->at, n);
		r->at += n;
	}
	blanks_skip(r, true);
	rsyslog_flow_condition(r->flow, &words);
	action_read(r);
}

/* A word begins it: a keyword, an object, or a selector. */
static void
word_statement(struct rsyslog *r)
{
	static const char *const to_semicolon[] = { "set", "unset", "reset", NULL };
	static const char *const calls[] = { "call", "call_indirect", NULL };
	const unsigned line = r->line;
	char word[512];
	const char *start = r->at;

	token_read(r, "({}", word, sizeof(word));
	if (strcasecmp(word, "stop") == 0) {
		rsyslog_flow_stop(r->flow);
		return;
	}
	if (strcasecmp(word, "continue") == 0)
		return;
	if (strcasecmp(word, "else") == 0) {
		blanks_skip(r, true);
		rsyslog_flow_else(r->flow);
		action_read(r);
		return;
	}
	if (strcasecmp(word, "then") == 0 || strcasecmp(word, "do") == 0) {
		rsyslog_flow_unknown(r->flow);
		action_read(r);
		return;
	}
	if (rsyslog_is_one_of(word, calls)) {
		rsyslog_flow_call(r->flow);
		blanks_skip(r, false);
		token_read(r, ";}", word, sizeof(word));
		return;
	}
	if (strcasecmp(word, "if") == 0) {
		condition_read(r);
		return;
	}
	if (rsyslog_is_one_of(word, to_semicolon)) {
		while (r->at < r->end && *r->at != ';' && *r->at != '\n')
			r->at++;
		return;
	}
	blanks_skip(r, false);
	if (peek(r, 0) == '(') {
		object_read(r, word, line);
		return;
	}
	if (strchr(word, '.') || *word == '*') {
		rsyslog_flow_selector(r->flow, word);
		action_read(r);
	}
	if (r->at == start)
		forward(r);
}

static void
statement_read(struct rsyslog *r)
{
	const int c = peek(r, 0);

	if (!r->follows)
		rsyslog_flow_statement(r->flow);
	r->follows = false;
	if (c == '$')
		directive_read(r);
	else if (c == '{' || c == '}') {
		(c == '{' ? rsyslog_flow_open : rsyslog_flow_close)(r->flow);
		r->at++;
	} else if (c == '&') {
		r->at++;
		rsyslog_flow_same(r->flow);
		action_read(r);
	} else if (c == ':' && strncasecmp(r->at, ":om", 3) != 0)
		property_filter_read(r);
	else if (c == '/' || c == '?' || c == '@' || (c == '-' && peek(r, 1) == '/'))
		action_read(r);
	else if (c == '!' || c == '+' || c == '-' || c == ':')
		line_skip(
			r); /* "!program", "+host": since 7 it passes over them, and what follows is for all */
	else if (is_word(c) || c == '*')
		word_statement(r);
	else
		forward(r);
}

/* Files that include each other several times each would be read for ever otherwise. */
static bool
may_read(const struct rsyslog *r)
{
	return r->depth > 0 && r->n_files < FILES_MAX;
}

static void
file_read(struct rsyslog *r, const char *path)
{
	struct rsyslog inner = *r;
	size_t len;
	cleanup_mem char *text = may_read(r) ? tree_text(&r->doctor->tree, path, &len) : NULL;

	if (!text)
		return;
	inner.depth--;
	inner.n_files++;
	inner.file = path;
	inner.at = text;
	inner.end = text + len;
	inner.line = 1;
	if (r->doctor->rsyslog_on_disk == DOCTOR_UNKNOWN)
		r->doctor->rsyslog_on_disk = DOCTOR_NO;
	for (blanks_skip(&inner, true); inner.at < inner.end; blanks_skip(&inner, true))
		statement_read(&inner);
	r->n_files = inner.n_files;
}

static void
include_seen(void *ctx, const char *path)
{
	file_read(ctx, path);
}

/* A folder means all its files; a relative pattern begins where rsyslogd works, which is "/". */
static void
include_read(struct rsyslog *r, const char *pattern)
{
	char full[VALUE_MAX + 16];
	const size_t n = strlen(pattern);

	if (!may_read(r))
		return;
	(void)snprintf(full, sizeof(full), "%s%s%s", *pattern == '/' ? "" : "/", pattern,
		n > 0 && pattern[n - 1] == '/' ? "*" : "");
	tree_glob(&r->doctor->tree, full, include_seen, r);
}

static void
all_read(struct rsyslog *r)
{
	r->n_files = 0;
	file_read(r, "/etc/rsyslog.conf");
	/* a tree that has only the parts */
	if (r->n_files == 0)
		tree_glob(&r->doctor->tree, "/etc/rsyslog.d/*.conf", include_seen, r);
}

void
doctor_rsyslog(struct doctor *d)
{
	cleanup_mem struct rsyslog_flow *flow = NULL;
	struct rsyslog r = { .doctor = d, .depth = INCLUDE_DEEP, .silent = true };

	if (doctor_unit_is_off(d, "rsyslog.service")) {
		d->rsyslog_on_disk = DOCTOR_NO;
		return;
	}
	flow = r.flow = malloc(sizeof(*flow));
	if (!flow) {
		d->failed = true;
		return;
	}
	rsyslog_flow_init(flow);
	all_read(&r);
	rsyslog_flow_again(flow);
	r.silent = false;
	all_read(&r);
}
