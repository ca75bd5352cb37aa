/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/now.h"
#include "record/record.h"

#define CANONICAL (JSON_SORT_KEYS | JSON_COMPACT)
#define PLACE_MAX (1u << 16) /* bytes of a find's place */

static const char *const kinds[ORDER_KINDS] = { "search", "plan", "erase", "restrict", "lift",
	"release", "rectify-plan", "rectify" };
static const char *const faults[ORDER_FAULTS] = { "fine", "unreadable", "form", "signature",
	"second", "node", "early", "late", "replayed", "plan", "failed", "ends-agent" };

const char *
order_kind_name(enum order_kind k)
{
	return kinds[k];
}

bool
order_has_plan(enum order_kind k)
{
	return k == ORDER_ERASE || k == ORDER_RECTIFY;
}

bool
order_asks_plan(enum order_kind k)
{
	return k == ORDER_PLAN || k == ORDER_RECTIFY_PLAN;
}

bool
order_rectifies(enum order_kind k)
{
	return k == ORDER_RECTIFY_PLAN || k == ORDER_RECTIFY;
}

const char *
order_fault_name(enum order_fault f)
{
	return faults[f];
}

const char *
order_fault_text(enum order_fault f)
{
	static const char *const texts[ORDER_FAULTS] = {
		[ORDER_FINE] = N_("the order is right"),
		[ORDER_UNREADABLE] = N_("it is not for that machine's key, or damaged"),
		[ORDER_FORM] = N_("it is no order as they are written"),
		[ORDER_SIGNATURE] = N_("a signature is bad, or of nobody who may order"),
		[ORDER_SECOND] = N_("a second person's signature is missing"),
		[ORDER_NODE] = N_("it is for another machine"),
		[ORDER_EARLY] = N_("it is too early"),
		[ORDER_LATE] = N_("it is too late"),
		[ORDER_REPLAYED] = N_("it was carried out already"),
		[ORDER_PLAN_CHANGED] = N_("what is stored is not what the plan was made of"),
		[ORDER_FAILED] = N_("that machine cannot carry it out; its journal says why"),
		[ORDER_ENDS_AGENT] = N_("that machine's agent was ended by it each time"),
	};
	return texts[f];
}

bool
order_is_id(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdef", s.p[i]) || s.p[i] == '\0')
			return false;
	return s.len == ORDER_ID_HEX - 1;
}

int
order_new(enum order_kind kind, struct order **ret, struct err *e)
{
	struct order *o = calloc(1, sizeof(*o));
	unsigned char id[(ORDER_ID_HEX - 1) / 2];

	if (!o)
		return err_memory(e);
	randombytes_buf(id, sizeof(id));
	(void)sodium_bin2hex(o->id, sizeof(o->id), id, sizeof(id));
	o->kind = kind;
	o->made_us = now_us();
	o->identifiers = json_array();
	o->items = json_array();
	o->wishes = json_array();
	o->answered = json_array();
	if (!o->identifiers || !o->items || !o->wishes || !o->answered) {
		(void)order_free(o);
		return err_memory(e);
	}
	*ret = o;
	return 0;
}

struct order *
order_free(struct order *o)
{
	if (!o)
		return NULL;
	json_decref(o->identifiers);
	json_decref(o->items);
	json_decref(o->wishes);
	json_decref(o->answered);
	free(o);
	return NULL;
}

/* --- what it is about ------------------------------------------------------------------------- */

static int
append(json_t *array, json_t *value, struct err *e)
{
	return value && json_array_append_new(array, value) == 0 ? 0 : err_memory(e);
}

int
order_add_identifier(struct order *o, const struct identifier *i, bool dropped, struct err *e)
{
	return append(o->identifiers,
		json_pack("{s:I, s:s, s:s%, s:I, s:I, s:I, s:s, s:s, s:b, s:b, s:b}", "id",
			(json_int_t)i->id, "kind", i->kind, "value", i->value.p, i->value.len,
			"from", (json_int_t)i->from_us, "to", (json_int_t)i->to_us, "parent",
			(json_int_t)i->parent, "store", i->store ? i->store : "", "link",
			i->link ? i->link : "", "own", (int)i->own, "confirmed", (int)i->confirmed,
			"dropped", (int)dropped),
		e);
}

int
order_add_item(struct order *o, const struct find *f, struct err *e)
{
	const size_t len = strlen(f->place);
	const size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	cleanup_mem char *place = malloc(size);
	char digest[2 * RECORD_DIGEST_LEN + 1];

	if (!place)
		return err_memory(e);
	(void)sodium_bin2base64(
		place, size, (const unsigned char *)f->place, len, sodium_base64_VARIANT_ORIGINAL);
	(void)sodium_bin2hex(digest, sizeof(digest), f->digest, sizeof(f->digest));
	return append(o->items,
		json_pack("{s:I, s:s, s:s, s:s, s:b}", "find", (json_int_t)f->id, "store", f->store,
			"place", place, "digest", digest, "exclude",
			(int)(f->decision == FIND_EXCLUDE)),
		e);
}

int
order_add_wish(struct order *o, int64_t find, const char *field, const char *value, struct err *e)
{
	return append(o->wishes,
		json_pack("{s:I, s:s, s:s}", "find", (json_int_t)find, "field", field, "value",
			value),
		e);
}

int
order_add_answered(struct order *o, const char *id, struct err *e)
{
	return json_array_size(o->answered) >= ORDER_ANSWERED_MAX
		       ? 0
		       : append(o->answered, json_string(id), e);
}

static const char *
text_at(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static int64_t
int_at(const json_t *j, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(j, key));
}

static bool
flag_at(const json_t *j, const char *key)
{
	return json_is_true(json_object_get(j, key));
}

int
order_identifiers(const struct order *o, order_identifier_seen *seen, void *ctx, struct err *e)
{
	size_t n;
	json_t *j;

	json_array_foreach(o->identifiers, n, j)
	{
		const json_t *value = json_object_get(j, "value");
		const struct identifier i = { .id = int_at(j, "id"),
			.kind = text_at(j, "kind"),
			.value = span_of(json_string_value(value), json_string_length(value)),
			.from_us = int_at(j, "from"),
			.to_us = int_at(j, "to"),
			.parent = int_at(j, "parent"),
			.store = text_at(j, "store"),
			.link = text_at(j, "link"),
			.own = flag_at(j, "own"),
			.confirmed = flag_at(j, "confirmed") };

		if (seen(ctx, &i, flag_at(j, "dropped"), e) < 0)
			return -1;
	}
	return 0;
}

/* The place and the digest of item J; false: they are none. PLACE has PLACE_MAX bytes. */
static bool
item_read(const json_t *j, struct find *f, char *place)
{
	const char *text = text_at(j, "place"), *digest = text_at(j, "digest");
	size_t len, n;

	if (sodium_base642bin((unsigned char *)place, PLACE_MAX - 1, text, strlen(text), NULL, &len,
		    NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		memchr(place, '\0', len) ||
		sodium_hex2bin(f->digest, sizeof(f->digest), digest, strlen(digest), NULL, &n,
			NULL) != 0 ||
		n != sizeof(f->digest))
		return false;
	place[len] = '\0';
	f->id = int_at(j, "find");
	f->store = text_at(j, "store");
	f->place = place;
	f->decision = flag_at(j, "exclude") ? FIND_EXCLUDE : FIND_KEEP;
	f->ground = "";
	return f->id > 0;
}

int
order_items(const struct order *o, find_seen *seen, void *ctx, struct err *e)
{
	cleanup_mem char *place = malloc(PLACE_MAX);
	size_t n;
	json_t *j;

	if (!place)
		return err_memory(e);
	json_array_foreach(o->items, n, j)
	{
		struct find f = { .time_us = RECORD_NO_TIME };

		if (!item_read(j, &f, place))
			continue; /* order_parse() has seen to it that there is none */
		if (seen(ctx, &f, e) < 0)
			return -1;
	}
	return 0;
}

int
order_wishes(const struct order *o, order_wish_seen *seen, void *ctx, struct err *e)
{
	size_t n;
	json_t *j;

	json_array_foreach(o->wishes, n, j) if (seen(ctx, int_at(j, "find"), text_at(j, "field"),
							text_at(j, "value"), e) < 0) return -1;
	return 0;
}

int
order_answered(const struct order *o, order_answered_seen *seen, void *ctx, struct err *e)
{
	size_t n;
	json_t *j;

	json_array_foreach(o->answered, n, j) if (seen(ctx, json_string_value(j), e) < 0) return -1;
	return 0;
}

/* --- the text --------------------------------------------------------------------------------- */

static int
dump(json_t *root, struct buf *out, struct err *e)
{
	cleanup_mem char *text = root ? json_dumps(root, CANONICAL) : NULL;

	json_decref(root);
	if (!text)
		return err_memory(e);
	buf_str(out, text);
	explicit_bzero(text, strlen(text));
	return out->failed ? err_fail(e, EX_UNAVAILABLE, 0, N_("that is too much for one order"),
				     N_("do it on that machine, as root"), NULL)
			   : 0;
}

int
order_text(const struct order *o, struct buf *out, struct err *e)
{
	json_t *root = json_pack(
		"{s:i, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:O, s:O}", "v", 1,
		"id", o->id, "case", o->number, "article", (int)o->article, "received",
		(int)o->received_day, "lang", o->lang, "kind", kinds[o->kind], "node", o->node,
		"made", (json_int_t)o->made_us, "not_before", (json_int_t)o->not_before_us,
		"not_after", (json_int_t)o->not_after_us, "plan", o->plan, "identifiers",
		o->identifiers, "items", o->items);

	if (root && ((order_rectifies(o->kind) && json_object_set(root, "wishes", o->wishes) < 0) ||
			    (json_array_size(o->answered) > 0 &&
				    json_object_set(root, "answered", o->answered) < 0))) {
		json_decref(root);
		root = NULL;
	}
	return dump(root, out, e);
}

/* --- and back --------------------------------------------------------------------------------- */

/* Is it what json_dumps() would write: is there no second text of the same meaning? */
static bool
is_canonical(const json_t *root, struct span text)
{
	cleanup_mem char *again = json_dumps(root, CANONICAL);

	return again && span_eq(span_str(again), text);
}

static bool
take_text(const char *from, char *to, size_t size)
{
	if (strlen(from) >= size)
		return false;
	memcpy(to, from, strlen(from) + 1);
	return true;
}

static bool
is_number(const char *s)
{
	const size_t year = strspn(s, "0123456789");

	return year == 4 && s[4] == '-' && strspn(s + 5, "0123456789") == strlen(s + 5) &&
	       strlen(s + 5) >= 4;
}

static bool
is_hash(const char *s)
{
	return strlen(s) == SHA256_HEX - 1 && strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}

static bool
take_kind(const char *name, enum order_kind *ret)
{
	for (int k = 0; k < ORDER_KINDS; k++)
		if (strcmp(kinds[k], name) == 0) {
			*ret = (enum order_kind)k;
			return true;
		}
	return false;
}

static bool
take_head(struct order *o, const char *id, const char *number, const char *lang, const char *kind,
	const char *node, const char *plan)
{
	return order_is_id(span_str(id)) && take_text(id, o->id, sizeof(o->id)) &&
	       take_text(number, o->number, sizeof(o->number)) && is_number(number) &&
	       take_text(lang, o->lang, sizeof(o->lang)) && strlen(lang) == 2 &&
	       take_kind(kind, &o->kind) && take_text(node, o->node, sizeof(o->node)) &&
	       conf_is_node(node) && take_text(plan, o->plan, sizeof(o->plan)) &&
	       (order_has_plan(o->kind) ? is_hash(plan) : *plan == '\0');
}

static bool
are_identifiers(const json_t *v)
{
	size_t n;
	json_t *j;

	json_array_foreach(v, n, j)
	{
		json_int_t id, from, to, parent;
		const char *kind, *value, *store, *link;
		int own, confirmed, dropped;
		size_t len;

		if (json_unpack(j, "{s:I, s:s, s:s%, s:I, s:I, s:I, s:s, s:s, s:b, s:b, s:b !}",
			    "id", &id, "kind", &kind, "value", &value, &len, "from", &from, "to",
			    &to, "parent", &parent, "store", &store, "link", &link, "own", &own,
			    "confirmed", &confirmed, "dropped", &dropped) != 0 ||
			id <= 0 || len == 0 || len > IDENTIFIER_MAX)
			return false;
	}
	return true;
}

static bool
are_items(const json_t *v, char *place)
{
	size_t n;
	json_t *j;

	json_array_foreach(v, n, j)
	{
		struct find f;
		json_int_t find;
		const char *store, *where, *digest;
		int exclude;

		if (json_unpack(j, "{s:I, s:s, s:s, s:s, s:b !}", "find", &find, "store", &store,
			    "place", &where, "digest", &digest, "exclude", &exclude) != 0 ||
			!item_read(j, &f, place))
			return false;
	}
	return true;
}

static bool
has_item(const json_t *items, json_int_t find)
{
	size_t n;
	json_t *j;

	json_array_foreach(
		items, n, j) if (int_at(j, "find") == find && !flag_at(j, "exclude")) return true;
	return false;
}

/* Each about one of the finds that it names. */
static bool
are_wishes(const json_t *v, const json_t *items)
{
	size_t n;
	json_t *j;

	json_array_foreach(v, n, j)
	{
		const char *field, *value;
		json_int_t find;

		if (json_unpack(j, "{s:I, s:s, s:s !}", "find", &find, "field", &field, "value",
			    &value) != 0 ||
			!*field || strpbrk(field, " \t\r\n") || !has_item(items, find))
			return false;
	}
	return json_array_size(v) > 0;
}

static bool
are_ids(const json_t *v)
{
	size_t n;
	json_t *j;

	json_array_foreach(v, n, j) if (!json_is_string(j) ||
					!order_is_id(span_str(json_string_value(j)))) return false;
	return n > 0 && n <= ORDER_ANSWERED_MAX;
}

static bool
take_root(json_t *root, struct order *o, char *place)
{
	const char *id, *number, *lang, *kind, *node, *plan;
	json_int_t made, before, after;
	int v, article, received;

	if (json_unpack(root,
		    "{s:i, s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:O, s:O, s?O, s?O !}",
		    "v", &v, "id", &id, "case", &number, "article", &article, "received", &received,
		    "lang", &lang, "kind", &kind, "node", &node, "made", &made, "not_before",
		    &before, "not_after", &after, "plan", &plan, "identifiers", &o->identifiers,
		    "items", &o->items, "wishes", &o->wishes, "answered", &o->answered) != 0)
		return false;
	o->article = (enum article)article;
	o->received_day = received;
	o->made_us = made;
	o->not_before_us = before;
	o->not_after_us = after;
	return v == 1 && article_is(article) && before < after &&
	       take_head(o, id, number, lang, kind, node, plan) && json_is_array(o->identifiers) &&
	       json_is_array(o->items) && are_identifiers(o->identifiers) &&
	       are_items(o->items, place) &&
	       (order_rectifies(o->kind) ? are_wishes(o->wishes, o->items) : !o->wishes) &&
	       (!o->answered || are_ids(o->answered));
}

int
order_parse(struct span text, struct order **ret, struct err *e)
{
	CLEANUP(order_freep) struct order *o = calloc(1, sizeof(*o));
	cleanup_mem char *place = malloc(PLACE_MAX);
	json_t *root;
	bool good;

	if (!o || !place)
		return err_memory(e);
	root = text.len <= ORDER_MAX ? json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL)
				     : NULL;
	good = root && is_canonical(root, text) && take_root(root, o, place);
	json_decref(root);
	if (!good)
		return 1;
	*ret = TAKE(o);
	return 0;
}
