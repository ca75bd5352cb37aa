/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands before the group's end has to be of a fixed length, whatever matches: single bytes and
 * classes, counted repetitions, groups without alternatives. Then there is only one place. What
 * comes behind cannot move it, unless the pattern as a whole has alternatives, changes its options,
 * or has a second group of that name.
 */
#include "record/pattern_place.h"

#include <string.h>

#define LEN_MAX 1024

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

/* Behind what matches one byte, or NULL. */
static const char *
skip_byte(const char *p)
{
	if (*p == '[')
		return skip_class(p);
	if (*p == '\\') {
		const bool letter = (p[1] >= 'a' && p[1] <= 'z') || (p[1] >= 'A' && p[1] <= 'Z') ||
				    (p[1] >= '0' && p[1] <= '9');

		return p[1] && (letter ? strchr("dDsSwW", p[1]) != NULL : true) ? p + 2 : NULL;
	}
	return *p && !strchr("()|*+?{^$", *p) ? p + 1 : NULL;
}

/* "{4}" at *P: 4; where there is none 1; 0 where it is anything else that repeats. */
static size_t
repeated(const char **p)
{
	const char *q = *p + 1;
	size_t n = 0;

	if (**p && strchr("*+?", **p))
		return 0;
	if (**p != '{')
		return 1;
	for (; *q >= '0' && *q <= '9' && n <= LEN_MAX; q++)
		n = 10 * n + (size_t)(*q - '0');
	if (*q != '}' || n == 0 || n > LEN_MAX || (q[1] && strchr("*+?{", q[1])))
		return 0;
	*p = q + 1;
	return n;
}

/* Can what stands behind the place not move it? */
static bool
is_settled(const char *source, const char *group)
{
	const char *p = strstr(source, group);
	size_t depth = 0;

	if (!p || strstr(p + 1, group) || strstr(source, "(*") || strstr(source, "\\Q"))
		return false;
	for (p = source; *p;) {
		if (*p == '\\' && p[1]) {
			p += 2;
			continue;
		}
		if (*p == '[') {
			p = skip_class(p);
			if (!p)
				return false;
			continue;
		}
		if (*p == '(' && p[1] == '?' && !(p[2] && strchr("<:=!>", p[2])))
			return false;
		if (*p == '|' && depth == 0)
			return false;
		depth += *p == '(';
		depth -= *p == ')' && depth > 0;
		p++;
	}
	return depth == 0;
}

/* Enters a group at P, or NULL. */
static const char *
enter(const char *p)
{
	if (strncmp(p, "(?:", 3) == 0)
		return p + 3;
	if (strncmp(p, "(?<", 3) != 0 || p[3] == '=' || p[3] == '!')
		return NULL;
	p = strchr(p, '>');
	return p ? p + 1 : NULL;
}

bool
pattern_place(const char *source, const char *name, size_t *ret_at, size_t *ret_len)
{
	const size_t len = strlen(name);
	const char *p = *source == '^' ? source + 1 : source;
	char group[80] = "(?<";
	size_t at = 0, begin = 0, depth = 0, inside = 0; /* inside: the group's own depth */

	if (len > sizeof(group) - 5)
		return false;
	memcpy(group + 3, name, len);
	memcpy(group + 3 + len, ">", 2);
	if (!is_settled(source, group))
		return false;
	while (p && *p && at <= LEN_MAX) {
		size_t n = 1;

		if (*p == '(') {
			depth++;
			if (strncmp(p, group, len + 4) == 0) {
				inside = depth;
				begin = at;
			}
			p = enter(p);
			continue;
		}
		if (*p != ')') {
			p = skip_byte(p);
			n = p ? repeated(&p) : 0;
			at += n;
		} else if (depth == 0 || (p[1] && strchr("*+?{", p[1]))) {
			return false;
		} else if (depth-- == inside) {
			*ret_at = begin;
			*ret_len = at - begin;
			return true;
		} else {
			p++;
		}
		if (n == 0)
			return false;
	}
	return false;
}
