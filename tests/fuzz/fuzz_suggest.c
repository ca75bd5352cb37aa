/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_suggest.c - whatever the lines are, what is proposed for them loads and compiles
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/conf/conf-private.h"
#include "logscrub/rule/rule.h"
#include "logscrub/suggest/suggest.h"
#include "record/format/format.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)
#define LINES_MAX 256

static void
load(const struct buf *text)
{
	struct conf_draft *d = conf_draft_new(NULL);
	CLEANUP(formats_freep) struct formats *formats = NULL;
	CLEANUP(rule_freep) struct rule *rule = NULL;
	struct err e = { 0 };

	CHECK(d);
	d->own_stores = d->own_formats = d->own_sources = SIZE_MAX;
	CHECK(conf_parse(d, "proposal", text->p, text->len, true, &e) == 0);
	CHECK(conf_check(d, &e) == 0);
	CHECK(formats_new(&d->conf, &formats, &e) == 0);
	CHECK(rule_new(&d->conf.store[0], formats, NULL, &rule, &e) == 0);
	rule = rule_free(rule);
	formats = formats_free(formats);
	(void)conf_free(&d->conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct span line[LINES_MAX];
	struct proposal *p = calloc(1, sizeof(*p));
	CLEANUP(buf_release) struct buf out = { .max = 1 << 20 };
	struct sample s = { .line = line };
	const char *at = (const char *)data, *end = at + size;
	struct err e = { 0 };

	CHECK(p && sodium_init() >= 0);
	if (size > 0)
		p->delimiter = memchr("\t;|,", *at, 4) ? *at : '\0';
	while (at < end && s.n < LINES_MAX) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((lf ? lf : end) - at);

		if (n > 0)
			line[s.n++] = span_of(at, n);
		at += n + 1;
	}
	if (s.n > 0 && line[0].p[0] == '{')
		CHECK(proposal_from_json(p, &s, &e) == 0);
	else if (s.n > 0)
		CHECK(proposal_from_lines(p, &s, &e) == 0);
	if (p->how == READ_JSON || p->n_forms > 0) {
		proposal_print(p, "x", NULL, false, &out);
		CHECK(!out.failed);
		load(&out);
	}
	proposal_release(p);
	free(p);
	return 0;
}
