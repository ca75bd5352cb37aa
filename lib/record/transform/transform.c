/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform.c - the table of transforms, and how one is compiled
 */
#include "record/transform/transform.h"

#include <stdlib.h>

#include "record/format/escape.h"
#include "record/transform/memo.h"
#include "record/transform/path_mask.h"
#include "record/key/pseudonym.h"
#include "record/transform/transform-private.h"
#include "record/transform/value_set.h"

#define TEXT_MAX        (4u << 20) /* of a free text that needs more than one pass */
#define LAST_DIGITS_MAX 4          /* what the privacy policy allows of a phone number */

_Static_assert(
	TRANSFORM_KNOWN_MAX >= MEMO_OUTPUT_MAX && TRANSFORM_BEHIND <= MEMO_BEHIND, "of a memo");
_Static_assert(TRANSFORM_KNOWN_MAX >= TOKEN_LEN && TRANSFORM_BEHIND <= TOKEN_BEHIND, "of a token");

static int
transform_keep(const struct transform *t, struct transform_env *env, struct span v, struct buf *out,
	struct err *e)
{
	(void)t, (void)env, (void)e;
	buf_span(out, v);
	return 0;
}

#define PATH_OPTIONS                                                                               \
	(OPTION_BIT(OPTION_MASK) | OPTION_BIT(OPTION_SEGMENTS) | OPTION_BIT(OPTION_VALUES))

static const struct transform_kind kinds[] = {
	{ .name = "keep", .apply = transform_keep },
	{ .name = "pseudonym", .apply = transform_pseudonym, .holds = transform_token_holds },
	{ .name = "prefix-pseudonym", .apply = transform_prefix_pseudonym },
	{ .name = "pseudonym-id", .apply = transform_pseudonym_id },
	{ .name = "truncate", .apply = transform_truncate, .options = OPTION_BIT(OPTION_BITS) },
	{ .name = "last4", .apply = transform_last4, .options = OPTION_BIT(OPTION_DIGITS) },
	{ .name = "host-only",
		.apply = transform_host_only,
		.key = transform_origin_key,
		.holds = transform_origin_holds },
	{ .name = "method+path",
		.apply = transform_method_path,
		.options = PATH_OPTIONS,
		.key = transform_request_key,
		.holds = transform_request_holds },
	{ .name = "path", .apply = transform_path, .options = PATH_OPTIONS },
	{ .name = "browser-family",
		.apply = transform_browser_family,
		.holds = transform_agent_holds },
	{ .name = "coarse-time",
		.apply = transform_coarse_time,
		.options = OPTION_BIT(OPTION_INTERVAL) },
	{ .name = "class", .apply = transform_class },
	{ .name = "redact", .apply = transform_redact, .options = OPTION_BIT(OPTION_DETECT) },
	{ .name = "one-of", .apply = transform_one_of, .options = OPTION_BIT(OPTION_VALUES) },
	{ .name = "words", .apply = transform_words, .options = OPTION_BIT(OPTION_VALUES) },
	{ .name = "number", .apply = transform_number },
	{ .name = "flag", .apply = transform_flag },
};

/* An option that means nothing to the transform is a mistake about what it does. */
static int
options_check(const struct transform_kind *k, const struct conf_reduce *d, struct err *e)
{
	unsigned given = 0;

	given |= d->mask.n > 0 ? OPTION_BIT(OPTION_MASK) : 0;
	given |= d->segments >= 0 ? OPTION_BIT(OPTION_SEGMENTS) : 0;
	given |= d->detect.n > 0 ? OPTION_BIT(OPTION_DETECT) : 0;
	given |= d->values.n > 0 ? OPTION_BIT(OPTION_VALUES) : 0;
	given |= d->bits4 >= 0 || d->bits6 >= 0 ? OPTION_BIT(OPTION_BITS) : 0;
	given |= d->digits >= 0 ? OPTION_BIT(OPTION_DIGITS) : 0;
	given |= d->interval ? OPTION_BIT(OPTION_INTERVAL) : 0;
	if (given & ~k->options)
		return conf_fail(e, &d->where, N_("an option that this transform does not have"),
			N_("see sparsam.conf(5) for what each one takes"), "%s: %s", d->field,
			k->name);
	return 0;
}

static int
numbers_take(struct transform *t, const struct conf_reduce *d, struct err *e)
{
	t->bits4 = d->bits4 < 0 ? 24 : (unsigned)d->bits4;
	t->bits6 = d->bits6 < 0 ? 48 : (unsigned)d->bits6;
	if (t->bits4 > 32 || t->bits6 > 128)
		return conf_fail(e, &d->where, N_("an address does not have so many bits"),
			N_("up to 32 and 128"), "%s", d->field);
	t->digits = d->digits < 0 ? LAST_DIGITS_MAX : (unsigned)d->digits;
	if (t->digits < 1 || t->digits > LAST_DIGITS_MAX)
		return conf_fail(e, &d->where, N_("bad number of digits"), N_("one to four"), "%s",
			d->field);
	t->interval_s = d->interval ? conf_period_s(d->interval) : 3600;
	if (t->interval_s <= 0)
		return conf_fail(e, &d->where, N_("bad interval"),
			N_("a number and s, min, h, d or w, as in \"15min\""), "%s", d->field);
	return 0;
}

static int
types_take(struct transform *t, const struct conf_reduce *d, struct err *e)
{
	t->types = d->detect.n > 0 ? 0 : DETECT_DEFAULT;
	for (size_t i = 0; i < d->detect.n; i++) {
		enum detect_type type;

		if (!detect_type_by_name(d->detect.v[i], &type))
			return conf_fail(e, &d->where, N_("no such detector"),
				N_("ipv4, ipv6, email, phone, token, uuid"), "%s: %s", d->field,
				d->detect.v[i]);
		t->types |= DETECT_BIT(type);
	}
	return 0;
}

static int
networks_take(struct transform *t, const struct conf_store *s, struct err *e)
{
	t->keep = calloc(s->keep_networks.n + 1, sizeof(*t->keep));
	if (!t->keep)
		return err_memory(e);
	for (size_t i = 0; i < s->keep_networks.n; i++) {
		struct transform_network *k = &t->keep[t->n_keep];

		if (!address_parse_network(span_str(s->keep_networks.v[i]), &k->net, &k->bits))
			return conf_fail(e, &s->where, N_("bad network in keep_networks"),
				N_("write it as 10.0.0.0/8 or 2001:db8::/32"), "store \"%s\": %s",
				s->name, s->keep_networks.v[i]);
		t->n_keep++;
	}
	return 0;
}

/* What some kinds need besides numbers. */
static int
parts_make(struct transform *t, const struct conf_reduce *d, struct err *e)
{
	if (t->kind->options & OPTION_BIT(OPTION_MASK)) {
		if (path_mask_new(d, &t->mask, e) < 0)
			return -1;
	} else if (t->kind->options & OPTION_BIT(OPTION_VALUES)) {
		return value_set_new(d, t->kind->apply == transform_words, &t->values, e);
	}
	if (t->kind->apply == transform_host_only)
		t->memo = memo_new(1024, 96, 96);
	else if (t->kind->apply == transform_method_path)
		t->memo = memo_new(4096, TRANSFORM_KEY_MAX, 80);
	else if (t->kind->apply == transform_browser_family)
		t->memo = memo_new(2048, MEMO_INPUT_MAX, 40);
	else if (t->kind->apply == transform_redact)
		t->scratch = calloc(SCRATCH_BUFS, sizeof(*t->scratch));
	else
		return 0;
	if (!t->memo && !t->scratch)
		return err_memory(e);
	for (unsigned i = 0; t->scratch && i < SCRATCH_BUFS; i++)
		buf_init(&t->scratch[i], TEXT_MAX);
	return 0;
}

int
transform_new(const struct conf_reduce *d, const struct conf_store *s, struct transform **ret,
	struct err *e)
{
	CLEANUP(transform_freep) struct transform *t = calloc(1, sizeof(*t));

	if (!t)
		return err_memory(e);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, d->to) == 0)
			t->kind = &kinds[i];
	if (!t->kind)
		return conf_fail(e, &d->where, N_("no such transform"),
			N_("see sparsam.conf(5) for their names"), "%s: %s", d->field, d->to);
	t->render_address = s->render_address;
	if (options_check(t->kind, d, e) < 0 || numbers_take(t, d, e) < 0 ||
		types_take(t, d, e) < 0 || networks_take(t, s, e) < 0 || parts_make(t, d, e) < 0)
		return -1;
	/* pseudonyms are remembered for all stores together, if they are tokens everywhere */
	t->remembers = t->memo || (t->kind->holds && t->n_keep == 0 && !t->render_address);
	*ret = TAKE(t);
	return 0;
}

struct transform *
transform_free(struct transform *t)
{
	if (!t)
		return NULL;
	for (unsigned i = 0; t->scratch && i < SCRATCH_BUFS; i++)
		buf_wipe(&t->scratch[i]);
	free(t->scratch);
	path_mask_free(t->mask);
	value_set_free(t->values);
	memo_free(t->memo);
	free(t->keep);
	free(t);
	return NULL;
}

const char *
transform_name(const struct transform *t)
{
	return t->kind->name;
}

bool
transform_is_keep(const struct transform *t)
{
	return t->kind->apply == transform_keep;
}

bool
transform_remembers(const struct transform *t)
{
	return t->remembers;
}

static inline bool
says_nothing(struct span v)
{
	return v.len == 0 || (v.len == 1 && v.p[0] == '-');
}

static uint64_t
address_hits(const struct transform_env *env)
{
	return env->hits[DETECT_IPV4] + env->hits[DETECT_IPV6];
}

void
transform_key(const struct transform *t, const struct transform_env *env, struct span value,
	struct transform_key *ret)
{
	ret->tail = SPAN("");
	ret->text = t->kind->key ? t->kind->key(value, ret->made, &ret->tail) : value;
	ret->hash = t->memo ? memo_hash(t->memo, ret->text)
			    : pseudonym_hash(env->pseudonym, ret->text);
}

struct span
transform_known(
	const struct transform *t, struct transform_env *env, const struct transform_key *key)
{
	static const char nothing[1 + TRANSFORM_BEHIND] = "-";
	const char *token;

	if (key->tail.len == 0 && says_nothing(key->text))
		return span_of(nothing, 1);
	if (t->memo)
		return memo_find_at(t->memo, key->hash, key->text);
	token = pseudonym_recall(env->pseudonym, key->hash, env->day, key->text);
	if (!token)
		return SPAN_NONE;
	env->hits[token[2] == '4' ? DETECT_IPV4 : DETECT_IPV6]++;
	return span_of(token, TOKEN_LEN);
}

bool
transform_recall(const struct transform *t, struct transform_env *env,
	const struct transform_key *key, struct buf *out)
{
	const struct span known = transform_known(t, env, key);

	if (!known.p)
		return false;
	buf_put_short(out, known.p, known.len);
	if (key->tail.len > 0)
		buf_span(out, key->tail);
	return true;
}

/* A value with the mark of an escape could be another one where it stands in a line. */
static void
note(const struct transform *t, struct transform_env *env, struct span value, struct span made,
	uint64_t n_hits)
{
	char shorter[TRANSFORM_KEY_MAX];
	struct span tail = SPAN(""),
		    key = t->kind->key ? t->kind->key(value, shorter, &tail) : value;

	if (made.len < tail.len)
		return;
	made.len -= tail.len;
	if ((t->memo && !memo_fits(t->memo, key, made)) || escape_has_mark(value) ||
		!t->kind->holds(value, key, made, n_hits))
		return;
	if (t->memo)
		memo_put(t->memo, key, made);
	else
		pseudonym_note(env->pseudonym, env->day, key, made.p);
}

int
transform_apply(const struct transform *t, struct transform_env *env, struct span value,
	struct buf *out, struct err *e)
{
	uint64_t hits = address_hits(env);
	size_t at = out->len;

	if (says_nothing(value)) {
		buf_char(out, '-');
		return 0;
	}
	if (t->kind->apply(t, env, value, out, e) < 0)
		return -1;
	if (t->remembers && !out->failed)
		note(t, env, value, span_of(out->p + at, out->len - at), address_hits(env) - hits);
	return 0;
}
