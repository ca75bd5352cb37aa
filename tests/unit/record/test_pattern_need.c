/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glob.h>

#include "base/cleanup.h"
#include "record/format/pattern_need.h"
#include "splitting.h"
#include "tests/unit/suite.h"

static const struct {
	const char *pattern, *need; /* heads with a bar between them, a blank, the literal */
} cases[] = {
	{ "Invalid user (?<user>.*) from (?<ip>[^ ]+)", "Invalid | Invalid user " },
	{ "(?:error: )?PAM: (?<x>.*) failed!", "error: |PAM: |PAM:  fa|  failed!" },
	{ "(?<a>Started|Ended|Done) worker", "Started |Ended wo|Done wor|  worker" },
	{ "(?<a>.*) is far away(?<b>[.])", "  is far away." },
	{ "(?<a>.*)(?: going) (to sleep)(?<b>!?)", "  going to sleep" },
	{ "(?:ab)+c+(?<x>.)", "ab| ab" },
	{ "a?b*c{0,1}d{2,}(?<x>x)", "a|b|c|d| d" },
	{ "x\\.\\[y\\d{3}abcde(?<x>)", "x.[y| abcde" },
	{ "^x\\b$(?=yz)(?<!q)(?<x>w)", "xw| xw" },
	{ "[.]a[bc](?<x>d)", ".a| .a" },
	{ "(?<x>\\d)a|b(?<x>\\w)", " " },
	{ "(?<x>a)|b", "a|b| " },
	{ "(?<x>a)|", " " },
	/* what changes what characters mean, or may be anywhere, needs nothing */
	{ "(?i)from (?<x>.)", " " },
	{ "(?x) from (?<x>.)", " " },
	{ "(?i:from) (?<x>.)", " " },
	{ "from (?<x>.)(?#o)x", " " },
	{ "from (?<x>.)(?P=x)", " " },
	{ "\\Qa|b\\E(?<x>.)", " " },
	/* too many beginnings */
	{ "(?:a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q)(?<x>long)", " long" },
	{ "[a-z](?<x>0123456789012345678901234567890123456789)",
		" 01234567890123456789012345678901" },
};

static void
put_need(const struct pattern_need *n, struct buf *out)
{
	for (unsigned i = 0; i < n->n_heads; i++) {
		for (uint64_t left = n->head[i]; left != 0; left >>= 8)
			buf_char(out, (char)(left & 0xff));
		buf_char(out, '|');
	}
	buf_char(out, ' ');
	buf_put(out, n->literal, n->literal_len);
	buf_char(out, '\0');
}

START_TEST(need_of_a_pattern)
{
	struct pattern_need n;
	struct buf text;

	buf_init(&text, 1 << 10);
	pattern_need_read(cases[_i].pattern, &n);
	put_need(&n, &text);
	ck_assert_str_eq(text.p, cases[_i].need);
	buf_release(&text);
}
END_TEST

/* --- shipped formats -------------------------------------------------------------------------- */

#define ALTERNATIVES_MAX 64

/* A shipped format, and each of its alternatives as a format of its own. */
struct choice {
	struct splitting all, one[ALTERNATIVES_MAX];
	size_t n;
};

static struct conf_format
bare(const struct conf_format *d, size_t from, size_t n)
{
	return (struct conf_format){ .type = FORMAT_PATTERN,
		.pattern = { d->pattern.v + from, n } };
}

static void
choice_init(struct choice *c, const struct conf_format *d)
{
	splitting_init(&c->all, bare(d, 0, d->pattern.n));
	ck_assert_uint_le(d->pattern.n, ALTERNATIVES_MAX);
	for (c->n = 0; c->n < d->pattern.n; c->n++) {
		struct err e;

		/* one without a field is no format of its own */
		if (splitting_try(&c->one[c->n], bare(d, c->n, 1), &e) < 0)
			c->one[c->n].format = NULL;
	}
}

static void
choice_release(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		splitting_release(&c->one[i]);
	splitting_release(&c->all);
}

static void
check_line(struct choice *c, const char *line)
{
	const char *seen = splitting_of(&c->all, line);

	for (size_t i = 0; i < c->n; i++) {
		const char *alone;

		if (!c->one[i].format)
			return; /* it may be the one */
		alone = splitting_of(&c->one[i], line);
		if (strcmp(alone, "no match") != 0) {
			ck_assert_str_eq(seen, alone);
			return;
		}
	}
	ck_assert_str_eq(seen, "no match");
}

/* A line, and what stands behind each colon and blank of its first part, where messages begin. */
static void
check_parts(struct choice *c, const char *line)
{
	check_line(c, line);
	for (const char *p = line; (p = strpbrk(p, ": ")) != NULL && p - line < 90; p++)
		if (p[1] != ' ')
			check_line(c, p + 1);
}

static void
check_samples(struct choice *c, const char *path)
{
	cleanup_stdio FILE *f = fopen(path, "r");
	cleanup_mem char *line = NULL;
	size_t size = 0;
	ssize_t n;

	ck_assert_ptr_nonnull(f);
	while ((n = getline(&line, &size, f)) > 0) {
		line[n - 1] = '\0';
		check_parts(c, line);
	}
}

START_TEST(shipped_alternatives_are_chosen_as_if_each_was_tried)
{
	struct conf *conf;
	struct err e;
	glob_t samples;
	unsigned n = 0;

	ck_assert_int_eq(setenv("SPARSAM_BENCH_STATE", "/nonexistent", 1), 0);
	ck_assert_msg(conf_read("tests/bench/conf/sparsam.conf", &conf, &e) == 0, "%s", e.what);
	ck_assert_int_eq(glob("tests/data/stores/*.log", 0, NULL, &samples), 0);
	for (size_t i = 0; i < conf->n_formats; i++) {
		const struct conf_format *d = &conf->format[i];
		struct choice c;

		if (d->type != FORMAT_PATTERN || d->pattern.n < 2)
			continue;
		choice_init(&c, d);
		for (size_t k = 0; k < samples.gl_pathc; k++)
			check_samples(&c, samples.gl_pathv[k]);
		choice_release(&c);
		n++;
	}
	ck_assert_uint_gt(n, 20);
	globfree(&samples);
	conf_free(conf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pattern_need");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, need_of_a_pattern, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, shipped_alternatives_are_chosen_as_if_each_was_tried);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
