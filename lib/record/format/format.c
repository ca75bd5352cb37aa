/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/format/format.h"

#include <stdlib.h>

#include "record/format/format-private.h"
#include "record/format/pattern_place.h"

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
	/* of a glance */
	bool is_flat, is_glanced, inner_has_time, inner_is_settled;
	struct format *object; /* format_object() */
	int glance_at; /* the part of a template, the field of a pattern, with the time; -1: none */
	struct pattern_place
		place[PATTERN_PLACES_MAX]; /* of a pattern: where that field may lie in a line */
	unsigned n_places;
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

static bool
is_flat(const struct format *f)
{
	for (unsigned i = 0; i < f->names.n; i++)
		if (f->field[i].inner)
			return false;
	return f->decl->type == FORMAT_TEMPLATE;
}

static bool
inner_has_time(const struct format *f)
{
	for (unsigned i = 0; i < f->names.n; i++)
		if (f->field[i].inner && has_time(f->field[i].inner))
			return true;
	return false;
}

static bool
place_add(struct format *f, struct pattern_place p)
{
	for (unsigned i = 0; i < f->n_places; i++)
		if (f->place[i].at == p.at && f->place[i].len == p.len &&
			f->place[i].next == p.next &&
			memcmp(f->place[i].shape, p.shape, sizeof(p.shape)) == 0)
			return true;
	if (f->n_places == PATTERN_PLACES_MAX)
		return false;
	f->place[f->n_places++] = p;
	return true;
}

/* Where the time of a pattern lies, by each of its alternatives; one that does not name it has none. */
static bool
time_places(struct format *f)
{
	const struct conf_list *v = &f->decl->pattern;

	for (unsigned i = 0; i < f->names.n; i++) {
		if (!f->field[i].is_time)
			continue;
		if (f->glance_at >= 0 || f->field[i].inner)
			return false;
		f->glance_at = (int)i;
	}
	for (size_t i = 0; f->glance_at >= 0 && i < v->n; i++) {
		struct pattern_place p[PATTERN_PLACES_MAX];
		unsigned n;

		if (!strstr(v->v[i], f->names.name[f->glance_at]))
			continue;
		n = pattern_places(v->v[i], f->names.name[f->glance_at], p);
		if (n == 0)
			return false;
		for (unsigned k = 0; k < n; k++)
			if (!place_add(f, p[k]))
				return false;
	}
	return true;
}

/* Of a pattern: does the field I, whose inner format has a time, stand in the alternative SOURCE only beside the
 * pattern's own time, or is it a line that is one JSON object? */
static bool
inner_settles(struct format *f, unsigned i, const char *source)
{
	char group[80];
	struct format *inner = f->field[i].inner;

	(void)snprintf(group, sizeof(group), "(?<%s>", f->names.name[i]);
	if (!strstr(source, group) ||
		(f->glance_at >= 0 && pattern_needs(source, f->names.name[f->glance_at])))
		return true;
	(void)snprintf(group, sizeof(group), "(?<%s>\\{.*\\})", f->names.name[i]);
	if (strcmp(source, group) != 0 || inner->decl->type != FORMAT_JSON ||
		f->field[i].escape != ESCAPE_NONE || (f->object && f->object != inner))
		return false;
	f->object = inner;
	return true;
}

static bool
inner_is_settled(struct format *f)
{
	if (f->decl->type != FORMAT_PATTERN)
		return false;
	for (unsigned i = 0; i < f->names.n; i++)
		for (size_t k = 0; k < f->decl->pattern.n; k++)
			if (f->field[i].inner && has_time(f->field[i].inner) &&
				!inner_settles(f, i, f->decl->pattern.v[k]))
				return false;
	return true;
}

/* The first time of a template, where it stands fast. */
static bool
template_place(struct format *f)
{
	int field;

	for (unsigned i = 0; (field = template_field(f->template, i)) >= 0; i++) {
		if (!f->field[field].is_time)
			continue;
		f->glance_at = (int)i;
		return !f->field[field].inner && template_is_settled(f->template, i);
	}
	return true;
}

/* Can a glance tell of a line that is of this form? */
static bool
is_glanced(struct format *f)
{
	bool any = false;

	f->glance_at = -1;
	switch (f->decl->type) {
	case FORMAT_TEMPLATE:
		return template_place(f);
	case FORMAT_PATTERN:
		return time_places(f);
	case FORMAT_SYSLOG:
		for (unsigned i = 0; i < f->names.n; i++)
			if (i != SYSLOG_MESSAGE && f->field[i].inner && has_time(f->field[i].inner))
				return false;
		return !f->inner_has_time || format_glances(f->field[SYSLOG_MESSAGE].inner);
	case FORMAT_JSON:
		return f->decl->time.n > 0 && !strpbrk(f->decl->time.v[0], ".\\");
	case FORMAT_VARIANTS: /* which it is, each line tells */
		for (unsigned i = 0; i < f->n_variants; i++)
			any |= format_is_flat(f->variant[i]) || format_glances(f->variant[i]);
		return any;
	default:
		return false;
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
	f->is_flat = is_flat(f);
	f->inner_has_time = inner_has_time(f);
	f->is_glanced = is_glanced(f);
	f->inner_is_settled = inner_is_settled(f);
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
format_glances(const struct format *f)
{
	return f->is_glanced;
}

bool
format_has_inner_time(const struct format *f)
{
	return f->inner_has_time;
}

bool
format_object(const struct format *f, struct format **ret)
{
	*ret = f->object;
	return f->inner_is_settled;
}

const struct format_field *
format_message(const struct format *f)
{
	return &f->field[SYSLOG_MESSAGE];
}

static bool
is_at(const struct pattern_place *p, struct span line)
{
	const size_t end = p->at + p->len;

	if (p->next < 0 ? line.len < end
			: line.len <= end || (unsigned char)line.p[end] != (unsigned)p->next)
		return false;
	for (size_t i = 0; i < PATTERN_SHAPE_MAX && i < p->len && p->shape[i]; i++) {
		const char c = line.p[p->at + i];

		if (p->shape[i] == '0' ? c < '0' || c > '9' : c != p->shape[i])
			return false;
	}
	return true;
}

bool
format_glance(struct format *f, struct span line, struct split *ret)
{
	ret->n = 0;
	if (f->glance_at < 0)
		return true;
	if (f->decl->type == FORMAT_TEMPLATE)
		return template_split_head(f->template, (unsigned)f->glance_at, line, ret);
	for (unsigned i = 0; i < f->n_places; i++)
		if (is_at(&f->place[i], line) &&
			!split_add(ret, line.p + f->place[i].at, f->place[i].len, f->glance_at))
			return true;
	return true;
}

bool
format_is_flat(const struct format *f)
{
	return f->is_flat;
}

int
format_piece_field(const struct format *f, unsigned i)
{
	return f->is_flat ? template_field(f->template, i) : -1;
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
