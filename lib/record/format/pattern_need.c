/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A part of a pattern is told by the texts that it may begin with and the longest text that it
 * must have; parts behind each other and beside each other are put together from that. All that
 * is not known here stands for any text, or ends the reading: then the pattern needs nothing.
 */
#include "record/format/pattern_need.h"

#include <ctype.h>

#include "base/bytes.h"
#include "record/format/pattern-private.h"

/* A text that a part may begin with; open: and anything may follow, else it is all of the part. */
struct head {
	uint8_t len;
	bool open;
	char p[NEED_HEAD_MAX];
};

struct part {
	unsigned n;
	struct head head[NEED_HEADS_MAX];
	bool pure; /* it is the literal and nothing else */
	struct literal {
		size_t len;
		char p[NEED_LITERAL_MAX];
	} literal;
};

enum times { ONCE, ONCE_OR_MORE, NEVER_OR_MORE };

struct reading {
	const char *p;
	unsigned depth;
};

static bool read_branches(struct reading *r, struct part *ret);

/* --- putting together ------------------------------------------------------------------------ */

static struct part
nothing(void)
{
	return (struct part){ .n = 1, .pure = true };
}

static struct part
anything(void)
{
	return (struct part){ .n = 1, .head = { { .open = true } } };
}

static struct part
character(char c)
{
	return (struct part){ .n = 1,
		.head = { { .len = 1, .p = { c } } },
		.pure = true,
		.literal = { .len = 1, .p = { c } } };
}

static void
open_heads(struct part *a)
{
	for (unsigned i = 0; i < a->n; i++)
		a->head[i].open = true;
}

static bool
head_add(struct part *a, struct head h)
{
	if (a->n == NEED_HEADS_MAX)
		return false;
	a->head[a->n++] = h;
	return true;
}

static struct head
head_join(struct head a, struct head b)
{
	size_t n = (size_t)NEED_HEAD_MAX - a.len < b.len ? (size_t)NEED_HEAD_MAX - a.len : b.len;

	memcpy(a.p + a.len, b.p, n);
	a.len = (uint8_t)(a.len + n);
	a.open = b.open || n < b.len;
	return a;
}

/* B's heads behind A's, or, where those are too many, whatever may follow. */
static void
heads_append(struct part *a, const struct part *b)
{
	struct part joined = { 0 };

	for (unsigned i = 0; i < a->n; i++) {
		const unsigned n = a->head[i].open ? 1 : b->n;

		for (unsigned k = 0; k < n; k++) {
			struct head h = a->head[i].open ? a->head[i]
							: head_join(a->head[i], b->head[k]);

			if (!head_add(&joined, h)) {
				open_heads(a);
				return;
			}
		}
	}
	a->n = joined.n;
	memcpy(a->head, joined.head, sizeof(a->head));
}

static void
literal_keep_longer(struct literal *best, const struct literal *other)
{
	if (other->len > best->len)
		*best = *other;
}

/* Behind the text in RUN follows B, which is there TIMES. */
static void
literal_append(struct literal *best, struct literal *run, const struct part *b, enum times times)
{
	const bool goes_on = b->pure && times != NEVER_OR_MORE &&
			     run->len + b->literal.len <= sizeof(run->p);

	if (goes_on) {
		memcpy(run->p + run->len, b->literal.p, b->literal.len);
		run->len += b->literal.len;
		if (times == ONCE)
			return;
	}
	literal_keep_longer(best, run);
	run->len = 0;
	if (!goes_on && times != NEVER_OR_MORE)
		literal_keep_longer(best, &b->literal);
}

/* --- reading --------------------------------------------------------------------------------- */

/* The end of the group's opening at P, or NULL where it is none that is followed here. */
static const char *
group_inside(const char *p, bool *ret_look)
{
	static const char *const looks[] = { "(?=", "(?!", "(?<=", "(?<!", "(?*", "(?<*" };
	const char *q;

	*ret_look = false;
	if (p[1] == '*')
		return NULL;
	if (p[1] != '?')
		return p + 1;
	if (p[2] == ':' || p[2] == '>')
		return p + 3;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (strncmp(p, looks[i], strlen(looks[i])) == 0) {
			*ret_look = true;
			return p + strlen(looks[i]);
		}
	}
	q = p + 2 + (p[2] == 'P');
	if (*q != '<' && *q != '\'')
		return NULL;
	for (q++; isalnum((unsigned char)*q) || *q == '_';)
		q++;
	return *q == '>' || *q == '\'' ? q + 1 : NULL;
}

static bool
read_group(struct reading *r, struct part *ret)
{
	bool look, read;
	const char *inside = group_inside(r->p, &look);

	if (!inside || r->depth == PATTERN_DEPTH_MAX)
		return false;
	r->p = inside;
	r->depth++;
	read = read_branches(r, ret) && *r->p == ')';
	r->depth--;
	r->p++;
	if (look) /* takes no text */
		*ret = nothing();
	return read;
}

static bool
read_escape(struct reading *r, struct part *ret)
{
	enum pattern_atom kind;
	size_t n;

	if (ispunct((unsigned char)r->p[1])) {
		*ret = character(r->p[1]);
		r->p += 2;
		return true;
	}
	n = pattern_escape(r->p, &kind);
	if (n == 0 || r->p[1] == 'Q' || r->p[1] == 'E')
		return false;
	r->p += n;
	*ret = kind == ATOM_ASSERT ? nothing() : anything();
	return true;
}

static bool
read_class(struct reading *r, struct part *ret)
{
	enum pattern_atom kind;
	size_t n = pattern_class(r->p, &kind);

	*ret = n == 3 ? character(r->p[1]) : anything();
	r->p += n;
	return n > 0;
}

static bool
read_item(struct reading *r, struct part *ret)
{
	switch (*r->p) {
	case '(':
		return read_group(r, ret);
	case '\\':
		return read_escape(r, ret);
	case '[':
		return read_class(r, ret);
	case '.':
		*ret = anything();
		break;
	case '^':
	case '$':
		*ret = nothing();
		break;
	default:
		*ret = character(*r->p);
	}
	r->p++;
	return true;
}

/* "{2,}", but not "{0,1}" */
static bool
is_once_at_least(const char *braces)
{
	return isdigit((unsigned char)braces[1 + strspn(braces + 1, "0")]);
}

/* False for a quantifier of a quantifier. */
static bool
read_times(struct reading *r, enum times *ret)
{
	size_t n = *r->p == '{' ? pattern_braces(r->p) : *r->p && strchr("?*+", *r->p);

	*ret = ONCE;
	if (n == 0)
		return true;
	*ret = *r->p == '+' || (*r->p == '{' && is_once_at_least(r->p)) ? ONCE_OR_MORE
									: NEVER_OR_MORE;
	r->p += n;
	if (*r->p == '?' || *r->p == '+')
		r->p++;
	return !(*r->p && strchr("?*+", *r->p)) && !(*r->p == '{' && pattern_braces(r->p) > 0);
}

static bool
read_branch(struct reading *r, struct part *ret)
{
	struct literal run = { 0 };

	*ret = nothing();
	while (*r->p && *r->p != '|' && *r->p != ')') {
		struct part item;
		enum times times;

		if (!read_item(r, &item) || !read_times(r, &times))
			return false;
		literal_append(&ret->literal, &run, &item, times);
		ret->pure &= item.pure && times == ONCE && ret->literal.len == 0;
		if (times != ONCE)
			open_heads(&item);
		if (times == NEVER_OR_MORE && !head_add(&item, (struct head){ 0 }))
			item = anything();
		heads_append(ret, &item);
	}
	literal_keep_longer(&ret->literal, &run);
	return true;
}

static bool
read_branches(struct reading *r, struct part *ret)
{
	struct part next;

	if (!read_branch(r, ret))
		return false;
	while (*r->p == '|') {
		r->p++;
		if (!read_branch(r, &next))
			return false;
		ret->pure = false;
		ret->literal.len = 0;
		for (unsigned i = 0; i < next.n; i++) {
			if (!head_add(ret, next.head[i])) {
				*ret = anything();
				break;
			}
		}
	}
	return true;
}

/* --- what is needed -------------------------------------------------------------------------- */

/* Bytes that logs are full of come last. */
static int
rarity(char c)
{
	if (islower((unsigned char)c))
		return strchr("etaoinsrcd", c) ? 0 : 2;
	if (isdigit((unsigned char)c) || strchr(" :.-/", c))
		return 1;
	return isupper((unsigned char)c) ? 3 : 4;
}

static void
literal_take(const struct literal *l, struct pattern_need *ret)
{
	ret->literal_len = (uint8_t)l->len;
	memcpy(ret->literal, l->p, l->len);
	for (uint8_t i = 0; i < l->len; i++)
		if (rarity(l->p[i]) > rarity(l->p[ret->rare]))
			ret->rare = i;
}

void
pattern_need_read(const char *source, struct pattern_need *ret)
{
	struct reading r = { .p = source };
	struct part all;

	*ret = (struct pattern_need){ 0 };
	if (!read_branches(&r, &all) || *r.p)
		return;
	literal_take(&all.literal, ret);
	for (unsigned i = 0; i < all.n; i++)
		if (all.head[i].len == 0)
			return;
	ret->n_heads = all.n;
	for (unsigned i = 0; i < all.n; i++) {
		ret->head[i] = bytes_few(all.head[i].p, all.head[i].len);
		ret->mask[i] = UINT64_MAX >> 8 * (NEED_HEAD_MAX - all.head[i].len);
	}
}

bool
pattern_need_begins(const struct pattern_need *n, unsigned char c)
{
	for (unsigned i = 0; i < n->n_heads; i++)
		if ((n->head[i] & 0xff) == c)
			return true;
	return n->n_heads == 0;
}

static bool
literal_stands(const struct pattern_need *n, struct span line)
{
	const char *p, *last;

	if (line.len < n->literal_len)
		return false;
	p = line.p + n->rare;
	last = line.p + line.len - n->literal_len + n->rare;
	for (; (p = memchr(p, n->literal[n->rare], (size_t)(last + 1 - p))) != NULL; p++) {
		if (bytes_eq(p - n->rare, n->literal, n->literal_len))
			return true;
		if (p == last)
			return false;
	}
	return false;
}

bool
pattern_need_is_met(const struct pattern_need *n, struct span line, uint64_t head)
{
	bool begins = n->n_heads == 0;

	for (unsigned i = 0; i < n->n_heads && !begins; i++)
		begins = (head & n->mask[i]) == n->head[i];
	return begins && (n->literal_len == 0 || literal_stands(n, line));
}
