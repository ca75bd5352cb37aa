/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The hashes are those that gpg-wks-client --print-wkd-hash prints; the first address and URL are the draft's own.
 */
#include <check.h>

#include "dsar/openpgp/wkd.h"

#include "tests/unit/suite.h"

static char url[WKD_URL_MAX];

START_TEST(an_address_has_its_two_urls)
{
	ck_assert(wkd_url(SPAN("Joe.Doe@Example.ORG"), true, url));
	ck_assert_str_eq(url,
		"https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/"
		"iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe");
	ck_assert(wkd_url(SPAN("Joe.Doe@Example.ORG"), false, url));
	ck_assert_str_eq(url, "https://example.org/.well-known/openpgpkey/hu/"
			      "iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe");
}
END_TEST

START_TEST(what_an_address_holds_stays_where_it_belongs)
{
	ck_assert(wkd_url(SPAN("a/../b?c&d#e%00 \r\n@example.org"), false, url));
	ck_assert_ptr_nonnull(strstr(url, "?l=a%2F..%2Fb%3Fc%26d%23e%2500%20%0D%0A"));
	ck_assert(wkd_url(SPAN("a@b@example.org"), false, url));
	ck_assert_ptr_nonnull(strstr(url, "https://example.org/"));
	ck_assert(wkd_url(SPAN("j\xc3\xb6rg@b\xc3\xbc"
			       "cher.example"),
		true, url));
	ck_assert_ptr_nonnull(strstr(url, "https://openpgpkey.xn--bcher-kva.example/"));
	ck_assert_ptr_nonnull(strstr(url, "?l=j%C3%B6rg"));
}
END_TEST

START_TEST(only_names_of_the_dns_are_asked)
{
	static const char *const bad[] = { "", "@", "anna", "anna@", "@example.org",
		"anna@localhost", "anna@127.0.0.1", "anna@[127.0.0.1]", "anna@[IPv6:::1]",
		"anna@example.org:8443", "anna@example.org/x", "anna@user@", "anna@exa mple.org",
		"anna@example..org", "anna@.org", "anna@-a.example", "anna@a.example\n",
		"anna@a.example#", "anna@a.example?",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg@example.org" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!wkd_url(span_str(bad[i]), true, url), "%s: %s", bad[i], url);
	ck_assert(!wkd_url(SPAN_NONE, true, url));
	ck_assert(!wkd_url(SPAN("a\0b@example.org"), true, url));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wkd");
	TCase *t = tcase_create("wkd");

	tcase_add_test(t, an_address_has_its_two_urls);
	tcase_add_test(t, what_an_address_holds_stays_where_it_belongs);
	tcase_add_test(t, only_names_of_the_dns_are_asked);
	suite_add_tcase(s, t);
	return suite_run(s);
}
