/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform_setup.h"

static const struct pair pseudonyms[] = {
	{ "203.0.113.7", "<203.0.113.7>" },
	{ "2001:DB8::7", "<2001:db8::7>" },
	{ "2001:db8:0:0:0:0:0:7", "<2001:db8::7>" },
	{ "::ffff:203.0.113.7", "<203.0.113.7>" },
	{ "127.0.0.1", "<127.0.0.1>" },
	{ "::1", "<::1>" },
	/* the port goes */
	{ "203.0.113.7:38822", "<203.0.113.7>" },
	{ "203.0.113.7.38822", "<203.0.113.7>" },
	{ "[203.0.113.7]:80", "<203.0.113.7>" },
	{ "[2001:db8::7]:443", "<2001:db8::7>" },
	{ "[2001:db8::7]", "<2001:db8::7>" },
	{ "2001:db8:0:1:2:3:4:5:443", "<2001:db8:0:1:2:3:4:5>" },
	{ "[::ffff:203.0.113.7]:443", "<203.0.113.7>" },
	/* zones, and names for the family */
	{ "fe80::1%eth0", "<fe80::1>" },
	{ "[fe80::1%eth0]:5353", "<fe80::1>" },
	{ "IPv6:2001:db8::7", "<2001:db8::7>" },
	{ "[IPv6:2001:db8::7]", "<2001:db8::7>" },
	/* lists */
	{ "203.0.113.7, 198.51.100.2", "<203.0.113.7>, <198.51.100.2>" },
	{ "203.0.113.7,198.51.100.2", "<203.0.113.7>, <198.51.100.2>" },
	{ " 2001:db8::7 , unknown,\t203.0.113.7:1", "<2001:db8::7>, -, <203.0.113.7>" },
	{ ",", "-, -" },
	/* not addresses */
	{ "-", "-" },
	{ "", "-" },
	{ "unix:", "unix:" },
	{ "unix:/run/x.sock", "unix:" },
	{ "anna", "-" },
	{ "203.0.113.256", "-" },
	{ "203.0.113", "-" },
	{ "203.0.113.7 anna", "-" },
	{ "[2001:db8::7", "-" },
	{ "[2001:db8::7]x", "-" },
	{ "[]", "-" },
	{ "[", "-" },
	{ ":1", "-" },
	{ "ip4:aaaaaaaaaaaaaaaa", "-" },
	{ "net6:aaaaaaaaaaaaaaaa/203.0.113.7", "-" },
	/* encoded and spelt */
	{ "203%2E0%2E113%2E7", "<203.0.113.7>" },
	{ "2001%3Adb8%3A%3A7", "<2001:db8::7>" },
	{ "7.113.0.203.in-addr.arpa", "<203.0.113.7>" },
	{ "203-0-113-7.dip.example.net", "<203.0.113.7>" },
};

START_TEST(pseudonym_reads_addresses_in_all_forms)
{
	struct conf_reduce d = reduce_to("pseudonym");

	CHECK_ALL(&d, pseudonyms);
}
END_TEST

START_TEST(pseudonym_keeps_networks_that_are_to_stay_readable)
{
	static const char *nets[] = { "10.0.0.0/8", "2001:db8:1::/48", "::1" };
	static const struct pair pairs[] = {
		{ "10.1.2.3:80", "10.1.2.3" },
		{ "11.1.2.3", "<11.1.2.3>" },
		{ "2001:DB8:1::5", "2001:db8:1::5" },
		{ "2001:db8:2::5", "<2001:db8:2::5>" },
		{ "::1, ::2", "::1, <::2>" },
	};
	struct conf_reduce d = reduce_to("pseudonym");
	struct work w = { .store.keep_networks = { nets, 3 } };

	work_begin(&w, &d);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		work_check(&w, span_str(pairs[i].in), pairs[i].out);
	work_end(&w);
}
END_TEST

START_TEST(pseudonym_may_be_an_address)
{
	static const struct pair pairs[] = {
		{ "203.0.113.7", "<203.0.113.7>" }, { "[2001:db8::7]:1", "<2001:db8::7>" },
		{ "fd53:7061:7273::1", "<fd53:7061:7273::1>" }, /* raw, in our own range */
	};
	struct conf_reduce d = reduce_to("pseudonym");
	struct work w = { .store.render_address = true };

	work_begin(&w, &d);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		work_check(&w, span_str(pairs[i].in), pairs[i].out);
		ck_assert(span_starts(span_of(w.out.p, w.out.len), SPAN("fd53:7061:7273:")));
	}
	work_end(&w);
}
END_TEST

START_TEST(pseudonym_counts_what_it_hides)
{
	struct conf_reduce d = reduce_to("pseudonym");
	struct work w = { 0 };
	struct err e;

	work_begin(&w, &d);
	ck_assert_int_eq(transform_apply(w.transform, &w.env,
				 SPAN("203.0.113.7, 2001:db8::1, x, 203.0.113.7"), &w.out, &e),
		0);
	ck_assert_uint_eq(w.env.hits[DETECT_IPV4], 2);
	ck_assert_uint_eq(w.env.hits[DETECT_IPV6], 1);
	work_end(&w);
}
END_TEST

START_TEST(pseudonym_changes_with_the_day)
{
	struct conf_reduce d = reduce_to("pseudonym");
	struct work w = { 0 };
	struct err e;

	work_begin(&w, &d);
	work_check(&w, SPAN("203.0.113.7"), "<203.0.113.7>");
	w.env.day = DAY + 1;
	buf_clear(&w.out);
	ck_assert_int_eq(transform_apply(w.transform, &w.env, SPAN("203.0.113.7"), &w.out, &e), 0);
	ck_assert(!span_eq(span_of(w.out.p, w.out.len), span_of(w.expected.p, w.expected.len)));
	work_end(&w);
}
END_TEST

START_TEST(prefix_pseudonym_adds_the_network_of_ipv6)
{
	static const struct pair pairs[] = {
		{ "203.0.113.7", "<203.0.113.7>" },
		{ "2001:db8:1:2::3", "<net 2001:db8:1:2::3>/<2001:db8:1:2::3>" },
		{ "[2001:db8:1:2::4]:5", "<net 2001:db8:1:2::3>/<2001:db8:1:2::4>" },
		{ "::ffff:203.0.113.7", "<203.0.113.7>" },
		{ "x", "-" },
	};
	struct conf_reduce d = reduce_to("prefix-pseudonym");
	struct work w = { .store.render_address = true };

	CHECK_ALL(&d, pairs);
	work_begin(&w, &d);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		work_check(&w, span_str(pairs[i].in), pairs[i].out);
	work_end(&w);
}
END_TEST

START_TEST(truncate_cuts_to_the_network)
{
	static const struct pair pairs[] = {
		{ "203.0.113.77", "203.0.113.0" },
		{ "203.0.113.77:80", "203.0.113.0" },
		{ "2001:db8:1:2::3", "2001:db8:1::" },
		{ "::ffff:203.0.113.7", "203.0.113.0" },
		{ "203.0.113.7, 2001:DB8:1:2::3", "203.0.113.0, 2001:db8:1::" },
		{ "anna", "-" },
		{ "unix:", "unix:" },
	};
	static const struct pair fewer[] = {
		{ "203.0.113.77", "203.0.0.0" },
		{ "2001:db8:1:2::3", "2001:db8::" },
	};
	struct conf_reduce d = reduce_to("truncate");

	CHECK_ALL(&d, pairs);
	d.bits4 = 16;
	d.bits6 = 32;
	CHECK_ALL(&d, fewer);
}
END_TEST

START_TEST(an_identifier_becomes_a_token_and_stays_one)
{
	static const struct span ids[] = { SPAN("g.4nWmHjCK6rZ1x2Ya$notes"), SPAN("anna"),
		SPAN("id:aaaaaaaaaaaaaaaa") };
	struct conf_reduce d = reduce_to("pseudonym-id");
	struct work w = { 0 };
	char text[TOKEN_TEXT_MAX + 1];
	struct err e;

	work_begin(&w, &d);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		text[pseudonym_id(w.pseudonym, DAY, ids[i], text, &e)] = '\0';
		ck_assert(strncmp(text, "id:", 3) == 0);
		work_check(&w, ids[i], text);
	}
	work_check(&w, SPAN("-"), "-");
	work_end(&w);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("address");

	tcase_add_test(t, an_identifier_becomes_a_token_and_stays_one);
	tcase_add_test(t, pseudonym_reads_addresses_in_all_forms);
	tcase_add_test(t, pseudonym_keeps_networks_that_are_to_stay_readable);
	tcase_add_test(t, pseudonym_may_be_an_address);
	tcase_add_test(t, pseudonym_counts_what_it_hides);
	tcase_add_test(t, pseudonym_changes_with_the_day);
	tcase_add_test(t, prefix_pseudonym_adds_the_network_of_ipv6);
	tcase_add_test(t, truncate_cuts_to_the_network);
	return run_suite("transform_address", t);
}
