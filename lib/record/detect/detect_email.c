/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_email.c - mail addresses (RFC 5321, RFC 6531), and what only looks like one
 *
 * Left alone: a message's identifier, "user@localhost", package@version, systemd's instances.
 */
#include <string.h>

#include "record/detect/detect-private.h"

#define LOCAL_MAX  96 /* RFC 5321 says 64, before escapes */
#define DOMAIN_MAX 255

/* Length of the UTF-8 sequence at P that stands for no letter (blanks, quotes, dashes, ellipsis …);
 * 0: a letter, or no UTF-8. */
static size_t
sign_len(const char *p, size_t left)
{
	uint8_t a = (uint8_t)p[0], b = left > 1 ? (uint8_t)p[1] : 0;

	if (a == 0xc2)
		return left < 2 ? 1 : 2;
	if (left >= 3 && ((a == 0xe2 && b >= 0x80 && b <= 0xaf) || (a == 0xe3 && b == 0x80) ||
				 (a == 0xef && b >= 0xb8)))
		return 3;
	return a == 0xf0 ? (left < 4 ? left : 4) : 0; /* pictures */
}

/* The beginning of the local part that ends before AT; AT if there is none. */
static size_t
local_start(const struct detect *d, size_t at)
{
	const char *p = d->text.p;
	size_t lo = left_limit(d, at, LOCAL_MAX), i = at, n;
	bool ascii = true;
	int tail;
	char c;

	for (;;) {
		for (; i > lo && (char_is(p[i - 1], CHAR_MAIL) || (uint8_t)p[i - 1] >= 0x80); i--)
			ascii = ascii && (uint8_t)p[i - 1] < 0x80;
		if (i > lo && p[i - 1] == '\'' && i < at && i - 1 > lo &&
			char_is(p[i - 2], CHAR_ALPHA) && char_is(p[i], CHAR_ALPHA)) {
			i--; /* o'brien */
			continue;
		}
		c = char_before(d, i);
		if (i == at || (c != '%' && c != '\\' && c != '#'))
			break;
		tail = detect_escape_tail(d, i, at);
		if (tail <= 0)
			break;
		/* "%2B": part of it; "%3C": before it */
		n = detect_escape_read_before(d, lo, i + (size_t)tail, &c);
		if (n == 0 || n > i + (size_t)tail - lo || !char_is(c, CHAR_MAIL)) {
			i += (size_t)tail;
			break;
		}
		i -= n - (size_t)tail;
	}
	if (char_before(d, i) == '[' || char_before(d, i) == ';') { /* ESC [32m */
		size_t k = i;

		while (k < at && char_is(p[k], CHAR_DIGIT))
			k++;
		if (k < at && detect_is_colour(d, k + 1))
			i = k + 1;
	}
	for (size_t k = i; k < at && !ascii;) {
		n = (uint8_t)p[k] >= 0x80 ? sign_len(p + k, at - k) : 0;
		k += n ? n : 1;
		if (n)
			i = k;
	}
	while (i < at && (p[i] == '.' || p[i] == '-' || p[i] == '+'))
		i++;
	return i;
}

/* RFC 5321 4.1.2: what stands alone between angle brackets is an address with whatever signs it has
 * (RFC 5322 3.2.3); elsewhere most of them end what is before it. Returns where it begins, or START. */
static size_t
path_start(const struct detect *d, size_t start, size_t at, size_t end)
{
	size_t lo = left_limit(d, at, LOCAL_MAX), i = start;
	const char *p = d->text.p;

	if (char_at(d, end) != '>' || char_before(d, i) == '<')
		return start;
	while (i > lo &&
		(char_is(p[i - 1], CHAR_MAIL) || (uint8_t)p[i - 1] >= 0x80 ||
			strchr("!#$%&'*/=?^`{|}~", p[i - 1])) &&
		p[i - 1] != '\0')
		i--;
	return i < at && char_before(d, i) == '<' ? i : start;
}

static size_t
quoted_start(const struct detect *d, size_t at)
{
	size_t lo = left_limit(d, at, LOCAL_MAX);

	if (at < lo + 3 || d->text.p[at - 1] != '"')
		return at;
	for (size_t i = at - 1; i > lo; i--) {
		if (d->text.p[i - 1] == '"')
			return i < at - 1 && char_before(d, i - 1) != '\\' ? i - 1 : at;
	}
	return at;
}

/* Names that no domain ends in, but units and files do. */
static bool
is_no_domain(const char *label, size_t len)
{
	static const char names[][10] = { "automount", "conf", "css", "device", "gif", "html",
		"jpeg", "jpg", "journal", "js", "json", "log", "mount", "path", "php", "png",
		"scope", "service", "slice", "socket", "svg", "swap", "target", "timer", "txt",
		"webp", "xml" };
	char first = bytes_lower(label[0]);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && names[i][0] <= first; i++) {
		if (names[i][0] == first && names[i][len < 10 ? len : 9] == '\0' &&
			strncasecmp(label, names[i], len) == 0)
			return true;
	}
	return false;
}

/* Is this a top-level domain by its looks? */
static bool
is_top(const char *label, size_t len)
{
	if (len < 2)
		return false;
	if (len > 4 && strncasecmp(label, "xn--", 4) == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!char_is(label[i], CHAR_ALPHA) && (uint8_t)label[i] < 0x80)
			return false;
	}
	return !is_no_domain(label, len);
}

/* The end of the domain that begins at START; START if there is none. */
static size_t
domain_end(const struct detect *d, size_t start)
{
	const char *p = d->text.p;
	size_t hi = d->text.len - start > DOMAIN_MAX ? start + DOMAIN_MAX : d->text.len;
	size_t end = start, dot;

	while (end < hi && (char_is(p[end], CHAR_DOMAIN) ||
				   ((uint8_t)p[end] >= 0x80 && !sign_len(p + end, hi - end))))
		end++;
	for (;;) {
		while (end > start && (p[end - 1] == '.' || p[end - 1] == '-'))
			end--;
		for (dot = end; dot > start && p[dot - 1] != '.';)
			dot--;
		if (dot < start + 2)
			return start;
		if (is_top(p + dot, end - dot))
			return p[start] == '-' ? start : end;
		if (is_no_domain(p + dot, end - dot))
			return start;
		end = dot - 1;
	}
}

/* message-id=<20261123104105.ABCDEF@bbb1.example.org> names a message, not a person. */
static bool
is_message(const struct detect *d, size_t start)
{
	const char *p = d->text.p;
	size_t i = start;
	bool bracket = i > 0 && p[i - 1] == '<';

	if (bracket && d->skip > d->at && char_at(d, d->skip) == '>' && start - d->skip < 5)
		return true; /* the next of many in References */
	i -= bracket;
	for (int n = 0; n < 2 && i > 0 && (p[i - 1] == ' ' || p[i - 1] == '=' || p[i - 1] == ':');
		n++)
		i--;
	if (i == start || !char_is(bytes_lower(char_before(d, i)), CHAR_ALPHA))
		return false;
	if (ENDS_IN(d, i, "references") || ENDS_IN(d, i, "in-reply-to"))
		return true;
	if (!ENDS_IN(d, i, "id"))
		return false;
	i -= 2;
	if (bracket && !char_is(char_before(d, i), CHAR_ALNUM) && char_before(d, i) != '_' &&
		char_before(d, i) != '-')
		return true;
	if (char_before(d, i) == '-' || char_before(d, i) == '_')
		i--;
	return ENDS_IN(d, i, "message") || ENDS_IN(d, i, "msg") || ENDS_IN(d, i, "call") ||
	       ENDS_IN(d, i, "content");
}

/* sofia/external/4915112345678@203.0.113.7: a call's number. */
static bool
is_number(const struct detect *d, size_t start, size_t at)
{
	if (at - start < 9 || at - start > 15 || char_before(d, start) != '/')
		return false;
	while (start < at && char_is(d->text.p[start], CHAR_DIGIT))
		start++;
	return start == at;
}

/* aes256-gcm@openssh.com: an extension's name (RFC 4251 6), as SSH's negotiations are full of. */
static bool
is_extension(const struct detect *d, size_t start, size_t at, size_t end)
{
	const char *p = d->text.p;
	bool sign = false;

	if (bytes_lower(p[at + 1]) != 'o' && bytes_lower(p[at + 1]) != 'l')
		return false;
	if (!ENDS_IN(d, end, "@openssh.com") && !ENDS_IN(d, end, "@libssh.org") &&
		!ENDS_IN(d, end, "@lysator.liu.se"))
		return false;
	for (size_t i = start; i < at; i++)
		sign |= char_is(p[i], CHAR_DIGIT) || p[i] == '-';
	return sign;
}

bool
detect_email(struct detect *d, size_t at, struct finding *ret)
{
	size_t start, end;
	char before;

	if (at == d->at) /* "+4915112345678@": what is before it has been found */
		return false;
	start = local_start(d, at);
	if (start == at)
		start = quoted_start(d, at);
	if (is_wanted(d, DETECT_PHONE) && is_number(d, start, at))
		return detect_found(ret, start, at, DETECT_PHONE, FORM_PLAIN);
	/* a password may end in what looks like a local part */
	before = char_before(d, start);
	if (before != ' ' && before != '<' && before != '=' && before != '/' &&
		detect_userinfo(d, at, ret))
		return true;
	if (!is_wanted(d, DETECT_EMAIL))
		return false;
	end = domain_end(d, at + 1);
	if (end == at + 1)
		return false;
	start = path_start(d, start, at, end);
	if (start == at)
		return false;
	if (is_message(d, start) || is_extension(d, start, at, end)) {
		d->skip = end;
		return false;
	}
	/* package@1.2.3-beta.rc */
	if (char_is(d->text.p[at + 1], CHAR_DIGIT) && char_at(d, at + 2) == '.' &&
		char_is(char_at(d, at + 3), CHAR_DIGIT))
		return false;
	return detect_found(ret, start, end, DETECT_EMAIL, FORM_PLAIN);
}
