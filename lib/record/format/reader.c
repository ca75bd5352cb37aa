/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/format/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "record/format/escape.h"
#include "record/format/format.h"
#include "record/format/json.h"
#include "record/record.h"
#include "record/timestamp.h"

#define DEPTH_MAX  6 /* formats within formats */
#define TEXT_MAX   (1u << 20)
#define JSON_NAMES 32 /* paths of JSON that are asked for, each compiled once */

/* A level of the line at hand: the text that one format has split. */
struct layer {
	struct format *format;
	struct span text;
	struct split split;
	struct buf undone; /* the text, where escapes had to be undone */
};

/* A path that somebody asked for. */
struct asked {
	const struct format *format;
	char *path;
	struct json_paths *paths;
};

struct reader {
	const struct conf_store *store;
	struct formats *formats;
	struct format *root;
	struct timestamp timestamp;
	int64_t time_us;
	struct layer layer[DEPTH_MAX];
	unsigned n_layers;
	struct asked asked[JSON_NAMES];
	unsigned n_asked;
	struct buf value, member;
	struct span found;
};

static struct span
undo(enum conf_escape kind, struct span value, struct buf *b)
{
	if (!escape_is_needed_to_undo(kind, value))
		return value;
	buf_clear(b);
	escape_undo(kind, value, b);
	return span_of(b->p, b->len);
}

static struct span
copy(struct span s, struct buf *b)
{
	buf_clear(b);
	buf_span(b, s);
	return span_of(b->p, b->len);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static const struct json_paths *
json_asked(struct reader *r, const struct format *f, const char *path)
{
	struct asked *a = &r->asked[r->n_asked];
	struct err ignored;

	for (unsigned i = 0; i < r->n_asked; i++)
		if (r->asked[i].format == f && strcmp(r->asked[i].path, path) == 0)
			return r->asked[i].paths;
	if (r->n_asked == JSON_NAMES)
		return NULL;
	a->format = f;
	a->path = strdup(path);
	a->paths = json_paths_new();
	if (!a->path || !a->paths || json_paths_add(a->paths, path, 0, &ignored) < 0) {
		free(a->path);
		json_paths_free(a->paths);
		return NULL;
	}
	r->n_asked++;
	return a->paths;
}

static int
see_member(void *ctx, const struct json_value *v)
{
	struct reader *r = ctx;

	r->found = v->escaped ? undo(ESCAPE_JSON, v->raw, &r->member) : v->raw;
	return -1; /* the first one counts */
}

static struct span
json_member(struct reader *r, const struct layer *l, const char *path)
{
	const struct json_paths *p = json_asked(r, l->format, path);

	r->found = SPAN_NONE;
	if (p)
		(void)json_each(p, l->text, see_member, r);
	return r->found;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool layer_read(struct reader *r, struct format *f, struct span text);

/* A text within a field may end as a line does; no format has a place for that. */
static struct span
without_end(struct span s)
{
	if (s.len == 0 || s.p[s.len - 1] != '\n')
		return s;
	s.len--;
	s.len -= s.len > 0 && s.p[s.len - 1] == '\r';
	return s;
}

static void
note_time(struct reader *r, struct span value)
{
	int64_t us;

	if (r->time_us == RECORD_NO_TIME && value.p && timestamp_parse(&r->timestamp, value, &us))
		r->time_us = us;
}

static bool
layer_json(struct reader *r, struct layer *l)
{
	const struct conf_format *decl = format_decl(l->format);

	if (!json_is_valid(l->text)) {
		l->text = SPAN(""); /* no member may be taken from it */
		return false;
	}
	for (size_t i = 0; i < decl->time.n; i++)
		note_time(r, json_member(r, l, decl->time.v[i])); /* the first that is there */
	for (size_t i = 0; i < decl->n_inner; i++) {
		struct format *inner;
		struct err ignored;
		struct span v;

		if (!decl->inner[i].format ||
			formats_get(r->formats, decl->inner[i].format, &inner, &ignored) < 0)
			continue;
		v = json_member(r, l, decl->inner[i].field);
		if (!v.p || r->n_layers == DEPTH_MAX)
			continue;
		if (v.p == r->member.p) /* which the next member may overwrite */
			v = copy(v, &r->layer[r->n_layers].undone);
		(void)layer_read(r, inner, without_end(v));
	}
	return true;
}

/* If it is one. */
static void
piece_time(struct reader *r, const struct layer *l, const struct piece *pc)
{
	const struct format_field *f;

	if (pc->field < 0)
		return;
	f = format_field(l->format, (unsigned)pc->field);
	if (f->is_time && !f->inner)
		note_time(r, undo(f->escape, span_of(pc->p, pc->len), &r->value));
}

static void
layer_times(struct reader *r, struct layer *l)
{
	for (unsigned i = 0; i < l->split.n; i++)
		piece_time(r, l, &l->split.piece[i]);
}

static bool
layer_inner(struct reader *r, struct layer *l)
{
	bool syslog = format_type(l->format) == FORMAT_SYSLOG;

	for (unsigned i = 0; i < l->split.n; i++) {
		const struct piece *pc = &l->split.piece[i];
		const struct format_field *f;
		struct span v;

		if (pc->field < 0)
			continue;
		f = format_field(l->format, (unsigned)pc->field);
		if (!f->inner || r->n_layers == DEPTH_MAX)
			continue;
		v = undo(f->escape, span_of(pc->p, pc->len), &r->layer[r->n_layers].undone);
		if (!layer_read(r, f->inner, without_end(v)) && syslog)
			return false;
	}
	return true;
}

/* What looked like a syslog header may be the message's own first words. If it is not that either,
 * the header counts: its time is the line's. */
static bool
layer_bare(struct reader *r, struct layer *l)
{
	const struct split framed = l->split;
	const int64_t framed_us = r->time_us;
	const unsigned n = (unsigned)(l - r->layer) + 1;

	if (!format_retry_bare(l->format, l->text, &l->split))
		return false;
	r->time_us = RECORD_NO_TIME;
	r->n_layers = n;
	layer_times(r, l);
	if (layer_inner(r, l))
		return true;
	l->split = framed;
	r->time_us = framed_us;
	r->n_layers = n;
	return false;
}

/* The first variant that fits; of none, what the last one has seen (a header's time). What begins like
 * an object is JSON, valid or not. */
static bool
layer_variants(struct reader *r, struct format *f, struct span text)
{
	const bool is_object = text.len > 0 && text.p[0] == '{';
	const int64_t before_us = r->time_us;
	const unsigned n = r->n_layers;

	for (unsigned i = 0; i < format_n_variants(f); i++) {
		struct format *v = format_variant(f, i);
		const bool is_json = format_type(v) == FORMAT_JSON;

		if (is_json && !is_object)
			continue;
		r->n_layers = n;
		r->time_us = before_us;
		if (layer_read(r, v, text))
			return true;
		if (is_json)
			return false;
	}
	return false;
}

static bool
layer_read(struct reader *r, struct format *f, struct span text)
{
	struct layer *l = &r->layer[r->n_layers];

	if (format_type(f) == FORMAT_VARIANTS)
		return layer_variants(r, f, text);
	if (r->n_layers == DEPTH_MAX)
		return false;
	l->format = f;
	l->text = text;
	l->split.n = 0;
	r->n_layers++;
	if (format_type(f) == FORMAT_JSON)
		return layer_json(r, l);
	if (format_split(f, text, &l->split) != FORMAT_OK) {
		l->split.n = 0;
		return false;
	}
	layer_times(r, l);
	return layer_inner(r, l) || layer_bare(r, l);
}

bool
reader_read(struct reader *r, struct span line)
{
	r->time_us = RECORD_NO_TIME;
	r->n_layers = 0;
	return line.len <= TEXT_MAX && layer_read(r, r->root, line);
}

/* A glance tells of each way in which a line may be read what time it would have then, and takes the earliest: the
 * line's own is not before it. */
struct glance {
	int64_t us; /* RECORD_NO_TIME: none has said anything */
};

/* Takes the time that R has read by now. False: it has none. */
static bool
glance_took(const struct reader *r, struct glance *g)
{
	if (r->time_us == RECORD_NO_TIME)
		return false;
	if (g->us == RECORD_NO_TIME || r->time_us < g->us)
		g->us = r->time_us;
	return true;
}

/* The times of L's own fields. Returns how many can be read. */
static unsigned
glance_fields(struct reader *r, struct layer *l, struct glance *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->split.n; i++) {
		r->time_us = RECORD_NO_TIME;
		piece_time(r, l, &l->split.piece[i]);
		n += glance_took(r, g);
	}
	return n;
}

static bool glance_at(
	struct reader *r, struct format *f, unsigned depth, struct span text, struct glance *g);

static bool
glance_inner(struct reader *r, const struct format *f, unsigned depth, struct span text,
	struct glance *g)
{
	const struct format_field *message = format_message(f);

	if (!message->inner || !format_has_inner_time(f))
		return true;
	text = undo(message->escape, text, &r->layer[depth].undone);
	return glance_at(r, message->inner, depth + 1, without_end(text), g);
}

/* With a header its time counts, unless the header is none and the message all of it (format_retry_bare());
 * without one, the message's. */
static bool
glance_syslog(
	struct reader *r, struct format *f, unsigned depth, struct span text, struct glance *g)
{
	struct layer *l = &r->layer[depth];
	struct span message = SPAN_NONE; /* its last piece, if it has one */
	const struct piece *last;

	if (depth + 1 >= DEPTH_MAX || format_split(f, text, &l->split) != FORMAT_OK)
		return false;
	l->format = f;
	last = &l->split.piece[l->split.n - 1];
	if (l->split.n > 0 && last->field >= 0 &&
		format_field(f, (unsigned)last->field) == format_message(f))
		message = span_of(last->p, last->len);
	if (glance_fields(r, l, g) == 0 && message.p && !glance_inner(r, f, depth, message, g))
		return false;
	return message.p == text.p || glance_inner(r, f, depth, text, g);
}

/* A template without inner formats is read to its end, since what takes the whole line ends the search. */
static bool
glance_variants(
	struct reader *r, struct format *f, unsigned depth, struct span text, struct glance *g)
{
	struct layer *l = &r->layer[depth];

	for (unsigned i = 0; i < format_n_variants(f); i++) {
		struct format *v = format_variant(f, i);

		if (format_type(v) == FORMAT_JSON && text.len > 0 && text.p[0] != '{')
			continue;
		if (format_type(v) == FORMAT_JSON)
			return glance_at(r, v, depth, text, g); /* valid or not */
		if (!format_is_flat(v)) {
			if (!glance_at(r, v, depth, text, g))
				return false;
			continue;
		}
		if (format_split(v, text, &l->split) != FORMAT_OK)
			continue;
		l->format = v;
		(void)glance_fields(r, l, g);
		return true;
	}
	return true;
}

/* The first of its times, which all others stand behind. */
static bool
glance_json(struct reader *r, const struct format *f, struct span text, struct glance *g)
{
	struct span value;

	r->time_us = RECORD_NO_TIME;
	if (json_glance(text, format_decl(f)->time.v[0], &value))
		note_time(r, value);
	return glance_took(r, g);
}

/* Of a pattern: its own time, or without one, that of the object which all of the line is. */
static bool
glance_pattern(
	struct reader *r, struct format *f, unsigned depth, struct span text, struct glance *g)
{
	struct layer *l = &r->layer[depth];
	struct format *object;

	if (!format_glance(f, text, &l->split))
		return true;
	l->format = f;
	if (glance_fields(r, l, g) > 0 || !format_has_inner_time(f))
		return true;
	if (!format_object(f, &object))
		return false;
	return !object || text.len == 0 || text.p[0] != '{' ||
	       glance_at(r, object, depth + 1, text, g);
}

static bool
glance_at(struct reader *r, struct format *f, unsigned depth, struct span text, struct glance *g)
{
	if (!format_glances(f) || depth >= DEPTH_MAX)
		return false;
	switch (format_type(f)) {
	case FORMAT_VARIANTS:
		return glance_variants(r, f, depth, text, g);
	case FORMAT_SYSLOG:
		return glance_syslog(r, f, depth, text, g);
	case FORMAT_JSON:
		return glance_json(r, f, text, g);
	default:
		return glance_pattern(r, f, depth, text, g);
	}
}

bool
reader_glance(struct reader *r, struct span line, int64_t *ret_us)
{
	struct glance g = { RECORD_NO_TIME };

	r->n_layers = 0;
	if (line.len > TEXT_MAX || !glance_at(r, r->root, 0, line, &g))
		g.us = RECORD_NO_TIME;
	r->time_us = RECORD_NO_TIME;
	*ret_us = g.us;
	return g.us != RECORD_NO_TIME;
}

bool
reader_begins(struct reader *r, struct span line)
{
	return format_begins(r->root, line);
}

void
reader_latest(struct reader *r, int64_t us)
{
	r->timestamp.latest_us = us;
}

int64_t
reader_time_us(const struct reader *r)
{
	return r->time_us;
}

/* --- fields by name --------------------------------------------------------------------------- */

static struct span
layer_field(struct reader *r, struct layer *l, const char *name)
{
	if (format_type(l->format) == FORMAT_JSON)
		return json_member(r, l, name);
	for (unsigned i = 0; i < l->split.n; i++) {
		const struct piece *pc = &l->split.piece[i];
		const struct format_field *f;

		if (pc->field < 0)
			continue;
		f = format_field(l->format, (unsigned)pc->field);
		if (strcmp(f->name, name) == 0)
			return undo(f->escape, span_of(pc->p, pc->len), &r->value);
	}
	return SPAN_NONE;
}

struct span
reader_field(struct reader *r, const char *name)
{
	const char *dot = strchr(name, '.');
	struct span v = SPAN_NONE;

	for (unsigned i = 0; i < r->n_layers && !v.p; i++)
		v = layer_field(r, &r->layer[i], name);
	for (unsigned i = 1; dot && i < r->n_layers && !v.p; i++)
		v = layer_field(r, &r->layer[i], dot + 1);
	return v;
}

/* --- making ----------------------------------------------------------------------------------- */

int
reader_new(const struct conf_store *s, struct formats *f, struct reader **ret, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_memory(e);
	r->store = s;
	r->formats = f;
	r->time_us = RECORD_NO_TIME;
	timestamp_init(&r->timestamp, s->timezone);
	buf_init(&r->value, TEXT_MAX);
	buf_init(&r->member, TEXT_MAX);
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		buf_init(&r->layer[i].undone, TEXT_MAX);
	if (!*s->format)
		return conf_fail(e, &s->where, N_("store without a format"),
			N_("name the format by which its lines are read"), "store \"%s\"", s->name);
	if (formats_get(f, s->format, &r->root, e) < 0)
		return -1;
	*ret = TAKE(r);
	return 0;
}

struct reader *
reader_free(struct reader *r)
{
	if (!r)
		return NULL;
	for (unsigned i = 0; i < r->n_asked; i++) {
		free(r->asked[i].path);
		json_paths_free(r->asked[i].paths);
	}
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		buf_wipe(&r->layer[i].undone);
	buf_wipe(&r->value);
	buf_wipe(&r->member);
	free(r);
	return NULL;
}
