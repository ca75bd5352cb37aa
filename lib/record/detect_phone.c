/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_phone.c - telephone numbers: E.164, 00 and German national writing (DIN 5008)
 *
 *   +4915112345678   +49 30 1234567   +49 (0)30 123456-78   0049 30 1234567
 *   030 1234567   030/1234567   (030) 1234567   0151-12345678   01511234567
 *
 * Numbers of 8 to 15 digits in all. Blocks of digits without a sign that says so are taken only
 * where they are written as people write them, or follow a word like "tel".
 */
#include <string.h>

#include "record/detect-private.h"

#define DIGITS_MAX 15 /* E.164 */

struct number {
	size_t end;
	unsigned n_digits; /* in all */
	unsigned n_blocks;
	unsigned first, last; /* digits in these blocks */
};

static unsigned
block_len(const struct detect *d, size_t i)
{
	unsigned n = 0;

	while (n < 20 && char_is(char_at(d, i + n), CHAR_DIGIT))
		n++;
	return n;
}

/* Length of what may stand between two blocks at I. */
static size_t
separator_len(const struct detect *d, size_t i, bool bracket)
{
	char c = char_at(d, i);

	if (bracket && c == ')')
		return char_is(char_at(d, i + 1), CHAR_DIGIT) ? 1
		       : strchr(" -/", char_at(d, i + 1))     ? 2
							      : 0;
	if (c == ' ' && char_at(d, i + 1) == '(' && char_at(d, i + 2) == '0' &&
		char_at(d, i + 3) == ')')
		return char_at(d, i + 4) == ' ' ? 5 : 4; /* " (0)" */
	if (c == '(' && char_at(d, i + 1) == '0' && char_at(d, i + 2) == ')')
		return char_at(d, i + 3) == ' ' ? 4 : 3;
	return c == ' ' || c == '-' || c == '/' || c == '.' ? 1 : 0;
}

/* May the block of LEN digits behind a separator belong to what has been read? */
static bool
goes_on(const struct detect *d, const struct number *n, size_t at, unsigned len)
{
	char sep = char_at(d, n->end), after = char_at(d, at + len);

	if (len == 0 || len > 9 || n->n_digits + len > DIGITS_MAX)
		return false;
	if (char_is(after, CHAR_ALPHA) || after == ':' || after == '_')
		return false;
	if (n->n_digits >= 11 && !(n->last == len && len <= 2) && n->n_digits + len > 13)
		return false;
	/* a whole number, then something else in the same row */
	if (sep == ' ' && n->last >= 7)
		return false;
	if (sep == '.' && len < 2)
		return false;
	return true;
}

/* Reads blocks from AT on. */
static struct number
read_number(const struct detect *d, size_t at, bool bracket)
{
	struct number n = { .end = at };
	size_t next = at;

	for (;;) {
		unsigned len = block_len(d, next);
		size_t sep;

		if (n.n_blocks == 0)
			n.first = len;
		else if (!goes_on(d, &n, next, len))
			return n;
		n.n_digits += len;
		n.last = len;
		n.n_blocks++;
		n.end = next + len;
		sep = separator_len(d, n.end, bracket && n.n_blocks == 1);
		if (sep == 0 || !char_is(char_at(d, n.end + sep), CHAR_DIGIT))
			return n;
		next = n.end + sep;
	}
}

/* Nothing of a word, a decimal number or an address may follow. */
static bool
is_end(const struct detect *d, size_t end)
{
	char c = char_at(d, end), more = char_at(d, end + 1);

	if (char_is(c, CHAR_ALNUM) || c == '_')
		return false;
	return !(((c == '.' || c == ':' || c == ',') && char_is(more, CHAR_DIGIT)) ||
		 (c == '-' && char_is(more, CHAR_ALNUM)));
}

bool
detect_phone_digits(struct detect *d, size_t at, struct finding *ret)
{
	size_t digits = at + (char_at(d, at) == '+');
	struct number n;

	if (at < d->at || !char_is(char_at(d, digits), CHAR_DIGIT))
		return false;
	n = read_number(d, digits, false);
	if (n.n_digits < 7 || n.n_digits > DIGITS_MAX + 2 || char_is(char_at(d, n.end), CHAR_ALNUM))
		return false;
	return is_wanted(d, DETECT_PHONE) && detect_found(ret, at, n.end, DETECT_PHONE, FORM_PLAIN);
}

bool
detect_phone_plus(struct detect *d, size_t at, struct finding *ret)
{
	char before = char_before(d, at - 1);
	struct number n;

	if (at - 1 < d->at || !is_wanted(d, DETECT_PHONE))
		return false;
	/* a+4 is a sum or base64, but \n+4 and %20+4 are not */
	if ((char_is(before, CHAR_ALNUM) && detect_escape_tail(d, at - 1, at + 1) < 0) ||
		before == '+')
		return false;
	n = read_number(d, at, false);
	if (n.n_digits < 8 || n.n_digits > DIGITS_MAX || !is_end(d, n.end))
		return false;
	return detect_found(ret, at - 1, n.end, DETECT_PHONE, FORM_PLAIN);
}

/* Does a word before AT say that a number of a telephone follows (+1) or of something else (-1)? */
static int
word_before(const struct detect *d, size_t at)
{
	static const char *const phone[] = { "tel", "telefon", "telephone", "phone", "fon", "fax",
		"mobil", "mobile", "handy", "call", "caller", "callerid", "anruf", "rufnummer",
		"dial", "dialed", "sip", "anrufer", "von", "from", "number", "nummer" };
	static const char *const other[] = { "order", "id", "pid", "no", "nr", "invoice", "ticket",
		"serial", "session", "bestellung", "rechnung", "kundennummer", "bytes", "size",
		"offset", "seq", "line", "account", "konto", "isbn", "ean" };
	size_t end = at, start;

	while (end > 0 && at - end < 4 && strchr(" =:\"'(.#<", d->text.p[end - 1]) &&
		d->text.p[end - 1] != '\0') {
		if (d->text.p[--end] == '#')
			return -1;
	}
	for (start = end;
		start > 0 && end - start < 16 && char_is(d->text.p[start - 1], CHAR_ALPHA);)
		start--;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		if (strlen(other[i]) == end - start && ends_in(d, end, other[i], end - start))
			return -1;
	}
	for (size_t i = 0; i < sizeof(phone) / sizeof(phone[0]); i++) {
		if (strlen(phone[i]) == end - start && ends_in(d, end, phone[i], end - start)) {
			/* "order number", "id nummer" */
			return phone[i][0] == 'n' ? word_before(d, start) : 1;
		}
	}
	return 0;
}

/* Are these some of many blocks, as an account has, or a dotted quad with leading zeros? */
static bool
is_row(const struct detect *d, size_t start, size_t end)
{
	unsigned first = block_len(d, start);

	if (char_at(d, start + first) == '.' && block_len(d, start + first + 1) <= 3)
		return true;
	if (char_before(d, start) != ' ' || !char_is(char_before(d, start - 1), CHAR_DIGIT))
		return false;
	if (char_at(d, end) == ' ' && char_is(char_at(d, end + 1), CHAR_DIGIT))
		return true;
	/* blocks of four */
	return first == 4 && start > 5 && block_len(d, start - 5) == 4 &&
	       !char_is(char_before(d, start - 5), CHAR_ALNUM) &&
	       block_len(d, start + first + 1) <= 4;
}

/* Is N, at START, written as people write a number, or is it just a row of digits? */
static bool
is_written_as_number(const struct detect *d, const struct number *n, size_t start, bool bracket)
{
	const char *p = d->text.p;
	bool abroad = p[start + 1] == '0';
	int word = word_before(d, start - bracket);

	if (word < 0)
		return false;
	if (n->n_blocks == 1) {
		if (abroad)
			return n->n_digits >= 11 && n->n_digits <= 16 &&
			       (word > 0 || (p[start + 2] == '4' && n->n_digits >= 12));
		if (word > 0)
			return n->n_digits >= 8 && n->n_digits <= 13;
		return (n->n_digits == 11 || n->n_digits == 12) && p[start + 1] == '1' &&
		       p[start + 2] >= '5' && p[start + 2] <= '7';
	}
	if (abroad)
		return n->n_digits >= 10 && n->n_digits <= 17;
	/* an area code has 3 to 6 digits with its 0, a number behind it 3 and more */
	return n->first >= 3 && n->first <= 6 && n->n_digits >= 8 && n->n_digits <= 13 &&
	       n->n_digits - n->first >= 4;
}

bool
detect_phone_zero(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;
	size_t start, digit;
	bool bracket;
	struct number n;
	char before;

	if (at < d->at + 2 || !is_wanted(d, DETECT_PHONE) || p[at - 2] != '0')
		return false;
	start = at - 2;
	digit = start + 1 + (p[start + 1] == '0');
	before = char_before(d, start);
	if (!char_is(p[digit], CHAR_DIGIT) || p[digit] == '0') /* a padded number */
		return false;
	if (before == '.' || before == '-' || before == '_' || before == ',' || before == '/' ||
		before == '%' || before == '\\' ||
		(char_is(before, CHAR_ALNUM) && detect_escape_tail(d, start, at) != 0))
		return false;
	bracket = before == '(';
	n = read_number(d, start, bracket);
	if (bracket && char_at(d, start + n.first) != ')')
		bracket = false;
	if (bracket && n.n_blocks < 2)
		return false;
	if (!is_end(d, n.end) || is_row(d, start, n.end) ||
		!is_written_as_number(d, &n, start, bracket)) {
		if (n.n_blocks == 1)
			d->skip = n.end;
		return false;
	}
	if (bracket && start - 1 < d->at)
		return false;
	return detect_found(ret, start - bracket, n.end, DETECT_PHONE, FORM_PLAIN);
}
