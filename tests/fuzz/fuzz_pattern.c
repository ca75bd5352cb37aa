/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_pattern.c - a few patterns as formats have them, any line
 *
 * The first byte chooses the pattern. Literals that come out are the pattern's own.
 */
#include "pieces.h"

static const char *const patterns[] = {
	"(?<time>\\S+) (?<level>[A-Z]+) +(?<logger>\\S+) - (?<text>.*)",
	"(?<what>\\w+):? (?:user=<(?<user>[^>]*)>, )?(?:\\d+ )*(?:from|to) \\s*(?<ip>\\S+)(?i: PORT )\\d+",
	"(?:(?<k>\\w+)=(?:\"(?<q>[^\"]*)\"|(?<v>\\S*)),? ?)+",
	"(?<a>.*?)\\s+(?<b>(?:x+x+)*)-(?<c>.*)",
};
#define N_PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

/* All that a literal of the patterns can match. */
static const char literals[] = " -:,=<>\"\tusermfotpUSERMFOTP";

static void
check(struct format *f, struct span line)
{
	struct split s;

	if (format_split(f, line, &s) != FORMAT_OK)
		return;
	pieces_spell_out(line, &s);
	pieces_check(f, line, &s);
	for (unsigned i = 0; i < s.n; i++)
		for (uint32_t k = 0; s.piece[i].field < 0 && k < s.piece[i].len; k++)
			CHECK(memchr(literals, s.piece[i].p[k], sizeof(literals) - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_format d[N_PATTERNS];
	static struct formats *set[N_PATTERNS]; /* compiled once: that is not what is tried here */
	static struct format *format[N_PATTERNS];
	size_t which = size > 0 ? data[0] % N_PATTERNS : 0;
	struct err e;

	if (size == 0)
		return 0;
	if (!set[which]) {
		struct conf c = { .format = &d[which], .n_formats = 1 };

		d[which] = (struct conf_format){ .name = "fuzz",
			.where = { "fuzz", 1 },
			.type = FORMAT_PATTERN,
			.pattern = { (const char **)&patterns[which], 1 } };
		CHECK(format_make(&c, &set[which], &format[which], &e));
	}
	check(format[which], span_of(data + 1, size - 1));
	return 0;
}
