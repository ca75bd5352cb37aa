/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dsar/mail/mail_check.h"
#include "tests/unit/suite.h"

static struct buf mail;

static enum mail_fault
judge(void)
{
	struct mail_check m;

	ck_assert(!mail.failed);
	mail_check_init(&m, &mail_limits);
	(void)mail_check_feed(&m, span_of(mail.p, mail.len));
	return mail_check_end(&m);
}

static void
begin(const char *text)
{
	buf_clear(&mail);
	buf_str(&mail, text);
}

static void
times(unsigned n, const char *text)
{
	while (n-- > 0)
		buf_str(&mail, text);
}

START_TEST(honest_mails_pass)
{
	static const char *const mails[] = {
		"From: a@example.org\nTo: b@example.org\n\nHello\n",
		"From: =?utf-8?q?J=C3=B6rg?= <a@example.org>\r\nSubject: x\r\n\r\n\r\ntext\r\n",
		"From: a@[IPv6:2001:db8::1]\n\n",
		"To: friends: a@example.org, b@example.org;, foes: c@example.org;\n\n",
		"Content-Type: multipart/mixed; boundary=\"----=_Part_0123456789012345678901234567890"
		"123456789012345678901234567890\"\n\n--x\n\n--x--\n",
		"Content-Disposition: attachment; filename*=UTF-8''"
		"a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k%20l%20m%20n%20o%20p%20q%20r%20s%20t%20u\n\n",
		"Subject: time: 1:2:3:4\n\nbody: 1:2:3\n   indented: text\n-- \nme\n",
		"Subject: only a head",
	};

	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		begin(mails[i]);
		ck_assert_msg(judge() == MAIL_FINE, "%zu: %d", i, judge());
	}
	begin("To: a0@example.org");
	times(600, ",\n a@example.org");
	buf_str(&mail, "\n\n");
	times(60000, "a line of text that is neither long nor short\n  and one below it\n");
	ck_assert_int_eq(judge(), MAIL_FINE);
}
END_TEST

START_TEST(each_trap_is_named)
{
	begin("");
	ck_assert_int_eq(judge(), MAIL_EMPTY);
	begin("From: a\n\nx");
	buf_put(&mail, "\0y", 2);
	ck_assert_int_eq(judge(), MAIL_NUL);
	begin("Subject: ");
	times(33 << 10, "x");
	ck_assert_int_eq(judge(), MAIL_HEADER_TOO_LARGE);
	begin("Subject: x\n");
	times(33 << 10, "\tx\n");
	ck_assert_int_eq(judge(), MAIL_HEADER_TOO_LARGE);
	begin("");
	times(10000, "X-a: b\n");
	ck_assert_int_eq(judge(), MAIL_HEADERS_TOO_MANY);
	begin("");
	for (unsigned i = 0; i < 10; i++) {
		buf_str(&mail, "X-a: ");
		times(30 << 10, "x");
		buf_str(&mail, "\n");
	}
	ck_assert_int_eq(judge(), MAIL_HEAD_TOO_LARGE);
	begin("Content-Type: multipart/mixed; boundary=a\n\n");
	times(1001, "--a\n\n");
	ck_assert_int_eq(judge(), MAIL_PARTS_TOO_MANY);
	begin("Content-Type: message/rfc822\n\n");
	times(1001, "content-type : message/rfc822\n\n");
	ck_assert_int_eq(judge(), MAIL_PARTS_TOO_MANY);
}
END_TEST

START_TEST(a_group_in_a_group_in_a_group_is_refused_wherever_it_stands)
{
	static const char *const heads[] = { "From: ", "TO :", "reply-to:\n ",
		"Resent-X: ", "Subject: x\n\nFrom: ", "Content-Type: message/rfc822\r\n\r\nCc: " };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		begin(heads[i]);
		times(300, "a:");
		ck_assert_msg(judge() == MAIL_GROUPS_TOO_MANY, "%s", heads[i]);
		begin(heads[i]);
		times(300, "a:\n\t");
		ck_assert_msg(judge() == MAIL_GROUPS_TOO_MANY, "%s, folded", heads[i]);
	}
}
END_TEST

START_TEST(a_parameter_s_name_is_shorter_than_seventy_bytes)
{
	for (unsigned n = 60; n < 80; n++)
		for (unsigned way = 0; way < 4; way++) {
			begin(way & 1 ? "CONTENT-Type: text/plain;\n\t"
				      : "X: y\n\n--b\nContent-Disposition: x; ");
			times(n, "n");
			buf_str(&mail, way & 2 ? " \r\n =v\n\n" : "=v\n\n");
			ck_assert_int_eq(judge(), n < 70 ? MAIL_FINE : MAIL_NAME_TOO_LONG);
		}
}
END_TEST

START_TEST(a_mail_of_more_than_fifty_megabytes_is_refused)
{
	struct mail_check m;
	static char block[1 << 20];

	memset(block, 'x', sizeof(block));
	mail_check_init(&m, &mail_limits);
	(void)mail_check_feed(&m, SPAN("From: a\n\n"));
	for (unsigned i = 0; i < 49; i++)
		ck_assert_int_eq(mail_check_feed(&m, span_of(block, sizeof(block))), MAIL_FINE);
	ck_assert_int_eq(mail_check_feed(&m, span_of(block, sizeof(block))), MAIL_TOO_LARGE);
	ck_assert_int_eq(mail_check_end(&m), MAIL_TOO_LARGE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mail_check");
	TCase *t = tcase_create("mail_check");
	int ret;

	buf_init(&mail, 8 << 20);
	tcase_add_test(t, honest_mails_pass);
	tcase_add_test(t, each_trap_is_named);
	tcase_add_test(t, a_group_in_a_group_in_a_group_is_refused_wherever_it_stands);
	tcase_add_test(t, a_parameter_s_name_is_shorter_than_seventy_bytes);
	tcase_add_test(t, a_mail_of_more_than_fifty_megabytes_is_refused);
	suite_add_tcase(s, t);
	ret = suite_run(s);
	buf_release(&mail);
	return ret;
}
