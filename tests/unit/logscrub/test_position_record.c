/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "logscrub/sink/position_record.h"

#include "tests/unit/suite.h"

static struct span
as_text(const struct position_record *r, struct buf *b)
{
	buf_init(b, POSITION_RECORD_MAX);
	position_record_format(r, b);
	ck_assert(!b->failed);
	return span_of(b->p, b->len);
}

START_TEST(what_is_formatted_is_read_back_alike)
{
	CLEANUP(position_record_release)
	struct position_record r = { .size = 4711, .inode = UINT64_C(9000000000), .sequence = 3 };
	CLEANUP(position_record_release) struct position_record back = { 0 };
	CLEANUP(buf_release) struct buf b;
	struct err e;

	ck_assert_int_eq(position_record_set(&r, "journal", SPAN("j:s=ab;i=1"), 77, &e), 0);
	ck_assert_int_eq(position_record_set(&r, "tail:0123", SPAN("t:1:2:3"), -5, &e), 0);
	ck_assert_int_eq(position_record_parse(as_text(&r, &b), &back, &e), 0);
	ck_assert(position_record_equal(&r, &back));
	ck_assert_uint_eq(back.size, 4711);
	ck_assert_uint_eq(back.inode, UINT64_C(9000000000));
	ck_assert_uint_eq(back.sequence, 3);
	ck_assert_int_eq(position_record_find(&back, "tail:0123")->order, -5);
	ck_assert_ptr_null(position_record_find(&back, "tail"));
}
END_TEST

START_TEST(a_stream_set_again_moves)
{
	CLEANUP(position_record_release) struct position_record r = { 0 };
	const struct position *p;

	ck_assert_int_eq(position_record_set(&r, "a", SPAN("one"), 1, NULL), 0);
	ck_assert_int_eq(position_record_set(&r, "a", SPAN("fourteen"), 14, NULL), 0);
	p = position_record_find(&r, "a");
	ck_assert_uint_eq(r.n, 1);
	ck_assert_int_eq(p->order, 14);
	ck_assert(span_eq(span_of(p->text, p->len), SPAN("fourteen")));
}
END_TEST

START_TEST(the_fullest_record_fits_its_xattr)
{
	CLEANUP(position_record_release)
	struct position_record r = { .size = INT64_MAX, .inode = INT64_MAX, .sequence = INT64_MAX };
	CLEANUP(position_record_release) struct position_record back = { 0 };
	CLEANUP(buf_release) struct buf b;
	char name[32], text[100];
	unsigned n = 0;
	struct err e = { 0 };

	memset(text, 'x', sizeof(text));
	for (;; n++) {
		(void)snprintf(name, sizeof(name), "tail:%08u", n);
		if (position_record_set(&r, name, span_of(text, sizeof(text)), INT64_MIN, &e) < 0)
			break;
	}
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_uint_gt(n, 20);
	ck_assert_uint_eq(r.n, n);
	ck_assert_int_eq(position_record_parse(as_text(&r, &b), &back, &e), 0);
	ck_assert(position_record_equal(&r, &back));
}
END_TEST

START_TEST(no_more_than_the_stated_number_of_streams)
{
	CLEANUP(position_record_release) struct position_record r = { 0 };
	char name[8];

	for (unsigned i = 0; i < POSITION_STREAMS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i);
		ck_assert_int_eq(position_record_set(&r, name, SPAN("p"), 1, NULL), 0);
	}
	ck_assert_int_eq(position_record_set(&r, "more", SPAN("p"), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, "s0", SPAN("q"), 1, NULL), 0);
}
END_TEST

START_TEST(blanks_and_lengths_are_refused)
{
	CLEANUP(position_record_release) struct position_record r = { 0 };
	char text[POSITION_MAX + 1], name[POSITION_NAME_MAX + 2] = { 0 };

	memset(text, 'x', sizeof(text));
	memset(name, 'n', sizeof(name) - 1);
	ck_assert_int_eq(position_record_set(&r, "a b", SPAN("p"), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, "", SPAN("p"), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, name, SPAN("p"), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, "a", SPAN("p\n"), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, "a", SPAN(""), 1, NULL), -1);
	ck_assert_int_eq(position_record_set(&r, "a", span_of(text, sizeof(text)), 1, NULL), -1);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_int_eq(position_record_set(&r, "a", span_of(text, POSITION_MAX), 1, NULL), 0);
}
END_TEST

#define HEAD "sparsam-position 1\nsize 1\ninode 2\nsequence 3\n"

static const char *const damaged[] = {
	"",
	"sparsam-position 1",
	"sparsam-position 2\nsize 1\ninode 2\nsequence 3\n",
	"sparsam-position 1\nsize -1\ninode 2\nsequence 3\n",
	"sparsam-position 1\nsize 1x\ninode 2\nsequence 3\n",
	"sparsam-position 1\nsize 99999999999999999999\ninode 2\nsequence 3\n",
	"sparsam-position 1\ninode 2\nsize 1\nsequence 3\n",
	HEAD "stream",
	HEAD "stream a 1 p",
	HEAD "stream a x p\n",
	HEAD "stream a 1 \n",
	HEAD "stream a 1 p q\n",
	HEAD "\n",
};

START_TEST(a_damaged_record_is_none)
{
	CLEANUP(position_record_release) struct position_record r = { .size = 5 };

	ck_assert_int_eq(position_record_parse(span_str(damaged[_i]), &r, NULL), -1);
	ck_assert_uint_eq(r.size, 5);
}
END_TEST

START_TEST(the_xattr_gives_back_what_it_was_given)
{
	char path[] = "/var/tmp/sparsam-position-XXXXXX";
	cleanup_fd int fd = mkstemp(path);
	CLEANUP(position_record_release) struct position_record r = { .size = 1 };
	CLEANUP(position_record_release) struct position_record back = { 0 };
	int rc;

	ck_assert_int_ge(fd, 0);
	(void)unlink(path);
	ck_assert_int_ge(position_record_read(fd, &back, NULL), 1);
	ck_assert_int_eq(position_record_set(&r, "a", SPAN("p"), 1, NULL), 0);
	rc = position_record_write(fd, &r, NULL);
	if (rc == 2)
		return; /* this file system has no user xattrs: said so, which is the promise */
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(position_record_read(fd, &back, NULL), 0);
	ck_assert(position_record_equal(&r, &back));
	ck_assert_int_eq(fsetxattr(fd, POSITION_XATTR, "junk", 4, 0), 0);
	ck_assert_int_eq(position_record_read(fd, &back, NULL), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("position_record");
	TCase *t = tcase_create("position_record");

	suite_add_tcase(s, t);
	tcase_add_test(t, what_is_formatted_is_read_back_alike);
	tcase_add_test(t, a_stream_set_again_moves);
	tcase_add_test(t, the_fullest_record_fits_its_xattr);
	tcase_add_test(t, no_more_than_the_stated_number_of_streams);
	tcase_add_test(t, blanks_and_lengths_are_refused);
	tcase_add_loop_test(t, a_damaged_record_is_none, 0, sizeof(damaged) / sizeof(damaged[0]));
	tcase_add_test(t, the_xattr_gives_back_what_it_was_given);
	return suite_run(s);
}
