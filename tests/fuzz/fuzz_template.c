/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_template.c - a template and a line: dialect, template, new line, line
 *
 * Whatever compiles splits without crashing, and what matches is all there.
 */
#include "pieces.h"

static void
split(struct format *f, struct span line)
{
	struct split s;

	if (format_split(f, line, &s) != FORMAT_OK)
		return;
	pieces_spell_out(line, &s);
	pieces_check(f, line, &s);
	pieces_check_whole(line, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
	struct conf_format d = { .name = "fuzz", .where = { "fuzz", 1 }, .type = FORMAT_TEMPLATE };
	const struct conf c = { .format = &d, .n_formats = 1 };
	struct formats *set = NULL;
	struct format *f;
	struct err e;
	char *text;

	if (!cut)
		return 0;
	text = strndup((const char *)data + 1, (size_t)(cut - data - 1));
	CHECK(text);
	d.template_ = text;
	d.apache = data[0] & 1;
	d.escape = (enum conf_escape)((data[0] >> 1) % (ESCAPE_SD + 1));
	if (format_make(&c, &set, &f, &e))
		split(f, span_of(cut + 1, size - (size_t)(cut + 1 - data)));
	formats_free(set);
	free(text);
	return 0;
}
