/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_detect.c - how fast the detectors go over a text in memory, line by line, on one core
 *
 *   bench_detect FILE [ROUNDS]
 *
 * Prints for each candidate pass and set of types MB/s, findings and candidates' share of the time:
 * "none" is the pass alone, with nothing wanted that could be found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "record/detect/detect.h"

static double
now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static char *
read_file(const char *name, size_t *ret_len)
{
	cleanup_stdio FILE *f = fopen(name, "rb");
	size_t cap = 1 << 20, n;
	char *p = malloc(cap);

	*ret_len = 0;
	while (f && p && (n = fread(p + *ret_len, 1, cap - *ret_len, f)) > 0) {
		*ret_len += n;
		if (*ret_len == cap)
			p = realloc(p, cap *= 2);
	}
	return p;
}

static size_t
one_round(const char *p, size_t len, unsigned types)
{
	const char *end = p + len;
	struct finding f;
	struct detect d;
	size_t n = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line = (size_t)((nl ? nl : end) - p);

		detect_start(&d, span_of(p, line), types);
		while (detect_next(&d, &f))
			n++;
		p += line + 1;
	}
	return n;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		unsigned types;
	} sets[] = {
		{ "default", DETECT_DEFAULT },
		{ "addresses", DETECT_ADDRESSES },
		{ "email", DETECT_BIT(DETECT_EMAIL) },
		{ "phone", DETECT_BIT(DETECT_PHONE) },
		{ "token", DETECT_BIT(DETECT_TOKEN) },
		{ "none", 0 },
	};
	static const char *const passes[] = { "best", "scalar", "ssse3", "avx2" };
	int rounds = argc > 2 ? atoi(argv[2]) : 5;
	size_t len;
	cleanup_mem char *p = argc > 1 ? read_file(argv[1], &len) : NULL;

	if (!p || len == 0) {
		fprintf(stderr, "usage: bench_detect FILE [ROUNDS]\n");
		return 64;
	}
	for (int pass = PASS_AVX2; pass > PASS_BEST; pass--) {
		if (!detect_force_pass((enum detect_pass)pass))
			continue;
		for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
			double best = 1e9;
			size_t n = 0;

			for (int i = 0; i < rounds; i++) {
				double t = now_s();

				n = one_round(p, len, sets[s].types);
				t = now_s() - t;
				best = t < best ? t : best;
			}
			printf("%-7s %-10s %8.0f MB/s %9zu found\n", passes[pass], sets[s].name,
				(double)len / best / 1e6, n);
		}
	}
	return 0;
}
