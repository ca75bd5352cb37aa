/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys and messages of strangers, as gpg(1) makes them: the good, the old, and those that are no use.
 */
#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "dsar/openpgp/openpgp-private.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define THEN                                                                                       \
	" && gpg --homedir h --batch -q --passphrase '' --pinentry-mode loopback --trust-model"    \
	" always "
#define FPR "$(gpg --homedir h --with-colons -k | awk -F: '/^fpr/ { print $10; exit }')"
#define GPG                                                                                        \
	"gpg --homedir h --batch -q --no-permission-warning --passphrase '' --pinentry-mode"       \
	" loopback --trust-model always "

static struct err e;
static struct openpgp *us;
static char us_fpr[41];

/* gpg with the rest of a command line, in a shell whose folder is the test's. */
static void
gpg(const char *rest)
{
	char command[2048];

	(void)snprintf(command, sizeof(command), "cd %s && { " GPG "%s; } 2>>log", folder, rest);
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* The file NAME of the folder; the caller releases it. */
static struct buf
content(const char *name)
{
	struct buf b = { .max = 8 << 20 };
	char path[128], part[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(&b, part, n);
	(void)fclose(f);
	return b;
}

static void
setup(void)
{
	char path[128];

	folder_make();
	(void)snprintf(path, sizeof(path), "%s/h", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/u", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_msg(openpgp_open(path, OPENPGP_OWN, &us, &e) == 0, "%s %s", e.what, e.where);
	ck_assert_int_eq(openpgp_own_make(us, "privacy@node.example", &e), 0);
	(void)snprintf(us_fpr, sizeof(us_fpr), "%s", openpgp_own(us));
	us = openpgp_free(us);
	/* a case's ring, which reaches our own secret key */
	ck_assert_msg(openpgp_open(path, "2026-0001", &us, &e) == 0, "%s %s", e.what, e.where);
}

static void
teardown(void)
{
	char path[128];

	us = openpgp_free(us);
	(void)snprintf(path, sizeof(path), "%s/h", folder);
	gnupg_end(path);
	folder_remove();
}

/* --- keys ------------------------------------------------------------------------------------- */

static struct openpgp_key found;

/* What of the one key in the file NAME? */
static enum openpgp_fault
import_file(const char *name)
{
	CLEANUP(buf_release) struct buf blob = content(name);
	enum openpgp_fault fault;
	size_t n;

	ck_assert_int_eq(
		openpgp_import(us, span_of(blob.p, blob.len), &found, 1, &n, &fault, &e), 0);
	return n == 1 ? found.fault : fault;
}

/* … of a key that gpg makes by HOW for x@example.org? */
static enum openpgp_fault
import_made(const char *how)
{
	gpg(how);
	gpg("--armor --yes -o key --export x@example.org");
	return import_file("key");
}

static ssize_t
read_once(void *ctx, void *p, size_t n, struct err *err)
{
	const char **text = ctx;
	size_t len = strlen(*text);

	(void)err;
	len = len < n ? len : n;
	memcpy(p, *text, len);
	*text += len;
	return (ssize_t)len;
}

static int
encrypt_to(const char *fpr)
{
	cleanup_fd int fd = memfd_create("cipher", MFD_CLOEXEC);
	const char *text = "something\n";

	return openpgp_encrypt(us, fpr, true, read_once, &text, fd, &e);
}

START_TEST(rsa_and_curve25519_of_today_work)
{
	static const char *const how[] = {
		"--quick-gen-key x@example.org rsa2048 cert,sign never" THEN "--quick-add-key " FPR
		" rsa2048 encr never",
		"--quick-gen-key x@example.org future-default default never"
	};
	char fpr[41];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(import_made(how[i]), KEY_USABLE);
		memcpy(fpr, found.fpr, sizeof(fpr));
		ck_assert_msg(encrypt_to(fpr) == 0, "%s %s", e.what, e.where);
		ck_assert_int_eq(openpgp_judge(us, fpr, SPAN("X@example.org"), &found, &e), 0);
		ck_assert(found.has_address);
		ck_assert_int_eq(openpgp_judge(us, fpr, SPAN("y@example.org"), &found, &e), 0);
		ck_assert(!found.has_address);
		gpg("--version >/dev/null; rm -r h/pubring.kbx");
	}
}
END_TEST

static const struct {
	const char *how;
	enum openpgp_fault fault;
} useless[] = {
	{ "--faked-system-time 20200101T000000 --quick-gen-key x@example.org future-default default 1y",
		KEY_EXPIRED },
	{ "--quick-gen-key x@example.org rsa1024 default never", KEY_WEAK },
	{ "--quick-gen-key x@example.org dsa2048 default never", KEY_WEAK },
	{ "--quick-gen-key x@example.org ed25519 sign never", KEY_NO_ENCRYPTION },
	/* the primary key lives on, its subkey for encryption does not */
	{ "--faked-system-time 20190101T000000 --quick-gen-key x@example.org ed25519 cert never" THEN
	  "--faked-system-time 20200101T000000 --quick-add-key " FPR " cv25519 encr 1y",
		KEY_EXPIRED },
	{ "--cert-digest-algo SHA1 --quick-gen-key x@example.org future-default default never",
		KEY_NO_USER },
	{ "--quick-gen-key x@example.org future-default default never && sed -i 's/^:---/---/'"
	  " h/openpgp-revocs.d/*.rev && gpg --homedir h --batch -q --import h/openpgp-revocs.d/*.rev",
		KEY_REVOKED },
};

START_TEST(keys_without_use_are_named_and_nothing_is_encrypted_to_them)
{
	char fpr[41];

	ck_assert_int_eq(import_made(useless[_i].how), useless[_i].fault);
	memcpy(fpr, found.fpr, sizeof(fpr));
	ck_assert_int_eq(encrypt_to(fpr), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
	ck_assert_ptr_nonnull(openpgp_fault_text(useless[_i].fault));
}
END_TEST

START_TEST(a_key_of_version_6_is_refused_in_plain_words)
{
	static const char sample[] = /* RFC 9580 A.3 */
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
		"xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf\n"
		"GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy\n"
		"KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw\n"
		"gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE\n"
		"QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn\n"
		"+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh\n"
		"BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8\n"
		"j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805\n"
		"I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==\n"
		"-----END PGP PUBLIC KEY BLOCK-----\n";
	enum openpgp_fault fault;
	size_t n;

	ck_assert_int_eq(openpgp_import(us, span_str(sample), &found, 1, &n, &fault, &e), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(fault, KEY_VERSION);
}
END_TEST

/* Else whoever sends one could make a case's answers be signed by it. */
START_TEST(a_secret_key_is_refused_and_nowhere_kept)
{
	enum openpgp_fault fault;
	size_t n;
	char path[128];

	gpg("--quick-gen-key x@example.org future-default default never");
	for (int armour = 0; armour < 2; armour++) {
		CLEANUP(buf_release) struct buf blob = { 0 };

		gpg(armour ? "--yes --armor -o key --export-secret-keys x@example.org"
			   : "--yes -o key --export-secret-keys x@example.org");
		blob = content("key");
		ck_assert_int_eq(
			openpgp_import(us, span_of(blob.p, blob.len), &found, 1, &n, &fault, &e),
			0);
		ck_assert_uint_eq(n, 0);
		ck_assert_int_eq(fault, KEY_SECRET);
	}
	us = openpgp_free(us);
	(void)snprintf(path, sizeof(path), "%s/u", folder);
	ck_assert_int_eq(openpgp_open(path, "2026-0001", &us, &e), 0);
	ck_assert_str_eq(openpgp_own(us), us_fpr);
	(void)snprintf(path, sizeof(path), "test $(ls %s/u/pgp/own/private-keys-v1.d | wc -l) = 2",
		folder);
	ck_assert_int_eq(system(path), 0);
}
END_TEST

START_TEST(a_key_is_named_whole_or_not_at_all)
{
	static const char *const names[] = { "x@example.org", "", "0x", "-", "--version" };
	char fpr[41], part[64];

	ck_assert_int_eq(import_made("--quick-gen-key x@example.org future-default default never"),
		KEY_USABLE);
	memcpy(fpr, found.fpr, sizeof(fpr));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(encrypt_to(names[i]), -1);
	ck_assert_int_eq(encrypt_to(fpr + 24), -1); /* the long id */
	(void)snprintf(part, sizeof(part), "%s!", fpr);
	ck_assert_int_eq(encrypt_to(part), -1);
	fpr[39] ^= 1;
	ck_assert_int_eq(encrypt_to(fpr), -1);
}
END_TEST

/* gpg ends long before it has read it all, while the pipe to it is full. */
START_TEST(noise_in_place_of_a_key_or_a_message_is_left_at_once)
{
	static char noise[300000];
	cleanup_fd int fd = -1;
	struct openpgp_signature signature;
	enum openpgp_fault fault;
	uint32_t x = 1;
	size_t n;

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
		noise[0] = round % 2 ? '\x99' : '\x85';
		ck_assert_int_eq(openpgp_import(us, span_of(noise, sizeof(noise)), &found, 1, &n,
					 &fault, &e),
			0);
		ck_assert_uint_eq(n, 0);
		ck_assert_int_eq(openpgp_decrypt(us, span_of(noise, sizeof(noise)), 1 << 20, &fd,
					 &signature, &e),
			-1);
		ck_assert_int_eq(openpgp_verify(us, span_of(noise, sizeof(noise)),
					 span_of(noise, 1000), &signature, &e),
			0);
		ck_assert(!signature.good);
	}
}
END_TEST

/* --- messages --------------------------------------------------------------------------------- */

#define TO_US " -r privacy@node.example"

static void
knows_us(void)
{
	CLEANUP(buf_release) struct buf key = { .max = 1 << 16 };
	char path[128];
	FILE *f;

	ck_assert_int_eq(openpgp_export(us, us_fpr, &key, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/us", folder);
	f = fopen(path, "w");
	ck_assert_uint_eq(fwrite(key.p, 1, key.len, f), key.len);
	(void)fclose(f);
	gpg("--import us && sed -i 's/$/\\r/' us");
}

static struct openpgp_signature signature;

/* Can the file "m" be read? */
static bool
is_read(void)
{
	CLEANUP(buf_release) struct buf m = content("m");
	cleanup_fd int fd = -1;

	if (openpgp_decrypt(us, span_of(m.p, m.len), 50 << 20, &fd, &signature, &e) == 0)
		return true;
	ck_assert_int_eq(e.exit, EX_DATAERR);
	ck_assert_int_eq(fd, -1);
	return false;
}

START_TEST(messages_that_prove_nothing_are_refused)
{
	knows_us();
	gpg("-o m -e" TO_US " us");
	ck_assert(is_read() && signature.n == 0);
	gpg("--yes --rfc2440 --cipher-algo 3DES -o m -e" TO_US " us"); /* no MDC */
	ck_assert(!is_read());
	gpg("--yes -o m --symmetric --passphrase x us");
	ck_assert(!is_read());
	gpg("--yes -o m --store us"); /* no encryption at all */
	ck_assert(!is_read());
	gpg("--quick-gen-key x@example.org future-default default never");
	gpg("--yes -o m -r x@example.org -e us"); /* for somebody else */
	ck_assert(!is_read());
	gpg("--yes -o inner -e" TO_US " us" THEN "-o m --yes -e" TO_US
	    " inner"); /* a message within: what is read is that, unread */
	ck_assert(is_read() && signature.n == 0);
}
END_TEST

START_TEST(what_grows_past_the_limit_is_cut_off)
{
	knows_us();
	gpg("-o m --compress-algo bzip2 -e" TO_US
	    " --set-filename x < /dev/null; head -c 60000000 /dev/zero | gpg --homedir h --batch -q"
	    " --yes --trust-model always --compress-algo bzip2 -o m -e" TO_US);
	ck_assert(!is_read());
}
END_TEST

/* Is the file "s" N signatures over the file "us"? */
static bool
is_signed_us(unsigned n)
{
	CLEANUP(buf_release) struct buf text = content("us");
	CLEANUP(buf_release) struct buf s = content("s");

	ck_assert_int_eq(
		openpgp_verify(us, span_of(text.p, text.len), span_of(s.p, s.len), &signature, &e),
		0);
	return signature.n == n;
}

START_TEST(one_signature_in_time_counts)
{
	knows_us();
	gpg("--quick-gen-key x@example.org future-default default never");
	gpg("--quick-gen-key y@example.org future-default default never");
	gpg("--faked-system-time 20200101T000000 --quick-gen-key old@example.org future-default"
	    " default 1y");
	gpg("-o key --export");
	(void)import_file("key");
	gpg("-o m -u x@example.org -s -e" TO_US " us");
	ck_assert(is_read() && signature.n == 1 && signature.good);
	gpg("--yes -o m -u x@example.org -u y@example.org -s -e" TO_US " us");
	ck_assert(is_read() && signature.n == 2 && !signature.good);
	gpg("--yes -o m --digest-algo SHA1 -u x@example.org -s -e" TO_US " us");
	ck_assert(is_read() && !signature.good);
	/* in time once, of a key that has expired since; and older than its key */
	gpg("--faked-system-time 20200601T000000! -o s -u old@example.org -b us");
	ck_assert(is_signed_us(1) && !signature.good);
	gpg("--yes --faked-system-time 20200601T000000! --ignore-time-conflict --ignore-valid-from"
	    " -o s -u x@example.org -b us");
	ck_assert(is_signed_us(1) && !signature.good);
	gpg("--yes -o s -u x@example.org -b us");
	ck_assert(is_signed_us(1) && signature.good);
}
END_TEST

START_TEST(a_gpg_that_neither_answers_nor_ends_is_left)
{
	cleanup_mem char *old = strdup(getenv("PATH"));
	struct sealer *s;
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/gpg", folder);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	(void)fputs("#!/bin/sh\nexec sleep 600 >/dev/null\n", f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s:%s", folder, old);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	ck_assert_int_eq(sealer_new(folder, us_fpr, &s, &e), 0);
	ck_assert_int_eq(setenv("PATH", old, 1), 0); /* the fixture's is the real one */
	ck_assert_int_eq(sealer_put(s, SPAN("x"), STDERR_FILENO, &e), -1);
	ck_assert_int_eq(e.exit, EX_TEMPFAIL);
	sealer_free(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("openpgp");
	TCase *t = tcase_create("openpgp");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, rsa_and_curve25519_of_today_work);
	tcase_add_loop_test(t, keys_without_use_are_named_and_nothing_is_encrypted_to_them, 0,
		(int)(sizeof(useless) / sizeof(useless[0])));
	tcase_add_test(t, a_key_of_version_6_is_refused_in_plain_words);
	tcase_add_test(t, a_secret_key_is_refused_and_nowhere_kept);
	tcase_add_test(t, a_key_is_named_whole_or_not_at_all);
	tcase_add_test(t, noise_in_place_of_a_key_or_a_message_is_left_at_once);
	tcase_add_test(t, messages_that_prove_nothing_are_refused);
	tcase_add_test(t, what_grows_past_the_limit_is_cut_off);
	tcase_add_test(t, one_signature_in_time_counts);
	tcase_add_test(t, a_gpg_that_neither_answers_nor_ends_is_left);
	suite_add_tcase(s, t);
	return suite_run(s);
}
