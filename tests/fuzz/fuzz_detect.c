/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_detect.c - the detectors over any bytes
 *
 * Findings lie in the text, in order, without overlap, and are only of types that were asked for;
 * addresses have a canonical text that reads back; a plain one reads as what it stands for. All
 * candidate passes that the machine has lead to the same findings.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/detect/detect.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define N_MAX 4096

static void
check_address(const struct finding *f, struct span text)
{
	char canonical[ADDRESS_TEXT_MAX];
	struct address a;
	size_t len;

	CHECK(f->address.family == 4 || f->address.family == 6);
	CHECK(f->type == DETECT_IPV6 || f->address.family == 4);
	len = address_format(&f->address, canonical);
	CHECK(len == strlen(canonical));
	CHECK(address_parse(span_of(canonical, len), &a));
	CHECK(memcmp(a.b, f->address.b, sizeof(a.b)) == 0 && a.family == f->address.family);
	if (f->form == FORM_PLAIN || f->form == FORM_MAPPED) {
		CHECK(address_parse(span_of(text.p + f->start, f->end - f->start), &a));
		CHECK(memcmp(a.b, f->address.b, sizeof(a.b)) == 0);
		CHECK((f->form == FORM_MAPPED) == (f->type == DETECT_IPV6 && a.family == 4));
	}
}

static size_t
find_all(enum detect_pass pass, struct span text, unsigned types, struct finding *ret)
{
	struct detect d;
	size_t n = 0, at = 0;

	if (!detect_force_pass(pass))
		return SIZE_MAX;
	detect_start(&d, text, types);
	while (n < N_MAX && detect_next(&d, &ret[n])) {
		const struct finding *f = &ret[n++];

		CHECK(f->start >= at && f->end > f->start && f->end <= text.len);
		CHECK(types & DETECT_BIT(f->type));
		at = f->end;
		if (f->type == DETECT_IPV4 || f->type == DETECT_IPV6)
			check_address(f, text);
	}
	return n;
}

static void
check_same(const struct finding *a, const struct finding *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK(a[i].start == b[i].start && a[i].end == b[i].end && a[i].type == b[i].type &&
			a[i].form == b[i].form);
}

/* The first byte says which types are wanted. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct finding scalar[N_MAX], simd[N_MAX];
	struct span text;
	unsigned types;
	size_t n;

	if (size == 0)
		return 0;
	types = data[0] & ((1u << DETECT_TYPES) - 1);
	text = span_of(data + 1, size - 1);
	n = find_all(PASS_SCALAR, text, types, scalar);
	for (int pass = PASS_SSSE3; pass <= PASS_AVX2; pass++) {
		size_t m = find_all((enum detect_pass)pass, text, types, simd);

		if (m == SIZE_MAX)
			continue;
		CHECK(m == n);
		check_same(scalar, simd, n);
	}
	return 0;
}
