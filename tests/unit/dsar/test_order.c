/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include <sodium.h>

#include "dsar/order/order.h"
#include "evidence/sign.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

static struct err e;

static struct order *
sample(enum order_kind kind)
{
	const struct identifier i = { .id = 3,
		.kind = "name",
		.value = SPAN("Änne \"A.\" \\ Müller"),
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.own = true };
	const struct find f = { .id = 7,
		.store = "web",
		.place = "/srv/\xff/a",
		.decision = FIND_EXCLUDE,
		.digest = { 1, 2, 255 } };
	struct order *o;

	ck_assert_int_eq(order_new(kind, &o, &e), 0);
	strcpy(o->number, "2026-0001");
	strcpy(o->lang, "de");
	strcpy(o->node, "bbb1.example.org");
	o->article = ARTICLE_ERASURE;
	o->received_day = 20000;
	o->not_before_us = 5;
	o->not_after_us = INT64_MAX;
	if (kind == ORDER_ERASE)
		memset(o->plan, 'a', sizeof(o->plan) - 1);
	ck_assert_int_eq(order_add_identifier(o, &i, true, &e), 0);
	ck_assert_int_eq(order_add_item(o, &f, &e), 0);
	return o;
}

static struct buf
text_of(const struct order *o)
{
	struct buf b;

	buf_init(&b, ORDER_MAX);
	ck_assert_int_eq(order_text(o, &b, &e), 0);
	return b;
}

static int
see_identifier(void *ctx, const struct identifier *i, bool dropped, struct err *err)
{
	(void)err;
	ck_assert_int_eq(i->id, 3);
	ck_assert(span_eq(i->value, SPAN("Änne \"A.\" \\ Müller")));
	ck_assert(dropped && i->own && !i->confirmed);
	ck_assert(i->from_us == INT64_MIN && i->to_us == INT64_MAX);
	++*(int *)ctx;
	return 0;
}

static int
see_item(void *ctx, const struct find *f, struct err *err)
{
	(void)err;
	ck_assert_int_eq(f->id, 7);
	ck_assert_str_eq(f->store, "web");
	ck_assert_str_eq(f->place, "/srv/\xff/a");
	ck_assert(f->decision == FIND_EXCLUDE);
	ck_assert(f->digest[0] == 1 && f->digest[2] == 255);
	++*(int *)ctx;
	return 0;
}

START_TEST(an_order_is_read_as_it_was_written)
{
	struct order *o = sample(ORDER_ERASE), *again;
	struct buf one = text_of(o), two;
	int n = 0;

	ck_assert_int_eq(order_parse(span_of(one.p, one.len), &again, &e), 0);
	ck_assert_str_eq(again->id, o->id);
	ck_assert_str_eq(again->node, o->node);
	ck_assert_int_eq(again->article, ARTICLE_ERASURE);
	ck_assert_int_eq(order_identifiers(again, see_identifier, &n, &e), 0);
	ck_assert_int_eq(order_items(again, see_item, &n, &e), 0);
	ck_assert_int_eq(n, 2);
	two = text_of(again);
	ck_assert(span_eq(span_of(one.p, one.len), span_of(two.p, two.len)));
	buf_release(&one);
	buf_release(&two);
	order_free(o);
	order_free(again);
}
END_TEST

/* TEXT with FROM in it become TO. */
static int
parsed_with(struct span text, const char *from, const char *to)
{
	const char *at = memmem(text.p, text.len, from, strlen(from));
	struct order *o = NULL;
	struct buf b;
	int rc;

	ck_assert_ptr_nonnull(at);
	buf_init(&b, ORDER_MAX);
	buf_put(&b, text.p, (size_t)(at - text.p));
	buf_str(&b, to);
	buf_span(&b, span_from(text, (size_t)(at - text.p) + strlen(from)));
	rc = order_parse(span_of(b.p, b.len), &o, &e);
	order_free(o);
	buf_release(&b);
	return rc;
}

START_TEST(what_is_no_order_is_none)
{
	struct order *o = sample(ORDER_SEARCH), *again = NULL;
	struct buf b = text_of(o);
	const struct span text = span_of(b.p, b.len);

	ck_assert_int_eq(parsed_with(text, "\"v\":1", "\"v\":1"), 0);
	ck_assert_int_eq(parsed_with(text, "\"v\":1", "\"v\":2"), 1);
	ck_assert_int_eq(parsed_with(text, "\"v\":1", "\"v\": 1"), 1); /* a second text of it */
	ck_assert_int_eq(parsed_with(text, "\"v\":1", "\"v\":1,\"w\":1"), 1);
	ck_assert_int_eq(parsed_with(text, "\"search\"", "\"delete\""), 1);
	ck_assert_int_eq(parsed_with(text, "\"search\"", "\"erase\""), 1); /* without a plan */
	ck_assert_int_eq(parsed_with(text, "bbb1.example.org", "../bbb1"), 1);
	ck_assert_int_eq(parsed_with(text, "2026-0001", "2026-00'1"), 1);
	ck_assert_int_eq(parsed_with(text, "\"article\":17", "\"article\":14"), 1);
	ck_assert_int_eq(parsed_with(text, "\"not_before\":5", "\"not_before\":\"5\""), 1);
	ck_assert_int_eq(parsed_with(text, "\"find\":7", "\"find\":0"), 1);
	ck_assert_int_eq(parsed_with(text, "\"digest\":\"01", "\"digest\":\"0"), 1);
	for (size_t n = 0; n < text.len; n++)
		ck_assert_int_eq(order_parse(span_of(text.p, n), &again, &e), 1);
	buf_release(&b);
	order_free(o);
}
END_TEST

START_TEST(what_was_taken_is_named_by_ids_and_nothing_else)
{
	struct order *o = sample(ORDER_SEARCH), *again;
	struct buf none = text_of(o), b;
	struct span text;

	ck_assert_ptr_null(memmem(none.p, none.len, "answered", strlen("answered")));
	ck_assert_int_eq(order_add_answered(o, "0123456789abcdef0123456789abcdef", &e), 0);
	b = text_of(o);
	text = span_of(b.p, b.len);
	ck_assert_int_eq(order_parse(text, &again, &e), 0);
	order_free(again);
	ck_assert_int_eq(parsed_with(text, "\"0123", "\"../3"), 1);
	ck_assert_int_eq(parsed_with(text, "\"0123", "1,\"0123"), 1);
	ck_assert_int_eq(parsed_with(text, "[\"0123456789abcdef0123456789abcdef\"]", "[]"), 1);
	for (int i = 0; i < 2 * ORDER_ANSWERED_MAX; i++)
		ck_assert_int_eq(order_add_answered(o, "0123456789abcdef0123456789abcdef", &e), 0);
	ck_assert_uint_eq(json_array_size(o->answered), ORDER_ANSWERED_MAX);
	buf_release(&none);
	buf_release(&b);
	order_free(o);
}
END_TEST

static int
see_wish(void *ctx, int64_t find, const char *field, const char *value, struct err *err)
{
	(void)err;
	ck_assert_int_eq(find, 8);
	ck_assert_str_eq(field, "name");
	ck_assert_str_eq(value, "Änne \"A.\"");
	++*(int *)ctx;
	return 0;
}

START_TEST(what_is_wished_is_wished_of_a_find_that_the_order_names)
{
	const struct find f = { .id = 8, .store = "app", .place = "/a", .decision = FIND_KEEP };
	struct order *o = sample(ORDER_RECTIFY_PLAN), *again;
	struct buf none = text_of(o), b;
	struct span text;
	int n = 0;

	ck_assert_int_eq(order_parse(span_of(none.p, none.len), &again, &e), 1);
	ck_assert_int_eq(order_add_item(o, &f, &e), 0);
	ck_assert_int_eq(order_add_wish(o, 8, "name", "Änne \"A.\"", &e), 0);
	b = text_of(o);
	text = span_of(b.p, b.len);
	ck_assert_int_eq(order_parse(text, &again, &e), 0);
	ck_assert_int_eq(order_wishes(again, see_wish, &n, &e), 0);
	ck_assert_int_eq(n, 1);
	order_free(again);
	ck_assert_int_eq(parsed_with(text, "\"find\":8,\"value\"", "\"find\":9,\"value\""), 1);
	ck_assert_int_eq(parsed_with(text, "\"find\":8,\"value\"", "\"find\":7,\"value\""),
		1); /* left out by decision */
	ck_assert_int_eq(parsed_with(text, "\"field\":\"name\"", "\"field\":\"\""), 1);
	ck_assert_int_eq(parsed_with(text, "\"field\":\"name\"", "\"field\":\"a b\""), 1);
	ck_assert_int_eq(parsed_with(text, "\"rectify-plan\"", "\"plan\""), 1);
	ck_assert_int_eq(
		parsed_with(text, "\"rectify-plan\"", "\"rectify\""), 1); /* without a plan */
	buf_release(&none);
	buf_release(&b);
	order_free(o);
}
END_TEST

START_TEST(the_order_s_length_is_hidden_and_its_parts_come_back)
{
	const struct order_signature two[] = { { SPAN("signature"), SPAN("key") },
		{ SPAN("another"), SPAN("key 2") } };
	struct order_paper p;
	struct buf b;

	buf_init(&b, ORDER_MAX);
	ck_assert_int_eq(order_pack(SPAN("{\"a\":1}"), two, 2, &b, &e), 0);
	ck_assert_uint_eq(b.len, 4096);
	ck_assert_int_eq(order_unpack(span_of(b.p, b.len), &p, &e), 0);
	ck_assert_uint_eq(p.n, 2);
	ck_assert(span_eq(p.text, SPAN("{\"a\":1}")));
	ck_assert(span_eq(p.signature[1].key, SPAN("key 2")));
	order_paper_release(&p);
	ck_assert_int_eq(order_unpack(span_of(b.p, 60), &p, &e), 1);
	ck_assert_int_eq(order_unpack(SPAN_NONE, &p, &e), 1);
	buf_release(&b);
}
END_TEST

/* --- who has signed --------------------------------------------------------------------------- */

struct person {
	char home[80];
	struct sign *sign;
	struct buf key;
};

static void
person_make(struct person *p, const char *name)
{
	const struct conf c = { .state_dir = p->home };

	(void)snprintf(p->home, sizeof(p->home), "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(p->home, 0700), 0);
	ck_assert_int_eq(sign_init(&c, name, &e), 0);
	ck_assert_int_eq(sign_open(&c, &p->sign, &e), 0);
	buf_init(&p->key, 1 << 20);
	ck_assert_int_eq(sign_export(p->sign, &p->key, &e), 0);
}

static void
person_end(struct person *p)
{
	p->sign = sign_free(p->sign);
	buf_release(&p->key);
}

static enum order_fault
checked(const struct conf *c, struct span text, struct person *const *who, size_t n)
{
	struct buf signature[2] = { { .max = 1 << 16 }, { .max = 1 << 16 } };
	struct order_paper p = { .text = text, .n = n };
	char first[FINGERPRINT_LEN + 1];
	enum order_fault fault;
	unsigned signers;

	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(
			sign_detached(who[i]->sign, SPAN("the text"), &signature[i], &e), 0);
		p.signature[i] = (struct order_signature){ span_of(signature[i].p,
								   signature[i].len),
			span_of(who[i]->key.p, who[i]->key.len) };
	}
	ck_assert_int_eq(order_check(&p, c, &signers, &fault, first, &e), 0);
	if (fault == ORDER_FINE && signers < order_signers_needed(ORDER_ERASE, c))
		fault = ORDER_SECOND;
	if (fault == ORDER_FINE)
		ck_assert_str_eq(first, sign_fingerprint(who[0]->sign));
	buf_release(&signature[0]);
	buf_release(&signature[1]);
	return fault;
}

START_TEST(only_those_who_may_order_count_and_who_signs_twice_is_one)
{
	struct person dpo = { .sign = NULL }, second = { .sign = NULL },
		      stranger = { .sign = NULL };
	struct conf c = { .second_person = true };
	const char *may[2];
	struct order_paper none = { .text = SPAN("the text") };
	struct order_paper junk = { .text = SPAN("the text"),
		.signature = { { SPAN("no signature"), SPAN("no key") } },
		.n = 1 };
	char first[FINGERPRINT_LEN + 1];
	enum order_fault fault;
	unsigned n;

	folder_make();
	person_make(&dpo, "dpo");
	person_make(&second, "second");
	person_make(&stranger, "stranger");
	may[0] = sign_fingerprint(dpo.sign);
	may[1] = sign_fingerprint(second.sign);
	c.approvers = (struct conf_list){ may, 2 };

	ck_assert_int_eq(
		checked(&c, SPAN("the text"), (struct person *[]){ &dpo, &second }, 2), ORDER_FINE);
	ck_assert_int_eq(checked(&c, SPAN("the test"), (struct person *[]){ &dpo, &second }, 2),
		ORDER_SIGNATURE);
	ck_assert_int_eq(
		checked(&c, SPAN("the text"), (struct person *[]){ &dpo, &dpo }, 2), ORDER_SECOND);
	ck_assert_int_eq(
		checked(&c, SPAN("the text"), (struct person *[]){ &dpo }, 1), ORDER_SECOND);
	ck_assert_int_eq(checked(&c, SPAN("the text"), (struct person *[]){ &stranger, &dpo }, 2),
		ORDER_SIGNATURE);
	ck_assert_int_eq(order_check(&none, &c, &n, &fault, first, &e), 0);
	ck_assert_int_eq(fault, ORDER_SIGNATURE);
	ck_assert_int_eq(order_check(&junk, &c, &n, &fault, first, &e), 0);
	ck_assert_int_eq(fault, ORDER_SIGNATURE);
	person_end(&dpo);
	person_end(&second);
	person_end(&stranger);
	folder_remove();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("order");
	TCase *t = tcase_create("order");

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	tcase_set_timeout(t, 120);
	tcase_add_test(t, an_order_is_read_as_it_was_written);
	tcase_add_test(t, what_is_no_order_is_none);
	tcase_add_test(t, what_was_taken_is_named_by_ids_and_nothing_else);
	tcase_add_test(t, what_is_wished_is_wished_of_a_find_that_the_order_names);
	tcase_add_test(t, the_order_s_length_is_hidden_and_its_parts_come_back);
	tcase_add_test(t, only_those_who_may_order_count_and_who_signs_twice_is_one);
	suite_add_tcase(s, t);
	return suite_run(s);
}
