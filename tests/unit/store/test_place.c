/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/place.h"
#include "tests/unit/folder.h"
#include "tests/unit/suite.h"

#define N_FILES 3000

static void
setup(void)
{
	folder_make();
}

static void
teardown(void)
{
	folder[strlen("/tmp/sparsam-place-XXXXXX")] = '\0';
	folder_remove();
}

static void
make(const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

struct seen {
	unsigned n, stop_at;
	char last[NAME_MAX + 1];
	char all[256];
	size_t len;
};

static int
see(void *ctx, const struct place *p, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	ck_assert_int_lt(strcmp(s->last, p->name), 0); /* in order, and none twice */
	(void)snprintf(s->last, sizeof(s->last), "%s", p->name);
	s->len += (size_t)snprintf(s->all + s->len, sizeof(s->all) - s->len, "%s ", p->name);
	if (s->len >= sizeof(s->all))
		s->len = sizeof(s->all) - 1; /* the rest is only counted */
	return ++s->n == s->stop_at;
}

static void
each(const char *pattern, struct seen *ret)
{
	char path[PATH_MAX + NAME_MAX + 2];
	const char *paths[1] = { path };
	const struct conf_list list = { paths, 1 };
	const unsigned stop_at = ret->stop_at;
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	*ret = (struct seen){ .stop_at = stop_at };
	ck_assert_int_eq(places_each(&list, PLACE_FILE, see, NULL, ret, &e), 0);
}

/* Far down there is room for some hundred long names only: the rest comes in later rounds. */
START_TEST(more_names_than_there_is_room_for_come_in_order_and_once)
{
	char name[NAME_MAX + 1];
	const size_t top = strlen(folder);
	size_t len = top;
	struct seen s = { 0 };

	for (unsigned i = 0; i < 8; i++) {
		len += (size_t)snprintf(folder + len, sizeof(folder) - len, "/d");
		ck_assert_int_eq(mkdir(folder, 0700), 0);
	}
	for (unsigned i = 0; i < N_FILES; i++) {
		(void)snprintf(name, sizeof(name), "%0200u", i * 7919u % N_FILES);
		make(name);
	}
	folder[top] = '\0';
	each("*/*/*/*/*/*/*/*/*", &s);
	ck_assert_uint_eq(s.n, N_FILES);
	s.stop_at = N_FILES - 1;
	each("*/*/*/*/*/*/*/*/*", &s);
	ck_assert_uint_eq(s.n, N_FILES - 1);
}
END_TEST

static const struct {
	const char *pattern, *names;
} cases[] = {
	{ "*", "a.log a.log.1 b.log x[1] " },
	{ "a*", "a.log a.log.1 " },
	{ "*.log", "a.log b.log " },
	{ ".*", ".hidden.log " },
	{ "a.log?*", "a.log.1 " },
	{ "[ab].log", "a.log b.log " },
	{ "x\\[1\\]", "x[1] " },
	{ "b.log", "b.log " },
	{ "c*", "" },
};

START_TEST(pattern_names_what_glob_says)
{
	struct seen s = { 0 };

	make("b.log");
	make("a.log.1");
	make(".hidden.log");
	make("x[1]");
	make("a.log");
	each(cases[_i].pattern, &s);
	ck_assert_str_eq(s.all, cases[_i].names);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("place");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, more_names_than_there_is_room_for_come_in_order_and_once);
	tcase_add_loop_test(t, pattern_names_what_glob_says, 0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(s, t);
	return suite_run(s);
}
