/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * BigBlueButton's own switches: FreeSWITCH's log file, chat in the log of bbb-apps-akka, addresses in
 * that of Etherpad, the file of bbb-webrtc-sfu, and how long its daily job keeps logs.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

/* --- FreeSWITCH ------------------------------------------------------------------------------- */

/* <load module="NAME"/> */
struct module {
	XML_Parser parser;
	const char *name;
	unsigned line; /* 0: it is not loaded */
};

static void
element_opens(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct module *m = ctx;

	if (strcmp(name, "load") != 0)
		return;
	for (; *attributes; attributes += 2) {
		if (strcmp(attributes[0], "module") == 0 && strcmp(attributes[1], m->name) == 0)
			m->line = (unsigned)XML_GetCurrentLineNumber(m->parser);
	}
}

static unsigned
module_line(struct doctor *d, const char *path, const char *name)
{
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, path, &len);
	struct module m = { .name = name, .parser = text ? XML_ParserCreate(NULL) : NULL };

	if (!m.parser)
		return 0;
	XML_SetUserData(m.parser, &m);
	XML_SetElementHandler(m.parser, element_opens, NULL);
	(void)XML_Parse(m.parser, text, (int)len, 1); /* as far as it is XML */
	XML_ParserFree(m.parser);
	return m.line;
}

static void
freeswitch_check(struct doctor *d)
{
	static const char conf[] =
		"/opt/freeswitch/etc/freeswitch/autoload_configs/modules.conf.xml";
	static const char log[] = "/opt/freeswitch/var/log/freeswitch/freeswitch.log";
	const unsigned line = module_line(d, conf, "mod_logfile");

	if (line == 0 || !doctor_on_disk(d, log))
		return;
	doctor_report(d,
		&(struct doctor_finding){
			.check = "freeswitch-log",
			.subject = log,
			.severity = DOCTOR_HIGH,
			.what = N_("FreeSWITCH writes callers' names, numbers and PINs to a disk"),
			.file = conf,
			.line = line,
			.proof = _(
				"mod_logfile is loaded; its files are rotated by size, so a line has no "
				"greatest age"),
			.row = ROW_CONFERENCE,
			.mend = N_(
				"It can only write a file: put its folder into memory, and let logscrub "
				"tail it:"),
			.lines = raw_off(RAW_OFF_FREESWITCH),
		});
}

/* --- values in HOCON, YAML and JSON with comments --------------------------------------------- */

/* The value that KEY has last in TEXT, without its quotes; and its line. Comments are passed over.
 * Good enough for a switch whose name nothing else has. */
static bool
value_find(const char *text, const char *key, char *ret, size_t size, unsigned *ret_line)
{
	const size_t n = strlen(key);
	unsigned line = 1;
	bool found = false;

	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			line++;
		if ((*p == '#' || (p[0] == '/' && p[1] == '/')) &&
			(p == text || strchr(" \t\n,{", p[-1]))) {
			p += strcspn(p, "\n") - 1;
			continue;
		}
		if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p, "*/");

			for (; end && p < end + 1; p++)
				line += *p == '\n';
			if (!end)
				break;
			continue;
		}
		if (strncmp(p, key, n) == 0 &&
			(p == text || !strchr("abcdefghijklmnopqrstuvwxyz", p[-1]))) {
			const char *v = p + n + strspn(p + n, "\" \t:=");

			if (v == p + n)
				continue;
			(void)snprintf(ret, size, "%.*s", (int)strcspn(v, "\" \t\r\n,}#"), v);
			*ret_line = line;
			found = true;
		}
	}
	return found;
}

/* KEY in the first of FILES that has it; later files of the list are what earlier ones override. */
static const char *
switch_find(struct doctor *d, const char *const files[], const char *key, char *ret, size_t size,
	unsigned *ret_line)
{
	for (size_t i = 0; files[i]; i++) {
		size_t len;
		cleanup_mem char *text = tree_text(&d->tree, files[i], &len);

		if (text && value_find(text, key, ret, size, ret_line))
			return files[i];
	}
	return NULL;
}

static const char *
first_there(struct doctor *d, const char *const files[])
{
	for (size_t i = 0; files[i]; i++) {
		if (tree_has(&d->tree, files[i]))
			return files[i];
	}
	return NULL;
}

static void
akka_check(struct doctor *d)
{
	static const char *const files[] = { "/etc/bigbluebutton/bbb-apps-akka.conf",
		"/etc/bbb-apps-akka/application.conf",
		"/usr/share/bbb-apps-akka/conf/application.conf", NULL };
	char value[32] = "true";
	unsigned line = 0;
	const char *file = switch_find(d, files, "includeChat", value, sizeof(value), &line);

	if (!file)
		file = first_there(d, files);
	if (!file || strcmp(value, "false") == 0)
		return;
	doctor_report(d,
		&(struct doctor_finding){
			.check = "akka-chat",
			.severity = DOCTOR_HIGH,
			.what = N_("bbb-apps-akka logs chat, private chat too"),
			.file = file,
			.line = line,
			.proof = line ? "includeChat = true"
				      : _("includeChat is not set: true by default"),
			.row = ROW_CONFERENCE,
			.mend = N_(
				"Write this to /etc/bigbluebutton/bbb-apps-akka.conf, and restart it:"),
			.lines = raw_off(RAW_OFF_AKKA),
		});
}

static void
etherpad_check(struct doctor *d)
{
	static const char *const files[] = { "/usr/share/etherpad-lite/settings.json",
		"/etc/etherpad/settings.json", "/opt/etherpad-lite/settings.json", NULL };
	char value[32] = "false";
	unsigned line = 0;
	const char *file = switch_find(d, files, "ipLogging", value, sizeof(value), &line);

	if (file && strcmp(value, "full") != 0)
		return;
	(void)strcpy(value, "false");
	file = switch_find(d, files, "disableIPlogging", value, sizeof(value), &line);
	if (!file)
		file = first_there(d, files);
	if (!file || strcmp(value, "true") == 0)
		return;
	doctor_report(
		d, &(struct doctor_finding){
			   .check = "etherpad-addresses",
			   .severity = DOCTOR_MEDIUM,
			   .what = N_("Etherpad logs the address of everyone who opens the notes"),
			   .file = file,
			   .line = line,
			   .proof = line ? "disableIPlogging: false"
					 : _("disableIPlogging is not set: false by default"),
			   .row = ROW_LOGS,
			   .mend = N_("Set it, and restart Etherpad:"),
			   .lines = raw_off(RAW_OFF_ETHERPAD),
		   });
}

/* --- bbb-webrtc-sfu --------------------------------------------------------------------------- */

/* The lines of YAML that stand, indented, below "log:"; owned by the caller, or NULL. */
static char *
log_section(const char *text, unsigned *ret_line)
{
	const char *at = strncmp(text, "log:", 4) == 0 ? text : strstr(text, "\nlog:");
	const char *end;

	if (!at)
		return NULL;
	at += *at == '\n';
	*ret_line = 0;
	for (const char *p = text; p < at; p++)
		*ret_line += *p == '\n';
	for (end = strchr(at, '\n'); end && strchr(" \t\n#", end[1]) && end[1];)
		end = strchr(end + 1, '\n');
	return strndup(at, end ? (size_t)(end - at) : strlen(at));
}

/* log.file of the first file that sets it. */
static const char *
sfu_switch(
	struct doctor *d, const char *const files[], char *value, size_t size, unsigned *ret_line)
{
	for (size_t i = 0; files[i]; i++) {
		size_t len;
		unsigned before, line;
		cleanup_mem char *text = tree_text(&d->tree, files[i], &len);
		cleanup_mem char *section = text ? log_section(text, &before) : NULL;

		if (!section || !value_find(section, "file", value, size, &line))
			continue;
		*ret_line = before + line;
		return files[i];
	}
	return NULL;
}

static void
sfu_check(struct doctor *d)
{
	static const char *const files[] = { "/etc/bigbluebutton/bbb-webrtc-sfu/production.yml",
		"/usr/local/bigbluebutton/bbb-webrtc-sfu/config/default.yml", NULL };
	static const char log[] = "/var/log/bbb-webrtc-sfu/bbb-webrtc-sfu.log";
	char value[32];
	unsigned line = 0;
	const char *file = sfu_switch(d, files, value, sizeof(value), &line);

	if (!file || strcmp(value, "true") != 0 || !doctor_on_disk(d, log))
		return;
	doctor_report(d,
		&(struct doctor_finding){
			.check = "sfu-log",
			.subject = log,
			.severity = DOCTOR_MEDIUM,
			.what = N_("the same raw lines go to a file and to the journal"),
			.file = file,
			.line = line,
			.proof = "log.file: true, log.stdout: true",
			.row = ROW_CONFERENCE,
			.mend = N_(
				"Write this to /etc/bigbluebutton/bbb-webrtc-sfu/production.yml, and "
				"restart it:"),
			.lines = raw_off(RAW_OFF_SFU),
		});
}

/* --- the daily job ---------------------------------------------------------------------------- */

/* NAME=NUMBER of shell, the last; -1: none. */
static long
number_find(struct doctor *d, const char *path, const char *name, unsigned *ret_line)
{
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, path, &len);
	const size_t n = strlen(name);
	long value = -1;
	struct words w;

	if (!text)
		return -1;
	words_init(&w, text, len, WORDS_LINES);
	while (words_next(&w)) {
		const char *word = words_get(&w, words_is(&w, 0, "export"));

		if (strncmp(word, name, n) != 0 || word[n] != '=')
			continue;
		value = strtol(word + n + 1, NULL, 10);
		*ret_line = w.line;
	}
	words_release(&w);
	return value;
}

/* "find -mtime +N" is true from N + 1 days on, and it is looked once a day: N + 2. */
static void
daily_check(struct doctor *d)
{
	static const char job[] = "/etc/cron.daily/bigbluebutton",
			  own[] = "/etc/default/bigbluebutton-cron-config";
	const char *file = own;
	unsigned line = 0;
	char proof[128];
	long days = number_find(d, own, "log_history", &line);

	if (!tree_has(&d->tree, job))
		return;
	if (days < 0) {
		file = job;
		days = number_find(d, job, "log_history", &line);
	}
	if (days >= 0 && days <= 5)
		return;
	(void)snprintf(proof, sizeof(proof), _("log_history=%ld: a file gets up to %ld days old"),
		days, days + 2);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "bigbluebutton-daily",
			.severity = DOCTOR_MEDIUM,
			.what = N_("BigBlueButton's daily job keeps logs past their period"),
			.file = file,
			.line = line,
			.proof = days < 0 ? _("log_history is not set") : proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Write this to /etc/default/bigbluebutton-cron-config (5 is at most seven "
				"days):"),
			.lines = raw_off(RAW_OFF_DAILY),
		});
}

void
doctor_bigbluebutton(struct doctor *d)
{
	freeswitch_check(d);
	akka_check(d);
	etherpad_check(d);
	sfu_check(d);
	daily_check(d);
}
