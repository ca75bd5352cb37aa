/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/tar.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

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

static bool
has(const char *path, const char *text)
{
	struct buf bytes;
	bool ret;

	buf_init(&bytes, 1u << 20);
	ret = access(path, F_OK) == 0 && tar_read_file(path, &bytes, &e) == 0 &&
	      span_eq(span_of(bytes.p, bytes.len), span_str(text));
	buf_release(&bytes);
	return ret;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* SQLite would play the journal of the damaged one back into the restored one. */
START_TEST(what_is_put_back_has_no_journal_of_what_lay_there)
{
	char from[96], path[96], journal[112], aside[128], aside_journal[160];

	folder_make();
	(void)snprintf(from, sizeof(from), "%s/from", folder);
	(void)snprintf(path, sizeof(path), "%s/x.db", folder);
	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	(void)snprintf(aside, sizeof(aside), "%s.damaged-1970-01-01T00:00:01Z", path);
	(void)snprintf(aside_journal, sizeof(aside_journal), "%s-journal", aside);
	put(from, "good");
	put(path, "damaged");
	put(journal, "its journal");
	ck_assert_int_eq(tar_put_back(from, path, 0600, 1000000, &e), 0);
	ck_assert(has(path, "good"));
	ck_assert(has(aside, "damaged"));
	ck_assert(has(aside_journal, "its journal"));
	ck_assert_int_eq(access(journal, F_OK), -1);

	put(path, "older");
	put(journal, "its journal");
	ck_assert_int_eq(tar_put_back(from, path, 0600, 0, &e), 0);
	ck_assert(has(path, "good"));
	ck_assert_int_eq(access(journal, F_OK), -1);
	folder_remove();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tar");
	TCase *t = tcase_create("tar");

	tcase_add_test(t, what_was_packed_comes_back_and_nothing_else);
	tcase_add_test(t, what_is_put_back_has_no_journal_of_what_lay_there);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
