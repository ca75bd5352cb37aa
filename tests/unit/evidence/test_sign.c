/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/sign.h"

#include "evidence/ledger.h"
#include "tests/unit/evidence/state.h"

static struct sign *sign;
static struct buf key, signature;

static void
setup(void)
{
	state_make();
	buf_init(&key, 64u << 10);
	buf_init(&signature, 64u << 10);
	ck_assert_msg(sign_init(&conf, "node", &e) == 0, "%s %s", e.what, e.where);
	ck_assert_int_eq(sign_open(&conf, &sign, &e), 0);
	ck_assert_int_eq(sign_export(sign, &key, &e), 0);
	ck_assert_int_eq(sign_detached(sign, span_str("a text\n"), &signature, &e), 0);
}

static void
teardown(void)
{
	sign = sign_free(sign);
	buf_release(&key);
	buf_release(&signature);
	state_remove();
}

/* The outcome for TEXT, signature and key as they are now. */
static int
verify(const char *text, char fingerprint[FINGERPRINT_LEN + 1])
{
	struct sign_check *check = NULL;
	char scratch[128];
	static int n;
	int rc;

	(void)snprintf(scratch, sizeof(scratch), "%s/v%d", folder, n++);
	ck_assert_int_eq(mkdir(scratch, 0700), 0);
	rc = sign_check_new(scratch, span_of(key.p, key.len), &check, fingerprint, &e);
	if (rc == 0)
		rc = sign_verify(check, span_str(text), span_of(signature.p, signature.len), &e);
	sign_check_free(check);
	return rc;
}

START_TEST(what_the_node_signs_verifies_and_nothing_else)
{
	char fingerprint[FINGERPRINT_LEN + 1] = "";

	ck_assert_int_eq(verify("a text\n", fingerprint), 0);
	ck_assert_str_eq(fingerprint, sign_fingerprint(sign));
	ck_assert_int_eq(verify("another text\n", fingerprint), 1);
	signature.p[signature.len / 2] ^= 1;
	ck_assert_int_eq(verify("a text\n", fingerprint), 1);
	signature.len = 0;
	ck_assert_int_eq(verify("a text\n", fingerprint), 1);
}
END_TEST

START_TEST(a_key_that_is_none_is_not_good)
{
	char fingerprint[FINGERPRINT_LEN + 1] = "";

	key.len = 20;
	ck_assert_int_ne(verify("a text\n", fingerprint), 0);
}
END_TEST

START_TEST(a_head_is_signed_once)
{
	struct ledger *l = NULL;

	ck_assert_int_eq(ledger_init(&conf, &l, &e), 0);
	ck_assert_int_eq(ledger_sign(l, sign, &e), 1); /* nothing to sign yet */
	ck_assert_int_eq(ledger_append(l, NOW_US, "run", json_object(), NULL, &e), 0);
	ck_assert_int_eq(ledger_sign(l, sign, &e), 0);
	ck_assert_int_eq(ledger_sign(l, sign, &e), 1);
	ledger_free(l);
}
END_TEST

START_TEST(without_a_key_it_says_how_to_get_one)
{
	struct sign *none = NULL;
	char elsewhere[96];
	struct conf other = conf;

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	other.state_dir = elsewhere;
	ck_assert_int_eq(sign_open(&other, &none, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_null(none);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase_create("sign");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_the_node_signs_verifies_and_nothing_else);
	tcase_add_test(t, a_key_that_is_none_is_not_good);
	tcase_add_test(t, a_head_is_signed_once);
	tcase_add_test(t, without_a_key_it_says_how_to_get_one);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
