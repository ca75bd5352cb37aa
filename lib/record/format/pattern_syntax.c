/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The items of pcre2pattern(3) that take the place of one character. P is NUL-terminated, and part of
 * a pattern that PCRE2 takes.
 */
#include <ctype.h>

#include "record/format/pattern-private.h"

/* The length of what goes up to and with CLOSE; 0 if it does not close. */
static size_t
through(const char *p, char close)
{
	const char *q = strchr(p, close);

	return q ? (size_t)(q + 1 - p) : 0;
}

/* \g and \k: by name only, since numbers change */
static size_t
reference(const char *p)
{
	char open = p[2];
	size_t n;

	if (open != '{' && open != '<' && open != '\'')
		return 0;
	if (!isalpha((unsigned char)p[3]) && p[3] != '_')
		return 0;
	n = through(p + 3, open == '{' ? '}' : open == '<' ? '>' : '\'');
	return n > 0 ? n + 3 : 0;
}

/* \x41, \x{41}, \o{101}, \012 */
static size_t
number(const char *p)
{
	size_t n = 2;

	if ((p[1] == 'x' || p[1] == 'o') && p[2] == '{')
		return through(p, '}');
	while (n < 4 &&
		(p[1] == 'x' ? isxdigit((unsigned char)p[n]) != 0 : p[n] >= '0' && p[n] <= '7'))
		n++;
	return n;
}

static enum pattern_atom
letter(char c)
{
	if (!isalnum((unsigned char)c) || strchr("ateh", c))
		return ATOM_LITERAL;
	if (strchr("nrfvR", c))
		return ATOM_NEWLINE;
	if (strchr("bBAZzGK", c))
		return ATOM_ASSERT;
	return c == 's' ? ATOM_SPACE : ATOM_OTHER;
}

size_t
pattern_escape(const char *p, enum pattern_atom *ret)
{
	char c = p[1];

	*ret = ATOM_OTHER;
	if (c == '\0' || (c >= '1' && c <= '9'))
		return 0;
	if (c == 'g' || c == 'k')
		return reference(p);
	if (strchr("pPN", c) && p[2] == '{')
		return through(p, '}');
	if (c == 'p' || c == 'P')
		return p[2] ? 3 : 0;
	*ret = ATOM_LITERAL;
	if (c == 'x' || c == 'o' || c == '0')
		return number(p);
	if (c == 'c')
		return p[2] ? 3 : 0;
	*ret = letter(c);
	return 2;
}

/* The end of "[:alpha:]" at P, or NULL. */
static const char *
posix_end(const char *p)
{
	const char *q = p + 2;

	if (p[1] != ':' && p[1] != '.' && p[1] != '=')
		return NULL;
	while (isalpha((unsigned char)*q) || *q == '^')
		q++;
	return q[0] == p[1] && q[1] == ']' ? q + 2 : NULL;
}

/* The "]" of the class at P, or NULL (also for \Q in it, where even "]" may mean another thing). */
static const char *
class_end(const char *p)
{
	const char *q = p + 1 + (p[1] == '^');

	for (const char *first = q; *q && (*q != ']' || q == first);) {
		const char *posix = *q == '[' ? posix_end(q) : NULL;

		if (q[0] == '\\' && (q[1] == 'Q' || q[1] == 'E'))
			return NULL;
		q = posix ? posix : q + (q[0] == '\\' && q[1] ? 2 : 1);
	}
	return *q == ']' ? q : NULL;
}

/* Is the class with BODY between its brackets one character, or blanks only? */
static bool
class_is_literal(struct span body)
{
	size_t i = 0;

	if (body.len == 1)
		return true;
	if (body.len == 2 && body.p[0] == '\\' && ispunct((unsigned char)body.p[1]))
		return true;
	while (i < body.len)
		if (body.p[i] == ' ' || body.p[i] == '\t')
			i++;
		else if (i + 1 < body.len && body.p[i] == '\\' &&
			 (body.p[i + 1] == 't' || body.p[i + 1] == 'h'))
			i += 2;
		else
			return false;
	return true;
}

size_t
pattern_class(const char *p, enum pattern_atom *ret)
{
	const char *end = class_end(p);

	if (!end)
		return 0;
	*ret = class_is_literal(span_of(p + 1, (size_t)(end - p - 1))) ? ATOM_LITERAL : ATOM_OTHER;
	return (size_t)(end + 1 - p);
}

size_t
pattern_braces(const char *p)
{
	const char *q = p + 1;
	size_t digits = strspn(q, "0123456789");

	q += digits;
	if (*q == ',') {
		q++;
		q += strspn(q, "0123456789");
	}
	return digits > 0 && *q == '}' ? (size_t)(q + 1 - p) : 0;
}
