/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/subject/literal.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dsar/subject/subject.h"
#include "record/address.h"
#include "record/key/day.h"
#include "record/key/keyring.h"
#include "record/detect/needles.h"
#include "record/key/pseudonym.h"
#include "record/timestamp.h"

#define TOKEN_ANCHOR 1  /* "p4:…": the same for all tokens of a kind */
#define TAG_MAX      64 /* bytes between "+" and "@" */

/* --- the identifiers themselves --------------------------------------------------------------- */

static int
push(struct literals *l, struct literal *one, struct span text, struct err *e)
{
	if (l->n == l->max) {
		const size_t max = l->max ? 2 * l->max : 64;
		struct literal *v = reallocarray(l->v, max, sizeof(*v));

		if (!v)
			return err_memory(e);
		l->v = v;
		l->max = max;
	}
	one->text = malloc(text.len + 1);
	if (!one->text)
		return err_memory(e);
	memcpy(one->text, text.p, text.len);
	one->len = text.len;
	l->v[l->n++] = *one;
	return 0;
}

struct pushing {
	struct literals *l;
	size_t identifier;
	enum identifier_class class;
};

static int
push_form(void *ctx, struct span form, struct err *e)
{
	const struct pushing *p = ctx;
	struct literal one = { .identifier = p->identifier, .class = p->class };

	if (form.len < NEEDLE_MIN)
		return 0;
	for (size_t i = p->l->n; i > 0 && p->l->v[i - 1].identifier == p->identifier; i--)
		if (span_eq(form, span_of(p->l->v[i - 1].text, p->l->v[i - 1].len)))
			return 0;
	return push(p->l, &one, form, e);
}

/* "anna+" is looked for where an address is "anna@example.org", and what is behind its tag compared. */
static int
push_tagged(struct literals *l, size_t form, struct err *e)
{
	const struct span value = span_of(l->v[form].text, l->v[form].len);
	const char *at = memchr(value.p, '@', value.len), *plus;
	struct literal one = { .identifier = l->v[form].identifier, .class = IDENTIFIER_EMAIL };
	char local[4 * IDENTIFIER_MAX];
	size_t len;

	if (!at)
		return 0;
	plus = memchr(value.p, '+', (size_t)(at - value.p));
	len = (size_t)((plus ? plus : at) - value.p);
	if (len + 1 < NEEDLE_MIN || len >= sizeof(local))
		return 0;
	memcpy(local, value.p, len);
	local[len] = '+';
	one.rest = span_of(at, value.len - (size_t)(at - value.p));
	return push(l, &one, span_of(local, len + 1), e);
}

bool
literal_is_telling(enum identifier_class class, struct span value)
{
	size_t digits = 0;

	for (size_t i = 0; i < value.len; i++)
		digits += value.p[i] >= '0' && value.p[i] <= '9';
	return class != IDENTIFIER_ID || value.len >= 10 || (value.len >= 8 && digits < value.len);
}

static int
push_identifier(struct literals *l, const struct subject *s, size_t i, struct err *e)
{
	const struct span value = span_trim(s->v[i].value);
	struct pushing p = { .l = l, .identifier = i, .class = identifier_class(s->v[i].kind) };
	size_t first = l->n, forms;

	if (p.class == IDENTIFIER_PATTERN || !literal_is_telling(p.class, value))
		return 0;
	if (identifier_forms(p.class, value, push_form, &p, e) < 0)
		return -1;
	forms = l->n;
	while (p.class == IDENTIFIER_EMAIL && first < forms)
		if (push_tagged(l, first++, e) < 0)
			return -1;
	return 0;
}

/* --- tokens of days --------------------------------------------------------------------------- */

struct tokens {
	struct literals *l;
	const struct subject *s;
	struct pseudonym *p;
	bool addresses, ids; /* also as addresses; of identifiers that are none */
};

static int
push_token(struct tokens *t, size_t i, bool whole, const char *text, size_t len, struct err *e)
{
	struct literal one = { .identifier = i, .class = IDENTIFIER_ID, .token = whole };

	return len == 0 ? 0 : push(t->l, &one, span_of(text, len), e);
}

/* A /64's token stands for others, too. */
static int
push_address(struct tokens *t, size_t i, int32_t day, const struct address *a, struct err *e)
{
	char text[TOKEN_TEXT_MAX];
	size_t len = pseudonym_token(t->p, day, a, text, e);

	if (len == 0 || push_token(t, i, true, text, len, e) < 0)
		return -1;
	if (t->addresses && (len = pseudonym_address(t->p, day, a, text, e)) > 0 &&
		push_token(t, i, true, text, len, e) < 0)
		return -1;
	if (a->family != 6)
		return 0;
	len = pseudonym_net_token(t->p, day, a, text, e);
	return len == 0 ? -1 : push_token(t, i, false, text, len, e);
}

static int
push_of_day(struct tokens *t, size_t i, int32_t day, struct err *e)
{
	const struct identifier *id = &t->s->v[i];
	const enum identifier_class class = identifier_class(id->kind);
	char text[TOKEN_TEXT_MAX];
	struct address a;
	size_t len;

	if (id->from_us != INT64_MIN && day < timestamp_day(id->from_us))
		return 0;
	if (id->to_us != INT64_MAX && day > timestamp_day(id->to_us))
		return 0;
	if (class == IDENTIFIER_IP && address_parse(span_trim(id->value), &a)) {
		address_unmap(&a);
		return push_address(t, i, day, &a, e);
	}
	if (class != IDENTIFIER_ID || !t->ids)
		return 0;
	len = pseudonym_id(t->p, day, span_trim(id->value), text, e);
	return len == 0 ? -1 : push_token(t, i, true, text, len, e);
}

/* Do records that STORE gives have tokens by this transform? A journal gives other stores' records. */
static bool
has_rule(const struct conf *c, const struct conf_store *store, const char *to)
{
	for (size_t k = 0; k < c->n_stores; k++)
		for (size_t i = 0; i < c->store[k].n_rules; i++)
			if ((&c->store[k] == store || strcmp(store->type, "journal") == 0) &&
				strcmp(c->store[k].rule[i].to, to) == 0)
				return true;
	return false;
}

static int
push_tokens(struct literals *l, const struct conf *c, const struct conf_store *store,
	const struct subject *s, struct keyring *keys, struct err *e)
{
	CLEANUP(pseudonym_freep) struct pseudonym *p = NULL;
	const int32_t today = day_today(),
		      first = today - (int32_t)(c->longest_period_s / 86400) - 1;
	struct tokens t = { .l = l, .s = s };
	struct address prefix;
	unsigned bits;

	if (!address_parse_network(span_str(c->pseudonym_prefix), &prefix, &bits) ||
		pseudonym_new(keys, &prefix, &p, e) < 0)
		return -1;
	t.p = p;
	t.addresses = store->render_address || strcmp(store->type, "journal") == 0;
	t.ids = has_rule(c, store, "pseudonym-id");
	for (int32_t day = first; day <= today; day++)
		for (size_t i = 0; i < s->n && keyring_has(keys, day); i++)
			if (push_of_day(&t, i, day, e) < 0)
				return -1;
	return 0;
}

int
literals_make(struct literals *l, const struct conf *c, const struct conf_store *store,
	const struct subject *s, struct keyring *keys, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (push_identifier(l, s, i, e) < 0)
			return -1;
	return keys && !keyring_is_broken(keys) ? push_tokens(l, c, store, s, keys, e) : 0;
}

void
literals_release(struct literals *l)
{
	for (size_t i = 0; i < l->n; i++) {
		explicit_bzero(l->v[i].text, l->v[i].len);
		free(l->v[i].text);
	}
	free(l->v);
	*l = (struct literals){ 0 };
}

/* What an address of mail is looked for by: "nna@" or "nna%". What stands before the sign is the person's, what
 * follows it on half of a node's lines; of all else the rarest bytes. */
static size_t
anchor_of(const struct literal *l)
{
	size_t at = 0;

	if (l->token)
		return TOKEN_ANCHOR;
	while (l->class == IDENTIFIER_EMAIL && at < l->len && !strchr("@%+", l->text[at]))
		at++;
	return at >= 3 && at < l->len ? at - 3 : NEEDLE_ANY;
}

int
literals_needles(const struct literals *l, struct needles **ret, struct err *e)
{
	cleanup_mem struct needle *v = calloc(l->n + 1, sizeof(*v));

	if (!v)
		return err_memory(e);
	for (size_t i = 0; i < l->n; i++)
		v[i] = (struct needle){ .text = span_of(l->v[i].text, l->v[i].len),
			.anchor = anchor_of(&l->v[i]) };
	return needles_new(v, l->n, ret, e);
}

/* --- hits ------------------------------------------------------------------------------------- */

/* Bytes that a local part may have, and that a log does not put behind it. */
static bool
in_tag(char c)
{
	return (c >= '0' && c <= '9') || (bytes_lower(c) >= 'a' && bytes_lower(c) <= 'z') ||
	       (c != '\0' && strchr("._-+=~", c));
}

static bool
reads_on(struct span rest, struct span hay, size_t *end)
{
	size_t at = *end;

	while (at < hay.len && at - *end < TAG_MAX && in_tag(hay.p[at]))
		at++;
	if (hay.len - at < rest.len)
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (bytes_lower(hay.p[at + i]) != bytes_lower(rest.p[i]))
			return false;
	*end = at + rest.len;
	return true;
}

bool
literal_stands(const struct literal *l, struct span hay, size_t begin, size_t *end)
{
	if (l->rest.p && !reads_on(l->rest, hay, end))
		return false;
	/* of bytes that are their own, and of tokens, the case counts */
	if (l->class == IDENTIFIER_ID && memcmp(hay.p + begin, l->text, l->len) != 0)
		return false;
	return identifier_stands_alone(l->class, hay, begin, *end);
}
