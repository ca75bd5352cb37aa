/* SPDX-License-Identifier: GPL-3.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "record/path_mask.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "record/path_mask-private.h"

#define ROUTE_DEPTH_MAX 16
#define MATCH_LIMIT     20000
#define HEAP_LIMIT_KIB  1024

static const struct span id = SPAN(":id"), rest = SPAN(":rest");

struct route {
	unsigned n;
	struct span segment[ROUTE_DEPTH_MAX]; /* into the configuration; ":name" is any */
};

struct path_mask {
	struct route *route;
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
		if (len > 0)
			r->segment[r->n++] = span_of(text, len);
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
	m->pattern = calloc(d->mask.n + 1, sizeof(*m->pattern));
	m->match = pcre2_match_data_create(1, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->route || !m->pattern || !m->match || !m->limits)
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
	free(m->route);
	free(m);
	return NULL;
}

/* A path on its way: which routes still agree (a bit each), and how far it is. */
struct walk {
	uint64_t alive;
	unsigned depth;
	size_t segments;
	bool lost;  /* behind "..": nothing is known of where it leads */
	bool owned; /* behind "users" and the like */
};

/* Does a route that still agrees have a ":name" here? */
static bool
routes_mask(const struct path_mask *m, const struct walk *w)
{
	for (uint64_t todo = w->alive; todo != 0; todo &= todo - 1) {
		const struct route *r = &m->route[__builtin_ctzll(todo)];

		if (w->depth < r->n && is_wildcard(r->segment[w->depth]))
			return true;
	}
	return false;
}

/* Takes all routes one segment further. What is written ":id" agrees with anything, so that a
 * second pass, which sees nothing else, comes to the same end. */
static void
routes_step(const struct path_mask *m, struct walk *w, struct span s, bool masked)
{
	for (uint64_t todo = w->alive; todo != 0; todo &= todo - 1) {
		unsigned i = (unsigned)__builtin_ctzll(todo);
		const struct route *r = &m->route[i];
		struct span want;

		if (w->depth < r->n) {
			want = r->segment[w->depth];
			if (masked || (want.len == s.len && strncasecmp(want.p, s.p, s.len) == 0))
				continue;
		}
		w->alive &= ~(UINT64_C(1) << i);
	}
	w->depth++;
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
	for (size_t i = 0; i + 2 < s.len; i++)
		if (s.p[i] == '%' && (s.p[i + 1] == '2' || s.p[i + 1] == '5') &&
			memchr("EeFfCc5", s.p[i + 2], 7))
			return true;
	return false;
}

/* What the rules say of segment S that is not plain at a glance. */
static bool
is_masked(const struct path_mask *m, struct walk *w, struct span s, unsigned kinds)
{
	bool owned = w->owned;
	bool masked = !path_segment_is_plain(s, kinds) ||
		      (m->known && !path_segment_is_known(s, m->known));

	if (masked && hides_structure(s))
		w->lost = true;
	masked = masked || w->lost || owned || routes_mask(m, w) || patterns_mask(m, s);
	w->owned = (!masked || owned) && path_segment_names_owner(s);
	if (w->alive != 0)
		routes_step(m, w, s, masked);
	return masked;
}

/* The end of the segment at P, and in *RET_KINDS which kinds of bytes it has. */
static const char *
segment_end(const char *p, const char *end, unsigned *ret_kinds)
{
	unsigned kinds = 0;

	while (p < end) {
		unsigned kind = path_kind(*p);

		if (kind & PATH_STOP)
			break;
		kinds |= kind;
		p++;
	}
	*ret_kinds = kinds;
	return p;
}

/* Behind a segment's ";parameters". */
static const char *
parameters_end(const char *p, const char *end)
{
	const char *slash;

	if (p == end || *p != ';')
		return p;
	slash = memchr(p, '/', (size_t)(end - p));
	return slash ? slash : end;
}

/* PATH up to its query or fragment. */
static const char *
path_end(struct span path)
{
	const char *query = memchr(path.p, '?', path.len);
	size_t len = query ? (size_t)(query - path.p) : path.len;
	const char *fragment = memchr(path.p, '#', len);

	return fragment ? fragment : path.p + len;
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
	const char *end = path_end(path), *p = path.p, *run = p;
	struct walk w = { 0 };

	if (m->n_routes > 0)
		w.alive = m->n_routes == 64 ? UINT64_MAX : (UINT64_C(1) << m->n_routes) - 1;
	while (p < end) {
		unsigned kinds;
		const char *from = p + 1, *to = segment_end(from, end, &kinds);
		struct span s = span_of(from, (size_t)(to - from));
		bool masked = false;

		p = parameters_end(to, end);
		if (s.len > 0 && w.segments++ == m->segments) {
			buf_put(out, run, (size_t)(from - run));
			buf_span(out, rest);
			return;
		}
		if (s.len > 0 && is_dots(s))
			w.lost |= s.len == 2;
		else if (s.len > 0)
			masked = is_masked(m, &w, s, kinds);
		if (!masked && p == to)
			continue;
		buf_put(out, run, (size_t)((masked ? from : to) - run));
		if (masked)
			buf_span(out, span_eq(s, rest) ? rest : id);
		run = p;
	}
	if (p > run)
		buf_put(out, run, (size_t)(p - run));
}
