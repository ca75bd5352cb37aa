/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/tar.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/scratch.h"
#include "tests/unit/folder.h"

static struct err e;
static const struct tar_member two[] = { { "a.db", SPAN("one\0two") }, { "b", SPAN("") } };

START_TEST(what_was_packed_comes_back_and_nothing_else)
{
	char tar[96], path[128], into[SCRATCH_MAX];
	struct buf bytes;

	folder_make();
	buf_init(&bytes, 1u << 20);
	(void)snprintf(tar, sizeof(tar), "%s/x.tar", folder);
	ck_assert_int_eq(tar_pack(tar, two, 2, 1, &e), 0);
	ck_assert_int_eq(tar_pack(tar, two, 2, 1, &e), -1); /* there already */
	ck_assert_int_eq(scratch_make(into, &e), 0);
	ck_assert_int_eq(tar_unpack(tar, into, two, 2, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/a.db", into);
	ck_assert_int_eq(tar_read_file(path, &bytes, &e), 0);
	ck_assert_int_eq(bytes.len, 7);
	ck_assert_int_eq(memcmp(bytes.p, "one\0two", 7), 0);
	scratch_remove(into);
	ck_assert_int_eq(access(into, F_OK), -1);

	ck_assert_int_eq(scratch_make(into, &e), 0);
	ck_assert_int_eq(tar_unpack(tar, into, two, 1, &e), -1); /* one too many */
	ck_assert_int_eq(e.exit, EX_DATAERR);
	scratch_remove(into);
	buf_release(&bytes);
	folder_remove();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tar");
	TCase *t = tcase_create("tar");

	tcase_add_test(t, what_was_packed_comes_back_and_nothing_else);
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
