/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/detect/needles.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "record/detect/needles-private.h"

#define BLOOM_BITS 16

/* Needles of one length and window, at one place in it: sorted by their text. */
struct group {
	uint32_t window;
	size_t offset, len; /* of the window in each; of each */
	size_t first, n;    /* in `needle` */
	size_t next;        /* the next group with this window's hash; SIZE_MAX: none */
};

struct placed {
	char *text; /* folded */
	size_t len, offset, which;
	uint32_t window;
};

struct needles {
	struct placed *needle;
	size_t n;
	struct group *group;
	size_t n_groups;
	size_t longest, width; /* of a window: NEEDLE_WINDOW, or what the shortest has */
	uint32_t width_mask;
	uint64_t bloom[1 << (BLOOM_BITS - 6)];
	size_t bucket[1 << 12]; /* of the hash table over windows: the first group */
	struct needle_filter filter;
	needle_skip *skip;
};

/* Four bytes, letters small. What bit 5 does to other bytes it does on both sides; the whole text decides. */
static inline uint32_t
window_at(const struct needles *n, const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return (w | 0x20202020u) & n->width_mask;
}

static inline uint32_t
hash(uint32_t window)
{
	return window * 0x9e3779b1u;
}

/* --- making ----------------------------------------------------------------------------------- */

/* How often a byte stands in logs, roughly. */
static unsigned
commonness(unsigned char c)
{
	static const char letters[] = "zqjxkvbywgpfmucdlhrsnioate";
	const char *at = c ? strchr(letters, bytes_lower((char)c)) : NULL;

	if (at)
		return 4 + (unsigned)(at - letters);
	if (c >= '0' && c <= '9')
		return 24;
	if (c == ' ')
		return 30;
	return c != '\0' && strchr(".:/-\"=,", c) ? 18 : 3;
}

static size_t
rarest_window(const char *text, size_t len, size_t width)
{
	unsigned least = UINT32_MAX;
	size_t best = 0;

	for (size_t i = 0; i + width <= len; i++) {
		unsigned sum = 0;

		for (size_t k = 0; k < width; k++)
			sum += commonness((unsigned char)text[i + k]);
		if (sum < least) {
			least = sum;
			best = i;
		}
	}
	return best;
}

static int
place(struct needles *n, struct placed *p, const struct needle *from, size_t which, struct err *e)
{
	char four[NEEDLE_WINDOW] = { 0 };

	p->text = malloc(from->text.len + 1);
	if (!p->text)
		return err_memory(e);
	p->len = from->text.len;
	for (size_t i = 0; i < p->len; i++)
		p->text[i] = bytes_lower(from->text.p[i]);
	p->which = which;
	p->offset = from->anchor != NEEDLE_ANY && from->anchor + n->width <= p->len
			    ? from->anchor
			    : rarest_window(p->text, p->len, n->width);
	memcpy(four, p->text + p->offset, n->width);
	p->window = window_at(n, four);
	return 0;
}

static int
compare(const void *va, const void *vb)
{
	const struct placed *a = va, *b = vb;

	if (a->window != b->window)
		return a->window < b->window ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->text, b->text, a->len);
}

static void
filter_add(struct needles *n, uint32_t window, unsigned bucket)
{
	for (size_t k = 0; k < NEEDLE_WINDOW; k++) {
		const uint8_t c = (uint8_t)(window >> (8 * k)), bit = (uint8_t)(1u << bucket);
		const uint8_t without = (uint8_t)(c & ~0x20u);

		for (unsigned h = 0; k >= n->width && h < 16; h++) {
			n->filter.lo[k][h] |= bit;
			n->filter.hi[k][h] |= bit;
		}
		n->filter.lo[k][c & 15] |= bit;
		n->filter.hi[k][c >> 4] |= bit;
		n->filter.hi[k][without >> 4] |= bit;
	}
}

/* Returns how many windows there are. */
static size_t
groups_make(struct needles *n)
{
	size_t n_windows = 0;

	for (size_t i = 0; i < n->n; i++) {
		const struct placed *p = &n->needle[i];
		struct group *g = n->n_groups > 0 ? &n->group[n->n_groups - 1] : NULL;

		if (g && g->window == p->window && g->offset == p->offset && g->len == p->len) {
			g->n++;
			continue;
		}
		n_windows += !g || g->window != p->window;
		n->group[n->n_groups++] = (struct group){
			.window = p->window, .offset = p->offset, .len = p->len, .first = i, .n = 1
		};
	}
	for (size_t i = 0, w = SIZE_MAX; i < n->n_groups; i++) {
		struct group *g = &n->group[i];
		const uint32_t h = hash(g->window);

		w += i == 0 || g->window != g[-1].window;
		filter_add(n, g->window, (unsigned)(w * 8 / n_windows)); /* neighbours share one */
		n->bloom[h >> (32 - BLOOM_BITS) >> 6] |= UINT64_C(1)
							 << (h >> (32 - BLOOM_BITS) & 63);
		g->next = n->bucket[h >> 20];
		n->bucket[h >> 20] = i;
	}
	return n_windows;
}

int
needles_new(const struct needle *v, size_t n, struct needles **ret, struct err *e)
{
	CLEANUP(needles_freep) struct needles *made = calloc(1, sizeof(*made));
	size_t n_windows;

	if (!made)
		return err_memory(e);
	made->needle = calloc(n + 1, sizeof(*made->needle));
	made->group = calloc(n + 1, sizeof(*made->group));
	if (!made->needle || !made->group)
		return err_memory(e);
	made->width = NEEDLE_WINDOW;
	for (size_t i = 0; i < n; i++) {
		if (v[i].text.len < made->width)
			made->width = v[i].text.len;
		if (v[i].text.len > made->longest)
			made->longest = v[i].text.len;
	}
	made->width_mask = (uint32_t)((UINT64_C(1) << (8 * made->width)) - 1);
	memset(made->bucket, 0xff, sizeof(made->bucket));
	for (; made->n < n; made->n++)
		if (place(made, &made->needle[made->n], &v[made->n], made->n, e) < 0)
			return -1;
	qsort(made->needle, n, sizeof(*made->needle), compare);
	n_windows = groups_make(made);
	made->skip = needle_skip_scalar;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		made->skip = n_windows <= NEEDLE_FEW ? needle_skip_few_avx2 : needle_skip_avx2;
#endif
	*ret = TAKE(made);
	return 0;
}

struct needles *
needles_free(struct needles *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; n->needle && i < n->n; i++) {
		explicit_bzero(n->needle[i].text, n->needle[i].len);
		free(n->needle[i].text);
	}
	free(n->needle);
	free(n->group);
	explicit_bzero(n, sizeof(*n));
	free(n);
	return NULL;
}

size_t
needles_longest(const struct needles *n)
{
	return n->longest;
}

/* --- the pass --------------------------------------------------------------------------------- */

static uint64_t
pass(const struct needle_filter *f, const char *p)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < NEEDLE_BLOCK; i++) {
		uint8_t in = 0xff;

		for (unsigned k = 0; in && k < NEEDLE_WINDOW; k++) {
			const uint8_t c = (uint8_t)p[i + k];

			in &= f->lo[k][c & 15] & f->hi[k][c >> 4];
		}
		bits |= (uint64_t)(in != 0) << i;
	}
	return bits;
}

uint64_t
needle_skip_scalar(const struct needle_filter *f, const char *p, size_t len, size_t *at)
{
	for (; *at + NEEDLE_BLOCK + NEEDLE_WINDOW <= len; *at += NEEDLE_BLOCK) {
		const uint64_t bits = pass(f, p + *at);

		if (bits)
			return bits;
	}
	return 0;
}

/* --- walking ---------------------------------------------------------------------------------- */

struct needles_walk
needles_in(const struct needles *n, struct span hay)
{
	return (struct needles_walk){ .needles = n, .hay = hay, .group = SIZE_MAX };
}

static int
differs(const char *hay, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char a = (unsigned char)bytes_lower(hay[i]),
				    b = (unsigned char)text[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return 0;
}

/* Are some of G's needles where a window was found? They become W's `same`. */
static void
group_find(const struct needles *n, const struct group *g, struct needles_walk *w)
{
	size_t from = g->first, to = g->first + g->n;
	const char *hay = w->hay.p + w->found - g->offset;

	if (g->offset > w->found || w->found - g->offset + g->len > w->hay.len)
		return;
	while (from < to) { /* the first that is not less */
		const size_t mid = from + (to - from) / 2;

		if (differs(hay, n->needle[mid].text, g->len) > 0)
			from = mid + 1;
		else
			to = mid;
	}
	w->same = to = from;
	while (to < g->first + g->n && differs(hay, n->needle[to].text, g->len) == 0)
		to++;
	w->same_end = to;
}

/* The next position where a window's hash is known. */
static bool
next_window(struct needles_walk *w, size_t *ret)
{
	const struct needles *n = w->needles;

	for (;;) {
		while (w->maybe) {
			const size_t at = w->block + (size_t)__builtin_ctzll(w->maybe);
			const uint32_t h = hash(window_at(n, w->hay.p + at));

			w->maybe &= w->maybe - 1;
			if (n->bloom[h >> (32 - BLOOM_BITS) >> 6] >> (h >> (32 - BLOOM_BITS) & 63) &
				1) {
				*ret = at;
				return true;
			}
		}
		if (w->at + NEEDLE_BLOCK + NEEDLE_WINDOW > w->hay.len)
			return false;
		w->maybe = n->skip(&n->filter, w->hay.p, w->hay.len, &w->at);
		w->block = w->at;
		if (w->maybe)
			w->at += NEEDLE_BLOCK;
	}
}

/* What is left at the end is less than a block: one position after the other, zeros behind the last. */
static bool
next_at_end(struct needles_walk *w, size_t *ret)
{
	const struct needles *n = w->needles;

	while (w->at + n->width <= w->hay.len) {
		const size_t at = w->at++, left = w->hay.len - at;
		char four[NEEDLE_WINDOW] = { 0 };
		uint32_t h;

		memcpy(four, w->hay.p + at, left < sizeof(four) ? left : sizeof(four));
		h = hash(window_at(n, four));
		if (n->bloom[h >> (32 - BLOOM_BITS) >> 6] >> (h >> (32 - BLOOM_BITS) & 63) & 1) {
			*ret = at;
			return true;
		}
	}
	return false;
}

static uint32_t
window_found(const struct needles_walk *w)
{
	const size_t left = w->hay.len - w->found;
	char four[NEEDLE_WINDOW] = { 0 };

	memcpy(four, w->hay.p + w->found, left < sizeof(four) ? left : sizeof(four));
	return window_at(w->needles, four);
}

int
needles_next(struct needles_walk *w, struct needle_hit *ret)
{
	const struct needles *n = w->needles;

	for (;;) {
		if (w->same < w->same_end) {
			const struct placed *p = &n->needle[w->same++];

			*ret = (struct needle_hit){ .which = p->which,
				.begin = w->found - p->offset,
				.end = w->found - p->offset + p->len };
			return 0;
		}
		if (w->group != SIZE_MAX) {
			const struct group *g = &n->group[w->group];

			w->group = g->next;
			if (g->window == window_found(w))
				group_find(n, g, w);
			continue;
		}
		if (!next_window(w, &w->found) && !next_at_end(w, &w->found))
			return 1;
		w->group = n->bucket[hash(window_found(w)) >> 20];
	}
}
