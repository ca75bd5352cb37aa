/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands before the group's end has to be of a few lengths, whatever matches: single bytes and classes,
 * counted repetitions, alternatives, what may be missing. Each of them is followed, as a set of lengths. What
 * comes behind cannot move the group, unless the pattern changes its options, repeats what the group
 * stands in, or has a second group of that name.
 */
#include "record/format/pattern_place.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN_MAX 128 /* of what stands before the group, and of itself */

/* Behind the class that begins at P, or NULL. */
static const char *
skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p && *p != ']'; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '[') /* "[:alpha:]": not followed */
			return NULL;
	}
	return *p ? p + 1 : NULL;
}

/* Behind what stands at P, which is not the end: a class, an escape or a byte. NULL: it is not followed. */
static const char *
skip_one(const char *p)
{
	return *p == '[' ? skip_class(p) : p + (*p == '\\' && p[1] ? 2 : 1);
}

/* Behind what matches one byte, or NULL. */
static const char *
skip_byte(const char *p)
{
	if (*p == '[')
		return skip_class(p);
	if (*p == '\\') {
		const bool letter = (p[1] >= 'a' && p[1] <= 'z') || (p[1] >= 'A' && p[1] <= 'Z') ||
				    (p[1] >= '0' && p[1] <= '9');

		return p[1] && (letter ? strchr("dDsSwWtnrf", p[1]) != NULL : true) ? p + 2 : NULL;
	}
	return *p && !strchr("()|*+?{^$", *p) ? p + 1 : NULL;
}

/* --- lengths ---------------------------------------------------------------------------------- */

/* A bit for each length that there may be. */
struct lens {
	uint64_t w[LEN_MAX / 64];
};

static const struct lens nothing = { { 1 } };

static bool
lens_has(const struct lens *s, size_t n)
{
	return s->w[n / 64] >> n % 64 & 1;
}

static unsigned
lens_count(const struct lens *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < LEN_MAX; i++)
		n += lens_has(s, i);
	return n;
}

static void
lens_join(struct lens *to, const struct lens *s)
{
	for (size_t i = 0; i < LEN_MAX / 64; i++)
		to->w[i] |= s->w[i];
}

/* One of A behind one of B. False: too long. */
static bool
lens_sum(const struct lens *a, const struct lens *b, struct lens *ret)
{
	struct lens sum = { { 0 } };

	for (size_t i = 0; i < LEN_MAX; i++)
		for (size_t k = 0; lens_has(a, i) && k < LEN_MAX; k++) {
			if (!lens_has(b, k))
				continue;
			if (i + k >= LEN_MAX)
				return false;
			sum.w[(i + k) / 64] |= UINT64_C(1) << (i + k) % 64;
		}
	*ret = sum;
	return true;
}

/* MIN to MAX times one of ONE behind S. */
static bool
lens_repeat(struct lens *s, const struct lens *one, size_t min, size_t max)
{
	struct lens all = { { 0 } }, n = *s;

	for (size_t i = 0;; i++) {
		if (i >= min)
			lens_join(&all, &n);
		if (i == max)
			break;
		if (!lens_sum(&n, one, &n))
			return false;
	}
	*s = all;
	return true;
}

/* How often, in *P: "{4}", "{1,3}", "?", or once. False: without an end. */
static bool
quantifier(const char **p, size_t *ret_min, size_t *ret_max)
{
	const char *q = *p;
	char *end;

	*ret_min = *ret_max = 1;
	if (*q == '*' || *q == '+')
		return false;
	if (*q != '?' && *q != '{')
		return true;
	if (*q == '?') {
		*ret_min = 0;
		q++;
	} else {
		if (q[1] < '0' || q[1] > '9')
			return false;
		*ret_min = *ret_max = strtoul(q + 1, &end, 10);
		if (*end == ',') {
			if (end[1] < '0' || end[1] > '9')
				return false;
			*ret_max = strtoul(end + 1, &end, 10);
		}
		if (*end != '}' || *ret_max >= LEN_MAX || *ret_min > *ret_max)
			return false;
		q = end + 1;
	}
	*p = q + (*q == '?' || *q == '+'); /* lazy, possessive */
	return true;
}

/* Can what stands behind the place not move it? */
static bool
is_settled(const char *source, const char *group)
{
	const char *p = strstr(source, group);
	size_t depth = 0;

	if (!p || strstr(p + 1, group) || strstr(source, "(*") || strstr(source, "\\Q"))
		return false;
	for (p = source; p && *p; p = skip_one(p)) {
		if (*p == '(' && p[1] == '?' && !(p[2] && strchr("<:=!>", p[2])))
			return false;
		depth += *p == '(';
		depth -= *p == ')' && depth > 0;
	}
	return p && depth == 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
	const char *p;
	const char *group; /* "(?<time>" */
	bool found;
	struct lens at, len; /* of the group; AT from where the reading has begun */
	int next;            /* behind it */
};

static bool alternatives(struct reading *r, struct lens *ret);

/* To the bracket that ends what P is in, or NULL. */
static const char *
skip_rest(const char *p)
{
	size_t depth = 0;

	for (; p && *p; p = skip_one(p)) {
		if (*p == ')' && depth-- == 0)
			return p;
		depth += *p == '(';
	}
	return NULL;
}

/* Behind the opening of a group, or NULL. *RET_LOOKS: it looks about, and takes nothing. */
static const char *
enter(const char *p, bool *ret_looks)
{
	*ret_looks = false;
	if (p[1] != '?')
		return p + 1;
	if (p[2] == ':')
		return p + 3;
	*ret_looks = strchr("=!", p[2]) || (p[2] == '<' && p[3] && strchr("=!", p[3]));
	if (*ret_looks)
		return p + (p[2] == '<' ? 4 : 3);
	if (p[2] != '<')
		return NULL;
	p = strchr(p, '>');
	return p ? p + 1 : NULL;
}

/* The group that was asked for has ended at P, in one that began behind S. */
static bool
found_inside(struct reading *r, const struct lens *s)
{
	r->p = skip_rest(r->p);
	if (!r->p || strchr("*+{", r->p[1] ? r->p[1] : ' '))
		return false;
	r->p++;
	return lens_sum(s, &r->at, &r->at);
}

/* The byte that has to stand at P of the pattern, no letter or digit; -1: it may be another, or be missing. */
static int
literal(const char *p)
{
	const char c = *p == '\\' ? p[1] : *p;
	const char *behind = p + (*p == '\\' ? 2 : 1);

	if (!c || strchr("*+?{", *behind ? *behind : ' ') || (unsigned char)c >= 0x80 ||
		(c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(*p != '\\' && strchr("()|*+?{^$.[", c)))
		return -1;
	return c;
}

static bool
group(struct reading *r, struct lens *s)
{
	const bool ours = strncmp(r->p, r->group, strlen(r->group)) == 0;
	struct lens one;
	size_t min, max;
	bool looks;

	r->p = enter(r->p, &looks);
	if (r->p && looks) {
		r->p = skip_rest(r->p);
		return r->p && r->p++;
	}
	if (!r->p || !alternatives(r, &one))
		return false;
	if (r->found)
		return found_inside(r, s);
	if (*r->p++ != ')')
		return false;
	if (!ours)
		return quantifier(&r->p, &min, &max) && lens_repeat(s, &one, min, max);
	r->found = true;
	r->at = *s;
	r->len = one;
	r->next = literal(r->p);
	return *r->p == '\0' || !strchr("*+{", *r->p);
}

static bool
item(struct reading *r, struct lens *s)
{
	static const struct lens byte = { { 2 } };
	size_t min, max;

	if (*r->p == '(')
		return group(r, s);
	if (*r->p == '^' || *r->p == '$') {
		r->p++;
		return true;
	}
	r->p = skip_byte(r->p);
	return r->p && quantifier(&r->p, &min, &max) && lens_repeat(s, &byte, min, max);
}

/* To the end of the pattern, or of the group that R is in, or of the one that was asked for. */
static bool
alternatives(struct reading *r, struct lens *ret)
{
	struct lens all = { { 0 } };

	for (;; r->p++) {
		struct lens s = nothing;

		while (*r->p && *r->p != '|' && *r->p != ')')
			if (!item(r, &s))
				return false;
			else if (r->found)
				return true;
		lens_join(&all, &s);
		if (*r->p != '|')
			break;
	}
	*ret = all;
	return true;
}

/* What the group that begins with OPENING begins with: digits and signs, each there just so often. */
static void
shape_read(const char *source, const char *opening, char ret[PATTERN_SHAPE_MAX])
{
	const char *p = strstr(source, opening) + strlen(opening), *end = skip_rest(p);
	size_t n = 0, depth = 0, min, max;

	for (const char *q = p; q && q < end; q = skip_one(q)) {
		if (*q == '|' && depth == 0)
			return; /* there is another begin */
		depth += *q == '(';
		depth -= *q == ')';
	}
	for (const char *q = p; q && q < end; q = p) {
		const bool is_digit = q[0] == '\\' && q[1] == 'd';
		const int sign = is_digit ? '0' : literal(q);

		if (sign < 0)
			return;
		p = skip_one(q);
		if (!quantifier(&p, &min, &max) || min != max)
			return;
		for (; min > 0 && n < PATTERN_SHAPE_MAX; min--)
			ret[n++] = (char)sign;
	}
}

unsigned
pattern_places(const char *source, const char *name, struct pattern_place ret[PATTERN_PLACES_MAX])
{
	const size_t len = strlen(name);
	char text[80] = "(?<";
	struct reading r = { .p = source, .group = text };
	struct lens all;
	char shape[PATTERN_SHAPE_MAX] = "";
	unsigned n = 0, max;

	if (len > sizeof(text) - 5)
		return 0;
	memcpy(text + 3, name, len);
	memcpy(text + 3 + len, ">", 2);
	if (!is_settled(source, text) || !alternatives(&r, &all) || !r.found)
		return 0;
	max = r.next < 0 ? PATTERN_PLACES_ANY : PATTERN_PLACES_MAX;
	if (lens_count(&r.at) * lens_count(&r.len) > max)
		return 0;
	shape_read(source, text, shape);
	for (size_t at = 0; at < LEN_MAX; at++)
		for (size_t k = 0; lens_has(&r.at, at) && k < LEN_MAX; k++)
			if (lens_has(&r.len, k)) {
				ret[n] = (struct pattern_place){ at, k, r.next, "" };
				memcpy(ret[n++].shape, shape, sizeof(shape));
			}
	return n;
}

bool
pattern_needs(const char *source, const char *name)
{
	char text[80];
	const char *p = source, *behind;
	size_t depth = 0;

	if (snprintf(text, sizeof(text), "(?<%s>", name) >= (int)sizeof(text) ||
		!is_settled(source, text))
		return false;
	for (; p && *p; p = skip_one(p)) {
		if (*p == '|' && depth == 0)
			return false; /* another way about it */
		if (depth == 0 && strncmp(p, text, strlen(text)) == 0)
			break;
		depth += *p == '(';
		depth -= *p == ')' && depth > 0;
	}
	behind = p && *p ? skip_rest(p + 1) : NULL;
	if (!behind || strchr("*?{", behind[1] ? behind[1] : ' '))
		return false;
	/* nor is there one behind it */
	for (p = behind + 1; p && *p; p = skip_one(p)) {
		if (*p == '|' && depth == 0)
			return false;
		depth += *p == '(';
		depth -= *p == ')' && depth > 0;
	}
	return p != NULL;
}
