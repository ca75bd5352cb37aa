/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_mail_delimit.c - which bytes of a mail a signature covers
 *
 * The first byte is the length of the boundary, which comes next; the rest is the body. Where two parts are found
 * there are three lines that begin with the boundary, no more, and none of them within a part.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsar/mail/mail_delimit.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of S that begin with "--" and BOUNDARY. */
static unsigned
delimiters(struct span s, struct span boundary)
{
	unsigned n = 0;

	while (s.len > 0) {
		const char *end = memchr(s.p, '\n', s.len);

		n += span_starts(s, SPAN("--")) && span_starts(span_from(s, 2), boundary);
		s = span_from(s, end ? (size_t)(end - s.p) + 1 : s.len);
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = span_of((const char *)data, size), boundary, part[2];
	size_t n;

	if (size == 0)
		return 0;
	n = data[0] % 80;
	body = span_from(body, 1);
	if (n > body.len)
		return 0;
	boundary = span_of(body.p, n);
	body = span_from(body, n);
	if (memchr(boundary.p, '\n', boundary.len) || !mail_delimit(body, boundary, part))
		return 0;
	CHECK(delimiters(body, boundary) == 3);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(part[i].p >= body.p && part[i].p + part[i].len <= body.p + body.len);
		CHECK(delimiters(part[i], boundary) == 0);
	}
	CHECK(part[0].p + part[0].len < part[1].p);
	return 0;
}
