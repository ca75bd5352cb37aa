/* SPDX-License-Identifier: GPL-3.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "record/transform/path_mask.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "record/transform/path_mask-private.h"

#define ROUTE_DEPTH_MAX 16
#define MATCH_LIMIT     20000
#define HEAP_LIMIT_KIB  1024

static const struct span id = SPAN(":id"), rest = SPAN(":rest");

struct route {
	unsigned n;
	struct span segment[ROUTE_DEPTH_MAX]; /* into the configuration; ":name" is any */
};

#define PLACES 32 /* of a segment's hash */

/* The routes as seen from one depth; bit i stands for route i. */
struct level {
	uint64_t longer;          /* have a segment here */
	uint64_t wild;            /* … that is a ":name" */
	uint64_t literal[PLACES]; /* … that is a text with this hash */
};

struct path_mask {
	struct route *route;
	struct level *level; /* ROUTE_DEPTH_MAX of them */
	unsigned n_routes, n_patterns;
	pcre2_code **pattern;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	size_t segments;         /* kept at most */
	struct value_set *known; /* words that segments may be made of; NULL: any */
};

static bool
is_wildcard(struct span s)
{
	return s.len > 0 && s.p[0] == ':';
}

/* Letter case aside; S is not empty. */
static inline unsigned
place_of(struct span s)
{
	return ((unsigned)s.len + 5 * (s.p[0] | 0x20u) + 3 * (s.p[s.len - 1] | 0x20u)) % PLACES;
}

static void
route_note(struct path_mask *m, const struct route *r, unsigned depth, struct span s)
{
	uint64_t bit = UINT64_C(1) << (r - m->route);

	m->level[depth].longer |= bit;
	if (is_wildcard(s))
		m->level[depth].wild |= bit;
	else
		m->level[depth].literal[place_of(s)] |= bit;
}

static int
route_add(struct path_mask *m, const struct conf_reduce *d, const char *text, struct err *e)
{
	struct route *r = &m->route[m->n_routes];

	if (m->n_routes == PATH_ROUTES_MAX)
		return conf_fail(e, &d->where, N_("too many routes in a mask"),
			N_("64 at most; join them by a pattern"), "%s", d->field);
	while (*text == '/') {
		size_t len = strcspn(++text, "/");

		if (len > 0 && r->n == ROUTE_DEPTH_MAX)
			return conf_fail(e, &d->where, N_("route too long in a mask"),
				N_("16 segments at most"), "%s", d->field);
		if (len > 0) {
			route_note(m, r, r->n, span_of(text, len));
			r->segment[r->n++] = span_of(text, len);
		}
		text += len;
	}
	m->n_routes++;
	return 0;
}

static int
pattern_add(struct path_mask *m, const struct conf_reduce *d, const char *text, struct err *e)
{
	PCRE2_UCHAR why[256];
	PCRE2_SIZE at;
	int code;
	pcre2_code *p = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);

	if (!p) {
		if (pcre2_get_error_message(code, why, sizeof(why)) < 0)
			why[0] = '\0';
		return conf_fail(e, &d->where, N_("bad pattern in a mask"),
			N_("see pcre2pattern(3)"), "%s: %s at character %zu", d->field,
			(const char *)why, (size_t)at);
	}
	(void)pcre2_jit_compile(p, PCRE2_JIT_COMPLETE); /* without it, it is only slower */
	m->pattern[m->n_patterns++] = p;
	return 0;
}

static int
mask_add(struct path_mask *m, const struct conf_reduce *d, const char *text, struct err *e)
{
	if (text[0] == '/')
		return route_add(m, d, text, e);
	if (text[0] == '~')
		return pattern_add(m, d, text + 1, e);
	return conf_fail(e, &d->where, N_("a mask is neither a route nor a pattern"),
		N_("begin a route with \"/\", a pattern with \"~\""), "%s", d->field);
}

int
path_mask_new(const struct conf_reduce *d, struct path_mask **ret, struct err *e)
{
	CLEANUP(path_mask_freep) struct path_mask *m = calloc(1, sizeof(*m));

	if (!m)
		return err_memory(e);
	m->segments = d->segments < 0 ? SIZE_MAX : (size_t)d->segments;
	m->route = calloc(d->mask.n + 1, sizeof(*m->route));
	m->level = calloc(ROUTE_DEPTH_MAX, sizeof(*m->level));
	m->pattern = calloc(d->mask.n + 1, sizeof(pcre2_code *));
	m->match = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->route || !m->level || !m->pattern || !m->match || !m->limits)
		return err_memory(e);
	(void)pcre2_set_match_limit(m->limits, MATCH_LIMIT);
	(void)pcre2_set_heap_limit(m->limits, HEAP_LIMIT_KIB);
	if (d->values.n > 0 && value_set_new(d, true, &m->known, e) < 0)
		return -1;
	for (size_t i = 0; i < d->mask.n; i++)
		if (mask_add(m, d, d->mask.v[i], e) < 0)
			return -1;
	*ret = TAKE(m);
	return 0;
}

struct path_mask *
path_mask_free(struct path_mask *m)
{
	if (!m)
		return NULL;
	for (unsigned i = 0; i < m->n_patterns; i++)
		pcre2_code_free(m->pattern[i]);
	pcre2_match_data_free(m->match);
	pcre2_match_context_free(m->limits);
	free(m->pattern);
	value_set_free(m->known);
	free(m->level);
	free(m->route);
	free(m);
	return NULL;
}

/* A path on its way: which routes still agree (a bit each), and how far it is. */
struct walk {
	uint64_t alive;
	unsigned depth;
	size_t segments;
	bool percent; /* there is one in it */
	bool lost;    /* behind "..": nothing is known of where it leads */
	bool owned;   /* behind "users" and the like */
};

/* Takes all routes one segment further. What is written ":id" agrees with anything, so that a
 * second pass, which sees nothing else, comes to the same end. */
static void
routes_step(const struct path_mask *m, struct walk *w, struct span s, bool masked)
{
	const struct level *l = &m->level[w->depth];
	uint64_t maybe = w->alive & l->literal[place_of(s)];

	w->alive &= masked ? l->longer : 0;
	for (; !masked && maybe != 0; maybe &= maybe - 1) {
		unsigned i = (unsigned)__builtin_ctzll(maybe);
		struct span want = m->route[i].segment[w->depth];

		if (want.len == s.len && strncasecmp(want.p, s.p, s.len) == 0)
			w->alive |= UINT64_C(1) << i;
	}
	if (++w->depth == ROUTE_DEPTH_MAX)
		w->alive = 0;
}

static bool
patterns_mask(const struct path_mask *m, struct span s)
{
	for (unsigned i = 0; i < m->n_patterns; i++)
		if (pcre2_match(m->pattern[i], (PCRE2_SPTR)s.p, s.len, 0, 0, m->match, m->limits) !=
			PCRE2_ERROR_NOMATCH)
			return true;
	return false;
}

/* Might S turn into several segments where a server decodes it ("%2F", "%2E%2E", "%5C")? */
static bool
hides_structure(struct span s)
{
	const char *p = s.p, *end = s.p + s.len;

	for (; (p = memchr(p, '%', (size_t)(end - p))) != NULL; p++)
		if (end - p > 2 && (p[1] == '2' || p[1] == '5') && memchr("EeFfCc5", p[2], 7))
			return true;
	return false;
}

/* What the rules say of segment S, of which PLAIN is known already if it is true. */
static bool
is_masked(const struct path_mask *m, struct walk *w, struct span s, bool plain)
{
	bool owned = w->owned;
	bool masked = (!plain && !path_segment_is_plain(s)) ||
		      (m->known && !path_segment_is_known(s, m->known));

	if (masked && w->percent && hides_structure(s))
		w->lost = true;
	masked = masked || w->lost || owned ||
		 (w->alive != 0 && (w->alive & m->level[w->depth].wild) != 0) ||
		 (m->n_patterns > 0 && patterns_mask(m, s));
	w->owned = (!masked || owned) && path_segment_names_owner(s);
	if (w->alive != 0)
		routes_step(m, w, s, masked);
	return masked;
}

/* A path that is read in windows, each from the beginning of a segment on. */
struct reader {
	const char *at; /* of the window */
	const char *end;
	struct path_glance glance;
};

/* The segment at FROM. *RET_PLAIN: certainly. */
static struct span
segment_at(struct reader *r, const char *from, bool *ret_plain)
{
	size_t at = (size_t)(from - r->at), len;
	struct span s;

	if (at >= PATH_WINDOW || r->glance.stop >> at == 0) {
		r->at = from;
		at = 0;
		path_glance_read(span_of(from, (size_t)(r->end - from)), &r->glance);
	}
	if (r->glance.stop >> at != 0) {
		s = span_of(from, (size_t)__builtin_ctzll(r->glance.stop >> at));
		*ret_plain = path_segment_is_word(s, &r->glance, at);
		return s;
	}
	for (len = PATH_WINDOW; from + len < r->end && !memchr("/;?#", from[len], 4);)
		len++;
	*ret_plain = false;
	return span_of(from, len);
}

/* Behind ";parameters". */
static const char *
parameters_end(const char *p, const char *end)
{
	if (p < end && *p == ';')
		while (p < end && *p != '/' && *p != '?' && *p != '#')
			p++;
	return p;
}

static bool
is_dots(struct span s)
{
	return s.len <= 2 && s.p[0] == '.' && s.p[s.len - 1] == '.';
}

/* Slashes and plain segments are copied as they stand in the path, in one piece up to the next that
 * is masked or has parameters. */
void
path_mask_write(const struct path_mask *m, struct span path, struct buf *out)
{
	const char *end = path.p + path.len, *p = path.p, *run = p;
	struct reader r = { .at = p + 1, .end = end };
	struct walk w = { .percent = memchr(path.p, '%', path.len) };

	if (m->n_routes > 0)
		w.alive = m->n_routes == 64 ? UINT64_MAX : (UINT64_C(1) << m->n_routes) - 1;
	while (p < end && *p == '/') {
		bool plain, masked = false;
		struct span s = segment_at(&r, p + 1, &plain);
		const char *to = s.p + s.len;

		p = parameters_end(to, end);
		if (s.len > 0 && w.segments++ == m->segments) {
			buf_put(out, run, (size_t)(s.p - run));
			buf_span(out, rest);
			return;
		}
		if (s.len > 0 && is_dots(s))
			w.lost |= s.len == 2;
		else if (s.len > 0)
			masked = is_masked(m, &w, s, plain);
		if (!masked && p == to)
			continue;
		buf_put(out, run, (size_t)((masked ? s.p : to) - run));
		if (masked)
			buf_span(out, span_eq(s, rest) ? rest : id);
		run = p;
	}
	if (p > run)
		buf_put(out, run, (size_t)(p - run));
}

/* Such a segment is always ":id"; it agrees with every route, is nobody's "users", hides nothing, and for
 * `segments` it is one. */
struct span
path_mask_key(struct span path, char *ret, size_t max)
{
	const char *end = path.p + path.len, *run = path.p, *p;
	size_t n = 0, len;

	if (path.len <= SEGMENT_MAX) /* most */
		return path;
	p = bytes_find(path.p, end, '/');
	while (p) {
		const char *next = bytes_find(p + 1, end, '/'), *to = next ? next : end;

		if (to - p > SEGMENT_MAX &&
			path_segment_is_opaque(span_of(p + 1, (size_t)(to - p) - 1))) {
			len = (size_t)(p + 1 - run);
			if (max - n < len + 1)
				return path;
			memcpy(ret + n, run, len);
			n += len;
			ret[n++] = '?';
			run = to;
		}
		p = next;
	}
	len = (size_t)(end - run);
	if (n == 0 || max - n < len)
		return path;
	memcpy(ret + n, run, len);
	return span_of(ret, n + len);
}
