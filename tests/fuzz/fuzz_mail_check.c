/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_mail_check.c - a stranger's mail, looked at before it is parsed
 *
 * The pieces in which it comes do not matter, and what passes keeps the limits, counted line by line.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dsar/mail/mail_check.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Within an input's reach. */
static const struct mail_limits limits = {
	.size = 2000,
	.head = 300,
	.header = 100,
	.headers = 20,
	.delimits = 8,
	.types = 6,
	.name = 12,
	.colons = 5,
};

static struct span
line_of(struct span s)
{
	const char *end = memchr(s.p, '\n', s.len);

	return span_of(s.p, end ? (size_t)(end - s.p) + 1 : s.len);
}

static bool
is_empty(struct span line)
{
	return span_eq(line, SPAN("\n")) || span_eq(line, SPAN("\r\n"));
}

static void
keeps_the_limits(struct span mail)
{
	unsigned delimits = 0, headers = 0;
	size_t header = 0;
	bool head = true;

	CHECK(mail.len > 0 && mail.len <= limits.size && !memchr(mail.p, '\0', mail.len));
	for (struct span rest = mail, line; rest.len > 0; rest = span_from(rest, line.len)) {
		const bool continued = rest.p != mail.p && (*rest.p == ' ' || *rest.p == '\t');

		line = line_of(rest);
		delimits += span_starts(line, SPAN("--"));
		head = head && !is_empty(line);
		headers += head && !continued;
		header = continued ? header + line.len : line.len;
		CHECK(!head || header <= limits.header);
		CHECK(!head || (size_t)(line.p - mail.p) + line.len <= limits.head);
	}
	CHECK(delimits <= limits.delimits && headers <= limits.headers);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span mail = span_of(data, size);
	struct mail_check whole, bytes;

	mail_check_init(&whole, &limits);
	mail_check_init(&bytes, &limits);
	(void)mail_check_feed(&whole, mail);
	for (size_t i = 0; i < size; i++)
		(void)mail_check_feed(&bytes, span_of(mail.p + i, 1));
	CHECK(mail_check_end(&whole) == mail_check_end(&bytes));
	CHECK(*mail_fault_text(whole.fault) || whole.fault == MAIL_FINE);
	if (whole.fault == MAIL_FINE)
		keeps_the_limits(mail);
	return 0;
}
