/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What gpg(1) makes of the same bytes is the measure: gpg --enarmor.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dsar/openpgp/armour.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define LARGEST 20000

static unsigned char bytes[LARGEST];

/* BYTES of LEN in our armour, put in pieces of PIECE. */
static char *
ours(size_t len, size_t piece)
{
	cleanup_fd int fd = memfd_create("armour", MFD_CLOEXEC);
	struct armour a;
	char *text;
	off_t n;

	ck_assert_int_eq(armour_begin(&a, fd), 0);
	for (size_t i = 0; i < len; i += piece)
		ck_assert_int_eq(
			armour_put(&a, span_of(bytes + i, len - i < piece ? len - i : piece)), 0);
	ck_assert_int_eq(armour_end(&a), 0);
	n = lseek(fd, 0, SEEK_CUR);
	text = calloc(1, (size_t)n + 1);
	ck_assert_int_eq(pread(fd, text, (size_t)n, 0), n);
	return text;
}

/* What gpg reads out of TEXT. */
static void
gpg_reads(const char *text, size_t len)
{
	cleanup_mem char *path = NULL, *command = NULL;
	unsigned char got[LARGEST + 1];
	FILE *f;
	size_t n;

	ck_assert_int_gt(asprintf(&path, "%s/armoured", folder), 0);
	ck_assert_int_gt(
		asprintf(&command, "gpg --homedir %s --batch -q -o - --dearmor %s", folder, path),
		0);
	f = fopen(path, "w");
	ck_assert_int_eq(fputs(text, f) >= 0 && fclose(f) == 0, 1);
	f = popen(command, "r");
	n = fread(got, 1, sizeof(got), f);
	ck_assert_int_eq(pclose(f), 0); /* it checks the checksum */
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(got, bytes, len);
}

START_TEST(gpg_reads_what_is_armoured_in_pieces_of_any_size)
{
	static const size_t lens[] = { 1, 2, 3, 47, 48, 49, 96, 1000, LARGEST };
	static const size_t pieces[] = { 1, 7, 48, 4096, LARGEST };

	folder_make();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * i >> 3 ^ i);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		cleanup_mem char *whole = ours(lens[i], LARGEST);

		gpg_reads(whole, lens[i]);
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			cleanup_mem char *text = ours(lens[i], pieces[k]);

			ck_assert_str_eq(text, whole);
		}
	}
	folder_remove();
}
END_TEST

START_TEST(what_cannot_be_written_is_said)
{
	struct armour a;

	ck_assert_int_eq(armour_begin(&a, -1), -1);
	a = (struct armour){ .fd = -1 };
	ck_assert_int_eq(armour_put(&a, span_of(bytes, 100)), -1);
	ck_assert_int_eq(armour_end(&a), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("armour");
	TCase *t = tcase_create("armour");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, gpg_reads_what_is_armoured_in_pieces_of_any_size);
	tcase_add_test(t, what_cannot_be_written_is_said);
	suite_add_tcase(s, t);
	return suite_run(s);
}
