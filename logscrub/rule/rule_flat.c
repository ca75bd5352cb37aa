/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rule_flat.c - the lines of a template, gone through once
 *
 * Pieces of a flat format stand in one order, so that it is known before the first line which are copied with what
 * stands around them, which are asked for, and which change.
 */
#include "base/bytes.h"
#include "logscrub/rule/rule-private.h"

/* The level whose format most lines have: the rule's own, or the first of its variants that a line can be that
 * does not begin like JSON. */
static struct level *
flat_level(const struct rule *r)
{
	struct level *lv = r->level[0];

	for (unsigned i = 0; i < lv->n_variants; i++)
		if (lv->variant[i]->type != FORMAT_JSON) {
			lv = lv->variant[i];
			break;
		}
	return format_is_flat(lv->format) ? lv : NULL;
}

void
rule_flat_init(struct rule *r)
{
	struct flat *f = &r->flat;
	struct level *lv = flat_level(r);
	int field;

	*f = (struct flat){ 0 };
	for (unsigned i = 0; lv && (field = format_piece_field(lv->format, i)) >= 0; i++) {
		struct flat_step *s = &f->step[i];

		if (i == FORMAT_FIELDS_MAX || lv->action[field].kind == ACTION_NEST)
			return;
		*s = (struct flat_step){ .piece = &lv->split.piece[i],
			.action = &lv->action[field] };
		if (field == lv->time_field && !f->time)
			f->time = s;
		if (s->action->kind == ACTION_KEEP)
			f->kept[f->n_kept++] = s;
		else
			f->changed[f->n_changed++] = s;
		if (s->action->recalls)
			f->asked[f->n_asked++] = s;
	}
	f->level = lv;
}

static inline struct span
value_of(const struct flat_step *s)
{
	return span_of(s->piece->p, s->piece->len);
}

/* Asks early for what the transforms may know, so that it is there when it is needed. */
static inline void
ask(struct flat *f, const struct transform_env *env)
{
	for (unsigned i = 0; i < f->n_asked; i++) {
		struct flat_step *s = f->asked[i];

		transform_key(s->action->transform, env, value_of(s), &s->key);
	}
}

/* What is empty is written "-", also where it is kept. */
static inline bool
all_kept_stand(const struct flat *f)
{
	for (unsigned i = 0; i < f->n_kept; i++)
		if (f->kept[i]->piece->len == 0)
			return false;
	return true;
}

#define KNOWN_ROOM (TRANSFORM_KNOWN_MAX + TRANSFORM_BEHIND)

/* Is there room for N bytes of the line and what is known of its fields? */
static inline bool
has_room(const struct flat *f, struct buf *out, size_t n)
{
	n += f->n_changed * KNOWN_ROOM;
	return out->cap - out->len >= n || (out->max - out->len >= n && buf_room(out, n));
}

/* Puts down what S's value became the last time, at TO. Returns its end; NULL: nothing is known. *RET_TAIL: so
 * many of the value's last bytes stand behind it. */
static inline char *
put_known(struct rule *r, const struct flat_step *s, char *to, size_t *ret_tail)
{
	const struct action *a = s->action;
	struct span known;

	*ret_tail = 0;
	if (a->kind == ACTION_DROP) {
		*to = '-';
		return to + 1;
	}
	if (!a->recalls)
		return NULL;
	known = transform_known(a->transform, &r->env, &s->key);
	if (!known.p)
		return NULL;
	*ret_tail = s->key.tail.len;
	for (size_t i = 0; i < known.len; i += 16)
		memcpy(to + i, known.p + i, 16);
	return to + known.len;
}

/* Whatever is between those pieces that change is one text. */
static inline int
put_together(struct rule *r, const struct flat *f, struct span line, struct buf *out)
{
	const char *from = line.p, *end = line.p + line.len;
	char *to = out->p + out->len;

	for (unsigned i = 0; i < f->n_changed; i++) {
		const struct flat_step *s = f->changed[i];
		const char *p = s->piece->p, *behind = p + s->piece->len;
		size_t tail;
		char *put;
		int rc;

		bytes_copy(to, from, (size_t)(p - from));
		to += p - from;
		put = put_known(r, s, to, &tail);
		from = behind - tail;
		if (put) {
			to = put;
			continue;
		}
		out->len = (size_t)(to - out->p);
		rc = rule_write_piece(r, f->level, s->piece, out);
		if (rc != 0)
			return rc;
		if (!has_room(f, out, (size_t)(end - from))) {
			out->failed = true;
			return 0;
		}
		to = out->p + out->len;
	}
	bytes_copy(to, from, (size_t)(end - from));
	out->len = (size_t)(to - out->p) + (size_t)(end - from);
	return 0;
}

int
rule_flat_apply(struct rule *r, struct span line, int64_t arrival_us, struct buf *out)
{
	struct flat *f = &r->flat;
	struct level *lv = f->level;

	if (line.len == 0 || line.p[0] == '{' || !has_room(f, out, line.len) ||
		format_split(lv->format, line, &lv->split) != FORMAT_OK || !all_kept_stand(f))
		return DROP_NO_MATCH;
	ask(f, &r->env);
	if (f->time)
		rule_note_time(r, f->time->action, value_of(f->time));
	if (r->time_us == INT64_MIN)
		r->time_us = arrival_us;
	r->env.day = timestamp_day(r->time_us);
	lv->text = line;
	return put_together(r, f, line, out);
}
