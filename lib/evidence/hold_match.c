/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What cannot be decided is held: a record without text or time, a pattern that meets its limit, an
 * identifier that cannot be unsealed, a token whose day has no key.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/bytes.h"
#include "evidence/hold-private.h"
#include "evidence/hold_text.h"
#include "record/detect/detect.h"
#include "record/key/digest.h"
#include "record/key/keyring.h"
#include "record/record.h"
#include "record/timestamp.h"

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, RECORD_DIGEST_LEN);
}

/* M of that many bytes. */
static bool
is_match(enum hold_match m, size_t len)
{
	if (m == HOLD_RECORDS)
		return len > 0 && len <= HOLD_RECORDS_MAX && len % RECORD_DIGEST_LEN == 0;
	return len > 0 && len <= HOLD_MATCH_MAX;
}

static int
identifier_init(struct hold_needle *n, struct span text, struct err *e)
{
	n->is_address = address_parse(text, &n->address);
	buf_init(&n->folded, 8 * HOLD_MATCH_MAX);
	hold_text_fold(text, &n->folded);
	return n->folded.failed ? err_memory(e) : 0;
}

/* On bytes, as it stands, and on letters: a letter of either case is no byte of another one. */
static int
pattern_init(struct hold_needle *n, struct span text, struct err *e)
{
	struct buf letters;
	PCRE2_SIZE at;
	int code;

	n->code = pcre2_compile((PCRE2_SPTR)text.p, text.len, PCRE2_CASELESS, &code, &at, NULL);
	if (!n->code)
		return err_fail(e, EX_DATAERR, 0, N_("bad pattern"), NULL, "byte %zu", (size_t)at);
	(void)pcre2_jit_compile(n->code, PCRE2_JIT_COMPLETE);
	buf_init(&letters, 8 * HOLD_MATCH_MAX);
	hold_text_compose(text, &letters);
	if (!letters.failed)
		n->utf8 = pcre2_compile((PCRE2_SPTR)letters.p, letters.len,
			PCRE2_CASELESS | PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
	if (n->utf8)
		(void)pcre2_jit_compile(n->utf8, PCRE2_JIT_COMPLETE);
	buf_wipe(&letters);
	n->data = pcre2_match_data_create_from_pattern(n->code, NULL);
	return n->data ? 0 : err_memory(e);
}

int
hold_needle_init(struct hold_needle *n, enum hold_match m, struct span text, struct err *e)
{
	*n = (struct hold_needle){ .token_day = INT32_MIN };
	if (m == HOLD_ALL)
		return 0;
	if (!is_match(m, text.len))
		return err_fail(e, EX_USAGE, 0, N_("pattern or identifier is empty or too long"),
			N_("give 1 to 1024 bytes"), NULL);
	n->text = malloc(text.len + 1);
	if (!n->text)
		return err_memory(e);
	memcpy(n->text, text.p, text.len);
	n->text[text.len] = '\0';
	n->len = text.len;
	if (m == HOLD_RECORDS) {
		qsort(n->text, n->len / RECORD_DIGEST_LEN, RECORD_DIGEST_LEN, compare);
		return 0;
	}
	return m == HOLD_IDENTIFIER ? identifier_init(n, text, e) : pattern_init(n, text, e);
}

void
hold_needle_release(struct hold_needle *n)
{
	if (n->text)
		explicit_bzero(n->text, n->len);
	explicit_bzero(n->token, sizeof(n->token));
	free(n->text);
	pcre2_match_data_free(n->data);
	pcre2_code_free(n->code);
	pcre2_code_free(n->utf8);
	buf_wipe(&n->folded);
	*n = (struct hold_needle){ 0 };
}

/* --- the text --------------------------------------------------------------------------------- */

static bool
contains(struct span text, const char *what, size_t len)
{
	for (size_t i = 0; len > 0 && i + len <= text.len; i++) {
		size_t k = 0;

		while (k < len && bytes_lower(text.p[i + k]) == bytes_lower(what[k]))
			k++;
		if (k == len)
			return true;
	}
	return false;
}

static bool
tokens_ready(struct holds *h)
{
	struct address prefix;
	unsigned bits;
	struct err ignored;

	if (h->pseudonym || h->no_tokens)
		return !h->no_tokens;
	if (!address_parse_network(span_str(h->conf->pseudonym_prefix), &prefix, &bits) ||
		keyring_open(h->conf, NULL, NULL, &h->keyring, &ignored) < 0 ||
		keyring_is_broken(h->keyring) ||
		pseudonym_new(h->keyring, &prefix, &h->pseudonym, &ignored) < 0)
		h->no_tokens = true;
	return !h->no_tokens;
}

/* Does the text of day DAY hold the address's token? A day without a key has none. */
static bool
has_token(struct holds *h, struct hold_needle *n, struct span text, int32_t day)
{
	struct err ignored;

	if (!tokens_ready(h))
		return true; /* cannot be decided */
	if (n->token_day != day) {
		n->token_len = pseudonym_token(h->pseudonym, day, &n->address, n->token, &ignored);
		n->token_day = day;
		if (h->no_tokens || n->token_len == 0)
			return true;
		if (keyring_is_throwaway(h->keyring, day))
			n->token_len = 0;
	}
	return contains(text, n->token, n->token_len);
}

static bool
has_digest(const struct hold_needle *n, const struct record *r)
{
	uint8_t digest[RECORD_DIGEST_LEN];

	record_digest(r, digest);
	return bsearch(digest, n->text, n->len / RECORD_DIGEST_LEN, RECORD_DIGEST_LEN, compare);
}

/* Is the address in TEXT, in whatever form? */
static bool
has_address(const struct hold_needle *n, struct span text)
{
	struct address wanted = n->address;
	struct detect d;
	struct finding f;

	address_unmap(&wanted);
	detect_start(&d, text, DETECT_ADDRESSES);
	while (detect_next(&d, &f)) {
		address_unmap(&f.address);
		if (memcmp(&f.address, &wanted, sizeof(wanted)) == 0)
			return true;
	}
	return false;
}

static bool
code_finds(const pcre2_code *code, const struct hold_needle *n, struct span text)
{
	return code && pcre2_match(code, (PCRE2_SPTR)text.p, text.len, 0, 0, n->data, NULL) !=
			       PCRE2_ERROR_NOMATCH;
}

/* TEXT as letters; what cannot be told is held. */
static bool
letters_find(struct holds *h, const struct hold_entry *en, struct span text)
{
	const struct hold_needle *n = &en->needle;
	struct buf *letters = &h->text[2];
	const bool pattern = en->hold.match == HOLD_PATTERN;

	buf_clear(letters);
	if (pattern)
		hold_text_utf8(text, letters);
	else
		hold_text_fold(text, letters);
	if (letters->failed)
		return true;
	text = span_of(letters->len ? letters->p : "", letters->len);
	return pattern ? code_finds(n->utf8, n, text)
		       : memmem(text.p, text.len, n->folded.p, n->folded.len) != NULL;
}

#define LAYERS_MAX 2 /* of escapes: JSON in a log of nginx's */

/* Is it in TEXT by another case, encoding or escape than the one it was given in? */
static bool
other_forms_find(struct holds *h, const struct hold_entry *en, struct span text)
{
	if (text.len > HOLD_TEXT_MAX || letters_find(h, en, text))
		return true;
	for (int i = 0; i < LAYERS_MAX; i++) {
		struct buf *out = &h->text[i];

		buf_clear(out);
		if (!hold_text_unescape(text, out))
			return out->failed;
		text = span_of(out->len ? out->p : "", out->len);
		if (out->failed || letters_find(h, en, text) ||
			(en->hold.match == HOLD_PATTERN &&
				code_finds(en->needle.code, &en->needle, text)))
			return true;
	}
	return false;
}

/* … or, of an address, another form of it; not its tokens. */
static bool
identifier_finds(struct holds *h, const struct hold_entry *en, struct span text)
{
	const struct hold_needle *n = &en->needle;

	if (contains(text, n->text, n->len))
		return true;
	if (n->is_address) /* the detectors undo escapes themselves */
		return has_address(n, text);
	/* "weiß" is "weiss" without regard to case, which has no letter that shows it */
	if (!hold_text_is_plain(span_of(n->text, n->len)) &&
		contains(text, n->folded.p, n->folded.len))
		return true;
	return !hold_text_is_plain(text) && other_forms_find(h, en, text);
}

static bool
pattern_finds(struct holds *h, const struct hold_entry *en, struct span text)
{
	return code_finds(en->needle.code, &en->needle, text) ||
	       (!hold_text_is_plain(text) && other_forms_find(h, en, text));
}

static bool
needle_finds(struct holds *h, struct hold_entry *en, const struct record *r)
{
	struct hold_needle *n = &en->needle;
	struct span text;

	if (en->hold.match == HOLD_ALL || !n->text)
		return true; /* of what cannot be unsealed, for it cannot be decided */
	if (en->hold.match == HOLD_RECORDS)
		return has_digest(n, r);
	if (en->hold.match == HOLD_IDENTIFIER && r->silent)
		return false;
	text = record_text(r);
	if (!text.p)
		return true;
	if (en->hold.match == HOLD_PATTERN)
		return pattern_finds(h, en, text);
	return identifier_finds(h, en, text) ||
	       (n->is_address && r->time_us != RECORD_NO_TIME &&
		       has_token(h, n, text, timestamp_day(r->time_us)));
}

/* --- the scope -------------------------------------------------------------------------------- */

static bool
names(const struct conf_list *stores, const char *name)
{
	for (size_t i = 0; i < stores->n; i++)
		if (strcmp(stores->v[i], name) == 0)
			return true;
	return false;
}

static bool
counts(const struct holds *h, const struct hold *d)
{
	if (h->only)
		return d->id == h->only;
	return d->end == HOLD_IN_FORCE && d->expires_us > h->now_us;
}

static bool
covers_one(struct holds *h, struct hold_entry *en, const struct record *r)
{
	return counts(h, &en->hold) && names(&en->hold.stores, r->store->name) &&
	       (r->time_us == RECORD_NO_TIME ||
		       (r->time_us >= en->hold.from_us && r->time_us < en->hold.to_us)) &&
	       needle_finds(h, en, r);
}

/* May an identifier be found with FIELD? One that no line of a text has is found in one field; of which days an
 * address's token is nobody knows here. */
static bool
matters_to_one(struct holds *h, const struct hold_entry *en, struct span field)
{
	const struct hold_needle *n = &en->needle;

	return en->hold.match == HOLD_IDENTIFIER && n->text &&
	       (memchr(n->text, '\n', n->len) || identifier_finds(h, en, field) ||
		       (n->is_address &&
			       (contains(field, "ip4:", 4) || contains(field, "ip6:", 4))));
}

static bool
matters(void *ctx, struct span field)
{
	struct holds *h = ctx;

	for (size_t i = 0; i < h->n; i++)
		if (counts(h, &h->entry[i].hold) && matters_to_one(h, &h->entry[i], field))
			return true;
	return false;
}

static bool
covers(void *ctx, const struct record *r)
{
	struct holds *h = ctx;

	for (size_t i = 0; i < h->n; i++)
		if (covers_one(h, &h->entry[i], r))
			return true;
	return false;
}

void
holds_each(struct holds *h, const struct record *r, int64_t now_us,
	void (*seen)(void *ctx, uint64_t id), void *ctx)
{
	h->only = 0;
	h->now_us = now_us;
	for (size_t i = 0; i < h->n; i++)
		if (covers_one(h, &h->entry[i], r))
			seen(ctx, h->entry[i].hold.id);
}

static enum select_answer
covers_block(void *ctx, const struct select_block *b)
{
	const struct holds *h = ctx;
	enum select_answer a = SELECT_NO;

	for (size_t i = 0; i < h->n; i++) {
		const struct hold *d = &h->entry[i].hold;

		if (!counts(h, d) || !names(&d->stores, b->store->name) || b->to_us < d->from_us ||
			b->from_us >= d->to_us)
			continue;
		if (d->match == HOLD_ALL && b->from_us >= d->from_us && b->to_us < d->to_us)
			return SELECT_YES;
		a = SELECT_MAYBE;
	}
	return a;
}

static bool
covers_all(void *ctx, const struct record *r)
{
	((struct holds *)ctx)->only = 0;
	return covers(ctx, r);
}

static bool
matters_to_all(void *ctx, struct span field)
{
	((struct holds *)ctx)->only = 0;
	return matters(ctx, field);
}

static enum select_answer
covers_all_block(void *ctx, const struct select_block *b)
{
	((struct holds *)ctx)->only = 0;
	return covers_block(ctx, b);
}

void
hold_questions(struct holds *h)
{
	h->all = (struct select_question){ .ctx = h,
		.block = covers_all_block,
		.record = covers_all,
		.late = true,
		.matters = matters_to_all };
	h->one = (struct select_question){
		.ctx = h, .block = covers_block, .record = covers, .late = true, .matters = matters
	};
}

const struct select_question *
holds_ask(struct holds *h, int64_t now_us)
{
	h->now_us = now_us;
	return &h->all;
}

const struct select_question *
holds_ask_one(struct holds *h, uint64_t id)
{
	h->only = id;
	return &h->one;
}

size_t
holds_of_store(const struct holds *h, const char *store, int64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++) {
		const struct hold *d = &h->entry[i].hold;

		n += d->end == HOLD_IN_FORCE && d->expires_us > now_us && names(&d->stores, store);
	}
	return n;
}
