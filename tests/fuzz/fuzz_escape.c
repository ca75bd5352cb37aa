/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_escape.c - every kind of escape over any bytes: undo(redo(x)) is x
 */
#include <stdint.h>
#include <stdlib.h>

#include "record/format/escape.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span s = span_of(data, size);
	struct buf raw, plain;

	buf_init(&raw, 6 * size + 1);
	buf_init(&plain, 6 * size + 1);
	for (enum conf_escape kind = ESCAPE_NONE; kind <= ESCAPE_SD; kind++) {
		buf_clear(&plain);
		escape_undo(kind, s, &plain);
		CHECK(!plain.failed && plain.len <= size);
		CHECK(escape_is_needed_to_undo(kind, s) || span_eq(span_of(plain.p, plain.len), s));
		buf_clear(&raw);
		buf_clear(&plain);
		escape_redo(kind, s, &raw);
		escape_undo(kind, span_of(raw.p, raw.len), &plain);
		CHECK(!raw.failed && !plain.failed);
		CHECK(span_eq(span_of(plain.p, plain.len), s));
	}
	buf_release(&raw);
	buf_release(&plain);
	return 0;
}
