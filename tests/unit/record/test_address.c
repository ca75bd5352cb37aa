/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#include "record/address.h"

#include "tests/unit/suite.h"

static const struct {
	const char *text, *canonical;
} good[] = {
	{ "203.0.113.7", "203.0.113.7" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "203.0.113.037", "203.0.113.37" },
	{ "203.000.113.007", "203.0.113.7" },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "1::", "1::" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "2001:DB8::ABCD", "2001:db8::abcd" },
	{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
	{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
	{ "2001:db8:0:0:1::", "2001:db8:0:0:1::" },
	{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
	{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
	{ "::ffff:203.0.113.50", "203.0.113.50" },
	{ "::FFFF:cb00:7132", "203.0.113.50" },
	{ "0:0:0:0:0:ffff:203.0.113.50", "203.0.113.50" },
	{ "64:ff9b::203.0.113.56", "64:ff9b::cb00:7138" },
	{ "::203.0.113.56", "::cb00:7138" },
	{ "1:2:3:4:5:6:203.0.113.56", "1:2:3:4:5:6:cb00:7138" },
};

static const char *const bad[] = { "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.4 ", " 1.2.3.4",
	"1.2.3.256", "1.2.3.1234", "1..2.3", ".1.2.3.4", "1.2.3.4.", "1.2.3.a", ":",
	":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:", ":1",
	"1:2:3:4:5:6:7:8:", "::1:", ":1::", "1:2:3:4:5:6:7:8::", "1::2:3:4:5:6:7:8", "::1.2.3",
	"::1.2.3.256", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "[::1]", "fe80::1%eth0", "::1/64",
	"2001:db8::1.2.3.4.5", "1111:2222:3333:4444:5555:6666:255.255.255.2555" };

START_TEST(an_address_has_one_canonical_form)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;

	ck_assert_msg(address_parse(span_str(good[_i].text), &a), "%s", good[_i].text);
	ck_assert_uint_eq(address_format(&a, text), strlen(good[_i].canonical));
	ck_assert_str_eq(text, good[_i].canonical);
	ck_assert(address_parse(span_str(text), &a));
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	struct address a = { .family = 9 };

	ck_assert_msg(!address_parse(span_str(bad[_i]), &a), "%s", bad[_i]);
	ck_assert_uint_eq(a.family, 9);
}
END_TEST

/* Random groups, with runs of zeros, against inet_pton(3) and inet_ntop(3). */
START_TEST(ipv6_is_read_and_written_as_libc_does)
{
	uint64_t state = (uint64_t)_i + 1;

	for (int n = 0; n < 2000; n++) {
		char libc[INET6_ADDRSTRLEN], ours[ADDRESS_TEXT_MAX];
		struct address a = { .family = 6 }, b;
		uint8_t c[16];

		for (int i = 0; i < 8; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			a.b[2 * i] = state >> 40 & 3 ? 0 : (uint8_t)(state >> 33);
			a.b[2 * i + 1] = state >> 42 & 1 ? 0 : (uint8_t)(state >> 50);
		}
		a.b[0] = 0x20; /* libc writes ::a.b.c.d differently */
		ck_assert_ptr_nonnull(inet_ntop(AF_INET6, a.b, libc, sizeof(libc)));
		(void)address_format(&a, ours);
		ck_assert_str_eq(ours, libc);
		ck_assert(address_parse(span_str(libc), &b));
		ck_assert_int_eq(inet_pton(AF_INET6, ours, c), 1);
		ck_assert_mem_eq(b.b, c, 16);
	}
}
END_TEST

START_TEST(networks_hold_their_addresses)
{
	struct address net, in, out;
	unsigned bits;

	ck_assert(address_parse_network(SPAN("10.32.0.0/11"), &net, &bits));
	ck_assert_uint_eq(bits, 11);
	ck_assert(address_parse(SPAN("10.63.255.255"), &in));
	ck_assert(address_parse(SPAN("10.64.0.0"), &out));
	ck_assert(address_within(&in, &net, bits));
	ck_assert(!address_within(&out, &net, bits));
	ck_assert(address_parse_network(SPAN("2001:db8::/33"), &net, &bits));
	ck_assert(address_parse(SPAN("2001:db8:7fff::1"), &in));
	ck_assert(address_parse(SPAN("2001:db8:8000::1"), &out));
	ck_assert(address_within(&in, &net, bits));
	ck_assert(!address_within(&out, &net, bits));
	ck_assert(address_parse_network(SPAN("::ffff:10.0.0.0/104"), &net, &bits));
	ck_assert_uint_eq(bits, 8);
	ck_assert(address_parse_network(SPAN("192.0.2.1"), &net, &bits));
	ck_assert_uint_eq(bits, 32);
	ck_assert(address_parse_network(SPAN("0.0.0.0/0"), &net, &bits));
	ck_assert(address_within(&in, &in, 0));
	ck_assert(!address_within(&in, &net, 0)); /* of another family */
	ck_assert(!address_parse_network(SPAN("10.0.0.0/33"), &net, &bits));
	ck_assert(!address_parse_network(SPAN("10.0.0.0/"), &net, &bits));
	ck_assert(!address_parse_network(SPAN("10.0.0.0/8x"), &net, &bits));
	ck_assert(!address_parse_network(SPAN("2001:db8::/129"), &net, &bits));
	ck_assert(!address_parse_network(SPAN("::ffff:10.0.0.0/64"), &net, &bits));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(
		t, an_address_has_one_canonical_form, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(t, what_is_no_address_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, ipv6_is_read_and_written_as_libc_does, 0, 10);
	tcase_add_test(t, networks_hold_their_addresses);
	suite_add_tcase(s, t);
	return suite_run(s);
}
