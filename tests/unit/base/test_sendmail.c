/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <unistd.h>

#include "../folder.h"
#include "base/sendmail.h"
#include "tests/unit/suite.h"

static char program[128], out[128];
static struct err e;

/* A sendmail that does what SCRIPT says. */
static void
play(const char *script)
{
	FILE *f;

	(void)snprintf(program, sizeof(program), "%s/sendmail", folder);
	(void)snprintf(out, sizeof(out), "%s/out", folder);
	(void)unlink(out);
	f = fopen(program, "we");
	ck_assert_ptr_nonnull(f);
	(void)fprintf(f, "#!/bin/sh\ncd %s\n%s\n", folder, script);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(program, 0700), 0);
}

static long
out_size(void)
{
	struct stat st;

	return stat(out, &st) < 0 ? -1 : (long)st.st_size;
}

static int
send_large(const char *envelope)
{
	static char block[1 << 16];
	struct sendmail s;

	memset(block, 'x', sizeof(block));
	if (sendmail_begin(&s, program, "privacy@node.example", envelope, &e) < 0)
		return -1;
	for (unsigned i = 0; i < 32; i++)
		if (sendmail_put(&s, span_of(block, sizeof(block)), &e) < 0)
			return -1;
	return sendmail_end(&s, &e);
}

START_TEST(all_of_a_mail_arrives_and_the_envelope_s_id_is_given)
{
	char args[128] = "";
	FILE *f;

	play("echo \"$@\" >args; sleep 0.1; cat >out");
	ck_assert_int_eq(send_large("2026-0001"), 0);
	ck_assert_int_eq(out_size(), 32L << 16);
	f = fopen(strcat(strcpy(out, folder), "/args"), "re");
	ck_assert_ptr_nonnull(fgets(args, sizeof(args), f));
	(void)fclose(f);
	ck_assert_str_eq(args,
		"-i -t -N success,delay,failure -R hdrs -V 2026-0001 -f privacy@node.example\n");
	play("[ \"$*\" = '-i -t' ] && exec cat >out");
	ck_assert_int_eq(send_large(NULL), 0);
}
END_TEST

/* More than a pipe holds, between two texts, while the reader takes its time. */
static int
send_file(void)
{
	static char block[(3 << 20) + 7];
	struct sendmail s;
	FILE *f = tmpfile();
	int rc;

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 23);
	ck_assert_uint_eq(fwrite(block, 1, sizeof(block), f), sizeof(block));
	ck_assert_int_eq(fflush(f), 0);
	rc = sendmail_begin(&s, program, "privacy@node.example", NULL, &e);
	if (rc == 0 && (sendmail_put(&s, SPAN("head\n"), &e) < 0 ||
			       sendmail_put_file(&s, fileno(f), &e) < 0 ||
			       sendmail_put(&s, SPAN("tail\n"), &e) < 0))
		rc = -1;
	(void)fclose(f);
	return rc == 0 ? sendmail_end(&s, &e) : -1;
}

START_TEST(all_of_a_file_arrives_in_its_place)
{
	char got[32];
	size_t n = 0;
	FILE *f;

	play("sleep 0.1; cat >out");
	ck_assert_int_eq(send_file(), 0);
	ck_assert_int_eq(out_size(), (3L << 20) + 7 + 10);
	f = fopen(out, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(fgets(got, 8, f), "head\n");
	while (n < (3U << 20) + 7 && getc(f) == (int)('a' + n % 23))
		n++;
	ck_assert_uint_eq(n, (3U << 20) + 7);
	ck_assert_str_eq(fgets(got, 8, f), "tail\n");
	(void)fclose(f);
	play("head -c 100 >/dev/null; exit 70");
	ck_assert_int_eq(send_file(), -1);
	ck_assert_int_eq(e.exit, EX_UNAVAILABLE);
	play("kill -9 $$");
	ck_assert_int_eq(send_file(), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
}
END_TEST

START_TEST(who_refuses_says_so_by_its_status)
{
	play("exit 70"); /* without reading */
	ck_assert_int_eq(send_large(NULL), -1);
	ck_assert_int_eq(e.exit, EX_UNAVAILABLE);
	ck_assert_int_eq(e.errnum, 0);
	play("kill -9 $$"); /* no refusal: it had no memory, perhaps */
	ck_assert_int_eq(send_large(NULL), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	play("cat >/dev/null; exit 75");
	ck_assert_int_eq(send_large(NULL), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	(void)unlink(program);
	ck_assert_int_eq(send_large(NULL), -1);
	ck_assert_int_eq(e.exit, EX_UNAVAILABLE);
	ck_assert_int_ne(e.errnum, 0);
}
END_TEST

START_TEST(a_mail_that_was_begun_and_not_ended_is_not_sent)
{
	struct sendmail s;

	play("cat >part && mv part out");
	ck_assert_int_eq(sendmail_begin(&s, program, NULL, NULL, &e), 0);
	ck_assert_int_eq(sendmail_put(&s, SPAN("From: x\n"), &e), 0);
	sendmail_abort(&s);
	ck_assert_int_eq(out_size(), -1);
	sendmail_abort(&s); /* nothing runs any more */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sendmail");
	TCase *t = tcase_create("sendmail");

	tcase_add_checked_fixture(t, folder_make, folder_remove);
	tcase_add_test(t, all_of_a_mail_arrives_and_the_envelope_s_id_is_given);
	tcase_add_test(t, all_of_a_file_arrives_in_its_place);
	tcase_add_test(t, who_refuses_says_so_by_its_status);
	tcase_add_test(t, a_mail_that_was_begun_and_not_ended_is_not_sent);
	suite_add_tcase(s, t);
	return suite_run(s);
}
