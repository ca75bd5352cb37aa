/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_mime.c - a stranger's mail, as a hold reads it
 *
 * Whatever it is, its text is of bounded size, and a mail of plain headers and lines is given as it
 * stands.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/maildir/mime.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *names[] = { "From", "Subject" };
	const struct conf_list about = { names, 2 };
	struct span mail = span_of((const char *)data, size), rest = mail, h;
	struct buf out;
	bool mime = false;

	buf_init(&out, 1 << 20);
	mime_text(&out, mail, &about, true);
	/* three bytes for each, headers twice, a line end a part */
	CHECK(out.failed || out.len <= 10 * size + 64);
	while ((h = mime_header(&rest)).p)
		mime |= mime_is_header(h, "Content-Type") ||
			mime_is_header(h, "Content-Transfer-Encoding");
	if (!mime && !out.failed)
		CHECK(out.len > rest.len &&
			span_eq(span_of(out.p + out.len - 1 - rest.len, rest.len), rest));
	buf_release(&out);
	return 0;
}
