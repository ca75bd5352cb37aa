/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_version.c - quads that are version numbers, not addresses
 *
 * A version is told by what stands around it: "bios 2.8.0.1", "Chrome/131.0.0.0", "v1.2.3.4",
 * "libx.so.1.2.3.4", "1.2.3.4-2~deb12u1". Where that is weak evidence, only small numbers count,
 * which hardly ever make a public address.
 */
#include <string.h>

#include "record/detect/detect-private.h"

/* Could this be a version by its numbers? Nobody writes 10.0.0.1 or 127.0.0.1 for one. */
static bool
is_small(const uint8_t b[4])
{
	if (b[0] == 10 || b[0] == 127 || (b[0] | b[1] | b[2] | b[3]) == 0)
		return false;
	return (b[0] < 32 && b[1] < 32 && b[2] < 32 && b[3] < 32) || (b[2] == 0 && b[3] == 0);
}

/* A port behind it says that it is none, and so do the next fields of a web server's log. */
static bool
has_port(const struct detect *d, size_t end)
{
	char c = char_at(d, end), next = char_at(d, end + 1);

	return (c == ':' && char_is(next, CHAR_DIGIT)) ||
	       (c == ' ' && next == '-' && char_at(d, end + 2) == ' ');
}

enum word { WORD_NONE, WORD_LINK, WORD_PRODUCT, WORD_WEAK, WORD_VERSION };

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
		WORD("kernel", true, WORD_PRODUCT),
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
		WORD("figure", false, WORD_WEAK),
		WORD("kapitel", false, WORD_WEAK),
		WORD("abschnitt", false, WORD_WEAK),
		WORD("ziffer", false, WORD_WEAK),
		WORD("step", true, WORD_WEAK),
		WORD("bigbluebutton", true, WORD_PRODUCT),
		WORD("bbb", true, WORD_PRODUCT),
		WORD("greenlight", true, WORD_PRODUCT),
		WORD("freeswitch", true, WORD_PRODUCT),
		WORD("kamailio", true, WORD_PRODUCT),
		WORD("nginx", true, WORD_PRODUCT),
		WORD("openssl", true, WORD_PRODUCT),
		WORD("openssh", true, WORD_PRODUCT),
		WORD("java", true, WORD_PRODUCT),
		WORD("jdk", true, WORD_PRODUCT),
		WORD("php", true, WORD_PRODUCT),
		WORD("rails", true, WORD_PRODUCT),
		WORD("ruby", true, WORD_PRODUCT),
		WORD("tomcat", true, WORD_PRODUCT),
		WORD("websphere", true, WORD_PRODUCT),
		WORD("python", true, WORD_PRODUCT),
		WORD("postgresql", true, WORD_PRODUCT),
		WORD("mysql", true, WORD_PRODUCT),
		WORD("linux", true, WORD_PRODUCT),
		WORD("windows", true, WORD_PRODUCT),
		WORD("firefox", true, WORD_PRODUCT),
		WORD("chrome", true, WORD_PRODUCT),
		WORD("chromium", true, WORD_PRODUCT),
		WORD("edge", true, WORD_PRODUCT),
		WORD("opera", true, WORD_PRODUCT),
		WORD("is", true, WORD_LINK),
		WORD("number", true, WORD_LINK),
		WORD("string", true, WORD_LINK),
#undef WORD
	};
#define L(c) (UINT32_C(1) << ((c)&31))
	/* for each last letter of a word above those before it: most words end here */
	static const uint32_t ends[32] = {
		['a' & 31] = L('v') | L('r'),
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
		['s' & 31] = L('i') | L('l') | L('o') | L('r') | L('w'),
		['t' & 31] = L('a') | L('h') | L('t'),
		['v' & 31] = UINT32_MAX,
		['w' & 31] = L('f'),
		['x' & 31] = L('n') | L('o') | L('u'),
		['y' & 31] = L('b'),
	};
#undef L
	char c = bytes_lower(char_before(d, end));

	if (end < 1 || !char_is(c, CHAR_ALPHA) ||
		!(ends[c & 31] >> (char_before(d, end - 1) & 31) & 1))
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
	static const bool signs[256] = { [' '] = true,
		['\t'] = true,
		['='] = true,
		['>'] = true,
		[':'] = true,
		['"'] = true,
		['\''] = true,
		['('] = true,
		['['] = true,
		['.'] = true,
		['\\'] = true };

	for (int n = 0; n < 6 && i > 0 && signs[(uint8_t)d->text.p[i - 1]]; n++)
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
	if (w ==
		WORD_PRODUCT) /* but "nginx: 5.9.12.13 - -" is a line of a log, as is "bbb 5.9.12.13 -" */
		return small && !memchr(d->text.p + end, ':', start - end);
	return w == WORD_VERSION || (small && (w == WORD_WEAK || is_compared(d, start) ||
						      char_before(d, end) == '\xa7'));
}

/* "User-Agent: Yealink SIP-T46S 66.86.0.15": telephones write their versions behind a name that has
 * digits in it. START lies behind a blank, "/" or "-". */
static bool
is_in_agent(const struct detect *d, size_t start, const struct address *a)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, start, 48), i = start;
	bool upper = false, digit = false;
	char last = char_before(d, start - 1);

	if (!char_is(last, CHAR_DIGIT) && !(last >= 'A' && last <= 'Z')) /* nearly always */
		return false;
	for (i -= start > lo; i > lo && char_is(p[i - 1], CHAR_MAIL); i--) {
		upper |= p[i - 1] >= 'A' && p[i - 1] <= 'Z';
		digit |= char_is(p[i - 1], CHAR_DIGIT);
	}
	if (!upper || (!digit && p[start - 1] == ' ') || detect_is_reserved(a->b))
		return false;
	while (i > lo && (char_is(p[i - 1], CHAR_MAIL) || strchr(" /!", p[i - 1])))
		i--;
	while (i > lo && strchr(" :=\"", p[i - 1]))
		i--;
	return ENDS_IN(d, i, "agent") || ENDS_IN(d, i, "server");
}

/* Asterisk writes IPV4/UDP/203.0.113.7/5060. */
static bool
is_protocol(const char *name, size_t len)
{
	static const char *const names[] = { "tcp", "udp", "tls", "ws", "wss", "sctp", "dtls", "ip",
		"ipv4", "host", "addr", "peer" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
			return true;
	}
	return false;
}

/* What stands before "/": a product's name (Chrome/131.0.0.0), or a path, host or protocol? */
static bool
is_product(const struct detect *d, size_t slash, bool small, const struct address *a)
{
	const char *p = d->text.p;
	size_t lo = slash > 40 ? slash - 40 : 0, i = slash;
	bool alpha = false, lower_case = false, dot = false, underscore = false;

	for (; i > lo && (char_is(p[i - 1], CHAR_MAIL)); i--) {
		underscore |= p[i - 1] == '_';
		alpha |= char_is(p[i - 1], CHAR_ALPHA);
		lower_case |= p[i - 1] >= 'a' && p[i - 1] <= 'z';
		dot |= p[i - 1] == '.';
	}
	if (!alpha || (underscore && !lower_case) /* squid's HIER_DIRECT/203.0.113.7 */ ||
		(slash - i < 5 && is_protocol(p + i, slash - i)))
		return false;
	if (char_before(d, i) == '/' || dot || char_is(p[i], CHAR_DIGIT))
		return small;
	/* Java writes a host's name and its address in this way, too */
	if (p[i] >= 'A' && p[i] <= 'Z' && lower_case)
		return small || !detect_is_reserved(a->b);
	return small;
}

/* Of five numbers, is the last a port as BSD's programs and tcpdump write it? */
static bool
is_bsd_port(const struct detect *d, size_t start, size_t end)
{
	size_t i = end + 1;

	while (char_is(char_at(d, i), CHAR_DIGIT))
		i++;
	return i - end > 4 || char_at(d, i) == ':' || ENDS_IN(d, start, "> ") ||
	       (char_at(d, i) == ' ' && char_at(d, i + 1) == '>');
}

bool
detect_is_domain(const struct detect *d, size_t end, unsigned labels)
{
	static const char files[][5] = { "asc", "bz2", "csv", "deb", "dsc", "gz", "html", "jar",
		"log", "pdf", "rpm", "sig", "so", "tgz", "txt", "war", "xz", "zip", "zst" };
	size_t i = end, label = end;

	while (char_at(d, i) == '.' && char_is(char_at(d, i + 1), CHAR_ALPHA) && labels < 8) {
		for (label = ++i; char_is(char_at(d, i), CHAR_ALNUM) || char_at(d, i) == '-';)
			i++;
		labels++;
	}
	if (labels < 2 || char_at(d, i) == '_')
		return false;
	for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
		if (i - label == strlen(files[k]) && ends_in(d, i, files[k], i - label))
			return false;
	}
	return true;
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
	bool port = has_port(d, end);
	bool small = is_small(a->b) && !port && !detect_is_domain(d, end, 0);
	char before = char_before(d, start), more;

	if (small && is_suffix_of_version(d, end))
		return true;
	switch (before) {
	case '/':
		return !port && (is_product(d, start - 1, small, a) || is_in_agent(d, start, a));
	case '^':
	case '~':
		return small || char_before(d, start - 1) == '~'; /* amd64~~6.1.34.0 */
	case '-':
	case '_':
	case '.':
		more = char_before(d, start - 1);
		if (small && char_is(more, CHAR_ALPHA))
			return !ENDS_IN(d, start - 1, "ip");
		if (before == '.')
			return ENDS_IN(d, start, ".so.");
		return is_named_version(d, start - 1, small) || is_in_agent(d, start, a);
	default:
		break;
	}
	if (small && char_at(d, end) == '.' && char_is(char_at(d, end + 1), CHAR_DIGIT))
		return !is_bsd_port(d, start, end);
	if (char_is(before, CHAR_ALPHA)) {
		more = char_before(d, start - 1);
		if (bytes_lower(before) == 'v' && !char_is(more, CHAR_ALNUM))
			return true;
		return small && !ENDS_IN(d, start, "ip");
	}
	return is_named_version(d, start, small) ||
	       (before == ' ' && start > 1 && is_in_agent(d, start, a));
}
