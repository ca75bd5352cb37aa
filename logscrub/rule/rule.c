/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A record goes through the tree twice: first it is read, every level of it, so that its time (and
 * with it the key of its day) is known before anything is written; then it is written, piece by
 * piece.
 */
#include "logscrub/rule/rule.h"

#include <stdio.h>
#include <stdlib.h>

#include "logscrub/rule/rule-private.h"
#include "record/format/escape.h"

/* What a trace keeps of the values before; a longer line shows less. */
#define BEFORES_MAX (64u << 10)

static const char *const reason_names[DROP_REASONS] = {
	[DROP_NONE] = "none",
	[DROP_NO_MATCH] = "no-match",
	[DROP_LIMIT] = "match-limit",
	[DROP_TOO_LONG] = "too-long",
	[DROP_INVALID] = "invalid-json",
	[DROP_ORPHAN] = "orphan",
	[DROP_UNCLAIMED] = "unclaimed",
	[DROP_MISSING] = "missing",
};

const char *
drop_reason_name(enum drop_reason r)
{
	return reason_names[r];
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum drop_reason level_read(struct rule *r, struct level *lv, struct span text);

/* The text of VALUE without escapes of KIND, kept in B when there were any: each is longer than what it
 * stands for, so the same length means that there were none. */
static struct span
undo(enum conf_escape kind, struct span value, struct buf *b)
{
	if (!escape_is_needed_to_undo(kind, value))
		return value;
	buf_clear(b);
	escape_undo(kind, value, b);
	return b->len == value.len ? value : span_of(b->p, b->len);
}

void
rule_note_time(struct rule *r, const struct action *a, struct span value)
{
	int64_t us;

	if (!a->is_time || r->time_us != INT64_MIN)
		return;
	/* no time has a sign in it that an escape begins with */
	if (timestamp_parse(&r->timestamp, value, &us) ||
		timestamp_parse(&r->timestamp, undo(a->escape, value, &r->value), &us)) {
		r->time_us = us;
		r->time_at = value.p;
	}
}

/* The time's piece mostly stands where it stood in the line before. */
static void
read_time(struct rule *r, struct level *lv)
{
	const struct split *s = &lv->split;
	unsigned i = lv->time_piece;

	if (i >= s->n || s->piece[i].field != lv->time_field)
		for (i = 0; i < s->n && s->piece[i].field != lv->time_field; i++)
			;
	if (i == s->n)
		return;
	lv->time_piece = i;
	rule_note_time(r, &lv->action[lv->time_field], span_of(s->piece[i].p, s->piece[i].len));
}

/* A text within a field may end as a line does ("log":"…\n"); no format has a place for that. */
static enum drop_reason
nested_read(struct rule *r, struct level *lv, struct span text)
{
	lv->end_len = text.len > 0 && text.p[text.len - 1] == '\n';
	if (lv->end_len > 0 && text.len > 1 && text.p[text.len - 2] == '\r')
		lv->end_len = 2;
	text.len -= lv->end_len;
	return level_read(r, lv, text);
}

static enum drop_reason
read_nested_piece(struct rule *r, const struct action *a, const struct piece *pc)
{
	return nested_read(
		r, a->inner, undo(a->escape, span_of(pc->p, pc->len), &a->inner->undone));
}

/* There is room for one value of each field: of one that is there again it is the last one's. */
static inline void
note_field(struct level *lv, const struct piece *pc, uint64_t *seen)
{
	const uint64_t bit = UINT64_C(1) << pc->field;

	lv->repeated |= *seen & bit;
	*seen |= bit;
}

static enum drop_reason
read_nested(struct rule *r, struct level *lv)
{
	const struct split *s = &lv->split;
	uint64_t seen = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const struct piece *pc = &s->piece[i];
		enum drop_reason why;

		if (pc->field < 0 || lv->action[pc->field].kind != ACTION_NEST)
			continue;
		note_field(lv, pc, &seen);
		why = read_nested_piece(r, &lv->action[pc->field], pc);
		/* behind a syslog header, no message means no record */
		if (why != DROP_NONE && lv->type == FORMAT_SYSLOG)
			return why;
	}
	return DROP_NONE;
}

/* Asks early for what the transforms may know, so that it is there when it is needed. */
static void
read_keys(struct rule *r, struct level *lv)
{
	const struct piece *pc = lv->split.piece, *end = pc + lv->split.n;
	const uint64_t recalling = lv->recalling;
	uint64_t seen = 0;

	for (; pc < end; pc++) {
		struct action *a;

		if (pc->field < 0 || !(recalling >> pc->field & 1))
			continue;
		note_field(lv, pc, &seen);
		a = &lv->action[pc->field];
		transform_key(a->transform, &r->env, span_of(pc->p, pc->len), &a->key);
	}
}

static enum drop_reason
read_pieces(struct rule *r, struct level *lv)
{
	lv->repeated = 0;
	if (lv->recalling != 0)
		read_keys(r, lv);
	if (lv->time_field >= 0)
		read_time(r, lv);
	return lv->nests ? read_nested(r, lv) : DROP_NONE;
}

static int
see_time(void *ctx, const struct json_value *v)
{
	struct rule *r = ctx;
	const struct action a = { .is_time = true, .escape = ESCAPE_JSON };

	rule_note_time(r, &a, v->raw);
	return r->time_us == INT64_MIN ? 0 : -1; /* the rest is checked while it is written */
}

/* The time of a line that is JSON as a whole, by a glance: whatever is wrong with it shows when it is written, and it
 * is dropped for the same reason. */
static bool
glance_at_time(struct rule *r, struct level *lv)
{
	const struct action a = { .is_time = true };
	struct span value;

	if (!lv->time_key || lv != r->level[0] || !json_glance(lv->text, lv->time_key, &value))
		return false;
	rule_note_time(r, &a, value);
	return r->time_us != INT64_MIN;
}

static enum drop_reason
read_json(struct rule *r, struct level *lv)
{
	if (!lv->time_in || r->time_us != INT64_MIN || glance_at_time(r, lv))
		return DROP_NONE;
	return json_each(lv->time_in, lv->text, see_time, r) == 1 ? DROP_INVALID : DROP_NONE;
}

/* The first variant that fits. What begins like an object is JSON, valid or not. */
static enum drop_reason
read_variants(struct rule *r, struct level *lv)
{
	const bool is_object = lv->text.len > 0 && lv->text.p[0] == '{';
	enum drop_reason why = DROP_NO_MATCH;

	for (unsigned i = 0; i < lv->n_variants && why != DROP_NONE; i++) {
		const bool is_json = lv->variant[i]->type == FORMAT_JSON;

		if (is_json && !is_object)
			continue;
		lv->chosen = lv->variant[i];
		why = level_read(r, lv->chosen, lv->text);
		if (is_json)
			break;
	}
	return why;
}

static enum drop_reason
read_split(struct rule *r, struct level *lv)
{
	const int64_t before_us = r->time_us;
	enum drop_reason why, again;

	switch (format_split(lv->format, lv->text, &lv->split)) {
	case FORMAT_OK:
		break;
	case FORMAT_LIMIT:
		return DROP_LIMIT;
	case FORMAT_NO_MATCH:
		return DROP_NO_MATCH;
	}
	why = read_pieces(r, lv);
	if (why == DROP_NONE)
		return why;
	r->time_us = before_us;
	if (!format_retry_bare(lv->format, lv->text, &lv->split))
		return why;
	again = read_pieces(r, lv);
	if (again == DROP_NONE)
		return again;
	r->time_us = before_us;
	return why; /* of what the line looked like */
}

static enum drop_reason
level_read(struct rule *r, struct level *lv, struct span text)
{
	enum drop_reason why;

	lv->text = text;
	lv->present = false;
	switch (lv->type) {
	case FORMAT_JSON:
		why = read_json(r, lv);
		break;
	case FORMAT_VARIANTS:
		why = read_variants(r, lv);
		break;
	default:
		why = read_split(r, lv);
	}
	lv->present = why == DROP_NONE;
	return why;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int level_write(struct rule *r, struct level *lv, struct buf *out);

static bool
says_nothing(const char *p, size_t len)
{
	return len == 0 || (len == 1 && p[0] == '-');
}

static void
trace_field(struct rule *r, const struct action *a, struct span before, size_t at,
	const struct buf *out)
{
	struct rule_trace *t = r->trace;
	const char *what = a->transform ? transform_name(a->transform) : "drop";

	if (t->n == sizeof(t->field) / sizeof(t->field[0]))
		return;
	/* a copy, since a level's text may be overwritten by its next occurrence; the buffer must
	 * not move once spans point into it */
	if (r->befores.cap - r->befores.len >= before.len) {
		buf_span(&r->befores, before);
		before.p = r->befores.p + r->befores.len - before.len;
	} else {
		before = SPAN_NONE;
	}
	t->field[t->n++] = (struct rule_field){ .name = a->name,
		.action = what,
		.before = before,
		.at = at,
		.len = out->len - at,
		.token = a->kind == ACTION_TRANSFORM && strstr(what, "pseudonym") != NULL };
}

static int
transform_value(struct rule *r, const struct action *a, struct span value, struct buf *out)
{
	struct span plain = undo(a->escape, value, &r->value);
	int rc;

	if (plain.p == value.p)
		return transform_apply(a->transform, &r->env, value, out, r->e);
	if (r->value.failed)
		return DROP_TOO_LONG;
	buf_clear(&r->made);
	rc = transform_apply(a->transform, &r->env, plain, &r->made, r->e);
	if (rc == 0)
		escape_redo(a->escape, span_of(r->made.p, r->made.len), out);
	return rc;
}

static int
level_write_nested(struct rule *r, struct level *inner, struct buf *out)
{
	int rc = level_write(r, inner, out);

	if (rc == 0)
		buf_put(out, "\r\n" + 2 - inner->end_len, inner->end_len);
	return rc;
}

/* What an inner format makes of its field; "-" where it does not fit. */
static int
nested_value(
	struct rule *r, struct level *inner, enum conf_escape escape, bool undone, struct buf *out)
{
	size_t start = out->len;
	int rc;

	if (!inner->present) {
		buf_char(out, '-');
		return 0;
	}
	if (!undone) {
		rc = level_write_nested(r, inner, out);
	} else {
		buf_clear(&inner->made);
		rc = level_write_nested(r, inner, &inner->made);
		if (rc == 0 && inner->made.failed)
			return DROP_TOO_LONG;
		if (rc == 0)
			escape_redo(escape, span_of(inner->made.p, inner->made.len), out);
	}
	if (rc == DROP_INVALID) {
		buf_cut(out, start);
		buf_char(out, '-');
		return 0;
	}
	return rc;
}

static int
write_field(struct rule *r, const struct action *a, struct span value, struct buf *out)
{
	size_t at = out->len;
	int rc = 0;

	switch (a->kind) {
	case ACTION_DROP:
		break;
	case ACTION_KEEP:
		buf_span(out, value);
		break;
	case ACTION_TRANSFORM:
		if (!says_nothing(value.p, value.len))
			rc = transform_value(r, a, value, out);
		break;
	case ACTION_NEST:
		return nested_value(r, a->inner, a->escape, a->inner->text.p != value.p, out);
	}
	if (out->len == at)
		buf_char(out, '-');
	if (r->trace)
		trace_field(r, a, value, at, out);
	return rc;
}

int
rule_write_piece(struct rule *r, struct level *lv, const struct piece *pc, struct buf *out)
{
	const struct split *s = &lv->split;
	const struct action *a = &lv->action[pc->field];

	if (a->kind == ACTION_NEST && lv->repeated >> pc->field & 1)
		(void)read_nested_piece(r, a, pc); /* what did not fit is written as such */
	if (r->trace && lv == r->level[0] && lv->type == FORMAT_SYSLOG && pc + 1 == s->piece + s->n)
		r->trace->message_at = out->len;
	return write_field(r, a, span_of(pc->p, pc->len), out);
}

/* Writes a field that does not stand. Most are dropped, or their value was met before. */
static inline int
write_changed(struct rule *r, struct level *lv, const struct piece *pc, struct buf *out)
{
	struct action *a = &lv->action[pc->field];

	if (!r->trace) { /* it wants to hear of each field */
		if (lv->dropped >> pc->field & 1) {
			buf_char(out, '-');
			return 0;
		}
		if ((lv->recalling & lv->repeated) >> pc->field & 1)
			transform_key(a->transform, &r->env, span_of(pc->p, pc->len), &a->key);
		if (lv->recalling >> pc->field & 1 &&
			transform_recall(a->transform, &r->env, &a->key, out))
			return 0;
	}
	return rule_write_piece(r, lv, pc, out);
}

/* Does PC stand as it was? Literals and kept fields do. */
static inline bool
stands(const struct piece *pc, uint64_t kept)
{
	return pc->field < 0 || (kept >> pc->field & 1 && pc->len > 0);
}

/* Where only fields have pieces, whatever is between those that change is one text. */
static int
write_whole(struct rule *r, struct level *lv, struct buf *out)
{
	const struct piece *pc = lv->split.piece, *end = pc + lv->split.n;
	const char *from = lv->text.p;
	const uint64_t kept = r->trace ? 0 : lv->kept;

	for (; pc < end; pc++) {
		int rc;

		if (kept >> pc->field & 1 && pc->len > 0)
			continue;
		buf_put(out, from, (size_t)(pc->p - from));
		from = pc->p + pc->len;
		rc = write_changed(r, lv, pc, out);
		if (rc != 0)
			return rc;
	}
	buf_put(out, from, (size_t)(lv->text.p + lv->text.len - from));
	return 0;
}

/* Text that stands is gathered, from FROM to TO, as long as it follows each other. */
static int
write_pieces(struct rule *r, struct level *lv, struct buf *out)
{
	const struct piece *pc = lv->split.piece, *end = pc + lv->split.n;
	const char *from = lv->text.p, *to = from;
	const uint64_t kept = r->trace ? 0 : lv->kept;

	for (; pc < end; pc++) {
		const char *p = pc->p, *behind = p + pc->len;
		int rc;

		if (to != p) {
			buf_put(out, from, (size_t)(to - from));
			from = p;
		}
		to = behind;
		if (stands(pc, kept))
			continue;
		buf_put(out, from, (size_t)(p - from));
		from = behind;
		rc = write_changed(r, lv, pc, out);
		if (rc != 0)
			return rc;
	}
	buf_put(out, from, (size_t)(to - from));
	return 0;
}

struct json_ctx {
	struct rule *r;
	struct level *lv;
	int rc;
};

/* JSON has no grammar for times: anything may stand there, but where the line's own was read. */
static bool
is_time(struct rule *r, const struct level *lv, const struct json_value *v)
{
	int64_t us;

	if (lv == r->level[0] && v->raw.p == r->time_at)
		return true;
	return timestamp_parse(&r->timestamp, undo(ESCAPE_JSON, v->raw, &r->value), &us);
}

/* A member whose value says nothing is left out. Numbers and words stand as they are where they are
 * kept. */
static int
write_member(void *p, const struct json_value *v, struct buf *out)
{
	struct json_ctx *c = p;
	struct action *a = &c->lv->action[v->slot];
	size_t at = out->len;

	if (v->kind == JSON_KIND_NULL || (a->is_time && !is_time(c->r, c->lv, v)))
		return 1;
	if (a->kind == ACTION_KEEP && v->kind != JSON_KIND_STRING) {
		buf_span(out, v->raw);
		if (c->r->trace)
			trace_field(c->r, a, v->raw, at, out);
		return 0;
	}
	buf_char(out, '"');
	if (a->kind == ACTION_NEST) {
		struct span text = undo(ESCAPE_JSON, v->raw, &a->inner->undone);

		(void)nested_read(c->r, a->inner, text);
	}
	if (a->recalls)
		transform_key(a->transform, &c->r->env, v->raw, &a->key);
	if (c->r->trace || !a->recalls || !transform_recall(a->transform, &c->r->env, &a->key, out))
		c->rc = write_field(c->r, a, v->raw, out);
	if (c->rc != 0)
		return -1;
	if (out->len > at && says_nothing(out->p + at + 1, out->len - at - 1)) {
		buf_cut(out, at);
		return 1;
	}
	if (v->kind != JSON_KIND_STRING && out->len - at - 1 == v->raw.len &&
		memcmp(out->p + at + 1, v->raw.p, v->raw.len) == 0) {
		buf_cut(out, at);
		buf_span(out, v->raw);
		return 0;
	}
	buf_char(out, '"');
	return 0;
}

static int
level_write(struct rule *r, struct level *lv, struct buf *out)
{
	struct json_ctx c = { .r = r, .lv = lv };

	if (lv->type == FORMAT_VARIANTS)
		return level_write(r, lv->chosen, out);
	if (lv->type != FORMAT_JSON)
		return (lv->split.whole ? write_whole : write_pieces)(r, lv, out);
	switch (json_filter(lv->paths, lv->text, write_member, &c, out)) {
	case 0:
		return 0;
	case 1:
		return DROP_INVALID;
	default:
		return c.rc != 0 ? c.rc : DROP_TOO_LONG;
	}
}

/* By whatever tree of levels there is. */
static int
apply_slowly(struct rule *r, struct span line, int64_t arrival_us, struct buf *out)
{
	const int rc = (int)level_read(r, r->level[0], line);

	if (r->time_us == INT64_MIN)
		r->time_us = arrival_us;
	if (rc != DROP_NONE)
		return rc;
	r->env.day = timestamp_day(r->time_us);
	return level_write(r, r->level[0], out);
}

int
rule_apply(struct rule *r, struct span line, int64_t arrival_us, struct buf *out,
	struct rule_trace *trace, struct err *e)
{
	size_t start = out->len;
	int rc;

	r->time_us = INT64_MIN;
	r->time_at = NULL;
	r->e = e;
	r->trace = trace;
	if (trace) {
		trace->n = 0;
		trace->message_at = 0;
		buf_clear(&r->befores);
		(void)buf_room(&r->befores, BEFORES_MAX);
	}
	if (line.len > LINE_MAX_BYTES)
		return DROP_TOO_LONG;
	rc = r->flat.level && !trace ? rule_flat_apply(r, line, arrival_us, out) : DROP_NO_MATCH;
	if (rc == DROP_NO_MATCH)
		rc = apply_slowly(r, line, arrival_us, out);
	if (rc == 0 && out->failed)
		rc = DROP_TOO_LONG;
	/* a line of which nothing is left says nothing, not even when */
	if (rc == 0 && says_nothing(out->p + start, out->len - start))
		rc = DROP_NO_MATCH;
	if (rc != 0)
		buf_cut(out, start);
	return rc;
}

bool
rule_begins(struct rule *r, struct span line)
{
	return format_begins(r->level[0]->format, line);
}

bool
rule_has_begin(const struct rule *r)
{
	return format_has_begin(r->level[0]->format);
}

bool
rule_takes_frame(const struct rule *r)
{
	return r->level[0]->type == FORMAT_SYSLOG;
}

int64_t
rule_time_us(const struct rule *r)
{
	return r->time_us;
}

const uint64_t *
rule_hits(const struct rule *r)
{
	return r->env.hits;
}

/* --- making ----------------------------------------------------------------------------------- */

static struct level *
level_free(struct level *lv)
{
	if (!lv)
		return NULL;
	for (unsigned i = 0; i < lv->n_actions; i++)
		transform_free(lv->action[i].transform);
	free(lv->action);
	free(lv->variant);
	json_paths_free(lv->paths);
	json_paths_free(lv->time_in);
	buf_wipe(&lv->undone);
	buf_wipe(&lv->made);
	free(lv);
	return NULL;
}

static int level_new(struct rule *r, struct format *f, const char *path, unsigned depth,
	struct level **ret, struct err *e);

static int
path_join(char ret[RULE_NAME_MAX], const struct level *lv, const char *name, struct err *e)
{
	int n = snprintf(ret, RULE_NAME_MAX, "%s%s%s", lv->path, lv->path[0] ? "." : "", name);

	if (n >= 0 && n < RULE_NAME_MAX)
		return 0;
	return err_fail(e, EX_CONFIG, 0, N_("names of nested fields are too long"), NULL, "%s",
		format_name(lv->format));
}

static int
level_fields(struct rule *r, struct level *lv, unsigned depth, struct err *e)
{
	lv->n_actions = format_n_fields(lv->format);
	lv->action = calloc(lv->n_actions + 1, sizeof(*lv->action));
	if (!lv->action)
		return err_memory(e);
	for (unsigned i = 0; i < lv->n_actions; i++) {
		const struct format_field *ff = format_field(lv->format, i);
		struct action *a = &lv->action[i];
		char path[RULE_NAME_MAX];

		*a = (struct action){
			.name = ff->name, .escape = ff->escape, .is_time = ff->is_time
		};
		if (ff->is_time && !ff->inner && lv->time_field < 0)
			lv->time_field = (int)i;
		if (!ff->inner)
			continue;
		if (path_join(path, lv, ff->name, e) < 0 ||
			level_new(r, ff->inner, path, depth + 1, &a->inner, e) < 0)
			return -1;
		a->kind = ACTION_NEST;
		lv->nests = true;
	}
	return 0;
}

/* The members that the format itself says are read by an inner format. */
static int
level_json_inner(struct rule *r, struct level *lv, unsigned depth, struct err *e)
{
	const struct conf_format *decl = format_decl(lv->format);

	for (size_t i = 0; i < decl->n_inner; i++) {
		struct level *inner = NULL;
		struct format *f;
		struct action *a;

		if (!decl->inner[i].format)
			continue;
		if (formats_get(r->formats, decl->inner[i].format, &f, e) < 0 ||
			level_new(r, f, decl->inner[i].field, depth + 1, &inner, e) < 0)
			return -1;
		a = level_member(lv, decl->inner[i].field, e);
		if (!a)
			return -1;
		a->kind = ACTION_NEST;
		a->inner = inner;
	}
	return 0;
}

static int
level_json(struct rule *r, struct level *lv, unsigned depth, struct err *e)
{
	const struct conf_format *decl = format_decl(lv->format);

	lv->paths = json_paths_new();
	if (!lv->paths)
		return err_memory(e);
	if (level_json_inner(r, lv, depth, e) < 0)
		return -1;
	if (decl->time.n == 0)
		return 0;
	lv->time_in = json_paths_new();
	if (!lv->time_in)
		return err_memory(e);
	if (decl->time.n == 1 && !strpbrk(decl->time.v[0], ".\\"))
		lv->time_key = decl->time.v[0];
	for (size_t i = 0; i < decl->time.n; i++)
		if (json_paths_add(lv->time_in, decl->time.v[i], 0, e) < 0)
			return -1;
	return 0;
}

/* Each variant is named by its format, so that its fields can be told from another's: "a.status". */
static int
level_variants(struct rule *r, struct level *lv, unsigned depth, struct err *e)
{
	unsigned n = format_n_variants(lv->format);

	lv->variant = calloc(n + 1, sizeof(struct level *));
	if (!lv->variant)
		return err_memory(e);
	for (; lv->n_variants < n; lv->n_variants++) {
		struct format *f = format_variant(lv->format, lv->n_variants);
		char path[RULE_NAME_MAX];

		if (path_join(path, lv, format_name(f), e) < 0 ||
			level_new(r, f, path, depth + 1, &lv->variant[lv->n_variants], e) < 0)
			return -1;
	}
	return 0;
}

static int
level_new(struct rule *r, struct format *f, const char *path, unsigned depth, struct level **ret,
	struct err *e)
{
	struct level *lv;

	if (depth >= RULE_DEPTH_MAX || r->n_levels == sizeof(r->level) / sizeof(r->level[0]))
		return err_fail(
			e, EX_CONFIG, 0, N_("formats nest too deep"), NULL, "%s", format_name(f));
	lv = calloc(1, sizeof(*lv));
	if (!lv)
		return err_memory(e);
	r->level[r->n_levels++] = lv; /* the rule owns it from here on */
	lv->format = f;
	lv->type = format_type(f);
	lv->time_field = -1;
	buf_init(&lv->undone, LINE_MAX_BYTES);
	buf_init(&lv->made, 4 * LINE_MAX_BYTES);
	(void)snprintf(lv->path, sizeof(lv->path), "%s", path);
	*ret = lv;
	switch (lv->type) {
	case FORMAT_JSON:
		return level_json(r, lv, depth, e);
	case FORMAT_VARIANTS:
		return level_variants(r, lv, depth, e);
	default:
		return level_fields(r, lv, depth, e);
	}
}

int
rule_new(const struct conf_store *s, struct formats *f, struct pseudonym *p, struct rule **ret,
	struct err *e)
{
	CLEANUP(rule_freep) struct rule *r = NULL;
	struct level *root;
	struct format *format;

	if (!s->has_scrub || !s->format)
		return conf_fail(e, &s->where, N_("store has no scrub section or no format"),
			N_("declare what is kept; whatever is not named is dropped"),
			"store \"%s\"", s->name);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_memory(e);
	r->store = s;
	r->formats = f;
	buf_init(&r->befores, BEFORES_MAX);
	timestamp_init(&r->timestamp, s->timezone);
	r->env.pseudonym = p;
	r->env.timestamp = &r->timestamp;
	buf_init(&r->value, LINE_MAX_BYTES);
	buf_init(&r->made, 4 * LINE_MAX_BYTES);
	if (formats_get(f, s->format, &format, e) < 0 ||
		level_new(r, format, "", 0, &root, e) < 0 || rule_bind(r, e) < 0)
		return -1;
	rule_flat_init(r);
	*ret = TAKE(r);
	return 0;
}

struct rule *
rule_free(struct rule *r)
{
	if (!r)
		return NULL;
	for (unsigned i = 0; i < r->n_levels; i++)
		level_free(r->level[i]);
	buf_wipe(&r->value);
	buf_wipe(&r->made);
	buf_wipe(&r->befores);
	free(r);
	return NULL;
}
