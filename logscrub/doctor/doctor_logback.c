/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * logback (bbb-web, bbb-apps-akka, bbb-fsesl-akka): appenders that write files, what they keep, and
 * whether the same lines go to the console, and so to the journal, as well.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <expat.h>

#include "base/buf.h"
#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/raw_off.h"

#define _(text) gettext(text)

#define APPENDERS_MAX  64
#define PROPERTIES_MAX 64
#define DAY            86400LL

struct appender {
	char name[128];
	char file[PATH_MAX], pattern[PATH_MAX];
	bool is_console, is_file, is_used;
	char uses[128]; /* another one: an AsyncAppender's */
	long history;   /* maxHistory; 0: all */
	unsigned line;
};

struct property {
	char name[128], value[PATH_MAX];
};

struct logback {
	struct doctor *doctor;
	const char *path;
	struct appender appender[APPENDERS_MAX];
	size_t n;
	struct property property[PROPERTIES_MAX];
	size_t n_properties;
};

static void
copy_span(struct span s, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.p);
}

static const char *
property_get(const struct logback *b, const char *name)
{
	for (size_t i = 0; i < b->n_properties; i++) {
		if (strcmp(b->property[i].name, name) == 0)
			return b->property[i].value;
	}
	return NULL;
}

/* ${NAME:-default} put in. */
static void
expand(const struct logback *b, struct span s, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < size;) {
		const char *end = i + 1 < s.len && s.p[i] == '$' && s.p[i + 1] == '{'
					  ? memchr(s.p + i, '}', s.len - i)
					  : NULL;
		char name[128];
		const char *value, *otherwise;

		if (!end) {
			ret[n++] = s.p[i++];
			continue;
		}
		copy_span(span_of(s.p + i + 2, (size_t)(end - s.p) - i - 2), name, sizeof(name));
		otherwise = strstr(name, ":-");
		if (otherwise)
			name[otherwise - name] = '\0';
		value = property_get(b, name);
		if (!value)
			value = otherwise ? otherwise + 2 : "";
		n += (size_t)snprintf(ret + n, size - n, "%s", value);
		n = n < size ? n : size - 1;
		i = (size_t)(end - s.p) + 1;
	}
	ret[n] = '\0';
}

/* --- reading ---------------------------------------------------------------------------------- */

#define REFERENCES_MAX 256
#define TEXT_MAX       16384

/* What is being read. */
struct reading {
	struct logback *all;
	XML_Parser parser;
	enum { IN_NOTHING, IN_APPENDER, IN_LOGGER } inside;
	struct appender *appender;
	struct buf text; /* of the element that is open */
	/* loggers may stand before the appenders that they name: marked at the end */
	char reference[REFERENCES_MAX][128];
	size_t n_references;
};

static const char *
attribute(const XML_Char **attributes, const char *name)
{
	for (; *attributes; attributes += 2) {
		if (strcasecmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return "";
}

static bool
is_element(const char *name, const char *wanted)
{
	return strcasecmp(name, wanted) == 0;
}

static void
property_take(struct logback *b, const XML_Char **attributes)
{
	struct property *p = &b->property[b->n_properties];

	if (b->n_properties == PROPERTIES_MAX)
		return;
	copy_span(span_str(attribute(attributes, "name")), p->name, sizeof(p->name));
	expand(b, span_str(attribute(attributes, "value")), p->value, sizeof(p->value));
	b->n_properties++;
}

static struct appender *
appender_open(struct logback *b, const XML_Char **attributes, unsigned line)
{
	const char *class = attribute(attributes, "class");
	struct appender *a = &b->appender[b->n];

	if (b->n == APPENDERS_MAX)
		return NULL;
	copy_span(span_str(attribute(attributes, "name")), a->name, sizeof(a->name));
	a->line = line;
	a->is_console = strstr(class, "ConsoleAppender") || strstr(class, "SyslogAppender") ||
			strstr(class, "Journal");
	a->is_file = strstr(class, "FileAppender") != NULL;
	b->n++;
	return a;
}

static void
reference_take(struct reading *g, const char *ref)
{
	char *to = NULL;

	if (g->inside == IN_APPENDER && g->appender)
		to = g->appender->uses;
	else if (g->inside == IN_LOGGER && g->n_references < REFERENCES_MAX)
		to = g->reference[g->n_references++];
	if (to)
		copy_span(span_str(ref), to, sizeof(g->reference[0]));
}

static void
element_opens(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *g = ctx;

	buf_clear(&g->text);
	if (is_element(name, "property") || is_element(name, "variable")) {
		property_take(g->all, attributes);
	} else if (is_element(name, "appender")) {
		g->inside = IN_APPENDER;
		g->appender = appender_open(
			g->all, attributes, (unsigned)XML_GetCurrentLineNumber(g->parser));
	} else if (is_element(name, "root") || is_element(name, "logger")) {
		g->inside = IN_LOGGER;
	} else if (is_element(name, "appender-ref")) {
		reference_take(g, attribute(attributes, "ref"));
	}
}

static void
text_comes(void *ctx, const XML_Char *text, int len)
{
	buf_put(&((struct reading *)ctx)->text, text, (size_t)len);
}

static struct span
trimmed(const struct buf *b)
{
	struct span s = span_of(b->p, b->failed ? 0 : b->len);

	while (s.len > 0 && (unsigned char)*s.p <= ' ')
		s = span_from(s, 1);
	while (s.len > 0 && (unsigned char)s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static void
element_closes(void *ctx, const XML_Char *name)
{
	struct reading *g = ctx;
	struct appender *a = g->appender;
	const struct span text = trimmed(&g->text);
	char number[16];

	if (a && is_element(name, "file")) {
		expand(g->all, text, a->file, sizeof(a->file));
	} else if (a && is_element(name, "fileNamePattern")) {
		expand(g->all, text, a->pattern, sizeof(a->pattern));
	} else if (a && is_element(name, "maxHistory")) {
		copy_span(text, number, sizeof(number));
		a->history = strtol(number, NULL, 10);
	} else if (is_element(name, "appender") || is_element(name, "root") ||
		   is_element(name, "logger")) {
		g->appender = NULL;
		g->inside = IN_NOTHING;
	}
	buf_clear(&g->text);
}

static void
used_mark(struct logback *b, const char *name, unsigned depth)
{
	for (size_t i = 0; i < b->n && depth > 0; i++) {
		struct appender *a = &b->appender[i];

		if (strcmp(a->name, name) != 0 || a->is_used)
			continue;
		a->is_used = true;
		if (*a->uses)
			used_mark(b, a->uses, depth - 1);
	}
}

static void
logback_read(struct logback *b, const char *text, size_t len)
{
	struct reading *g = calloc(1, sizeof(*g));

	if (!g)
		return;
	g->all = b;
	g->parser = XML_ParserCreate(NULL);
	buf_init(&g->text, TEXT_MAX);
	if (g->parser) {
		XML_SetUserData(g->parser, g);
		XML_SetElementHandler(g->parser, element_opens, element_closes);
		XML_SetCharacterDataHandler(g->parser, text_comes);
		/* where it is no XML, what came before holds: logback would refuse all of it */
		(void)XML_Parse(g->parser, text, (int)len, 1);
		XML_ParserFree(g->parser);
	}
	for (size_t i = 0; i < g->n_references; i++)
		used_mark(b, g->reference[i], 4);
	buf_release(&g->text);
	free(g);
}

/* --- findings --------------------------------------------------------------------------------- */

/* The files of BigBlueButton's services lie in "logs/" of their folders, linked to /var/log. */
static void
file_of(const struct logback *b, const struct appender *a, char ret[PATH_MAX])
{
	const char *file = *a->file ? a->file : a->pattern;
	const char *name = strrchr(file, '/');

	if (*file == '/' || *file == '\0') {
		(void)snprintf(ret, PATH_MAX, "%s", file);
		return;
	}
	name = name ? name + 1 : file;
	if (strstr(b->path, "bbb-web"))
		(void)snprintf(ret, PATH_MAX, "/var/log/bigbluebutton/%.4000s", name);
	else
		(void)snprintf(ret, PATH_MAX, "/var/log/%.*s/%.2000s",
			(int)strcspn(name, ".%") % 2000, name, name);
}

/* "%d{yyyy-MM-dd}": how long one file is written to; 0: by size. */
static long long
rolled_every_s(const char *pattern)
{
	const char *at = strstr(pattern, "%d");
	char format[64] = "yyyy-MM-dd";

	if (!at)
		return 0;
	if (at[2] == '{')
		(void)snprintf(format, sizeof(format), "%.*s", (int)strcspn(at + 3, "},"), at + 3);
	if (strchr(format, 'H') || strchr(format, 'h') || strchr(format, 'm'))
		return 3600;
	if (strchr(format, 'd') || strchr(format, 'D'))
		return DAY;
	return strchr(format, 'w') ? 7 * DAY : 31 * DAY;
}

static void
kept_tell(const struct appender *a, char *ret, size_t size)
{
	const long long every_s = rolled_every_s(a->pattern);

	if (every_s == 0 || a->history <= 0)
		(void)snprintf(ret, size, "%s", _("no maxHistory: a line has no greatest age"));
	else
		(void)snprintf(ret, size, _("maxHistory %ld: a line gets up to %lld days old"),
			a->history, ((a->history + 1) * every_s + DAY - 1) / DAY);
}

static void
file_report(const struct logback *b, const struct appender *a, bool is_twice)
{
	char file[PATH_MAX], kept[128], proof[300];

	file_of(b, a, file);
	if (*file && !doctor_on_disk(b->doctor, file))
		return;
	kept_tell(a, kept, sizeof(kept));
	(void)snprintf(proof, sizeof(proof), "%s %s; %s", _("appender"), a->name, kept);
	doctor_report(b->doctor,
		&(struct doctor_finding){
			.check = is_twice ? "logback-twice" : "logback-file",
			.subject = *file ? file : b->path,
			.severity = DOCTOR_HIGH,
			.what = is_twice ? N_("the same raw lines go to a file and to the journal")
					 : N_("raw lines go to a file"),
			.file = b->path,
			.line = a->line,
			.proof = proof,
			.row = ROW_CONFERENCE,
			.mend = N_(
				"Let the root logger have the console's appender alone, take the file's "
				"out,\nand restart the service:"),
			.lines = raw_off(RAW_OFF_LOGBACK),
		});
}

static void
file_seen(void *ctx, const char *path)
{
	struct doctor *d = ctx;
	size_t len;
	cleanup_mem char *text = tree_text(&d->tree, path, &len);
	cleanup_mem struct logback *b = calloc(1, sizeof(*b));
	bool console = false;

	if (!text || !b)
		return;
	b->doctor = d;
	b->path = path;
	logback_read(b, text, len);
	for (size_t i = 0; i < b->n; i++)
		console |= b->appender[i].is_used && b->appender[i].is_console;
	for (size_t i = 0; i < b->n; i++) {
		if (b->appender[i].is_used && b->appender[i].is_file)
			file_report(b, &b->appender[i], console);
	}
}

void
doctor_logback(struct doctor *d)
{
	static const char *const files[] = {
		"/usr/share/bbb-*/WEB-INF/classes/logback*.xml",
		"/usr/share/bbb-*/conf/logback*.xml",
		"/usr/share/bbb-*/logback*.xml",
		"/etc/bbb-*/logback*.xml",
		"/etc/bigbluebutton/logback*.xml",
		"/etc/bigbluebutton/*/logback*.xml",
		"/opt/*/conf/logback*.xml",
		"/opt/*/logback*.xml",
		"/var/lib/tomcat*/webapps/*/WEB-INF/classes/logback*.xml",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		tree_glob(&d->tree, files[i], file_seen, d);
}
