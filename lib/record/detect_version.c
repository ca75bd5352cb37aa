/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_version.c - quads that are version numbers, not addresses
 *
 * A version is told by what stands around it: "bios 2.8.0.1", "Chrome/131.0.0.0", "v1.2.3.4",
 * "libx.so.1.2.3.4", "1.2.3.4-2~deb12u1". Where that is weak evidence, only small numbers count,
 * which hardly ever make a public address.
 */
#include <string.h>

#include "record/detect-private.h"

/* Could this be a version by its numbers? Nobody writes 10.0.0.1 or 127.0.0.1 for one. */
static bool
is_small(const uint8_t b[4])
{
	if (b[0] == 10 || b[0] == 127 || (b[0] | b[1] | b[2] | b[3]) == 0)
		return false;
	return (b[0] < 32 && b[1] < 32 && b[2] < 32 && b[3] < 32) || (b[2] == 0 && b[3] == 0);
}

enum word { WORD_NONE, WORD_LINK, WORD_WEAK, WORD_VERSION };

/* What does the word that ends before END say? */
static enum word
word_at(const struct detect *d, size_t end)
{
	static const struct {
		const char *text;
		uint8_t len;
		bool whole; /* nothing but a word's beginning before it */
		enum word says;
	} words[] = {
#define WORD(text, whole, says) { text, sizeof(text) - 1, whole, says }
		WORD("version", false, WORD_VERSION),
		WORD("vers", true, WORD_VERSION),
		WORD("ver", true, WORD_VERSION),
		WORD("v", true, WORD_VERSION),
		WORD("rv", true, WORD_VERSION),
		WORD("bios", false, WORD_VERSION),
		WORD("firmware", false, WORD_VERSION),
		WORD("fw", true, WORD_VERSION),
		WORD("fwver", false, WORD_VERSION),
		WORD("revision", false, WORD_VERSION),
		WORD("rev", true, WORD_VERSION),
		WORD("oid", true, WORD_VERSION),
		WORD("release", false, WORD_WEAK),
		WORD("build", false, WORD_WEAK),
		WORD("kernel", false, WORD_WEAK),
		WORD("driver", false, WORD_WEAK),
		WORD("software", false, WORD_WEAK),
		WORD("update", false, WORD_WEAK),
		WORD("upgrade", false, WORD_WEAK),
		WORD("patch", false, WORD_WEAK),
		WORD("package", false, WORD_WEAK),
		WORD("plugin", false, WORD_WEAK),
		WORD("module", false, WORD_WEAK),
		WORD("section", false, WORD_WEAK),
		WORD("chapter", false, WORD_WEAK),
		WORD("clause", false, WORD_WEAK),
		WORD("step", true, WORD_WEAK),
		WORD("bigbluebutton", true, WORD_WEAK),
		WORD("bbb", true, WORD_WEAK),
		WORD("greenlight", true, WORD_WEAK),
		WORD("freeswitch", true, WORD_WEAK),
		WORD("kamailio", true, WORD_WEAK),
		WORD("nginx", true, WORD_WEAK),
		WORD("openssl", true, WORD_WEAK),
		WORD("openssh", true, WORD_WEAK),
		WORD("java", true, WORD_WEAK),
		WORD("jdk", true, WORD_WEAK),
		WORD("php", true, WORD_WEAK),
		WORD("python", true, WORD_WEAK),
		WORD("postgresql", true, WORD_WEAK),
		WORD("mysql", true, WORD_WEAK),
		WORD("linux", true, WORD_WEAK),
		WORD("windows", true, WORD_WEAK),
		WORD("firefox", true, WORD_WEAK),
		WORD("chrome", true, WORD_WEAK),
		WORD("chromium", true, WORD_WEAK),
		WORD("is", true, WORD_LINK),
		WORD("number", true, WORD_LINK),
		WORD("string", true, WORD_LINK),
#undef WORD
	};
#define L(c) (UINT32_C(1) << ((c)&31))
	/* for each last letter of a word above those before it: most words end here */
	static const uint32_t ends[32] = {
		['a' & 31] = L('v'),
		['b' & 31] = L('b'),
		['d' & 31] = L('i') | L('l'),
		['e' & 31] = L('d') | L('g') | L('l') | L('m') | L('r') | L('s') | L('t'),
		['g' & 31] = L('n'),
		['h' & 31] = L('c') | L('s'),
		['k' & 31] = L('d'),
		['l' & 31] = L('e') | L('q') | L('s'),
		['m' & 31] = L('u'),
		['n' & 31] = L('i') | L('o'),
		['o' & 31] = L('i'),
		['p' & 31] = L('e') | L('h'),
		['r' & 31] = L('e'),
		['s' & 31] = L('i') | L('o') | L('r') | L('w'),
		['t' & 31] = L('h'),
		['v' & 31] = UINT32_MAX,
		['w' & 31] = L('f'),
		['x' & 31] = L('n') | L('o') | L('u'),
	};
#undef L
	char c = lower(char_before(d, end));

	if (end < 2 || !char_is(c, CHAR_ALPHA) || !(ends[c & 31] >> (d->text.p[end - 2] & 31) & 1))
		return WORD_NONE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].text[words[i].len - 1] != c ||
			!ends_in(d, end, words[i].text, words[i].len))
			continue;
		if (!words[i].whole || !char_is(char_before(d, end - words[i].len), CHAR_ALNUM))
			return words[i].says;
	}
	return WORD_NONE;
}

/* Goes back over what may stand between a word and its value. */
static size_t
back_over_signs(const struct detect *d, size_t i)
{
	for (int n = 0; n < 4 && i > 0 && strchr(" \t=:\"'([.\\", d->text.p[i - 1]) &&
			d->text.p[i - 1] != '\0';
		n++)
		i--;
	return i;
}

/* ">= 1.2.3.4" and its like; but not "ip => 1.2.3.4". */
static bool
is_compared(const struct detect *d, size_t start)
{
	static const char signs[][3] = { "~>", ">=", "<=", "==", "!=" };
	size_t end = start > 0 && d->text.p[start - 1] == ' ' ? start - 1 : start;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (ends_in(d, end, signs[i], 2))
			return true;
	}
	return false;
}

static bool
is_named_version(const struct detect *d, size_t start, bool small)
{
	size_t end = back_over_signs(d, start);
	enum word w = word_at(d, end);

	if (w == WORD_LINK) { /* "version is", "version number" */
		while (end > 0 && char_is(d->text.p[end - 1], CHAR_ALPHA))
			end--;
		w = word_at(d, back_over_signs(d, end));
	}
	return w == WORD_VERSION || (small && (w == WORD_WEAK || is_compared(d, start)));
}

/* What stands before "/": a product's name (Chrome/131.0.0.0), or a path, host or protocol? */
static bool
is_product(const struct detect *d, size_t slash, bool small)
{
	const char *p = d->text.p;
	size_t lo = slash > 40 ? slash - 40 : 0, i = slash;
	bool alpha = false, lower_case = false, dot = false;

	for (; i > lo && (char_is(p[i - 1], CHAR_MAIL)); i--) {
		alpha |= char_is(p[i - 1], CHAR_ALPHA);
		lower_case |= p[i - 1] >= 'a' && p[i - 1] <= 'z';
		dot |= p[i - 1] == '.';
	}
	if (!alpha)
		return false;
	if (char_before(d, i) == '/' || dot || char_is(p[i], CHAR_DIGIT))
		return small;
	if (p[i] >= 'A' && p[i] <= 'Z' && lower_case)
		return true;
	return small;
}

static bool
is_suffix_of_version(const struct detect *d, size_t end)
{
	char c = char_at(d, end), after = char_at(d, end + 1);

	if (c == '-' && char_is(after, CHAR_DIGIT)) { /* 0.0.0.0-255.255.255.255 */
		size_t i = end + 1;

		while (char_is(char_at(d, i), CHAR_DIGIT))
			i++;
		return char_at(d, i) != '.' || !char_is(char_at(d, i + 1), CHAR_DIGIT);
	}
	if (c == '-' || c == '_' || c == '.')
		return char_is(after, CHAR_ALPHA);
	return c == '~' || c == '+' || char_is(c, CHAR_ALPHA);
}

bool
detect_is_version(const struct detect *d, size_t start, size_t end, const struct address *a)
{
	bool small = is_small(a->b);
	char before = char_before(d, start), more;

	if (small && is_suffix_of_version(d, end))
		return true;
	switch (before) {
	case '/':
		return is_product(d, start - 1, small);
	case '^':
	case '~':
		return small;
	case '-':
	case '_':
	case '.':
		more = char_before(d, start - 1);
		if (small && char_is(more, CHAR_ALPHA))
			return true;
		return before != '.' && is_named_version(d, start - 1, small);
	default:
		break;
	}
	if (char_at(d, end) == '.' && char_is(char_at(d, end + 1), CHAR_DIGIT) && small)
		return true; /* five numbers */
	if (char_is(before, CHAR_ALPHA)) {
		more = char_before(d, start - 1);
		if (lower(before) == 'v' && !char_is(more, CHAR_ALNUM))
			return true;
		return small && !ENDS_IN(d, start, "ip");
	}
	return is_named_version(d, start, small);
}
