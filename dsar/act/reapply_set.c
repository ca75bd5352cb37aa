/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Record by record: found first, then set one after the other, so that nothing is written while the store is read. What
 * was set right twice comes back as it was before the first time, and takes a second pass.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "dsar/act/keeper.h"
#include "dsar/act/reapply-private.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "evidence/hold.h"
#include "evidence/ledger.h"
#include "record/record.h"

#define _(text) gettext(text)

#define PASSES_MAX 16

struct setting {
	struct session *s;
	struct corrections *c;
	struct store *store;
	struct select_question covered, one;
	struct correction *x; /* what was found in this pass */
	size_t n, max;
	const struct correction *at;
	uint64_t n_set, n_refused;
};

static bool
ask_covered(void *ctx, const struct record *r)
{
	return corrections_cover(((struct setting *)ctx)->c, r);
}

static bool
ask_one(void *ctx, const struct record *r)
{
	const struct setting *g = ctx;
	uint8_t digest[RECORD_DIGEST_LEN];

	record_digest(r, digest);
	return memcmp(digest, g->at->digest, sizeof(digest)) == 0;
}

static bool
is_known(const struct setting *g, const uint8_t digest[RECORD_DIGEST_LEN])
{
	for (size_t i = 0; i < g->n; i++)
		if (memcmp(g->x[i].digest, digest, RECORD_DIGEST_LEN) == 0)
			return true;
	return false;
}

static int
see(void *ctx, const struct record *r, struct err *e)
{
	struct setting *g = ctx;
	uint8_t digest[RECORD_DIGEST_LEN];

	record_digest(r, digest);
	if (is_known(g, digest))
		return 0;
	if (g->n == g->max) {
		const size_t max = g->max ? 2 * g->max : 16;
		struct correction *x = reallocarray(g->x, max, sizeof(*x));

		if (!x)
			return err_memory(e);
		g->x = x;
		g->max = max;
	}
	return corrections_of(g->c, r, &g->x[g->n++], e);
}

static int
note(const struct setting *g, const char *kind, uint64_t n, struct err *e)
{
	return session_note(g->s, g->at->number, kind,
		json_pack("{s:s, s:s, s:I, s:I}", "store", store_conf(g->store)->name, "action",
			"update", "fields", (json_int_t)g->at->n, "records", (json_int_t)n),
		e);
}

/* The case's own holds keep what was found for it, and not from being right. */
static int
set_one(struct setting *g, struct err *e)
{
	const struct selector one = select_ask(&g->one);
	struct keeper keeper;
	uint64_t n = 0;
	int rc;

	if (keeper_init(&keeper, g->s, g->at->number, e) < 0 || note(g, "reapply", 1, e) < 0 ||
		holds_lock(g->s->holds, e) < 0)
		return -1;
	rc = store_set(g->store, keeper_spare(&keeper, &one), g->at->v, g->at->n, &n, e);
	holds_unlock(g->s->holds);
	if (rc < 0)
		return -1;
	g->n_refused += rc != 0 || n == 0;
	g->n_set += n;
	return note(g, "reapplied", n, e);
}

static void
clear(struct setting *g)
{
	for (size_t i = 0; i < g->n; i++)
		correction_release(&g->x[i]);
	g->n = 0;
}

/* 1: nothing was changed, so that another pass would find the same. */
static int
pass(struct setting *g, struct err *e)
{
	const struct selector covered = select_ask(&g->covered);
	const uint64_t before = g->n_set;

	clear(g);
	g->n_refused = 0;
	if (store_scan(g->store, &covered, see, g, e) < 0)
		return -1;
	for (size_t i = 0; i < g->n; i++) {
		g->at = &g->x[i];
		if (set_one(g, e) < 0)
			return -1;
	}
	return g->n_set == before;
}

static void
show(struct setting *g, uint64_t n, bool dry)
{
	struct print *o = &g->s->out;
	const char *store = store_conf(g->store)->name;

	print_begin(o);
	print_str(o, "store", span_str(store));
	print_int(o, "records", (int64_t)n);
	print_bool(o, "rectified", !dry);
	print_end(o);
	if (!o->json)
		printf(dry ? _("%s: %llu records have an old value again\n")
			   : _("%s: %llu records had an old value again, and are set right\n"),
			store, (unsigned long long)n);
}

static int
set_all(struct setting *g, struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < PASSES_MAX; i++)
		rc = pass(g, e);
	if (rc < 0)
		return -1;
	if (g->n_set > 0)
		show(g, g->n_set, false);
	return g->n_refused == 0
		       ? 0
		       : err_fail(e, EX_UNAVAILABLE, 0,
				 N_("some records keep an old value: they are held, locked, or the "
				    "store does not take the value"),
				 N_("say it again when they are free"), "%llu",
				 (unsigned long long)g->n_refused);
}

static int
count(struct setting *g, struct err *e)
{
	const struct selector covered = select_ask(&g->covered);

	if (store_scan(g->store, &covered, see, g, e) < 0)
		return -1;
	if (g->n > 0)
		show(g, g->n, true);
	return 0;
}

int
reapply_set(struct session *s, struct corrections *c, struct store *store, bool dry, struct err *e)
{
	struct setting g = { .s = s, .c = c, .store = store };
	int rc;

	if (!corrections_concern(c, store_conf(store)->name))
		return 0;
	g.covered = (struct select_question){ .ctx = &g, .record = ask_covered };
	g.one = (struct select_question){ .ctx = &g, .record = ask_one };
	rc = dry ? count(&g, e) : set_all(&g, e);
	clear(&g);
	free(g.x);
	return rc;
}
