/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The two dialects. nginx: ngx_http_log_module's variables, in the text as nginx.conf has it.
 * Apache: mod_log_config's directives, each named with nginx's word where there is one for the same
 * thing, so that one set of rules serves both.
 */
#include "record/format/template-private.h"

#include <ctype.h>
#include <stdlib.h>

struct reader {
	const struct conf_format *decl;
	struct format_names *names;
	struct template *t;
	size_t text_len;
	struct err *e;
};

static const struct {
	const char *name;
	enum template_look look;
	bool is_time;
} known[] = {
	{ "remote_addr", LOOK_WORD, false },
	{ "server_name", LOOK_WORD, false },
	{ "time_local", LOOK_CLF, true },
	{ "time_iso8601", LOOK_ISO, true },
	{ "msec", LOOK_NUMBER, true },
	{ "status", LOOK_NUMBER, false },
	{ "body_bytes_sent", LOOK_NUMBER, false },
	{ "bytes_sent", LOOK_NUMBER, false },
	{ "request_length", LOOK_NUMBER, false },
	{ "request_time", LOOK_NUMBER, false },
	{ "request_time_us", LOOK_NUMBER, false },
	{ "connection", LOOK_NUMBER, false },
	{ "connection_requests", LOOK_NUMBER, false },
	{ "server_port", LOOK_NUMBER, false },
	{ "remote_port", LOOK_NUMBER, false },
	{ "pid", LOOK_NUMBER, false },
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))

bool
template_is_time(const char *name)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].is_time;
	return false;
}

static int
fail(struct reader *r, const char *what, const char *todo, size_t at)
{
	return conf_fail(
		r->e, &r->decl->where, what, todo, "format \"%s\", byte %zu", r->decl->name, at);
}

static void
put_literal(struct reader *r, char c)
{
	struct template *t = r->t;

	t->text[r->text_len++] = c;
	if (t->n == 0)
		t->lead_len++;
	else
		t->part[t->n - 1].delim_len++;
}

/* AT is where in the template it stands. */
static int
put_field(struct reader *r, struct span name, enum template_look look, size_t at)
{
	struct template *t = r->t;
	int field;

	if (t->n > 0 && t->part[t->n - 1].delim_len == 0)
		return fail(r, N_("two fields of a template have nothing between them"),
			N_("put a delimiter between them in the product's own format"), at);
	if (t->n == TEMPLATE_PARTS_MAX)
		return fail(r, N_("template has too many fields"), NULL, at);
	field = format_names_add(r->names, name.p, name.len, r->decl, r->e);
	if (field < 0)
		return -1;
	t->part[t->n++] = (struct template_part){
		.delim = t->text + r->text_len, .field = (int16_t)field, .look = look
	};
	return 0;
}

static enum template_look
look_of(struct span name)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (span_eq(span_str(known[i].name), name))
			return known[i].look;
	return LOOK_ANY;
}

/* --- nginx ----------------------------------------------------------------------------------- */

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* $name or ${name}; returns the bytes taken, or -1. */
static int
read_variable(struct reader *r, const char *p, size_t at)
{
	bool braces = p[1] == '{';
	const char *name = p + 1 + braces, *q = name;

	while (is_name(*q))
		q++;
	if (q == name || (braces && *q != '}'))
		return fail(r, N_("template has a \"$\" without a name"), NULL, at);
	if (put_field(r, span_of(name, (size_t)(q - name)),
		    look_of(span_of(name, (size_t)(q - name))), at) < 0)
		return -1;
	return (int)(q + braces - p);
}

/* --- Apache ---------------------------------------------------------------------------------- */

static const struct {
	char letter;
	const char *name;
} directives[] = {
	{ 'a', "remote_addr" },
	{ 'A', "server_addr" },
	{ 'b', "body_bytes_sent" },
	{ 'B', "body_bytes_sent" },
	{ 'D', "request_time_us" },
	{ 'f', "request_filename" },
	{ 'h', "remote_addr" },
	{ 'H', "server_protocol" },
	{ 'I', "request_length" },
	{ 'k', "connection_requests" },
	{ 'l', "remote_logname" },
	{ 'L', "log_id" },
	{ 'm', "request_method" },
	{ 'O', "bytes_sent" },
	{ 'p', "server_port" },
	{ 'P', "pid" },
	{ 'q', "args" },
	{ 'r', "request" },
	{ 'R', "handler" },
	{ 's', "status" },
	{ 'S', "bytes_total" },
	{ 'T', "request_time" },
	{ 'u', "remote_user" },
	{ 'U', "uri" },
	{ 'v', "server_name" },
	{ 'V', "host" },
	{ 'X', "connection_status" },
};

/* Directives that are nothing without the {name} before them. */
static const struct {
	const char *letter, *prefix;
} named[] = {
	{ "C", "cookie_" },
	{ "e", "env_" },
	{ "i", "http_" },
	{ "n", "note_" },
	{ "o", "sent_http_" },
	{ "^ti", "trailer_" },
	{ "^to", "sent_trailer_" },
	{ "c", "" },
	{ "x", "" },
};

/* One directive: %[!code,…][<>]{arg}LETTER */
struct directive {
	struct span arg; /* SPAN_NONE without */
	struct span letter;
};

static int
put_named(struct reader *r, const struct directive *d, size_t at)
{
	char name[FORMAT_NAME_MAX + 1];
	size_t n;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (!span_eq(span_str(named[i].letter), d->letter))
			continue;
		n = strlen(named[i].prefix);
		if (n + d->arg.len > FORMAT_NAME_MAX)
			return fail(
				r, N_("name of a field is too long"), N_("64 bytes at most"), at);
		memcpy(name, named[i].prefix, n);
		for (size_t k = 0; k < d->arg.len; k++) {
			char c = d->arg.p[k];
			name[n++] = is_name(c) ? (char)tolower((unsigned char)c) : '_';
		}
		return put_field(r, span_of(name, n), LOOK_ANY, at);
	}
	return fail(r, N_("unknown directive in an Apache template"), NULL, at);
}

/* %t writes its brackets itself; %{format}t writes what strftime() does. */
static int
put_time(struct reader *r, const struct directive *d, size_t at)
{
	if (d->arg.p) {
		bool fraction = d->arg.len > 5 &&
				memcmp(d->arg.p + d->arg.len - 5, "_frac", 5) == 0;
		const char *name = fraction ? "time_fraction" : "time_local";

		return put_field(r, span_str(name), LOOK_ANY, at);
	}
	put_literal(r, '[');
	if (put_field(r, SPAN("time_local"), LOOK_CLF, at) < 0)
		return -1;
	put_literal(r, ']');
	return 0;
}

static int
put_directive(struct reader *r, const struct directive *d, size_t at)
{
	char letter = d->letter.p[0];

	if (letter == 't')
		return put_time(r, d, at);
	if (d->arg.p && (letter == 'a' || letter == 'h')) /* %{c}a: the connection's own peer */
		return put_field(r, SPAN("realip_remote_addr"), LOOK_ANY, at);
	if (letter == 'p' && span_eq(d->arg, SPAN("remote")))
		return put_field(r, SPAN("remote_port"), LOOK_NUMBER, at);
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (directives[i].letter == letter)
			return put_field(r, span_str(directives[i].name),
				d->arg.p ? LOOK_ANY : look_of(span_str(directives[i].name)), at);
	if (!d->arg.p)
		return fail(r, N_("unknown directive in an Apache template"), NULL, at);
	return put_named(r, d, at);
}

/* Reads the directive at P ("%…"); returns the bytes taken, or 0. */
static size_t
directive_read(const char *p, struct directive *ret)
{
	const char *q = p + 1, *close;

	q += strspn(q, "!0123456789,<>");
	ret->arg = SPAN_NONE;
	if (*q == '{') {
		close = strchr(q, '}');
		if (!close)
			return 0;
		ret->arg = span_of(q + 1, (size_t)(close - q - 1));
		q = close + 1;
		q += strspn(q, "<>");
	}
	if (*q == '\0')
		return 0;
	ret->letter = span_of(q, *q == '^' ? strnlen(q, 3) : 1);
	return (size_t)(q - p) + ret->letter.len;
}

static int
read_directive(struct reader *r, const char *p, size_t at)
{
	struct directive d;
	size_t n;

	if (p[1] == '%') {
		put_literal(r, '%');
		return 2;
	}
	if (strncmp(p, "%U%q", 4) == 0) /* a path and its query, as they were asked for */
		return put_field(r, SPAN("request_uri"), LOOK_ANY, at) < 0 ? -1 : 4;
	n = directive_read(p, &d);
	if (n == 0)
		return fail(r, N_("unfinished directive in an Apache template"), NULL, at);
	return put_directive(r, &d, at) < 0 ? -1 : (int)n;
}

/* --- both ------------------------------------------------------------------------------------- */

/* What a backslash and C stand for in nginx.conf (ngx_conf_read_token) and in Apache's LogFormat;
 * 0: the backslash stands for itself. */
static char
unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case '"':
	case '\'':
	case '\\':
		return c;
	default:
		return 0;
	}
}

/* Where SIGIL stands, FIELD takes what follows and returns the bytes taken, or -1. */
static int
read_template(struct reader *r, const char *text, char sigil,
	int (*field)(struct reader *r, const char *p, size_t at))
{
	const char *p = text;

	while (*p) {
		if (*p == sigil) {
			const int n = field(r, p, (size_t)(p - text));

			if (n < 0)
				return -1;
			p += n;
		} else if (*p == '\\' && unescaped(p[1])) {
			put_literal(r, unescaped(p[1]));
			p += 2;
		} else {
			put_literal(r, *p++);
		}
	}
	return 0;
}

static enum template_end
end_of(const struct template_part *part)
{
	if (part->delim_len == 0 || part->delim_len > sizeof(part->word))
		return END_OTHER;
	switch (part->look) {
	case LOOK_WORD:
		return part->delim[0] == ' ' ? END_WORD : END_OTHER;
	case LOOK_ANY:
		return END_TEXT;
	case LOOK_NUMBER:
		return part->delim[0] == '.' || part->delim[0] == 'x' ? END_OTHER : END_DIGITS;
	case LOOK_CLF:
		return END_CLF;
	default:
		return END_OTHER;
	}
}

static void
part_finish(struct template_part *part, enum conf_escape escape)
{
	size_t n = part->delim_len < sizeof(part->word) ? part->delim_len : sizeof(part->word);

	memcpy(&part->word, part->delim, n);
	memset(&part->mask, 0xff, n);
	part->quote = n > 0 && part->delim[0] == '"' && escape != ESCAPE_NONE &&
		      escape != ESCAPE_RSYSLOG;
	part->end = end_of(part);
}

int
template_new(const struct conf_format *decl, struct format_names *names, struct template **ret,
	struct err *e)
{
	const char *text = decl->template_ ? decl->template_ : "";
	cleanup_mem struct template *t = calloc(1, sizeof(*t) + strlen(text) + 1);
	struct reader r = { .decl = decl, .names = names, .t = t, .e = e };

	if (!t)
		return err_memory(e);
	t->lead = t->text;
	if ((decl->apache ? read_template(&r, text, '%', read_directive)
			  : read_template(&r, text, '$', read_variable)) < 0)
		return -1;
	if (t->n == 0)
		return fail(&r, N_("template without a field"), NULL, 0);
	for (unsigned i = 0; i < t->n; i++)
		part_finish(&t->part[i], decl->escape);
	*ret = TAKE(t);
	return 0;
}

int
template_field(const struct template *t, unsigned part)
{
	return part < t->n ? t->part[part].field : -1;
}

struct template *
template_free(struct template *t)
{
	free(t);
	return NULL;
}
