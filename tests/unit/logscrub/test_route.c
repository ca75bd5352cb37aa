/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>

#include "record/claim.h"
#include "logscrub/source/position.h"
#include "logscrub/service/route.h"
#include "tests/unit/suite.h"

#define LIST(...)                                                                                  \
	{                                                                                          \
		(const char *[]){ __VA_ARGS__ },                                                   \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *)             \
	}

static struct conf_store stores[] = {
	{ .name = "sshd", .journal = LIST("_SYSTEMD_UNIT=ssh.service", "SYSLOG_IDENTIFIER=sshd") },
	{ .name = "etherpad",
		.journal = LIST("SYSLOG_IDENTIFIER=node + _SYSTEMD_UNIT=etherpad.service") },
	{ .name = "node", .journal = LIST("SYSLOG_IDENTIFIER=node") },
	{ .name = "postfix",
		.journal = LIST("_SYSTEMD_UNIT=postfix*", "SYSLOG_IDENTIFIER=postfix/*") },
	{ .name = "nginx" },
	{ .name = "chatter",
		.journal = LIST(
			"PRIORITY=7 + !_SYSTEMD_UNIT=quiet*", "!_TRANSPORT=stdout + CHAT=1") },
	{ .name = "journal-rest" },
};
static struct conf_format no_formats[1];
static const struct conf conf = {
	.format = no_formats, .store = stores, .n_stores = sizeof(stores) / sizeof(stores[0])
};

static const struct claim_case {
	const char *field[4];
	const char *store;
} claim_cases[] = {
	{ { "MESSAGE=x", "_SYSTEMD_UNIT=ssh.service" }, "sshd" },
	{ { "SYSLOG_IDENTIFIER=sshd", "_SYSTEMD_UNIT=session-1.scope" }, "sshd" },
	{ { "SYSLOG_IDENTIFIER=node", "_SYSTEMD_UNIT=other.service" }, "node" },
	{ { "_SYSTEMD_UNIT=etherpad.service", "SYSLOG_IDENTIFIER=node" },
		"etherpad" }, /* more terms */
	{ { "_SYSTEMD_UNIT=etherpad.service", "SYSLOG_IDENTIFIER=sh" }, "journal-rest" },
	{ { "_SYSTEMD_UNIT=postfix@-.service" }, "postfix" },
	{ { "SYSLOG_IDENTIFIER=postfix" }, "journal-rest" },
	{ { "SYSLOG_IDENTIFIER=postfix/smtpd" }, "postfix" },
	{ { "SYSLOG_IDENTIFIER_X=sshd", "X=SYSLOG_IDENTIFIER=sshd" }, "journal-rest" },
	{ { "SYSLOG_IDENTIFIER=", "SYSLOG_IDENTIFIER", "" }, "journal-rest" },
	{ { "SYSLOG_IDENTIFIER=x", "SYSLOG_IDENTIFIER=sshd" },
		"sshd" }, /* a field may come twice */
	{ { "PRIORITY=7" }, "chatter" },
	{ { "_SYSTEMD_UNIT=quiet.service", "PRIORITY=7" }, "journal-rest" },
	{ { "PRIORITY=7", "_SYSTEMD_UNIT=other.service", "_SYSTEMD_UNIT=quieter.service" },
		"journal-rest" },
	{ { "CHAT=1" }, "chatter" },
	{ { "CHAT=1", "_TRANSPORT=stdout" }, "journal-rest" },
};

START_TEST(a_claim_may_be_all_that_has_not)
{
	struct conf_store s[] = { { .name = "other", .journal = LIST("!PRIORITY=7") },
		{ .name = "journal-rest" } };
	const struct conf c = { .format = conf.format, .store = s, .n_stores = 2 };
	struct claims *cl;

	ck_assert_int_eq(claims_new(&c, NULL, &cl, NULL), 0);
	ck_assert_str_eq(claims_store_of(cl, CLAIMS_NOTHING)->name, "other");
	ck_assert_str_eq(claims_store_of(cl, claims_of(cl, SPAN("PRIORITY=6")))->name, "other");
	ck_assert_str_eq(
		claims_store_of(cl, claims_of(cl, SPAN("PRIORITY=7")))->name, "journal-rest");
	claims_free(cl);
}
END_TEST

START_TEST(a_field_that_no_entry_can_have_is_refused)
{
	static const char *const bad[] = { "_systemd_unit=x", "=x", "!=x", "1A=x", "A", "A B=x" };
	struct conf_store s = { .name = "x", .journal = { (const char **)&bad[_i], 1 } };
	const struct conf c = { .format = conf.format, .store = &s, .n_stores = 1 };
	struct claims *cl;
	struct err e;

	ck_assert_int_eq(claims_new(&c, NULL, &cl, &e), -1);
}
END_TEST

START_TEST(claim_finds_the_store)
{
	const struct claim_case *c = &claim_cases[_i];
	struct claims *cl;

	ck_assert_int_eq(claims_new(&conf, NULL, &cl, NULL), 0);
	for (int again = 0; again < 2; again++) {
		claims_begin(cl);
		for (int i = 0; i < 4 && c->field[i]; i++)
			claims_see(cl, span_str(c->field[i]));
		ck_assert_str_eq(claims_store(cl)->name, c->store);
		claims_begin(cl);
		ck_assert_str_eq(claims_store(cl)->name, "journal-rest");
	}
	claims_free(cl);
}
END_TEST

static const char *
by_sets(struct claims *cl, const struct claim_case *c)
{
	uint32_t all = CLAIMS_NOTHING;

	for (int i = 0; i < 4 && c->field[i]; i++)
		all = claims_join(cl, claims_of(cl, span_str(c->field[i])), all);
	return claims_store_of(cl, all)->name;
}

START_TEST(claim_by_numbers_finds_the_same_store)
{
	const struct claim_case *c = &claim_cases[_i];
	struct claims *cl;

	ck_assert_int_eq(claims_new(&conf, NULL, &cl, NULL), 0);
	ck_assert_str_eq(claims_store_of(cl, CLAIMS_NOTHING)->name, "journal-rest");
	for (size_t again = 0; again < sizeof(claim_cases) / sizeof(claim_cases[0]); again++)
		ck_assert_str_eq(by_sets(cl, &claim_cases[again]), claim_cases[again].store);
	ck_assert_str_eq(by_sets(cl, c), c->store);
	claims_free(cl);
}
END_TEST

START_TEST(a_field_may_name_the_store)
{
	struct claims *cl;

	ck_assert_int_eq(claims_new(&conf, "NAMED", &cl, NULL), 0);
	claims_begin(cl);
	claims_see(cl, SPAN("_SYSTEMD_UNIT=ssh.service"));
	claims_see(cl, SPAN("NAMED=node"));
	ck_assert_str_eq(claims_store(cl)->name, "node");
	ck_assert_str_eq(
		claims_store_of(cl, claims_join(cl, claims_of(cl, SPAN("NAMED=node")),
					    claims_of(cl, SPAN("_SYSTEMD_UNIT=ssh.service"))))
			->name,
		"node");
	ck_assert_uint_eq(claims_of(cl, SPAN("NAMED=nobody")), CLAIMS_NOTHING);
	claims_free(cl);
}
END_TEST

/* Thirteen terms can be together in 8,191 ways. */
START_TEST(more_combinations_than_are_remembered_are_said_to_be)
{
	char text[13][sizeof("A=") + 3 * sizeof(int)];
	const char *v[13];
	struct conf_store s = { .name = "s", .journal = { v, 13 }, .where = { "f", 1 } };
	const struct conf c = { .store = &s, .n_stores = 1 };
	struct claims *cl;
	size_t n_many = 0;

	for (int i = 0; i < 13; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "A=%d", i);
		v[i] = text[i];
	}
	ck_assert_int_eq(claims_new(&c, NULL, &cl, NULL), 0);
	for (unsigned ways = 1; ways < 1u << 13; ways++) {
		uint32_t all = CLAIMS_NOTHING;

		for (int i = 0; i < 13; i++)
			if (ways >> i & 1)
				all = claims_join(cl, all, claims_of(cl, span_str(text[i])));
		n_many += all == CLAIMS_MANY;
		ck_assert(all == CLAIMS_MANY || claims_store_of(cl, all) == &s);
	}
	ck_assert_uint_gt(n_many, 4000);
	claims_free(cl);
}
END_TEST

START_TEST(entry_is_nobodys_without_a_rest)
{
	struct conf c = conf;
	struct claims *cl;

	c.n_stores--;
	ck_assert_int_eq(claims_new(&c, NULL, &cl, NULL), 0);
	claims_begin(cl);
	claims_see(cl, SPAN("SYSLOG_IDENTIFIER=x"));
	ck_assert_ptr_null(claims_store(cl));
	claims_free(cl);
}
END_TEST

START_TEST(claim_without_a_field_is_refused)
{
	static const char *const bad[] = { "sshd", "=x", "A=x + ", "A=x + b", " + A=x", "" };
	const char *v[1] = { bad[_i] };
	struct conf_store s = { .name = "s", .journal = { v, 1 }, .where = { "f", 1 } };
	const struct conf c = { .store = &s, .n_stores = 1 };
	struct claims *cl = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(claims_new(&c, NULL, &cl, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

static struct conf_tag tags[] = { { .tag = "nginx", .store = "nginx" },
	{ .tag = "postfix/", .store = "postfix" }, { .tag = "postfix/smtpd", .store = "sshd" } };

static const struct tag_case {
	const char *ident, *store;
} tag_cases[] = {
	{ "nginx", "nginx" },
	{ "nginx2", NULL },
	{ "ngin", NULL },
	{ "", NULL },
	{ "postfix/qmgr", "postfix" },
	{ "postfix/smtpd", "sshd" }, /* the longest */
	{ "postfix", NULL },
	{ "postfix/", "postfix" },
};

START_TEST(tag_finds_the_store)
{
	const struct conf_source s = { .type = SOURCE_SYSLOG, .tag = tags, .n_tags = 3 };
	const struct entry en = { .ident = span_str(tag_cases[_i].ident) };
	const struct conf_store *st = route_entry(&conf, &s, &en);

	if (!tag_cases[_i].store)
		ck_assert_ptr_null(st);
	else
		ck_assert_str_eq(st->name, tag_cases[_i].store);
}
END_TEST

START_TEST(source_reaches_what_its_entries_may_come_to)
{
	const struct conf_source by_tag = { .type = SOURCE_SYSLOG, .tag = tags, .n_tags = 1 };
	const struct conf_source by_name = { .type = SOURCE_TAIL, .store = "sshd" };
	const struct conf_source journal = { .type = SOURCE_JOURNAL };

	ck_assert(route_reaches(&conf, &by_tag, &stores[4]));
	ck_assert(!route_reaches(&conf, &by_tag, &stores[0]));
	ck_assert(route_reaches(&conf, &by_name, &stores[0]));
	ck_assert(!route_reaches(&conf, &by_name, &stores[4]));
	ck_assert(route_reaches(&conf, &journal, &stores[0]));
	ck_assert(!route_reaches(&conf, &journal, &stores[4]));
	ck_assert(route_reaches(&conf, &journal, &stores[5]));
}
END_TEST

static const struct position_case {
	const char *a, *b;
	int64_t order_a, order_b;
	int wanted;
} position_cases[] = {
	{ "t:1:2:3:9", "t:1:2:3:a", 9, 10, -1 },
	{ "t:1:2:3:5", "t:1:7:3:a", 90, 10, 1 },            /* rotated: all bytes count */
	{ "j:s=a;i=9;b=1", "j:s=a;i=a;b=1", 200, 100, -1 }, /* the clock was set back */
	{ "j:s=a;i=a;b=1", "j:s=a;i=9;b=1", 100, 100, 1 },
	{ "j:s=a;i=9;b=1", "j:s=b;i=1;b=1", 100, 200, -1 }, /* two journals: by time */
	{ "j:s=a;i=9;b=1", "j:s=a;i=9;b=1", 100, 200, 0 },
	{ "j:@100", "j:s=a;i=9;b=1", 100, 200, -1 },
	{ "", "", 1, 1, 0 },
};

START_TEST(positions_are_compared_by_what_grows)
{
	const struct position_case *c = &position_cases[_i];
	int got = position_compare(span_str(c->a), c->order_a, span_str(c->b), c->order_b);

	ck_assert_int_eq((got > 0) - (got < 0), c->wanted);
	got = position_compare(span_str(c->b), c->order_b, span_str(c->a), c->order_a);
	ck_assert_int_eq((got > 0) - (got < 0), -c->wanted);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof(table[0]))

int
main(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, claim_finds_the_store, 0, N(claim_cases));
	tcase_add_loop_test(t, claim_by_numbers_finds_the_same_store, 0, N(claim_cases));
	tcase_add_test(t, a_field_may_name_the_store);
	tcase_add_test(t, a_claim_may_be_all_that_has_not);
	tcase_add_loop_test(t, a_field_that_no_entry_can_have_is_refused, 0, 6);
	tcase_add_test(t, more_combinations_than_are_remembered_are_said_to_be);
	tcase_add_test(t, entry_is_nobodys_without_a_rest);
	tcase_add_loop_test(t, claim_without_a_field_is_refused, 0, 6);
	tcase_add_loop_test(t, tag_finds_the_store, 0, N(tag_cases));
	tcase_add_test(t, source_reaches_what_its_entries_may_come_to);
	tcase_add_loop_test(t, positions_are_compared_by_what_grows, 0, N(position_cases));
	suite_add_tcase(s, t);
	return suite_run(s);
}
