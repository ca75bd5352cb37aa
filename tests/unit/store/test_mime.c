/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/maildir/mime.h"
#include "tests/unit/suite.h"

static struct buf out;

static void
read_mail(const char *mail, bool body)
{
	static const char *names[] = { "From", "Subject" };
	const struct conf_list about = { names, 2 };

	buf_clear(&out);
	mime_text(&out, span_str(mail), &about, body);
	ck_assert(!out.failed);
}

static bool
has(const char *needle)
{
	return memmem(out.p, out.len, needle, strlen(needle)) != NULL;
}

START_TEST(headers_are_unfolded_and_decoded)
{
	static const struct {
		const char *head, *text;
	} cases[] = {
		{ "Subject: a\r\n folded line\r\n\r\n", "Subject: a folded line\n" },
		{ "From: =?UTF-8?Q?J=C3=B6rg_?=\r\n =?utf-8?B?TcO8bGxlcg==?= <j@example.org>\n\n",
			"From: Jörg Müller <j@example.org>\n" },
		{ "Subject: =?iso-8859-1?q?M=FCller?=\n\n", "Subject: Müller\n" },
		{ "Subject: =?windows-1252?B?gKQ=?=\n\n", "Subject: €¤\n" },
		{ "Subject: =?koi8-r?B?4c7OwQ==?=\n\n", "Subject: Анна\n" },
		{ "Subject: =?x-none?q?a=62?=\n\n", "Subject: ab\n" },
		{ "Subject: =?utf-8?x?abc?= =?utf-8?q?\n\n",
			"Subject: =?utf-8?x?abc?= =?utf-8?q?\n" },
		{ "Subject: =?utf-8?B?!!?=\n\n", "Subject: !!\n" },
		{ "To: k@example.org\n\n", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_mail(cases[i].head, false);
		ck_assert_uint_eq(out.len, strlen(cases[i].text));
		ck_assert_mem_eq(out.p ? out.p : "", cases[i].text, out.len);
	}
}
END_TEST

START_TEST(a_long_word_in_base64_is_decoded)
{
	char mail[2048] = "Subject: =?utf-8?B?";

	for (int i = 0; i < 200; i++)
		strcat(mail, "QW5u");
	strcat(mail, "YQ==?=\n\n");
	read_mail(mail, false);
	ck_assert(has("AnnAnnAnna\n"));
}
END_TEST

START_TEST(bodies_are_decoded)
{
	read_mail("Content-Type: text/plain; charset=\"ISO-8859-15\"\nContent-Transfer-Encoding: "
		  "Quoted-Printable\n\nHerr M=FCl=\nler, 5 =A4 = 10%\n",
		true);
	ck_assert(has("Herr Müller, 5 € = 10%\n"));
	read_mail("Content-Transfer-Encoding: BASE64\nContent-Type: text/plain; charset=utf-8\n\n"
		  "SGVyciBN\r\nw7xsbGVy\r\nLCBndXRl\nbiBUYWc=\n",
		true);
	ck_assert(has("Herr Müller, guten Tag"));
	read_mail("Content-Transfer-Encoding: base64\n\nSGVy*** cut", true);
	ck_assert(has("Her*** cut"));
	read_mail("Content-Type: text/plain; charset=x-none\n\nas it is \xfc\n", true);
	ck_assert(has("as it is \xfc"));
}
END_TEST

START_TEST(wide_characters_are_utf8)
{
	static const struct {
		const char *charset, *text;
	} cases[] = { { "utf-16", "//5GAHIAYQB1ACAATQD8AGwAbABlAHIAIAA92ADe" },
		{ "UTF-16LE", "RgByAGEAdQAgAE0A/ABsAGwAZQByACAAPdgA3g==" },
		{ "utf-16be", "AEYAcgBhAHUAIABNAPwAbABsAGUAcgAg2D3eAA==" },
		{ "UTF-32BE",
			"AAAARgAAAHIAAABhAAAAdQAAACAAAABNAAAA/AAAAGwAAABsAAAAZQAAAHIAAAAgAAH2AA==" },
		/* half a pair of surrogates, and half a character at the end */
		{ "utf-16le", "ANhGAHIAYQB1ACAATQD8AGwAbABlAHIAIAA92ADeeA==" } };
	char mail[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(mail, sizeof(mail),
			"Content-Type: text/plain; charset=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s\n",
			cases[i].charset, cases[i].text);
		read_mail(mail, true);
		ck_assert_msg(has("Frau Müller 😀"), "%s", cases[i].charset);
	}
}
END_TEST

START_TEST(parts_are_decoded_each_in_its_own_way)
{
	read_mail("From: a@example.org\nContent-Type: multipart/mixed;\n boundary=\"=_x y\"\n\n"
		  "before\n--=_x y\nContent-Type: text/plain; charset=utf-8\n"
		  "Content-Transfer-Encoding: base64\n\nTcO8bGxlcg==\n"
		  "--=_x y\nContent-Type: multipart/alternative; boundary=in\n\n"
		  "--in\nContent-Transfer-Encoding: quoted-printable\n\n=4D=C3=A4rz\n"
		  "--in\nContent-Type: text/html; charset=iso-8859-1\n\n<p>\xe4\xf6</p>\n--in--\n"
		  "--=_x y\nContent-Type: message/rfc822\n\nFrom: =?utf-8?q?=C3=96zg=C3=BCr?=\n"
		  "Content-Transfer-Encoding: base64\n\nZm9yd2FyZGVk\n"
		  "--=_x y\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\n"
		  "Content-Transfer-Encoding: base64\n\nMjAzLjAuMTEzLjc=\n"
		  "--=_x y\nContent-Type: application/pdf\nContent-Disposition: attachment;\n"
		  " filename=\"=?utf-8?q?Zeugnis_M=C3=BCller.pdf?=\"\n"
		  "Content-Transfer-Encoding: base64\n\nJVBERi0=\n--=_x y--\nafter\n",
		true);
	for (const char *const *s = (const char *const[]){ "before", "Müller", "März", "<p>äö</p>",
		     "Özgür", "forwarded", "203.0.113.7", "Zeugnis Müller.pdf", "%PDF-", "after",
		     NULL };
		*s; s++)
		ck_assert_msg(has(*s), "%s", *s);
}
END_TEST

START_TEST(what_is_nested_too_deep_or_never_ends_is_given_as_it_stands)
{
	char mail[4096] = "";

	for (int i = 0; i < 30; i++)
		strcat(mail, "Content-Type: multipart/mixed; boundary=b\n\n--b\n");
	strcat(mail, "Content-Transfer-Encoding: base64\n\nTcO8bGxlcg==\n");
	read_mail(mail, true);
	ck_assert(has("TcO8bGxlcg==") || has("Müller"));
	read_mail("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nno end", true);
	ck_assert(has("no end"));
	read_mail("Content-Type: multipart/mixed; boundary=\n\nno boundary", true);
	ck_assert(has("no boundary"));
	read_mail("Content-Type", true);
	read_mail("", true);
}
END_TEST

START_TEST(text_that_does_not_fit_is_told)
{
	static char mail[8192] = "Content-Type: text/plain; charset=iso-8859-1\n\n";
	struct buf little;

	memset(mail + strlen(mail), 'x', sizeof(mail) - strlen(mail) - 1);
	buf_init(&little, 4096);
	mime_text(&little, span_str(mail), &(struct conf_list){ 0 }, true);
	ck_assert(little.failed);
	buf_release(&little);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mime");
	TCase *t = tcase_create("mime");
	int ret;

	buf_init(&out, 1 << 20);
	tcase_add_test(t, headers_are_unfolded_and_decoded);
	tcase_add_test(t, a_long_word_in_base64_is_decoded);
	tcase_add_test(t, bodies_are_decoded);
	tcase_add_test(t, wide_characters_are_utf8);
	tcase_add_test(t, parts_are_decoded_each_in_its_own_way);
	tcase_add_test(t, what_is_nested_too_deep_or_never_ends_is_given_as_it_stands);
	tcase_add_test(t, text_that_does_not_fit_is_told);
	suite_add_tcase(s, t);
	ret = suite_run(s);
	buf_release(&out);
	return ret;
}
