/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dsar/mail/mail_account.h"
#include "dsar/mail/mail_parse.h"
#include "tests/unit/suite.h"

static struct mail m;
static struct err e;

static int
parse(const char *text)
{
	cleanup_fd int fd = memfd_create("mail", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	mail_release(&m);
	return mail_parse(fd, &m, &e);
}

#define ck_span_eq(s, text)                                                                        \
	ck_assert_msg(span_eq(s, span_str(text)), "%.*s", (int)(s).len, (s).p ? (s).p : "")

START_TEST(a_letter_says_who_when_and_what)
{
	ck_assert_int_eq(
		parse("Return-Path: <anna@example.org>\n"
		      "Received: from x by y; Wed, 25 Nov 2026 10:00:00 +0100\n"
		      "Received: from z by x; Tue, 24 Nov 2026 10:00:00 +0100\n"
		      "From: \"DPO privacy@node.example\" <anna@example.org>\n"
		      "Date: Tue, 24 Nov 2026 09:00:00 +0000\nMessage-ID: <1@example.org>\n"
		      "References: <0@example.org>\nSubject: =?iso-8859-1?q?Ausk=FCnfte?=\n"
		      "Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdf"
		      "e\n"),
		0);
	ck_assert_int_eq(m.form, MAIL_PLAIN);
	ck_assert_uint_eq(m.n_from, 1);
	ck_span_eq(m.from, "anna@example.org"); /* and no display name */
	ck_span_eq(m.subject, "Ausk\u00fcnfte");
	ck_span_eq(m.text, "Gr\u00fc\u00dfe\n");
	ck_span_eq(m.message_id, "1@example.org");
	ck_span_eq(m.references, "<0@example.org>");
	ck_assert_int_eq(m.date_us, 1795510800 * INT64_C(1000000));
	ck_assert_int_eq(m.received_us, 1795597200 * INT64_C(1000000));
	ck_assert_uint_eq(m.traits, 0);
}
END_TEST

START_TEST(who_it_is_from_is_one_address_or_not_to_be_told)
{
	ck_assert_int_eq(parse("From: a@example.org, b@example.org\n\nx"), 0);
	ck_assert_uint_gt(m.n_from, 1);
	ck_assert_int_eq(parse("From: a@example.org\nFrom: b@example.org\n\nx"), 0);
	ck_assert_uint_gt(m.n_from, 1);
	ck_assert_int_eq(parse("From: all: a@example.org;\n\nx"), 0);
	ck_assert_uint_ne(m.n_from, 1);
	ck_assert_int_eq(parse("Subject: nobody\n\nx"), 0);
	ck_assert_uint_eq(m.n_from, 0);
}
END_TEST

START_TEST(mail_that_no_person_wrote_is_known)
{
	static const struct {
		const char *header;
		unsigned trait;
	} cases[] = {
		{ "Auto-Submitted: auto-replied", MAIL_AUTOMATIC },
		{ "auto-submitted: auto-generated (rejected)", MAIL_AUTOMATIC },
		{ "Auto-Submitted: no", 0 },
		{ "Precedence: bulk", MAIL_BULK },
		{ "Precedence: list", MAIL_BULK },
		{ "List-Id: <x.example.org>", MAIL_FROM_LIST },
		{ "List-Unsubscribe: <mailto:x@example.org>", MAIL_FROM_LIST },
		{ "Return-Path: <>", MAIL_NO_SENDER },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), "From: a@example.org\n%s\n\nx", cases[i].header);
		ck_assert_int_eq(parse(text), 0);
		ck_assert_msg(m.traits == cases[i].trait, "%s", cases[i].header);
	}
}
END_TEST

#define SIGNED_HEAD                                                                                \
	"From: a@example.org\nContent-Type: multipart/signed; micalg=pgp-sha512;\n"                \
	" protocol=\"application/pgp-signature\"; boundary=\"b\"\n\n"
#define SIGNED_BODY                                                                                \
	"--b\nContent-Type: text/plain\n\nhello\n\n--b\nContent-Type: application/pgp-signature\n" \
	"\nSIGNATURE\n--b--\n"

START_TEST(what_was_signed_is_a_range_of_the_mail_s_own_bytes)
{
	const char *mail = SIGNED_HEAD SIGNED_BODY;
	static const char *const others[] = {
		SIGNED_HEAD SIGNED_BODY "--b\nmore\n",
		SIGNED_HEAD "--b\n\nx\n--bc\n" SIGNED_BODY,
		SIGNED_HEAD "--b\n\nx\n" SIGNED_BODY,
		"From: a@example.org\nContent-Type: multipart/mixed; boundary=c\n\n--c\n"
		"Content-Type: multipart/signed; protocol=\"application/pgp-signature\";"
		" boundary=b\n\n" SIGNED_BODY "--c--\n",
		"From: a@example.org\nContent-Type: multipart/signed;"
		" protocol=\"application/pkcs7-signature\"; boundary=b\n\n" SIGNED_BODY,
	};

	ck_assert_int_eq(parse(mail), 0);
	ck_assert_int_eq(m.form, MAIL_SIGNED);
	ck_span_eq(span_of(mail + m.signed_part.at, m.signed_part.len),
		"Content-Type: text/plain\n\nhello\n");
	ck_span_eq(m.signature, "SIGNATURE");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		ck_assert_int_eq(parse(others[i]), 0);
		ck_assert_msg(m.form == MAIL_PLAIN, "%zu", i);
	}
}
END_TEST

START_TEST(a_delivery_report_names_its_case)
{
	ck_assert_int_eq(
		parse("Return-Path: <>\nFrom: MAILER-DAEMON@node.example\n"
		      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
		      "--b\n\ndelivered\n--b\nContent-Type: message/delivery-status\n\n"
		      "Reporting-MTA: dns; node.example\nOriginal-Envelope-Id: 2026-0001\n\n"
		      "Final-Recipient: rfc822; a@example.org\nAction: delivered\nStatus: 2.0.0\n"
		      "--b--\n"),
		0);
	ck_assert_int_eq(m.form, MAIL_REPORT);
	ck_span_eq(m.envelope_id, "2026-0001");
	ck_span_eq(m.action, "delivered");
	ck_span_eq(m.status, "2.0.0");
}
END_TEST

START_TEST(keys_are_found_as_claims)
{
	ck_assert_int_eq(
		parse("From: a@example.org\nAutocrypt: addr=a@example.org; prefer-encrypt=mutual;\n"
		      " keydata=aGVs\n bG8=\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"
		      "--b\nContent-Type: application/pgp-keys\nContent-Transfer-Encoding: base64\n\n"
		      "S0VZ\n--b--\n"),
		0);
	ck_span_eq(m.autocrypt_address, "a@example.org");
	ck_span_eq(m.autocrypt_key, "hello");
	ck_assert_uint_eq(m.n_keys, 1);
	ck_span_eq(m.key[0], "KEY");
}
END_TEST

START_TEST(hostile_mail_is_refused_and_the_next_one_is_read)
{
	cleanup_mem char *large = malloc(4 << 20);
	size_t n;

	strcpy(large, "From: ");
	for (n = 6; n < 100000; n += 2)
		memcpy(large + n, "a:", 3);
	ck_assert_int_eq(parse(large), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	n = (size_t)sprintf(large, "From: a@example.org\n\n");
	memset(large + n, 'x', (3 << 20) - n); /* more text than is read */
	large[3 << 20] = '\0';
	ck_assert_int_eq(parse(large), 0);
	ck_assert(m.text_cut && m.text.len == MAIL_TEXT_MAX);
	ck_assert_int_eq(parse("From: a@example.org\n\nx"), 0);
	ck_assert_int_eq(parse(""), -1);
}
END_TEST

START_TEST(an_account_that_does_not_hold_together_is_refused)
{
	struct mail a;

	for (unsigned way = 0; way < 7; way++) {
		a = (struct mail){ 0 };
		buf_init(&a.account, 4096);
		account_number(&a.account, ACCOUNT_FORM, way == 1 ? MAIL_SIGNED : MAIL_PLAIN);
		account_number(&a.account, ACCOUNT_SIGNED_AT, 90);
		account_number(&a.account, ACCOUNT_SIGNED_LEN, way == 2 ? 11 : 10);
		account_bytes(&a.account, ACCOUNT_SUBJECT, way == 3 ? SPAN("\xff") : SPAN("x"));
		if (way == 4)
			account_bytes(&a.account, ACCOUNT_SUBJECT, SPAN("y"));
		if (way == 5)
			account_number(&a.account, ACCOUNT_N_FROM, 1);
		account_bytes(&a.account, ACCOUNT_END, SPAN(""));
		if (way == 6)
			buf_char(&a.account, 'x');
		ck_assert_msg(account_read(&a, 100, &e) == (way == 0 ? 0 : -1), "%u", way);
		mail_release(&a);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mail_parse");
	TCase *t = tcase_create("mail_parse");
	int ret;

	tcase_add_test(t, a_letter_says_who_when_and_what);
	tcase_add_test(t, who_it_is_from_is_one_address_or_not_to_be_told);
	tcase_add_test(t, mail_that_no_person_wrote_is_known);
	tcase_add_test(t, what_was_signed_is_a_range_of_the_mail_s_own_bytes);
	tcase_add_test(t, a_delivery_report_names_its_case);
	tcase_add_test(t, keys_are_found_as_claims);
	tcase_add_test(t, hostile_mail_is_refused_and_the_next_one_is_read);
	tcase_add_test(t, an_account_that_does_not_hold_together_is_refused);
	suite_add_tcase(s, t);
	ret = suite_run(s);
	mail_release(&m);
	return ret;
}
