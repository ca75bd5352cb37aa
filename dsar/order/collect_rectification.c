/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "dsar/order/collect.h"
#include "dsar/register/registry.h"
#include "dsar/search/find.h"
#include "dsar/session.h"
#include "record/record.h"

static int
fail_rectification(const struct collecting *g, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("it is not what was ordered of that machine's finds"),
		N_("order a plan again"), "%s", g->node);
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool
fate_of(const char *word, enum rectify_fate *ret)
{
	for (int f = 0; f < RECTIFY_FATES; f++)
		if (strcmp(rectify_fate_name((enum rectify_fate)f), word) == 0) {
			*ret = (enum rectify_fate)f;
			return true;
		}
	return false;
}

static struct rectify_item *
wish_of(struct collecting *g, int64_t find, const char *field)
{
	for (size_t i = 0; i < g->wishes.n; i++)
		if (g->wishes.item[i].find == find && strcmp(g->wishes.item[i].field, field) == 0)
			return &g->wishes.item[i];
	return NULL;
}

static int
take_item(struct collecting *g, const json_t *j, struct err *e)
{
	const char *type, *field, *word, *ground;
	struct rectify_item *i;
	enum rectify_fate fate;
	json_int_t find;
	char *copy;

	if (json_unpack((json_t *)j, "{s:s, s:I, s:s, s:s, s:s !}", "type", &type, "find", &find,
		    "field", &field, "fate", &word, "ground", &ground) != 0 ||
		!fate_of(word, &fate))
		return fail_rectification(g, e);
	i = wish_of(g, find, field);
	if (!i) { /* somebody has taken it back since it was ordered */
		g->strange = true;
		return 0;
	}
	copy = strdup(ground);
	if (!copy)
		return err_memory(e);
	free(i->ground);
	i->ground = copy;
	i->fate = fate;
	g->n_said++;
	g->n_found += fate == RECTIFY_SET || fate == RECTIFY_DONE;
	return 0;
}

/* The find becomes what its record is by now; what is stated about it is stated about that. */
static int
become(struct collecting *g, const struct find *f, struct err *e)
{
	bool known = false;

	g->became = true;
	for (size_t i = 0; i < g->wishes.n; i++)
		if (g->wishes.item[i].find == f->id) {
			known = true;
			memcpy(g->wishes.item[i].becomes, f->digest, RECORD_DIGEST_LEN);
		}
	return known ? find_became(g->s->registry, g->c.number, f->id, f, e)
		     : fail_rectification(g, e);
}

static int
take_became(struct collecting *g, const json_t *j, struct err *e)
{
	const char *type, *digest, *text64 = NULL;
	json_int_t find, size, time = RECORD_NO_TIME;
	cleanup_mem char *text = NULL;
	size_t len = 0, n;
	struct find f;
	int rc;

	if (json_unpack((json_t *)j, "{s:s, s:I, s:s, s:I, s?I, s?s !}", "type", &type, "find",
		    &find, "digest", &digest, "size", &size, "time", &time, "text", &text64) != 0 ||
		size < 0)
		return fail_rectification(g, e);
	f = (struct find){ .id = find, .size = (uint64_t)size, .time_us = time };
	text = malloc(text64 ? strlen(text64) + 1 : 1);
	if (!text)
		return err_memory(e);
	if (sodium_hex2bin(f.digest, sizeof(f.digest), digest, strlen(digest), NULL, &n, NULL) !=
			0 ||
		n != sizeof(f.digest) ||
		(text64 && sodium_base642bin((unsigned char *)text, strlen(text64) + 1, text64,
				   strlen(text64), NULL, &len, NULL,
				   sodium_base64_VARIANT_ORIGINAL) != 0))
		return fail_rectification(g, e);
	f.text = text64 ? span_of(text, len) : SPAN_NONE;
	rc = become(g, &f, e);
	explicit_bzero(text, len);
	return rc;
}

int
collect_rectification(void *ctx, const json_t *line, struct err *e)
{
	struct collecting *g = ctx;
	const char *type = json_string_value(json_object_get(line, "type"));
	const char *hash = json_string_value(json_object_get(line, "hash"));

	if (!type || g->ended)
		return fail_rectification(g, e);
	if (strcmp(type, "item") == 0)
		return take_item(g, line, e);
	if (strcmp(type, "became") == 0)
		return take_became(g, line, e);
	if (strcmp(type, "plan") == 0 && hash && strlen(hash) < sizeof(g->hash)) {
		memcpy(g->hash, hash, strlen(hash) + 1);
		return 0;
	}
	g->ended = strcmp(type, "end") == 0;
	return g->ended ? 0 : fail_rectification(g, e);
}

/* --- what it says is kept --------------------------------------------------------------------- */

/* Of which record which one was made, as for a rectification on this machine (R16). */
static int
account(struct collecting *g, const struct rectify_item *i, struct err *e)
{
	char from[2 * RECORD_DIGEST_LEN + 1], to[2 * RECORD_DIGEST_LEN + 1];
	const bool done = i->fate == RECTIFY_DONE;

	(void)sodium_bin2hex(from, sizeof(from), i->digest, sizeof(i->digest));
	(void)sodium_bin2hex(to, sizeof(to), i->becomes, sizeof(i->becomes));
	return case_event(g->s->registry, g->c.number, "rectification",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", rectify_fate_name(i->fate), "node",
			g->node, "store", i->store, "from", from, "to", done ? to : from),
		now_us(), e);
}

static bool
has_become(const struct rectify_item *i)
{
	static const uint8_t none[RECORD_DIGEST_LEN];

	return memcmp(i->becomes, none, sizeof(none)) != 0;
}

static int
keep(struct collecting *g, const struct rectify_item *i, struct err *e)
{
	struct registry *r = g->s->registry;

	if (rectification_put(r, g->c.number, i, e) < 0)
		return -1;
	if (i->fate == RECTIFY_STATED &&
		statement_attach(r, g->c.number, has_become(i) ? i->becomes : i->digest, i->field,
			i->value, now_us(), e) < 0)
		return -1;
	return i->fate == RECTIFY_DONE || i->fate == RECTIFY_STATED ? account(g, i, e) : 0;
}

/* What will be signed is this machine's own hash over what is wished and was shown here. */
static int
check_plan(struct collecting *g, struct err *e)
{
	struct buf text = { 0 };
	int rc = rectification_text(&g->wishes, &text, e);

	buf_wipe(&text);
	if (rc == 0 && g->became)
		rc = fail_rectification(g, e);
	for (size_t i = 0; rc == 0 && i < g->wishes.n; i++)
		if (g->wishes.item[i].fate != RECTIFY_SET &&
			g->wishes.item[i].fate != RECTIFY_STATE)
			rc = fail_rectification(g, e); /* a plan has done nothing */
	if (rc < 0)
		return -1;
	if (g->strange || g->n_said != g->wishes.n) {
		g->hash[0] = '\0';
		return 0;
	}
	return strcmp(g->wishes.hash, g->hash) == 0 ? 0 : fail_rectification(g, e);
}

int
collect_rectification_end(struct collecting *g, bool rectified, struct err *e)
{
	int rc = rectified ? 0 : check_plan(g, e);

	for (size_t i = 0; rc == 0 && i < g->wishes.n; i++)
		rc = keep(g, &g->wishes.item[i], e);
	return rc;
}
