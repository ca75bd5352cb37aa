/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The places of one unit come from many folders, so that a unit is whole only when all have been
 * read. When what memory holds is not enough for all units, they are taken in slices, by the last
 * bits of a hash of their ids: the folders are read once more for each slice.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/tree/tree-private.h"

#define BITS_MAX 24

struct tree_units *
tree_units_new(struct tree *t, size_t memory_max)
{
	struct tree_units *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->t = t;
	u->memory_max = memory_max;
	buf_init(&u->text, memory_max < UINT32_MAX ? memory_max : UINT32_MAX);
	return u;
}

struct tree_units *
tree_units_free(struct tree_units *u)
{
	if (u) {
		free(u->unit);
		free(u->part);
		free(u->table);
		buf_release(&u->text);
		free(u);
	}
	return NULL;
}

void
tree_units_clear(struct tree_units *u)
{
	u->n = 0;
	u->n_parts = 0;
	u->folder = 0;
	u->full = false;
	buf_clear(&u->text);
	if (u->table)
		memset(u->table, 0, u->n_table * sizeof(u->table[0]));
}

/* --- one more place --------------------------------------------------------------------------- */

/* FNV-1a: whoever chooses ids to collide makes his own units slow to find. */
static uint64_t
hash(const char *s, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static int
keep_text(struct tree_units *u, const char *s, size_t len, uint32_t *ret, struct err *e)
{
	const uint32_t at = (uint32_t)u->text.len;

	buf_put(&u->text, s, len);
	buf_char(&u->text, '\0');
	*ret = at;
	if (!u->text.failed)
		return 0;
	if (u->text.len + len + 1 < u->memory_max)
		return err_memory(e);
	u->full = true;
	return 0;
}

static size_t
memory_used(const struct tree_units *u)
{
	return u->text.len + u->max * sizeof(u->unit[0]) + u->max_parts * sizeof(u->part[0]) +
	       u->n_table * sizeof(u->table[0]);
}

static int
make_room(struct tree_units *u, struct err *e)
{
	if (u->n_parts + 2 > u->max_parts) {
		size_t max = u->max_parts ? 2 * u->max_parts : 64;
		struct tree_part *v = reallocarray(u->part, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		u->part = v;
		u->max_parts = max;
	}
	if (u->n + 1 > u->max) {
		size_t max = u->max ? 2 * u->max : 64;
		struct tree_unit *v = reallocarray(u->unit, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		u->unit = v;
		u->max = max;
	}
	if (u->n_parts == 0)
		u->part[u->n_parts++] = (struct tree_part){ 0 };
	u->full |= memory_used(u) > u->memory_max;
	return 0;
}

static uint32_t *
table_slot(const struct tree_units *u, const char *id, size_t len, uint64_t h)
{
	size_t at = (size_t)(h >> 8) & (u->n_table - 1);

	while (u->table[at]) {
		const char *its = tree_text(u, u->unit[u->table[at] - 1].id);

		if (strncmp(its, id, len) == 0 && its[len] == '\0')
			break;
		at = (at + 1) & (u->n_table - 1);
	}
	return &u->table[at];
}

static int
table_grow(struct tree_units *u, struct err *e)
{
	const size_t n = u->n_table ? 2 * u->n_table : 256;
	uint32_t *v = calloc(n, sizeof(*v));

	if (!v)
		return err_memory(e);
	free(u->table);
	u->table = v;
	u->n_table = n;
	for (size_t i = 0; i < u->n; i++) {
		const char *id = tree_text(u, u->unit[i].id);
		const size_t len = strlen(id);

		*table_slot(u, id, len, hash(id, len)) = (uint32_t)i + 1;
	}
	return 0;
}

/* The unit of that id, made where there is none. */
static int
unit_of(struct tree_units *u, struct span id, int64_t name_us, struct tree_unit **ret,
	struct err *e)
{
	const uint64_t h = hash(id.p, id.len);
	struct tree_unit one = { .name_us = name_us };
	uint32_t *slot;

	if (2 * (u->n + 1) > u->n_table && table_grow(u, e) < 0)
		return -1;
	slot = table_slot(u, id.p, id.len, h);
	if (*slot == 0) {
		if (keep_text(u, id.p, id.len, &one.id, e) < 0)
			return -1;
		if (u->full)
			return 0;
		u->unit[u->n++] = one;
		*slot = (uint32_t)u->n;
	}
	*ret = &u->unit[*slot - 1];
	return 0;
}

static int
add_part(struct tree_units *u, struct tree_unit *one, struct tree_part *p, const char *name,
	struct err *e)
{
	p->name = one->id;
	if (strcmp(name, tree_text(u, one->id)) != 0 &&
		keep_text(u, name, strlen(name), &p->name, e) < 0)
		return -1;
	if (u->full)
		return 0;
	u->part[u->n_parts] = *p;
	if (one->last)
		u->part[one->last].next = (uint32_t)u->n_parts;
	else
		one->first = (uint32_t)u->n_parts;
	one->last = (uint32_t)u->n_parts++;
	return 0;
}

/* Most places come from the folder of the one before. */
static int
folder_of(struct tree_units *u, const char *path, size_t len, uint32_t *ret, struct err *e)
{
	if (u->folder) {
		const char *its = tree_text(u, u->folder);

		if (strncmp(its, path, len) == 0 && its[len] == '\0') {
			*ret = u->folder;
			return 0;
		}
	}
	if (u->text.len == 0)
		buf_char(&u->text, '\0'); /* so that no text is at 0 */
	if (keep_text(u, path, len, &u->folder, e) < 0)
		return -1;
	*ret = u->folder;
	return 0;
}

/* --- which unit ------------------------------------------------------------------------------- */

static struct span
group(const struct tree *t, const char *name, const char *text)
{
	const int n = pcre2_substring_number_from_name(t->unit, (PCRE2_SPTR)name);
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(t->match);

	if (n <= 0 || v[2 * n] == PCRE2_UNSET)
		return SPAN_NONE;
	return span_of(text + v[2 * n], v[2 * n + 1] - v[2 * n]);
}

static int64_t
number_us(struct span s, int64_t unit)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || n > INT64_MAX / 10000000)
			return RECORD_NO_TIME;
		n = 10 * n + (s.p[i] - '0');
	}
	return s.len == 0 || n > INT64_MAX / unit ? RECORD_NO_TIME : n * unit;
}

/* "20261124" and "2026-11-24" are days: from their beginning, as coarse times are aged. */
static int64_t
date_us(struct tree *t, struct span s)
{
	char text[32];
	int64_t us;

	if (s.len == 8)
		(void)snprintf(
			text, sizeof(text), "%.4s-%.2s-%.2s 00:00:00", s.p, s.p + 4, s.p + 6);
	else if (s.len == 10)
		(void)snprintf(text, sizeof(text), "%.10s 00:00:00", s.p);
	else
		return timestamp_parse(&t->ts, s, &us) ? us : RECORD_NO_TIME;
	return timestamp_parse(&t->ts, span_str(text), &us) ? us : RECORD_NO_TIME;
}

static int64_t
name_time(struct tree *t, const char *name)
{
	struct span ms = group(t, "ms", name), s = group(t, "s", name),
		    date = group(t, "date", name);

	if (ms.p)
		return number_us(ms, 1000);
	if (s.p)
		return number_us(s, 1000000);
	return date.p ? date_us(t, date) : RECORD_NO_TIME;
}

/* False: NAME belongs to no unit. */
static bool
find_id(struct tree *t, const char *name, struct span *ret_id, int64_t *ret_us)
{
	const PCRE2_SIZE *v;

	*ret_us = RECORD_NO_TIME;
	*ret_id = span_str(name);
	if (!t->unit)
		return true;
	if (pcre2_match(t->unit, (PCRE2_SPTR)name, strlen(name), 0, 0, t->match, NULL) < 0)
		return false;
	*ret_id = group(t, "unit", name);
	if (!ret_id->p) {
		v = pcre2_get_ovector_pointer(t->match);
		*ret_id = span_of(name + v[0], v[1] - v[0]);
	}
	*ret_us = name_time(t, name);
	return ret_id->len > 0;
}

int
tree_units_add(struct tree_units *u, const struct place *p, struct err *e)
{
	struct tree_part part = { .is_folder = S_ISDIR(p->st.st_mode),
		.dev = p->st.st_dev,
		.ino = p->st.st_ino,
		.bytes = (uint64_t)p->st.st_blocks * 512,
		.mtime_us = (int64_t)p->st.st_mtim.tv_sec * 1000000 +
			    p->st.st_mtim.tv_nsec / 1000 };
	struct tree_unit *one = NULL;
	struct span id;
	int64_t name_us;

	if (u->full || !find_id(u->t, p->name, &id, &name_us))
		return 1;
	if ((hash(id.p, id.len) & ((UINT64_C(1) << u->bits) - 1)) != u->tail)
		return 1;
	if (make_room(u, e) < 0 ||
		folder_of(u, p->path, strlen(p->path) - strlen(p->name) - 1, &part.folder, e) < 0)
		return -1;
	if (u->full)
		return 1;
	if (unit_of(u, id, name_us, &one, e) < 0)
		return -1;
	if (u->full)
		return 1;
	if (add_part(u, one, &part, p->name, e) < 0)
		return -1;
	return u->full;
}

int
tree_units_copy(struct tree_units *u, const struct tree_units *from, const struct tree_unit *one,
	struct err *e)
{
	const char *id = tree_text(from, one->id);
	struct tree_unit *mine = NULL;

	for (const struct tree_part *p = NULL; (p = tree_next_part(from, one, p));) {
		const char *folder = tree_text(from, p->folder);
		struct tree_part part = *p;

		part.next = 0;
		if (make_room(u, e) < 0 ||
			folder_of(u, folder, strlen(folder), &part.folder, e) < 0)
			return -1;
		if (!mine && !u->full) {
			struct tree_unit fresh = { .name_us = one->name_us };

			if (keep_text(u, id, strlen(id), &fresh.id, e) < 0)
				return -1;
			u->unit[u->n] = fresh;
			mine = &u->unit[u->n++];
		}
		if (u->full || add_part(u, mine, &part, tree_text(from, p->name), e) < 0)
			return err_memory(e);
	}
	return 0;
}

const struct tree_part *
tree_next_part(const struct tree_units *u, const struct tree_unit *one, const struct tree_part *p)
{
	const uint32_t at = p ? p->next : one->first;

	return at ? &u->part[at] : NULL;
}

bool
tree_part_path(const struct tree_units *u, const struct tree_part *p, char *ret)
{
	return place_join(ret, tree_text(u, p->folder), tree_text(u, p->name));
}

/* --- all of them ------------------------------------------------------------------------------ */

struct walk {
	struct tree *t;
	struct tree_units *u;
	tree_seen *seen;
	void *ctx;
};

static int
collect(void *ctx, const struct place *p, struct err *e)
{
	const struct walk *w = ctx;
	int rc = tree_units_add(w->u, p, e);

	return rc < 0 ? -1 : w->u->full || store_stopped(&w->t->store);
}

static int
at_once(void *ctx, const struct place *p, struct err *e)
{
	const struct walk *w = ctx;
	int rc;

	tree_units_clear(w->u);
	rc = tree_units_add(w->u, p, e);
	if (rc == 0)
		rc = w->seen(w->ctx, w->u, &w->u->unit[0], e);
	return rc < 0 ? -1 : rc > 0 || store_stopped(&w->t->store);
}

static int
by_id(const void *a, const void *b, void *ctx)
{
	const struct tree_units *u = ctx;

	return strcmp(tree_text(u, ((const struct tree_unit *)a)->id),
		tree_text(u, ((const struct tree_unit *)b)->id));
}

/* All units whose hash ends in the BITS bits TAIL; in halves, where they are too many. */
static int
each_of_slice(struct walk *w, unsigned bits, uint64_t tail, struct err *e)
{
	struct tree_units *u = w->u;
	int rc = 0;

	tree_units_clear(u);
	u->bits = bits;
	u->tail = tail;
	/* what is odd is told once, not for each slice */
	if (tail == 0 ? store_places(&w->t->store, PLACE_ANY, collect, w, e) < 0
		      : places_each(&w->t->store.conf->paths, PLACE_ANY, collect, NULL, w, e) < 0)
		return -1;
	if (u->full && bits >= BITS_MAX)
		return err_memory(e);
	if (u->full) {
		rc = each_of_slice(w, bits + 1, tail, e);
		return rc != 0 ? rc : each_of_slice(w, bits + 1, tail | UINT64_C(1) << bits, e);
	}
	qsort_r(u->unit, u->n, sizeof(u->unit[0]), by_id, u);
	for (size_t i = 0; rc == 0 && i < u->n; i++)
		rc = w->seen(w->ctx, u, &u->unit[i], e);
	return rc;
}

int
tree_each(struct tree *t, tree_seen *seen, void *ctx, struct err *e)
{
	CLEANUP(tree_units_freep)
	struct tree_units *u = tree_units_new(t, t->store.env->memory_max);
	struct walk w = { .t = t, .u = u, .seen = seen, .ctx = ctx };

	if (!u)
		return err_memory(e);
	if (t->unit)
		return each_of_slice(&w, 0, 0, e) < 0 ? -1 : 0;
	return store_places(&t->store, PLACE_ANY, at_once, &w, e);
}
