/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The walk over one JSON line: one pass that checks every byte, also of what is left out, and
 * looks closer only where the trie of declared paths still has a node.
 */
#include "record/format/json-private.h"

/* What became of a value. */
enum {
	STOP = -1,
	LEFT = 0,    /* something of it is left */
	INVALID = 1, /* not JSON */
	GONE = 2     /* nothing of it is left */
};

struct walk {
	const char *p, *end;
	unsigned depth;
	json_visit *visit; /* json_filter() */
	json_see *see;     /* json_each() */
	void *ctx;
	struct buf *out; /* NULL: nothing is written */
};

static int walk_value(struct walk *w, const struct json_node *n);

static inline void
skip_space(struct walk *w)
{
	while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\n' || *w->p == '\r'))
		w->p++;
}

/* Steps over C, and white space on both sides. */
static inline bool
take(struct walk *w, char c)
{
	skip_space(w);
	if (w->p == w->end || *w->p != c)
		return false;
	w->p++;
	skip_space(w);
	return true;
}

static bool
take_string(struct walk *w, struct span *ret, bool *ret_escaped)
{
	const char *from = w->p + 1, *close;

	if (w->p == w->end || *w->p != '"')
		return false;
	*ret_escaped = false;
	close = json_string_end(from, w->end, ret_escaped);
	if (!close)
		return false;
	*ret = span_of(from, (size_t)(close - from));
	w->p = close + 1;
	return true;
}

static bool
take_word(struct walk *w, struct span word)
{
	if (!span_starts(span_of(w->p, (size_t)(w->end - w->p)), word))
		return false;
	w->p += word.len;
	return true;
}

static int
value_deliver(struct walk *w, const struct json_value *v)
{
	size_t from;
	int r;

	if (w->see)
		return w->see(w->ctx, v) < 0 ? STOP : GONE;
	if (!w->visit)
		return GONE;
	from = w->out->len;
	r = w->visit(w->ctx, v, w->out);
	if (r < 0 || w->out->failed)
		return STOP;
	return r == 0 && w->out->len > from ? LEFT : GONE;
}

static int
walk_scalar(struct walk *w, const struct json_node *n)
{
	struct json_value v = { .slot = n ? n->slot : -1 };
	const char *from = w->p;
	bool good;

	switch (*w->p) {
	case '"':
		v.kind = JSON_KIND_STRING;
		good = take_string(w, &v.raw, &v.escaped);
		break;
	case 't':
		v.kind = JSON_KIND_TRUE;
		good = take_word(w, SPAN("true"));
		break;
	case 'f':
		v.kind = JSON_KIND_FALSE;
		good = take_word(w, SPAN("false"));
		break;
	case 'n':
		v.kind = JSON_KIND_NULL;
		good = take_word(w, SPAN("null"));
		break;
	default:
		v.kind = JSON_KIND_NUMBER;
		w->p = json_number_end(w->p, w->end);
		good = w->p != NULL;
	}
	if (!good)
		return INVALID;
	if (v.slot < 0)
		return GONE;
	if (v.kind != JSON_KIND_STRING)
		v.raw = span_of(from, (size_t)(w->p - from));
	return value_deliver(w, &v);
}

/* One value with what stands before it; all of it is taken back if nothing is left of the value. */
static int
walk_item(struct walk *w, const struct json_node *n, bool first, struct span key)
{
	size_t from;
	int r;

	if (!n || !w->out)
		return walk_value(w, n);
	from = w->out->len;
	if (!first)
		buf_char(w->out, ',');
	buf_span(w->out, key);
	r = walk_value(w, n);
	if (w->out->failed)
		return STOP;
	if (r == GONE)
		buf_cut(w->out, from);
	return r;
}

static int
walk_member(struct walk *w, const struct json_node *n, bool first)
{
	const struct json_node *child = NULL;
	struct span raw;
	bool escaped;

	if (!take_string(w, &raw, &escaped) || !take(w, ':'))
		return INVALID;
	if (n)
		child = json_node_child(n, raw, escaped);
	return walk_item(w, child, first, child ? span_of(child->text, child->text_len) : SPAN(""));
}

/* An object or an array; W stands at its bracket. */
static int
walk_container(struct walk *w, const struct json_node *n)
{
	const bool object = *w->p == '{';
	const char close = object ? '}' : ']';
	struct buf *out = n ? w->out : NULL;
	bool empty = true;

	if (++w->depth > JSON_DEPTH_MAX)
		return INVALID;
	if (out)
		buf_char(out, *w->p);
	w->p++;
	skip_space(w);
	if (w->p < w->end && *w->p == close) {
		w->p++;
	} else {
		do {
			int r = object ? walk_member(w, n, empty)
				       : walk_item(w, n, empty, SPAN(""));

			if (r == INVALID || r == STOP)
				return r;
			if (r == LEFT)
				empty = false;
		} while (take(w, ','));
		if (w->p == w->end || *w->p != close)
			return INVALID;
		w->p++;
	}
	if (out)
		buf_char(out, close);
	w->depth--;
	return empty ? GONE : LEFT;
}

static int
walk_value(struct walk *w, const struct json_node *n)
{
	if (w->p == w->end)
		return INVALID;
	if (*w->p == '{' || *w->p == '[')
		return walk_container(w, n);
	return walk_scalar(w, n);
}

/* 0, 1 or -1, as json_filter(). */
static int
walk_line(struct walk *w, struct span line, const struct json_node *root)
{
	int r;

	if (line.len == 0)
		return INVALID;
	w->p = line.p;
	w->end = line.p + line.len;
	skip_space(w);
	if (w->p == w->end || (*w->p != '{' && *w->p != '['))
		return INVALID;
	r = walk_value(w, root);
	if (r == INVALID || r == STOP)
		return r;
	skip_space(w);
	return w->p == w->end ? 0 : INVALID;
}

int
json_filter(
	const struct json_paths *p, struct span line, json_visit *visit, void *ctx, struct buf *out)
{
	struct walk w = { .visit = visit, .ctx = ctx, .out = out };
	size_t from = out->len;
	int r;

	if (out->failed)
		return STOP;
	r = walk_line(&w, line, &p->root);
	if (out->failed)
		r = STOP;
	if (r != 0)
		out->len = from; /* what failed stays known */
	return r;
}

int
json_each(const struct json_paths *p, struct span line, json_see *see, void *ctx)
{
	struct walk w = { .see = see, .ctx = ctx };

	return walk_line(&w, line, &p->root);
}

bool
json_is_valid(struct span line)
{
	struct walk w = { 0 };

	return walk_line(&w, line, NULL) == 0;
}
