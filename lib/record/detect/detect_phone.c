/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect_phone.c - telephone numbers: E.164, 00 and German national writing (DIN 5008)
 *
 *   +4915112345678   +49 30 1234567   +49 (0)30 123456-78   +1 (202) 555-0123   0049 30 1234567
 *   030 1234567   030/1234567   030 / 1234567   (030) 1234567   0151-12345678   01511234567
 *
 * Numbers of 8 to 15 digits in all. Blocks of digits without a sign that says so are taken only
 * where they are written as people write them, or follow a word like "tel". Left alone: times
 * (0930-1045), modes, dates, files (0815/4711), numbers of accounts, orders and taxes, fractions.
 */
#include <string.h>

#include "record/detect/detect-private.h"

#define DIGITS_MAX 15 /* E.164 */

struct number {
	size_t end;
	unsigned n_digits; /* in all */
	unsigned n_blocks, n_slashes;
	unsigned first, last; /* digits in these blocks */
	char sep;             /* between the last two of them */
};

static unsigned
block_len(const struct detect *d, size_t i)
{
	unsigned n = 0;

	while (n < 20 && char_is(char_at(d, i + n), CHAR_DIGIT))
		n++;
	return n;
}

/* Length of the no-break blank, hyphen or dash at I that people's texts have between blocks. */
static size_t
typographic_len(const struct detect *d, size_t i)
{
	static const char signs[][4] = { "\xc2\xa0", "\xe2\x80\x91", "\xe2\x80\x93",
		"\xe2\x80\xaf" };

	for (size_t k = 0; (uint8_t)char_at(d, i) >= 0x80 && k < 4; k++) {
		size_t len = strlen(signs[k]);

		if (d->text.len - i > len && memcmp(d->text.p + i, signs[k], len) == 0)
			return len;
	}
	return 0;
}

/* Length of what may stand between two blocks at I, of which the one before is in brackets if OPEN.
 * RET_OPEN: the one behind is. */
static size_t
separator_len(const struct detect *d, size_t i, bool open, bool *ret_open)
{
	char c = char_at(d, i), next = char_at(d, i + 1);
	size_t blank = c == ' ' || c == '-', len;

	if (open) {
		if (c != ')' || char_is(next, CHAR_DIGIT))
			return c == ')';
		if (next == ' ' && char_at(d, i + 2) == '/')
			return 4;
		return strchr(" -/", next) ? 2 : 0;
	}
	if (char_at(d, i + blank) == '(') {
		len = block_len(d, i + blank + 1);
		*ret_open = len > 0 && len < 6 && char_at(d, i + blank + 1 + len) == ')';
		return *ret_open ? blank + 1 : 0;
	}
	if (c == ' ' && (next == '/' || next == '-'))
		return 3;
	return c == ' ' || c == '-' || c == '/' || c == '.' ? 1 : typographic_len(d, i);
}

/* May the block of LEN digits behind a separator belong to what has been read? */
static bool
goes_on(const struct detect *d, const struct number *n, size_t at, unsigned len)
{
	char sep = char_at(d, n->end), after = char_at(d, at + len);

	if (len == 0 || n->n_digits + len > DIGITS_MAX)
		return false;
	if (len > 9 && (sep != '.' || n->n_blocks > 1)) /* whois has +49.3012345678 */
		return false;
	if (char_is(after, CHAR_ALPHA) || after == '_' ||
		(after == ':' && char_is(char_at(d, at + len + 1), CHAR_DIGIT)))
		return false;
	if (n->n_digits >= 11 && !(n->last == len && len <= 2) && n->n_digits + len > 13)
		return false;
	/* a whole number, then something else in the same row */
	if (sep == ' ' && n->last >= 7)
		return false;
	return sep != '.' || (len > 1 && (n->n_blocks == 1 || n->sep == '.'));
}

/* Reads blocks from AT on; OPEN: the first is in brackets. */
static struct number
read_number(const struct detect *d, size_t at, bool open)
{
	struct number n = { .end = at };
	size_t i = at, sep;

	for (;;) {
		unsigned len = block_len(d, i);
		bool first = n.n_blocks == 0, next_open = false, more;

		if (!first && !goes_on(d, &n, i, len))
			return n;
		sep = separator_len(d, i + len, open, &next_open);
		more = sep > 0 && char_is(char_at(d, i + len + sep), CHAR_DIGIT);
		if (!first && open && !more)
			return n;
		if (first) {
			n.first = len;
		} else {
			n.sep = char_at(d, n.end);
			n.n_slashes += memchr(d->text.p + n.end, '/', i - n.end) != NULL;
		}
		if (first || !open || len > 1 || char_at(d, i) != '0') /* but not the 0 of "(0)" */
			n.n_digits += len;
		n.n_blocks++;
		n.last = len;
		n.end = i + len;
		if (!more)
			return n;
		i = n.end + sep;
		open = next_open;
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

/* Is it an address that begins at I? */
static bool
is_quad(const struct detect *d, size_t i)
{
	size_t end = i;
	struct address a;

	while (end < i + 16 && (char_at(d, end) == '.' || char_is(char_at(d, end), CHAR_DIGIT)))
		end++;
	while (end > i && d->text.p[end - 1] == '.')
		end--;
	return address_parse(span_of(d->text.p + i, end - i), &a);
}

bool
detect_phone_digits(struct detect *d, size_t at, struct finding *ret)
{
	size_t digits = at + (char_at(d, at) == '+');
	struct number n;

	if (at < d->at || !char_is(char_at(d, digits), CHAR_DIGIT) || is_quad(d, digits))
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
	if ((char_is(before, CHAR_ALNUM) && detect_escape_tail(d, at - 1, at + 1) < 0 &&
		    !detect_is_colour(d, at - 1)) ||
		before == '+')
		return false;
	n = read_number(d, at, false);
	if (n.n_digits < 8 || n.n_digits > DIGITS_MAX || !is_end(d, n.end))
		return false;
	if (char_at(d, at + n.first) == '.' && is_quad(d, at)) /* "+203.0.113.7" */
		return false;
	/* a fraction; or a number that is not of North America, which has 11 digits */
	if (n.n_blocks == 2 && n.sep == '.' && n.last < 8)
		return false;
	if (n.n_blocks == 1 && char_at(d, at) == '1' && n.n_digits != 11)
		return false;
	return detect_found(ret, at - 1, n.end, DETECT_PHONE, FORM_PLAIN);
}

/* Does a word before AT say that a number of a telephone follows (+1) or of something else (-1)? */
static int
word_before(const struct detect *d, size_t at)
{
	static const char *const phone[] = { "tel", "telefon", "telephone", "phone", "fon", "fax",
		"mobil", "mobile", "handy", "call", "caller", "callerid", "anruf", "rufnummer",
		"dial", "dialed", "sip", "anrufer", "von", "from", "telefonnummer", "handynummer",
		"mobilnummer", "faxnummer", "number", "nummer" };
	static const char *const other[] = { "order", "id", "pid", "no", "nr", "invoice", "ticket",
		"serial", "session", "bestellung", "rechnung", "bytes", "size", "offset", "seq",
		"line", "account", "konto", "isbn", "ean", "az", "aktenzeichen", "artikel" };
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
	/* Kundennummer, Steuernummer; a telephone's are above */
	return end - start > 6 && ENDS_IN(d, end, "nummer") ? -1 : 0;
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

/* Numbers of the German plan begin with an area code, 015 to 017 (mobile) or 018, 0137 and the like;
 * 010, 011, 014 and 019 are none. */
static bool
is_area_code(const char *p)
{
	return p[1] != '1' || !strchr("0149", p[2]);
}

/* "081109 203615": a date and a time, as some logs begin. */
static bool
is_stamp(const char *p, size_t len)
{
#define TWO(i) ((p[i] - '0') * 10 + p[(i) + 1] - '0')
	return len == 13 && p[6] == ' ' && TWO(2) <= 12 && TWO(4) <= 31 && TWO(7) < 24 &&
	       TWO(9) < 60 && TWO(11) < 60;
#undef TWO
}

/* Is N, at START, written as people write a number, or is it just a row of digits? */
static bool
is_written_as_number(const struct detect *d, const struct number *n, size_t start, bool bracket)
{
	const char *p = d->text.p + start;
	char before = char_before(d, start), after = char_at(d, n->end);
	bool abroad = p[1] == '0', called = after == '@' || (before == '<' && after == '>');
	int word = word_before(d, start - bracket);

	if (word < 0)
		return false;
	if (word > 0)
		called = true;
	if (n->n_blocks == 1) {
		if (abroad)
			return n->n_digits >= 11 && n->n_digits <= 16 &&
			       (called || (p[2] == '4' && n->n_digits >= 12));
		if (called)
			return n->n_digits >= 8 && n->n_digits <= 13;
		return (n->n_digits == 11 || n->n_digits == 12) && p[1] == '1' && p[2] >= '5' &&
		       p[2] <= '7';
	}
	/* a file's or an invoice's number and year */
	if (!called && n->n_blocks == 2 && n->sep == '/' && n->last == 4 &&
		(d->text.p[n->end - 4] == '1' || d->text.p[n->end - 4] == '2') &&
		(d->text.p[n->end - 3] == '9' || d->text.p[n->end - 3] == '0'))
		return false;
	if (n->n_slashes > 1 || (!called && n->n_blocks == 2 && is_stamp(p, n->end - start)))
		return false;
	if (abroad) /* but not "001 002 003" */
		return n->n_digits >= 10 && n->n_digits <= 17 &&
		       !(p[n->first + 1] == '0' && char_at(d, start + n->first + 2) == '0');
	/* an area code has 3 to 6 digits with its 0, a number behind it 4 and more; times, modes and
	 * files have four and four */
	return (called || is_area_code(p)) && n->first >= 3 && n->first <= 6 && n->n_digits >= 8 &&
	       n->n_digits <= 13 && n->n_digits - n->first >= 4 &&
	       (called || bracket || n->first != 4 || n->n_digits > 8);
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
	if (before == '.' || before == '-' || before == '_' || before == '%' || before == '\\' ||
		(before == ',' && char_is(char_before(d, start - 1), CHAR_DIGIT)) ||
		(char_is(before, CHAR_ALNUM) && detect_escape_tail(d, start, at) != 0 &&
			!detect_is_colour(d, start)))
		return false;
	bracket = before == '(' && char_at(d, start + block_len(d, start)) == ')';
	n = read_number(d, start, bracket);
	if (bracket && n.n_blocks < 2)
		return false;
	if ((before == '/' && char_at(d, n.end) != '@') || !is_end(d, n.end) ||
		is_row(d, start, n.end) || !is_written_as_number(d, &n, start, bracket)) {
		if (n.n_blocks == 1)
			d->skip = n.end;
		return false;
	}
	if (bracket && start - 1 < d->at)
		return false;
	return detect_found(ret, start - bracket, n.end, DETECT_PHONE, FORM_PLAIN);
}
