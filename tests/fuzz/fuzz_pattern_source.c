/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_pattern_source.c - a pattern and a line: pattern, new line, line
 *
 * The rewritten pattern matches exactly where the one that was written does, and its fields are the
 * same: PCRE2 itself is the oracle. It stands there twice, since only where there is a choice a line is
 * asked for what a pattern needs. Its interpreter, that is, on both sides: what its JIT makes of
 * empty and repeated groups differs from one pattern to an equal one (PCRE2 issues 324, 336).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "pieces.h"

/* Taken in the place of the library's: nothing is compiled for the JIT here. */
int
pcre2_jit_compile_8(pcre2_code *code, uint32_t options)
{
	(void)code, (void)options;
	return PCRE2_ERROR_JIT_BADOPTION;
}

static int
match_as_written(const char *text, struct span line, pcre2_code **ret, pcre2_match_data **ret_data)
{
	pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
	pcre2_match_context *mc = pcre2_match_context_create(NULL);
	PCRE2_SIZE at;
	int code, rc;

	CHECK(cc && mc);
	(void)pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
	(void)pcre2_set_match_limit(mc, 100000);
	*ret = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
		PCRE2_DOTALL | PCRE2_DUPNAMES | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, cc);
	CHECK(*ret); /* what we compiled, PCRE2 takes */
	*ret_data = pcre2_match_data_create_from_pattern(*ret, NULL);
	CHECK(*ret_data);
	rc = pcre2_match(*ret, (PCRE2_SPTR)line.p, line.len, 0, 0, *ret_data, mc);
	pcre2_match_context_free(mc);
	pcre2_compile_context_free(cc);
	return rc;
}

/* Is field NAME at FROM to TO among the groups that matched? */
static bool
is_group(const pcre2_code *code, pcre2_match_data *data, const char *name, size_t from, size_t to)
{
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(data);
	PCRE2_SPTR first, last;
	int size = pcre2_substring_nametable_scan(code, (PCRE2_SPTR)name, &first, &last);

	CHECK(size > 0);
	for (PCRE2_SPTR p = first; p <= last; p += size) {
		unsigned n = (unsigned)(p[0] << 8 | p[1]);

		if (v[2 * n] == from && v[2 * n + 1] == to)
			return true;
	}
	return false;
}

static void
check(struct format *f, const char *text, struct span line)
{
	pcre2_code *code;
	pcre2_match_data *data;
	struct split s;
	enum format_result found = format_split(f, line, &s);
	int rc = match_as_written(text, line, &code, &data);

	if (rc < PCRE2_ERROR_NOMATCH || found == FORMAT_LIMIT) {
		/* limits: where one meets its own, the other need not */
	} else if (rc == PCRE2_ERROR_NOMATCH) {
		CHECK(found == FORMAT_NO_MATCH);
	} else {
		CHECK(found == FORMAT_OK);
		pieces_check(f, line, &s);
		for (unsigned i = 0; i < s.n; i++)
			if (s.piece[i].field >= 0)
				CHECK(is_group(code, data,
					format_field(f, (unsigned)s.piece[i].field)->name,
					(size_t)(s.piece[i].p - line.p),
					(size_t)(s.piece[i].p - line.p) + s.piece[i].len));
	}
	pcre2_match_data_free(data);
	pcre2_code_free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size > 0 ? memchr(data, '\n', size) : NULL;
	struct conf_format d = { .name = "fuzz", .where = { "fuzz", 1 }, .type = FORMAT_PATTERN };
	const struct conf c = { .format = &d, .n_formats = 1 };
	struct formats *set = NULL;
	struct format *f;
	const char *v[2];
	struct err e;
	char *text;

	if (!cut || cut - data > 512) /* longer ones only take PCRE2 longer */
		return 0;
	text = strndup((const char *)data, (size_t)(cut - data));
	CHECK(text);
	v[0] = v[1] = text;
	d.pattern = (struct conf_list){ v, 2 };
	if (format_make(&c, &set, &f, &e))
		check(f, text, span_of(cut + 1, size - (size_t)(cut + 1 - data)));
	formats_free(set);
	free(text);
	return 0;
}
