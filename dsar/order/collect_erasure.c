/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/now.h"
#include "dsar/order/collect.h"
#include "dsar/search/find.h"
#include "dsar/order/ordered.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

static int
fail_erasure(const struct collecting *g, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("it is not what was ordered of that machine's finds"),
		N_("order a plan again"), "%s", g->node);
}

/* --- the node's finds ------------------------------------------------------------------------- */

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct collecting *g = ctx;

	return f->node && strcmp(f->node, g->node) == 0
		       ? erasure_add(&g->finds, f, ERASURE_MISSING, e)
		       : 0;
}

static int
by_id(const void *va, const void *vb)
{
	const struct erasure_item *a = va, *b = vb;

	return a->find < b->find ? -1 : a->find > b->find;
}

static int
finds_read(struct collecting *g, struct err *e)
{
	if (g->finds.n > 0)
		return 0;
	if (finds_each(g->s->registry, g->c.number, NULL, see_find, g, e) < 0)
		return -1;
	if (g->finds.n > 0)
		qsort(g->finds.item, g->finds.n, sizeof(g->finds.item[0]), by_id);
	return 0;
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool
fate_of(const char *word, enum erasure_fate *ret)
{
	for (int f = 0; f < ERASURE_FATES; f++)
		if (strcmp(erasure_fate_name((enum erasure_fate)f), word) == 0) {
			*ret = (enum erasure_fate)f;
			return true;
		}
	return false;
}

static int
item_add(struct collecting *g, const struct erasure_item *known, enum erasure_fate fate,
	const char *ground, int64_t until_us, struct err *e)
{
	struct find f = { .id = known->find, .store = known->store, .place = known->place };
	struct erasure_item *i;
	char *copy = strdup(ground);

	memcpy(f.digest, known->digest, sizeof(f.digest));
	if (!copy || erasure_add(&g->x, &f, fate, e) < 0) {
		free(copy);
		return err_memory(e);
	}
	i = &g->x.item[g->x.n - 1];
	free(i->ground);
	i->ground = copy;
	i->until_us = until_us;
	return 0;
}

static int
take_item(struct collecting *g, const json_t *j, struct err *e)
{
	const char *type, *word, *ground;
	json_int_t find, until;
	const struct erasure_item *known;
	enum erasure_fate fate;

	if (finds_read(g, e) < 0)
		return -1;
	if (json_unpack((json_t *)j, "{s:s, s:I, s:s, s:s, s:I !}", "type", &type, "find", &find,
		    "fate", &word, "ground", &ground, "until", &until) != 0 ||
		!fate_of(word, &fate) || g->x.n >= g->finds.n)
		return fail_erasure(g, e);
	known = bsearch(&(struct erasure_item){ .find = find }, g->finds.item, g->finds.n,
		sizeof(g->finds.item[0]), by_id);
	g->n_found += fate == ERASURE_ERASE || fate == ERASURE_GONE;
	return known ? item_add(g, known, fate, ground, until, e) : fail_erasure(g, e);
}

static int
take_proof(struct collecting *g, const json_t *j, struct err *e)
{
	const char *type;
	json_int_t left, failed;

	if (json_unpack((json_t *)j, "{s:s, s:I, s:I !}", "type", &type, "left", &left, "failed",
		    &failed) != 0 ||
		g->proved || left < 0 || left > INT32_MAX || failed < 0 || failed > INT32_MAX)
		return fail_erasure(g, e);
	g->proved = true;
	g->n_left = (uint64_t)left;
	g->n_failed += (uint64_t)failed;
	return 0;
}

int
collect_erasure(void *ctx, const json_t *line, struct err *e)
{
	struct collecting *g = ctx;
	const char *type = json_string_value(json_object_get(line, "type"));
	const char *hash = json_string_value(json_object_get(line, "hash"));

	if (!type || g->ended)
		return fail_erasure(g, e);
	if (strcmp(type, "item") == 0)
		return take_item(g, line, e);
	if (strcmp(type, "plan") == 0 && hash && strlen(hash) < sizeof(g->hash)) {
		memcpy(g->hash, hash, strlen(hash) + 1);
		return 0;
	}
	if (strcmp(type, "proof") == 0)
		return take_proof(g, line, e);
	g->ended = strcmp(type, "end") == 0;
	return g->ended ? 0 : fail_erasure(g, e);
}

static json_t *
proof_entry(const struct collecting *g)
{
	json_t *names = json_array();

	if (g->n_failed > 0)
		(void)json_array_append_new(names, json_string(g->node));
	return json_pack("{s:s, s:s, s:I, s:I, s:o}", "what", "searched again", "node", g->node,
		"left", (json_int_t)g->n_left, "failed", (json_int_t)g->n_failed, "unsearched",
		names);
}

/* Into ledger and case, as erase_proof.c does for this machine. A node that says nothing of it has not searched again. */
static int
put_proof(struct collecting *g, struct err *e)
{
	g->n_failed += !g->proved;
	return case_event_recorded(
		g->s->registry, g->c.number, "proof", proof_entry(g), now_us(), e);
}

/* What will be signed is this machine's own hash over what was shown here. */
int
collect_erasure_end(struct collecting *g, bool erased, struct err *e)
{
	struct buf text = { 0 };
	int rc = erased ? 0 : erasure_text(&g->x, &text, e);

	buf_wipe(&text);
	if (rc == 0 && !erased && strcmp(g->x.hash, g->hash) != 0)
		rc = fail_erasure(g, e);
	if (rc < 0 || (erased && put_proof(g, e) < 0))
		return -1;
	return ordered_items_put(g->s->registry, g->node, erased, &g->x, now_us(), e);
}
