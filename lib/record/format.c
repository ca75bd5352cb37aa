/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/format.h"

#include <stdlib.h>

#include "record/format-private.h"
#include "record/pattern_place.h"

#define PATTERN_LINE_MAX (1u << 20) /* bytes */

enum format_state { FORMAT_DECLARED, FORMAT_COMPILING, FORMAT_READY };

struct format {
	const struct conf_format *decl;
	enum format_state state;
	struct format_names names;
	struct format_field field[FORMAT_FIELDS_MAX];
	struct template *template;
	struct pattern *pattern;
	struct pattern_begin *begin;
	struct syslog_head head;
	struct format *variant[FORMAT_VARIANTS_MAX];
	unsigned n_variants;
	int glance_at; /* the part of a template, the field of a syslog line or pattern; -1: no glance tells */
	size_t place_at, place_len; /* of a pattern: where that field lies in each line */
};

struct formats {
	struct pattern_limits *limits;
	size_t n;
	struct format format[];
};

int
format_names_add(struct format_names *names, const char *name, size_t len,
	const struct conf_format *decl, struct err *e)
{
	for (unsigned i = 0; i < names->n; i++)
		if (span_eq(span_str(names->name[i]), span_of(name, len)))
			return (int)i;
	if (len > FORMAT_NAME_MAX)
		return conf_fail(e, &decl->where, N_("name of a field is too long"),
			N_("64 bytes at most"), "format \"%s\"", decl->name);
	if (names->n == FORMAT_FIELDS_MAX)
		return conf_fail(e, &decl->where, N_("format has too many fields"),
			N_("48 at most"), "format \"%s\"", decl->name);
	names->name[names->n] = strndup(name, len);
	if (!names->name[names->n])
		return err_memory(e);
	return (int)names->n++;
}

/* --- compiling ------------------------------------------------------------------------------- */

static struct format_field *
find_field(struct format *f, const char *name)
{
	for (unsigned i = 0; i < f->names.n; i++)
		if (strcmp(f->names.name[i], name) == 0)
			return &f->field[i];
	return NULL;
}

static int
compile_names(struct formats *s, struct format *f, struct err *e)
{
	switch (f->decl->type) {
	case FORMAT_TEMPLATE:
		return template_new(f->decl, &f->names, &f->template, e);
	case FORMAT_PATTERN:
		return pattern_new(f->decl, s->limits, &f->names, &f->pattern, e);
	case FORMAT_SYSLOG:
		return syslog_names(f->decl, &f->names, e);
	case FORMAT_JSON:
	case FORMAT_VARIANTS:
		return 0;
	}
	return 0;
}

static bool
is_time_by_itself(const struct conf_format *d, const char *name)
{
	switch (d->type) {
	case FORMAT_TEMPLATE:
		return template_is_time(name);
	case FORMAT_PATTERN:
	case FORMAT_SYSLOG:
		return strcmp(name, "time") == 0;
	case FORMAT_JSON:
	case FORMAT_VARIANTS:
		break;
	}
	return false;
}

static int
compile_time(struct format *f, struct err *e)
{
	const struct conf_format *d = f->decl;
	const char *time = d->time.n > 0 ? d->time.v[0] : NULL;

	if (d->type == FORMAT_JSON) /* it has members, and each record its own */
		return 0;
	if (time && (d->time.n > 1 || !find_field(f, time)))
		return conf_fail(e, &d->where, N_("no such field to take the time from"),
			N_("name one of the format's own fields"), "%s", d->time.v[d->time.n - 1]);
	for (unsigned i = 0; i < f->names.n; i++)
		f->field[i].is_time = time ? strcmp(f->names.name[i], time) == 0
					   : is_time_by_itself(d, f->names.name[i]);
	return 0;
}

/* Fields that are read by formats of their own, or have escapes of their own. The members of JSON
 * have no fields here; their formats are looked up all the same, so that a circle is seen. */
static int
compile_inner(struct formats *s, struct format *f, struct err *e)
{
	const struct conf_format *d = f->decl;
	struct format *unused;

	for (size_t i = 0; i < d->n_inner; i++) {
		const struct conf_inner *in = &d->inner[i];
		struct format_field *ff = find_field(f, in->field);

		if (!ff && d->type != FORMAT_JSON)
			return conf_fail(e, &in->where, N_("the format has no such field"), NULL,
				"%s", in->field);
		if (ff && in->has_escape)
			ff->escape = in->escape;
		if (in->format && formats_get(s, in->format, ff ? &ff->inner : &unused, e) < 0)
			return -1;
	}
	if (d->type == FORMAT_SYSLOG && d->message)
		return formats_get(s, d->message, &f->field[SYSLOG_MESSAGE].inner, e);
	return 0;
}

static int
compile_variants(struct formats *s, struct format *f, struct err *e)
{
	const struct conf_format *d = f->decl;

	if (d->variant.n > FORMAT_VARIANTS_MAX)
		return conf_fail(e, &d->where, N_("format has too many variants"),
			N_("8 at most; let one of them have variants of its own"), "format \"%s\"",
			d->name);
	for (; f->n_variants < d->variant.n; f->n_variants++)
		if (formats_get(s, d->variant.v[f->n_variants], &f->variant[f->n_variants], e) < 0)
			return -1;
	return 0;
}

/* May a text of F's form have a time, in whatever depth? */
static bool
has_time(const struct format *f)
{
	if (f->decl->type == FORMAT_JSON || f->decl->type == FORMAT_SYSLOG)
		return true;
	for (unsigned i = 0; i < f->n_variants; i++)
		if (has_time(f->variant[i]))
			return true;
	for (unsigned i = 0; i < f->names.n; i++)
		if (f->field[i].is_time || (f->field[i].inner && has_time(f->field[i].inner)))
			return true;
	return false;
}

/* The time of a pattern, where all its alternatives have it in one place. */
static int
pattern_glance_at(struct format *f)
{
	const struct conf_list *v = &f->decl->pattern;
	int field = -1;

	for (unsigned i = 0; i < f->names.n; i++) {
		if (!f->field[i].is_time)
			continue;
		if (field >= 0 || f->field[i].inner)
			return -1;
		field = (int)i;
	}
	for (size_t i = 0; field >= 0 && i < v->n; i++) {
		size_t at, len;

		if (!pattern_place(v->v[i], f->names.name[field], &at, &len) ||
			(i > 0 && (at != f->place_at || len != f->place_len)))
			return -1;
		f->place_at = at;
		f->place_len = len;
	}
	return field;
}

/* The first time of a template, where it stands fast. The header of a syslog line, where the message
 * has no time: for if the header is none, the message may be read without one. */
static int
glance_at(struct format *f)
{
	int field;

	switch (f->decl->type) {
	case FORMAT_TEMPLATE:
		for (unsigned i = 0; (field = template_field(f->template, i)) >= 0; i++)
			if (f->field[field].is_time)
				return !f->field[field].inner && template_is_settled(f->template, i)
					       ? (int)i
					       : -1;
		return -1;
	case FORMAT_SYSLOG:
		for (unsigned i = 0; i < f->names.n; i++)
			if (f->field[i].inner && has_time(f->field[i].inner))
				return -1;
		return f->field[SYSLOG_TIME].is_time && !f->field[SYSLOG_TIME].inner ? SYSLOG_TIME
										     : -1;
	case FORMAT_PATTERN:
		return pattern_glance_at(f);
	default:
		return -1;
	}
}

static int
compile(struct formats *s, struct format *f, struct err *e)
{
	if (compile_names(s, f, e) < 0)
		return -1;
	for (unsigned i = 0; i < f->names.n; i++)
		f->field[i] = (struct format_field){ .name = f->names.name[i],
			.escape = f->decl->escape };
	if (f->decl->begin && pattern_begin_new(f->decl, s->limits, &f->begin, e) < 0)
		return -1;
	if (compile_time(f, e) < 0)
		return -1;
	if (compile_variants(s, f, e) < 0 || compile_inner(s, f, e) < 0)
		return -1;
	f->glance_at = glance_at(f);
	return 0;
}

static void
format_clear(struct format *f)
{
	f->template = template_free(f->template);
	f->pattern = pattern_free(f->pattern);
	f->begin = pattern_begin_free(f->begin);
	for (unsigned i = 0; i < f->names.n; i++)
		free(f->names.name[i]);
	f->names.n = f->n_variants = 0;
	f->state = FORMAT_DECLARED;
}

int
formats_new(const struct conf *c, struct formats **ret, struct err *e)
{
	CLEANUP(formats_freep) struct formats *s = NULL;

	s = calloc(1, sizeof(*s) + c->n_formats * sizeof(s->format[0]));
	if (!s)
		return err_memory(e);
	s->limits = pattern_limits_new();
	if (!s->limits)
		return err_memory(e);
	s->n = c->n_formats;
	for (size_t i = 0; i < s->n; i++)
		s->format[i].decl = &c->format[i];
	*ret = TAKE(s);
	return 0;
}

struct formats *
formats_free(struct formats *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		format_clear(&s->format[i]);
	pattern_limits_free(s->limits);
	free(s);
	return NULL;
}

int
formats_get(struct formats *s, const char *name, struct format **ret, struct err *e)
{
	struct format *f = NULL;

	for (size_t i = 0; i < s->n && !f; i++)
		if (strcmp(s->format[i].decl->name, name) == 0)
			f = &s->format[i];
	if (!f)
		return err_fail(e, EX_CONFIG, 0, N_("no such format"),
			N_("declare it in formats.d"), "%s", name);
	if (f->state == FORMAT_COMPILING)
		return conf_fail(e, &f->decl->where, N_("format contains itself"), NULL,
			"format \"%s\"", name);
	if (f->state == FORMAT_DECLARED) {
		f->state = FORMAT_COMPILING;
		if (compile(s, f, e) < 0) {
			format_clear(f);
			return -1;
		}
		f->state = FORMAT_READY;
	}
	*ret = f;
	return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

const char *
format_name(const struct format *f)
{
	return f->decl->name;
}

enum conf_format_type
format_type(const struct format *f)
{
	return f->decl->type;
}

const struct conf_format *
format_decl(const struct format *f)
{
	return f->decl;
}

unsigned
format_n_fields(const struct format *f)
{
	return f->names.n;
}

const struct format_field *
format_field(const struct format *f, unsigned i)
{
	return &f->field[i];
}

unsigned
format_n_variants(const struct format *f)
{
	return f->n_variants;
}

struct format *
format_variant(const struct format *f, unsigned i)
{
	return f->variant[i];
}

/* --- splitting ------------------------------------------------------------------------------- */

enum format_result
format_split(struct format *f, struct span line, struct split *ret)
{
	ret->n = 0;
	ret->whole = false;
	if (line.len > UINT32_MAX)
		return FORMAT_LIMIT;
	switch (f->decl->type) {
	case FORMAT_TEMPLATE:
		return template_split(f->template, line, ret);
	case FORMAT_PATTERN:
		if (line.len > PATTERN_LINE_MAX)
			return FORMAT_LIMIT;
		return pattern_split(f->pattern, line, ret);
	case FORMAT_SYSLOG:
		syslog_split(&f->head, line, ret);
		return FORMAT_OK;
	case FORMAT_JSON:
	case FORMAT_VARIANTS:
		break;
	}
	return FORMAT_NO_MATCH;
}

bool
format_glance(struct format *f, struct span line, struct split *ret)
{
	if (f->glance_at < 0)
		return false;
	ret->n = 0;
	if (f->decl->type == FORMAT_TEMPLATE)
		return template_split_head(f->template, (unsigned)f->glance_at, line, ret);
	if (f->decl->type == FORMAT_PATTERN)
		return line.len >= f->place_at + f->place_len &&
		       split_add(ret, line.p + f->place_at, f->place_len, f->glance_at);
	syslog_split(&f->head, line, ret);
	while (ret->n > 0 && ret->piece[ret->n - 1].field != f->glance_at)
		ret->n--;
	return ret->n > 0;
}

bool
format_is_flat(const struct format *f)
{
	for (unsigned i = 0; i < f->names.n; i++)
		if (f->field[i].inner)
			return false;
	return f->decl->type == FORMAT_TEMPLATE;
}

bool
format_retry_bare(struct format *f, struct span line, struct split *ret)
{
	if (f->decl->type != FORMAT_SYSLOG || ret->n <= 1)
		return false;
	ret->n = 0;
	return split_add(ret, line.p, line.len, SYSLOG_MESSAGE);
}

bool
format_begins(struct format *f, struct span line)
{
	return !f->begin || pattern_begin_matches(f->begin, line);
}

bool
format_has_begin(const struct format *f)
{
	return f->begin != NULL;
}
