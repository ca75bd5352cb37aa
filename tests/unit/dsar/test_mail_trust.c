/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two sides, each with a register of its own: the person, who writes, and us, who read. An attacker is a third.
 */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "dsar/mail/mail_trust.h"
#include "dsar/openpgp/openpgp-private.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

static struct err e;
static struct openpgp *anna, *eve, *us;
static char anna_fpr[41], eve_fpr[41], us_fpr[41];
static struct buf mail, signature;

static struct openpgp *
side(const char *name, const char *address, char fpr[41])
{
	struct openpgp *p = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_msg(openpgp_open(path, OPENPGP_OWN, &p, &e) == 0, "%s %s", e.what, e.where);
	ck_assert_msg(openpgp_own_make(p, address, &e) == 0, "%s %s", e.what, e.where);
	ck_assert_ptr_nonnull(openpgp_own(p));
	(void)snprintf(fpr, 41, "%s", openpgp_own(p));
	return p;
}

static void
knows(struct openpgp *p, struct openpgp *other)
{
	CLEANUP(buf_release) struct buf key = { .max = 1 << 16 };
	struct openpgp_key found[2];
	enum openpgp_fault fault;
	size_t n;

	ck_assert_int_eq(openpgp_export(other, openpgp_own(other), &key, &e), 0);
	ck_assert_int_eq(openpgp_import(p, span_of(key.p, key.len), found, 2, &n, &fault, &e), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(found[0].fault, KEY_USABLE);
}

static void
setup(void)
{
	folder_make();
	buf_init(&mail, 1 << 20);
	buf_init(&signature, 1 << 20);
	anna = side("a", "anna@example.org", anna_fpr);
	eve = side("e", "eve@example.net", eve_fpr);
	us = side("u", "privacy@node.example", us_fpr);
	knows(us, anna);
	knows(us, eve);
	knows(anna, us);
	knows(eve, us);
}

static void
teardown(void)
{
	anna = openpgp_free(anna);
	eve = openpgp_free(eve);
	us = openpgp_free(us);
	buf_release(&mail);
	buf_release(&signature);
	folder_remove();
}

/* TEXT's signature by WHO, or TEXT within one, into `signature`. */
static void
sign(struct openpgp *who, const char *text, gpgme_sig_mode_t mode)
{
	CLEANUP_DATA gpgme_data_t in = NULL, out = NULL;
	cleanup_mem char *crlf = calloc(2, strlen(text) + 1);
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			crlf[n++] = '\r';
		crlf[n++] = *p;
	}
	buf_clear(&signature);
	ck_assert_int_eq(gpgme_data_new_from_mem(&in, crlf, n, 0), 0);
	ck_assert_int_eq(gpgme_data_new(&out), 0);
	gpgme_signers_clear(who->ctx);
	ck_assert_int_eq(gpgme_signers_add(who->ctx, who->own), 0);
	ck_assert_int_eq(gpgme_op_sign(who->ctx, in, out, mode), 0);
	ck_assert_int_eq(gnupg_take(out, &signature, &e), 0);
}

#define ORDER  "Content-Type: text/plain\n\nPlease send me my data.\n"
#define FORGED "Content-Type: text/plain\n\nPlease send her data to me.\n"
#define SIGNED                                                                                     \
	"Content-Type: multipart/signed; micalg=pgp-sha256;\n"                                     \
	" protocol=\"application/pgp-signature\"; boundary=\"s\"\n\n"

static void
put_signed(struct openpgp *who, const char *part)
{
	sign(who, part, GPGME_SIG_MODE_DETACH);
	buf_str(&mail, SIGNED "--s\n");
	buf_str(&mail, part);
	buf_str(&mail, "\n--s\nContent-Type: application/pgp-signature\n\n");
	buf_put(&mail, signature.p, signature.len);
	buf_str(&mail, "\n--s--\n");
}

static struct mail_read got;

/* Reads `mail`: is it Anna's? */
static bool
is_annas(void)
{
	cleanup_fd int fd = memfd_create("mail", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, mail.p, mail.len), (ssize_t)mail.len);
	mail_read_release(&got);
	if (mail_read(us, fd, &got, &e) < 0) {
		ck_assert_int_eq(e.exit, EX_DATAERR);
		return false;
	}
	return mail_is_of(&got, anna_fpr);
}

static void
begin(const char *from)
{
	buf_clear(&mail);
	buf_printf(&mail,
		"From: %s\nTo: privacy@node.example\nSubject: request\nMIME-Version: 1.0\n", from);
}

static const char *text;

static ssize_t
read_text(void *ctx, void *p, size_t n, struct err *err)
{
	size_t len = strlen(text);

	(void)ctx;
	(void)err;
	len = len < n ? len : n;
	memcpy(p, text, len);
	text += len;
	return (ssize_t)len;
}

static void
put_encrypted(struct openpgp *who, const char *content, bool with_signature)
{
	cleanup_fd int fd = memfd_create("cipher", MFD_CLOEXEC);
	char part[4096];
	ssize_t n;

	text = content;
	ck_assert_int_eq(openpgp_encrypt(who, us_fpr, with_signature, read_text, NULL, fd, &e), 0);
	buf_str(&mail,
		"Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";"
		" boundary=\"e\"\n\n--e\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
		"--e\nContent-Type: application/octet-stream\n\n");
	(void)lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_put(&mail, part, (size_t)n);
	buf_str(&mail, "\n--e--\n");
}

static bool
reads(const char *wanted)
{
	return span_eq(mail_content(&got)->text, span_str(wanted));
}

START_TEST(the_genuine_mails_are_hers)
{
	begin("anna@example.org");
	put_signed(anna, ORDER);
	ck_assert(is_annas() && !got.encrypted && reads("Please send me my data.\n"));
	begin("anna@example.org");
	put_encrypted(anna, ORDER, true);
	ck_assert(is_annas() && got.encrypted && reads("Please send me my data.\n"));
	/* signed first, then encrypted */
	begin("anna@example.org");
	buf_clear(&mail);
	put_signed(anna, ORDER);
	buf_char(&mail, '\0');
	{
		cleanup_mem char *inside = strdup(mail.p);

		begin("Anna <ANNA@example.org>");
		put_encrypted(anna, inside, false);
	}
	ck_assert(is_annas() && got.encrypted && reads("Please send me my data.\n"));
}
END_TEST

START_TEST(wrapped_prepended_and_hidden_ones_are_nobody_s)
{
	begin("anna@example.org"); /* m1: beside another part */
	buf_str(&mail, "Content-Type: multipart/mixed; boundary=m\n\n--m\n" FORGED "\n--m\n");
	put_signed(anna, ORDER);
	buf_str(&mail, "--m--\n");
	ck_assert(!is_annas());
	begin("anna@example.org"); /* m2: one of two alternatives */
	buf_str(&mail, "Content-Type: multipart/alternative; boundary=m\n\n--m\n");
	put_signed(anna, ORDER);
	buf_str(&mail, "--m\n" FORGED "\n--m--\n");
	ck_assert(!is_annas());
	begin("anna@example.org"); /* m3: before the first delimiter, a part more */
	put_signed(anna, ORDER);
	buf_str(&mail, "--s\n" FORGED "--s--\n");
	ck_assert(!is_annas());
	begin("anna@example.org"); /* m4: her signed mail, forwarded as hers */
	buf_str(&mail, "Content-Type: message/rfc822\n\nFrom: anna@example.org\n");
	put_signed(anna, ORDER);
	ck_assert(!is_annas());
	begin("anna@example.org"); /* inline, with text before it */
	buf_str(&mail, "\nPlease send her data to me.\n\n");
	sign(anna, "Please send me my data.\n", GPGME_SIG_MODE_CLEAR);
	buf_put(&mail, signature.p, signature.len);
	ck_assert(!is_annas());
	begin("anna@example.org"); /* … and alone */
	buf_str(&mail, "\n");
	buf_put(&mail, signature.p, signature.len);
	ck_assert(!is_annas());
	begin("anna@example.org"); /* the signature over something else */
	put_signed(anna, ORDER);
	memcpy(memmem(mail.p, mail.len, "my data", 7), "HIS", 3);
	ck_assert(!is_annas());
}
END_TEST

START_TEST(from_and_signer_are_two_facts)
{
	begin("anna@example.org"); /* i1: signed by somebody whom we know as well */
	put_signed(eve, ORDER);
	ck_assert(!is_annas());
	ck_assert(got.signature.good && !got.address_in_key && !mail_is_of(&got, eve_fpr));
	begin("anna@example.org, eve@example.net"); /* i2: two addresses */
	put_signed(eve, ORDER);
	ck_assert(!is_annas() && !mail_is_of(&got, eve_fpr));
	begin("anna@example.org\nFrom: eve@example.net"); /* two headers */
	put_signed(eve, ORDER);
	ck_assert(!is_annas() && !mail_is_of(&got, eve_fpr));
	begin("eve@example.net"); /* her words, sent on by Eve */
	put_signed(anna, ORDER);
	ck_assert(!is_annas());
	/* i3: a lying display name: truthfully Eve's, and no fact says otherwise */
	begin("\"anna@example.org\" <eve@example.net>");
	put_signed(eve, ORDER);
	ck_assert(!is_annas() && mail_is_of(&got, eve_fpr));
	ck_assert(span_eq(got.outer.from, SPAN("eve@example.net")));
	/* u1: a text that looks like a program's verdict */
	begin("anna@example.org");
	buf_str(&mail, "\nGood signature from anna@example.org\n");
	ck_assert(!is_annas() && got.covered == COVERED_NOTHING);
}
END_TEST

START_TEST(encrypted_is_not_signed_and_damage_is_refused)
{
	begin("anna@example.org");
	put_encrypted(anna, ORDER, false);
	ck_assert(!is_annas() && got.encrypted && got.covered == COVERED_NOTHING);
	ck_assert(reads("Please send me my data.\n"));
	begin("anna@example.org");
	put_encrypted(anna, ORDER, true);
	{
		char *at = memmem(mail.p, mail.len, "\n\n-----BEGIN", 12);

		at += 200; /* within the ciphertext */
		*at = *at == 'A' ? 'B' : 'A';
	}
	ck_assert(!is_annas());
}
END_TEST

START_TEST(keys_that_cannot_be_used_are_refused_in_plain_words)
{
	static const char v6[] = "\xc6\x2a\x06\x63\x87\x7f\xe3\x1b\x00\x00\x00\x20"
				 "0123456789abcdef0123456789abcdef";
	struct openpgp_key found[2];
	enum openpgp_fault fault;
	size_t n;

	ck_assert_int_eq(openpgp_import(us, SPAN("no key\n"), found, 2, &n, &fault, &e), 0);
	ck_assert(n == 0 && fault == KEY_UNREADABLE);
	ck_assert_int_eq(
		openpgp_import(us, span_of(v6, sizeof(v6) - 1), found, 2, &n, &fault, &e), 0);
	ck_assert(n == 0 && fault == KEY_VERSION);
	ck_assert_int_eq(
		openpgp_judge(us, "0123456789ABCDEF0123456789ABCDEF01234567", SPAN_NONE, found, &e),
		0);
	ck_assert_int_eq(found[0].fault, KEY_UNKNOWN);
	text = "x";
	ck_assert_int_eq(
		openpgp_encrypt(us, "anna@example.org", false, read_text, NULL, 1, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mail_trust");
	TCase *t = tcase_create("mail_trust");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_genuine_mails_are_hers);
	tcase_add_test(t, wrapped_prepended_and_hidden_ones_are_nobody_s);
	tcase_add_test(t, from_and_signer_are_two_facts);
	tcase_add_test(t, encrypted_is_not_signed_and_damage_is_refused);
	tcase_add_test(t, keys_that_cannot_be_used_are_refused_in_plain_words);
	suite_add_tcase(s, t);
	return suite_run(s);
}
