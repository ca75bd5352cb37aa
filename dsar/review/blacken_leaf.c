/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Readers that only look for where values begin and end. What they take for markup is never touched, so
 * a text that is broken stays as broken as it was.
 */
#include <string.h>

#include "dsar/review/blacken-private.h"

struct leaves {
	struct span text;
	leaf_seen *seen;
	void *ctx;
	struct err *e;
};

static int
give(struct leaves *l, size_t begin, size_t end, bool bare)
{
	const struct leaf leaf = { begin, end, bare };

	return begin < end ? l->seen(l->ctx, &leaf, l->e) : 0;
}

/* The first of the bytes SET at or after AT; the text's end if there is none. */
static size_t
find_byte(struct span text, size_t at, const char *set)
{
	while (at < text.len && (!text.p[at] || !strchr(set, text.p[at])))
		at++;
	return at;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The closing quote of the string whose first byte is AT. */
static size_t
json_string_end(struct span text, size_t at)
{
	while (at < text.len && text.p[at] != '"')
		at += text.p[at] == '\\' ? 2 : 1;
	return at < text.len ? at : text.len;
}

static int
json_leaves(struct leaves *l)
{
	static const char between[] = "{}[],: \t\r\n";
	size_t at = 0, end;

	while (at < l->text.len) {
		const char c = l->text.p[at];

		if (c && strchr(between, c)) {
			at++;
			continue;
		}
		if (c == '"') {
			end = json_string_end(l->text, at + 1);
			if (give(l, at + 1, end, false) < 0)
				return -1;
			at = end + 1;
			continue;
		}
		end = find_byte(l->text, at, "{}[],: \t\r\n\"");
		if (give(l, at, end, true) < 0)
			return -1;
		at = end;
	}
	return 0;
}

/* --- XML and HTML ----------------------------------------------------------------------------- */

static size_t
find_text(struct span text, size_t at, const char *what)
{
	const char *p = at < text.len ? memmem(text.p + at, text.len - at, what, strlen(what))
				      : NULL;

	return p ? (size_t)(p - text.p) : text.len;
}

/* Values in quotes within the tag that begins before AT; returns behind its ">". */
static size_t
tag_values(struct leaves *l, size_t at, int *rc)
{
	while (at < l->text.len && l->text.p[at] != '>') {
		const char quote[2] = { l->text.p[at], 0 };
		size_t end;

		if (*quote != '"' && *quote != '\'') {
			at++;
			continue;
		}
		end = find_byte(l->text, at + 1, quote);
		if (*rc == 0)
			*rc = give(l, at + 1, end, false);
		at = end + 1;
	}
	return at + 1;
}

/* What lies in <!-- -->, <![CDATA[ ]]> or <? ?>; returns behind it. */
static size_t
verbatim(struct leaves *l, size_t from, const char *until, int *rc)
{
	const size_t end = find_text(l->text, from, until);

	*rc = give(l, from, end, false);
	return end + strlen(until);
}

static int
xml_leaves(struct leaves *l)
{
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at < l->text.len) {
		const struct span rest = span_from(l->text, at);

		if (span_starts(rest, SPAN("<!--")))
			at = verbatim(l, at + 4, "-->", &rc);
		else if (span_starts(rest, SPAN("<![CDATA[")))
			at = verbatim(l, at + 9, "]]>", &rc);
		else if (span_starts(rest, SPAN("<?")))
			at = find_text(l->text, at, "?>") + 2; /* the declaration and its kind */
		else if (rest.p[0] == '<')
			at = tag_values(l, at + 1, &rc);
		else {
			const size_t end = find_byte(l->text, at, "<");

			rc = give(l, at, end, false);
			at = end;
		}
	}
	return rc;
}

/* --- CSV -------------------------------------------------------------------------------------- */

/* RFC 4180; "" within quotes is a quote. */
static size_t
quoted_end(struct span text, size_t at)
{
	while (at < text.len) {
		if (text.p[at] != '"')
			at++;
		else if (at + 1 < text.len && text.p[at + 1] == '"')
			at += 2;
		else
			break;
	}
	return at;
}

static int
csv_leaves(struct leaves *l)
{
	size_t at = 0, end;

	while (at < l->text.len) {
		const bool quoted = l->text.p[at] == '"';

		end = quoted ? quoted_end(l->text, at + 1) : find_byte(l->text, at, ",;\t\r\n");
		if (give(l, at + quoted, end, false) < 0)
			return -1;
		at = find_byte(l->text, end, ",;\t\r\n") + 1;
	}
	return 0;
}

int
leaves_each(struct span text, enum blacken_form form, leaf_seen *seen, void *ctx, struct err *e)
{
	struct leaves l = { text, seen, ctx, e };

	switch (form) {
	case BLACKEN_JSON:
		return json_leaves(&l);
	case BLACKEN_XML:
		return xml_leaves(&l);
	case BLACKEN_CSV:
		return csv_leaves(&l);
	default:
		return give(&l, 0, text.len, false);
	}
}
