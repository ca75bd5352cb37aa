/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each value lies once in a journal file, whatever the number of entries that have it. So what is looked for is looked
 * for in the values, all over the file as it lies and not entry by entry; a value says in which entries it is.
 */
#include <stdlib.h>
#include <string.h>

#include "record/detect/needles.h"
#include "store/journal/journal-private.h"
#include "store/signs.h"

static int
push(struct journal_seek *s, uint64_t offset)
{
	if (s->n == s->max) {
		const size_t max = s->max ? 2 * s->max : 256;
		uint64_t *v = reallocarray(s->v, max, sizeof(*v));

		if (!v)
			return -1;
		s->v = v;
		s->max = max;
	}
	s->v[s->n++] = offset;
	return 0;
}

/* All entries that have the DATA object at OFFSET. */
static int
take(struct journal_seek *s, struct journal_map *m, uint64_t offset)
{
	struct journal_chain chain;
	uint64_t size, at;
	const struct jf_object *o = journal_map_object(m, offset, JF_DATA, &size);
	int rc;

	if (!o)
		return -1;
	chain = journal_map_entries_of((const void *)o);
	while ((rc = journal_chain_offset(m, &chain, &at)) == 0)
		if (push(s, at) < 0)
			return -1;
	return rc < 0 ? -1 : 0;
}

static bool
has_one(const struct needles *needles, struct span text)
{
	struct needles_walk w = needles_in(needles, text);
	struct needle_hit hit;

	return needles_next(&w, &hit) == 0;
}

/* W's object is passed. What was compressed is looked through now. */
static int
pass(struct journal_seek *s, struct journal_map *m, const struct needles *needles,
	const struct journal_walk *w)
{
	struct span text;
	int rc;

	if (w->type != JF_DATA || (w->o->flags & JF_COMPRESSED) == 0)
		return 0;
	rc = journal_map_payload(m, w->offset, &text);
	if (rc < 0)
		return -1;
	/* what cannot be unpacked is in an entry without a text, and nobody knows of what it is */
	return rc > 0 || has_one(needles, text) ? take(s, m, w->offset) : 0;
}

/* Is the hit within the value of W's object? */
static bool
is_value(const struct journal_map *m, const struct journal_walk *w, uint64_t begin, uint64_t end)
{
	return w->type == JF_DATA && (w->o->flags & JF_COMPRESSED) == 0 &&
	       begin >= w->offset + JF_DATA_PAYLOAD(m->compact) && end <= w->offset + w->size;
}

/* The file's objects and the hits in it both come as they lie. */
static int
seek_texts(struct journal_seek *s, struct journal_map *m, const struct needles *needles)
{
	struct needles_walk in = needles_in(needles, span_of((const char *)m->p, m->size));
	struct journal_walk w = { 0 };
	struct needle_hit hit;
	bool more = needles_next(&in, &hit) == 0;
	int rc;

	while ((rc = journal_map_walk(m, &w)) == 0) {
		const uint64_t end = w.offset + w.size;
		bool any = false;

		for (; more && hit.begin < end; more = needles_next(&in, &hit) == 0)
			any |= is_value(m, &w, hit.begin, hit.end);
		if ((any && take(s, m, w.offset) < 0) || pass(s, m, needles, &w) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 0;
}

static int
seek_value(struct journal_seek *s, struct journal_map *m, const struct sign *sign)
{
	struct buf b;
	uint64_t at;
	int rc = -1;

	buf_init(&b, 1u << 16);
	buf_str(&b, sign->field);
	buf_char(&b, '=');
	buf_str(&b, sign->text);
	if (!b.failed)
		rc = journal_map_find(m, span_of(b.p, b.len), &at);
	buf_wipe(&b);
	return rc == 0 ? take(s, m, at) : rc < 0 ? -1 : 0;
}

static int
ascending(const void *va, const void *vb)
{
	const uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return a < b ? -1 : a > b;
}

int
journal_seek(struct journal_seek *s, struct journal_map *m, const struct needles *needles,
	const struct signs *signs)
{
	size_t n = 0;

	/* the copy may be older than the number of entries is: then it ends before the last ones */
	m->header.tail_object_offset = *(const volatile uint64_t *)&((const struct jf_header *)m->p)
						->tail_object_offset;
	if (needles_longest(needles) > 0 && seek_texts(s, m, needles) < 0)
		return -1;
	for (size_t i = 0; signs && i < signs->n; i++)
		if (seek_value(s, m, &signs->v[i]) < 0)
			return -1;
	qsort(s->v, s->n, sizeof(*s->v), ascending);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || s->v[i] != s->v[n - 1])
			s->v[n++] = s->v[i];
	s->n = n;
	return 0;
}

void
journal_seek_release(struct journal_seek *s)
{
	free(s->v);
	*s = (struct journal_seek){ 0 };
}
