/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/sign.h"

#include "evidence/gnupg.h"
#include "evidence/ledger.h"
#include "evidence/tar.h"
#include "tests/unit/evidence/state.h"
#include "tests/unit/suite.h"

static struct sign *sign;
static struct buf key, signature;

static void
setup(void)
{
	state_make();
	buf_init(&key, 1u << 20);
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

/* gpg(1) itself is the other party here: a key whose subkey signs, and a text signed clear. */
START_TEST(a_clear_signed_text_is_its_subkeys_and_nothing_stands_around_it)
{
	char fingerprint[FINGERPRINT_LEN + 1] = "", command[1024], path[128], scratch[128];
	struct sign_check *check = NULL;
	struct buf text, plain;

	(void)snprintf(command, sizeof(command),
		"export GNUPGHOME=%s/her; mkdir -m 700 $GNUPGHOME; exec 2>/dev/null;"
		"gpg --batch --passphrase '' --quick-gen-key ann@example.org ed25519 cert never;"
		"f=$(gpg --with-colons -k | awk -F: '/^fpr/ {print $10; exit}');"
		"gpg --batch --passphrase '' --quick-add-key $f ed25519 sign never;"
		"gpg --armor --export $f >%s/key.asc; echo 'about 2026-0001' | gpg --clearsign >%s/text.asc;"
		"gpgconf --kill gpg-agent",
		folder, folder, folder);
	ck_assert_int_eq(system(command), 0);
	buf_init(&text, 1u << 20);
	buf_init(&plain, 64u << 10);
	buf_clear(&key);
	(void)snprintf(path, sizeof(path), "%s/key.asc", folder);
	ck_assert_int_eq(tar_read_file(path, &key, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/text.asc", folder);
	ck_assert_int_eq(tar_read_file(path, &text, &e), 0);
	(void)snprintf(scratch, sizeof(scratch), "%s/clear", folder);
	ck_assert_int_eq(mkdir(scratch, 0700), 0);
	ck_assert_int_eq(
		sign_check_new(scratch, span_of(key.p, key.len), &check, fingerprint, &e), 0);
	ck_assert_int_eq(sign_verify_clear(check, span_of(text.p, text.len), &plain, &e), 0);
	ck_assert_int_eq(plain.len, 16);
	ck_assert_int_eq(memcmp(plain.p, "about 2026-0001\n", 16), 0);
	buf_str(&text, "and 2026-0002\n");
	ck_assert_int_eq(sign_verify_clear(check, span_of(text.p, text.len), &plain, &e), 1);
	buf_cut(&text, text.len - strlen("and 2026-0002\n"));
	*(char *)memmem(text.p, text.len, "0001", 4) = '1';
	ck_assert_int_eq(sign_verify_clear(check, span_of(text.p, text.len), &plain, &e), 1);
	sign_check_free(check);
	buf_release(&text);
	buf_release(&plain);
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

/* What gpg, an invented one, is told of its processor time, in seconds. */
static void
limit_of_gpg(enum gnupg_bytes whose, char ret[32])
{
	char program[128], said[128], line[512];
	gpgme_ctx_t ctx;
	gpgme_data_t none, out;
	struct gnupg_wait w;
	FILE *f;

	(void)snprintf(program, sizeof(program), "%s/gpg", folder);
	(void)snprintf(said, sizeof(said), "%s/said", folder);
	(void)snprintf(line, sizeof(line),
		"#!/bin/sh\n[ \"$1\" != --version ] || { echo 'gpg (GnuPG) 2.2.40'; exit; }\n"
		"ulimit -S -t >%s\nexit 2\n",
		said);
	f = fopen(program, "w");
	ck_assert(f && fputs(line, f) >= 0 && fclose(f) == 0 && chmod(program, 0700) == 0);
	ck_assert_int_eq(gpgme_new(&ctx), 0);
	ck_assert_int_eq(
		gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, program, folder), 0);
	ck_assert(gpgme_data_new(&none) == 0 && gpgme_data_new(&out) == 0);
	gnupg_wait_begin(ctx, whose, &w);
	(void)gnupg_wait_end(ctx, &w, gpgme_op_decrypt_start(ctx, none, out));
	gpgme_data_release(none);
	gpgme_data_release(out);
	gpgme_release(ctx);
	f = fopen(said, "r");
	ck_assert(f && fgets(ret, 32, f) && fclose(f) == 0 && unlink(said) == 0);
}

START_TEST(a_strangers_bytes_have_a_bounded_time)
{
	struct rlimit before, after;
	char said[32];

	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &before), 0);
	limit_of_gpg(GNUPG_STRANGERS, said);
	ck_assert_int_ge(strtol(said, NULL, 10), 10);
	ck_assert_int_lt(strtol(said, NULL, 10), 60);
	limit_of_gpg(GNUPG_OURS, said);
	ck_assert(before.rlim_cur != RLIM_INFINITY || strcmp(said, "unlimited\n") == 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &after), 0);
	ck_assert(before.rlim_cur == after.rlim_cur); /* nor what is begun after it, an agent say */
}

static Suite *
suite(void)
{
	Suite *s = suite_create("sign");
	TCase *t = tcase_create("sign");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_the_node_signs_verifies_and_nothing_else);
	tcase_add_test(t, a_key_that_is_none_is_not_good);
	tcase_add_test(t, a_clear_signed_text_is_its_subkeys_and_nothing_stands_around_it);
	tcase_add_test(t, a_head_is_signed_once);
	tcase_add_test(t, without_a_key_it_says_how_to_get_one);
	tcase_add_test(t, a_strangers_bytes_have_a_bounded_time);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
