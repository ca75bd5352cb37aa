/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A leaf is read twice, as it stands and with its escapes undone (`M\u00fcller`, `M%C3%BCller`,
 * `M&uuml;ller` as `M&#252;ller`), into characters that know from which bytes they came. They are compared
 * decomposed and in lower case; a blank of a known value stands for whatever joins words in paths, links
 * and addresses.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/print/html.h"
#include "base/utf8.h"
#include "dsar/review/blacken-private.h"
#include "record/detect/detect.h"

#define KNOWN_MIN 3 /* characters: shorter ones are about as often something else */

struct glyph {
	gunichar c;
	uint32_t begin, end; /* bytes of the text */
};

struct glyphs {
	struct glyph *v;
	size_t n, max;
	bool failed; /* memory is out */
};

/* A byte with its escape undone. */
struct unit {
	unsigned char byte;
	uint32_t len; /* of its escape */
};

static void
glyph_add(struct glyphs *g, gunichar c, size_t begin, size_t end)
{
	if (g->n == g->max) {
		const size_t max = g->max ? 2 * g->max : 256;
		struct glyph *v = reallocarray(g->v, max, sizeof(*v));

		if (!v) {
			g->failed = true;
			return;
		}
		g->v = v;
		g->max = max;
	}
	g->v[g->n++] = (struct glyph){ c, (uint32_t)begin, (uint32_t)end };
}

/* As characters are compared: decomposed, lower case. */
static void
glyph_fold(struct glyphs *g, gunichar c, size_t begin, size_t end)
{
	gunichar part[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	const size_t n = g_unichar_fully_decompose(c, TRUE, part, G_N_ELEMENTS(part));

	for (size_t i = 0; i < n; i++)
		glyph_add(g, g_unichar_tolower(part[i]), begin, end);
}

/* --- escapes ---------------------------------------------------------------------------------- */

static size_t
hex(struct span s, size_t at, size_t n, gunichar *ret)
{
	gunichar c = 0;

	if (s.len < at + n || n == 0)
		return 0;
	for (size_t i = at; i < at + n; i++) {
		const int digit = g_ascii_xdigit_value(s.p[i]);

		if (digit < 0)
			return 0;
		c = c * 16 + (gunichar)digit;
	}
	*ret = c;
	return at + n;
}

/* &uuml; &#252; &#xfc; */
static size_t
entity(struct span s, gunichar *ret)
{
	gunichar c = 0;
	const size_t named = html_letter(s, &c);
	size_t at = 2;
	bool hexadecimal;

	if (named > 0) {
		*ret = c == 0xa0 ? ' ' : c;
		return named;
	}
	if (s.len < 4 || s.p[1] != '#')
		return 0;
	hexadecimal = (s.p[2] | 0x20) == 'x';
	at += hexadecimal;
	for (; at < s.len && at < 10; at++) {
		const int digit = g_ascii_xdigit_value(s.p[at]);

		if (digit < 0 || (!hexadecimal && digit > 9))
			break;
		c = c * (hexadecimal ? 16 : 10) + (gunichar)digit;
	}
	*ret = c;
	return at < s.len && s.p[at] == ';' && c != 0 ? at + 1 : 0;
}

/* \u00fc, also as a pair of surrogates, and \n \t \" \\ \/ */
static size_t
backslash(struct span s, gunichar *ret)
{
	gunichar low;
	size_t n;

	if (s.len < 2)
		return 0;
	if (s.p[1] != 'u') {
		*ret = strchr("nrt", s.p[1]) && s.p[1] ? ' ' : (gunichar)(unsigned char)s.p[1];
		return strchr("nrt\"\\/", s.p[1]) && s.p[1] ? 2 : 0;
	}
	n = hex(s, 2, 4, ret);
	if (n && *ret >= 0xd800 && *ret < 0xdc00 && s.len > 8 && s.p[6] == '\\' && s.p[7] == 'u' &&
		hex(s, 8, 4, &low)) {
		*ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
		return 12;
	}
	return n;
}

/* The byte that S begins with, as itself or as %C3. */
static struct unit
byte_of(struct span s)
{
	gunichar c;

	if (s.p[0] == '%' && hex(s, 1, 2, &c))
		return (struct unit){ (unsigned char)c, 3 };
	return (struct unit){ (unsigned char)s.p[0], 1 };
}

/* A character out of bytes any of which may be written as %XX. */
static size_t
percent(struct span s, gunichar *ret)
{
	char bytes[4];
	size_t at = 0, n = 0;

	while (n < sizeof(bytes) && at < s.len) {
		const struct unit u = byte_of(span_from(s, at));
		size_t len;

		bytes[n++] = (char)u.byte;
		at += u.len;
		len = utf8_length(span_of(bytes, n));
		if (len == n) {
			*ret = g_utf8_get_char(bytes);
			return at;
		}
	}
	return 0;
}

/* The character that S begins with; returns how many bytes it takes. */
static size_t
character(struct span s, bool undo, gunichar *ret)
{
	const size_t len = utf8_length(s);
	size_t n = 0;

	if (undo && s.p[0] == '&')
		n = entity(s, ret);
	else if (undo && s.p[0] == '\\')
		n = backslash(s, ret);
	else if (undo && s.p[0] == '%')
		n = percent(s, ret);
	if (n > 0)
		return n;
	*ret = len > 0 ? g_utf8_get_char(s.p) : (gunichar)(unsigned char)s.p[0];
	return len > 0 ? len : 1; /* a byte that is no UTF-8: as Latin-1 */
}

static void
glyphs_read(struct glyphs *g, struct span text, size_t begin, size_t end, bool undo)
{
	g->n = 0;
	while (begin < end) {
		gunichar c = 0;
		const size_t n = character(span_of(text.p + begin, end - begin), undo, &c);

		glyph_fold(g, c, begin, begin + n);
		begin += n;
	}
}

/* --- known values ----------------------------------------------------------------------------- */

static bool
is_joint(gunichar c)
{
	return g_unichar_isspace(c) || c == '+' || c == '_' || c == '-' || c == '.';
}

/* Does VALUE begin at AT? Returns behind it, 0: no. */
static size_t
value_at(const struct glyphs *g, size_t at, const struct glyphs *value)
{
	for (size_t i = 0; i < value->n; i++) {
		if (at >= g->n)
			return 0;
		if (g_unichar_isspace(value->v[i].c)) {
			if (!is_joint(g->v[at].c))
				return 0;
			while (at < g->n && is_joint(g->v[at].c))
				at++;
		} else if (g->v[at].c == value->v[i].c)
			at++;
		else
			return 0;
	}
	return at;
}

/* Letters on both sides of a border are one word; so is a mark with the letter before it. */
static bool
borders(const struct glyphs *g, size_t at)
{
	if (at == 0 || at >= g->n)
		return true;
	return !g_unichar_ismark(g->v[at].c) &&
	       !(g_unichar_isalnum(g->v[at - 1].c) && g_unichar_isalnum(g->v[at].c));
}

struct proposing {
	struct span text;
	const struct blacken_known *known;
	struct glyphs leaf, value; /* of the leaf and the value looked at */
	struct covers own, found;
	bool by_hand; /* also within words, and however short */
};

static int
value_find(struct proposing *p, const struct known_value *k, struct covers *ret, struct err *e)
{
	const struct glyphs *g = &p->leaf;

	glyphs_read(&p->value, k->value, 0, k->value.len, false);
	if (p->value.n < (p->by_hand ? 1 : KNOWN_MIN) || g_unichar_isspace(p->value.v[0].c))
		return 0;
	for (size_t at = 0; at < g->n; at++) {
		const size_t end = value_at(g, at, &p->value);

		if (end == 0 || (!p->by_hand && !(borders(g, at) && borders(g, end))))
			continue;
		if (covers_add(ret, g->v[at].begin, g->v[end - 1].end, k->kind, e) < 0)
			return -1;
		at = end - 1;
	}
	return 0;
}

static int
known_find(struct proposing *p, const struct leaf *l, bool undo, struct err *e)
{
	const struct blacken_known *k = p->known;

	glyphs_read(&p->leaf, p->text, l->begin, l->end, undo);
	for (size_t i = 0; i < k->n_own; i++)
		if (value_find(p, &k->own[i], &p->own, e) < 0)
			return -1;
	for (size_t i = 0; i < k->n_other; i++)
		if (value_find(p, &k->other[i], &p->found, e) < 0)
			return -1;
	return p->leaf.failed || p->value.failed ? err_memory(e) : 0;
}

/* --- detectors -------------------------------------------------------------------------------- */

/* An address may be written in many ways, hers too. */
static bool
address_is_own(const struct blacken_known *k, const struct finding *f)
{
	struct address a;

	if (f->type != DETECT_IPV4 && f->type != DETECT_IPV6)
		return false;
	for (size_t i = 0; i < k->n_own; i++)
		if (address_parse(k->own[i].value, &a) && a.family == f->address.family &&
			memcmp(a.b, f->address.b, sizeof(a.b)) == 0)
			return true;
	return false;
}

static int
detectors_find(struct proposing *p, const struct leaf *l, struct err *e)
{
	struct detect d;
	struct finding f;

	detect_start(&d, span_of(p->text.p + l->begin, l->end - l->begin), DETECT_DEFAULT);
	while (detect_next(&d, &f)) {
		struct covers *to = address_is_own(p->known, &f) ? &p->own : &p->found;

		if (covers_add(to, l->begin + f.start, l->begin + f.end, detect_type_name(f.type),
			    e) < 0)
			return -1;
	}
	return 0;
}

/* --- both ------------------------------------------------------------------------------------- */

/* What lies within something of her own is hers. */
static bool
lies_in_own(const struct proposing *p, const struct cover *c)
{
	for (size_t i = 0; i < p->own.n && p->own.v[i].begin <= c->begin; i++)
		if (p->own.v[i].end >= c->end)
			return true;
	return false;
}

static int
leaf_propose(void *ctx, const struct leaf *l, struct err *e)
{
	struct proposing *p = ctx;

	if (!p->by_hand && detectors_find(p, l, e) < 0)
		return -1;
	return known_find(p, l, false, e) < 0 ? -1 : known_find(p, l, true, e);
}

static int
found_take(struct proposing *p, struct covers *ret, struct err *e)
{
	covers_settle(&p->own);
	for (size_t i = 0; i < p->found.n; i++) {
		const struct cover *c = &p->found.v[i];

		if (!lies_in_own(p, c) && covers_add(ret, c->begin, c->end, c->why, e) < 0)
			return -1;
	}
	covers_settle(ret);
	return 0;
}

static int
propose(struct proposing *p, enum blacken_form form, struct covers *ret, struct err *e)
{
	int rc;

	if (p->text.len > BLACKEN_TEXT_MAX)
		return err_fail(e, EX_DATAERR, 0, N_("text too large to be blackened"),
			N_("exclude it, or keep it as it is"), NULL);
	rc = leaves_each(p->text, form, leaf_propose, p, e);
	if (rc == 0)
		rc = found_take(p, ret, e);
	free(p->leaf.v);
	free(p->value.v);
	covers_release(&p->own);
	covers_release(&p->found);
	return rc;
}

int
blacken_propose(struct span text, enum blacken_form form, const struct blacken_known *known,
	struct covers *ret, struct err *e)
{
	struct proposing p = { .text = text, .known = known };

	return propose(&p, form, ret, e);
}

int
blacken_find(struct span text, enum blacken_form form, struct span value, struct covers *ret,
	struct err *e)
{
	const struct known_value one = { "by hand", value };
	const struct blacken_known known = { .other = &one, .n_other = 1 };
	struct proposing p = { .text = text, .known = &known, .by_hand = true };

	return propose(&p, form, ret, e);
}
