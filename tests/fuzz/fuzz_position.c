/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_position.c - a file's xattr, which whoever may write to the file can set
 *
 * What is read is written the same again, and fits.
 */
#include <stdint.h>
#include <stdlib.h>

#include "logscrub/sink/position_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(position_record_release) struct position_record r = { 0 }, again = { 0 };
	CLEANUP(buf_release) struct buf text = { .max = POSITION_RECORD_MAX };

	if (position_record_parse(span_of(data, size), &r, NULL) < 0)
		return 0;
	position_record_format(&r, &text);
	if (text.failed || position_record_parse(span_of(text.p, text.len), &again, NULL) < 0 ||
		!position_record_equal(&r, &again) || r.size != again.size)
		abort();
	return 0;
}
