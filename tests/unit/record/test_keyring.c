/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "keyfolder.h"
#include "tests/unit/suite.h"

#define N_RACERS 8

static const uint8_t some_key[32] = "this key is as good as any other";

static mode_t
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static unsigned
n_files(void)
{
	DIR *dir = opendir(key_dir);
	const struct dirent *ent;
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((ent = readdir(dir)))
		n += strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0;
	closedir(dir);
	return n;
}

START_TEST(a_key_is_made_for_us_alone)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	char path[128] = "", text[DAY_TEXT_MAX], tag[44] = "";
	uint8_t key[32];
	FILE *f;

	key_get(k, today, key);
	ck_assert_int_eq(mode_of(key_dir), 0700);
	day_format(today, text);
	(void)snprintf(path, sizeof(path), "%s/%s.key", key_dir, text);
	ck_assert_int_eq(mode_of(path), 0600);
	(void)snprintf(path, sizeof(path), "%s/CACHEDIR.TAG", key_dir);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(tag, sizeof(tag), f));
	fclose(f);
	ck_assert_str_eq(tag, "Signature: 8a477f597d28d172789f06886806bc55");
	ck_assert_uint_eq(n_files(), 2);
	ck_assert(!keyring_is_throwaway(k, today));
	ck_assert_uint_eq(n_notices, 0);
}
END_TEST

START_TEST(a_key_on_the_disk_is_not_in_the_clear)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	char path[128], text[DAY_TEXT_MAX], file[128];
	uint8_t key[32];
	FILE *f;
	size_t n;

	key_get(k, today, key);
	day_format(today, text);
	(void)snprintf(path, sizeof(path), "%s/%s.key", key_dir, text);
	f = fopen(path, "r");
	n = fread(file, 1, sizeof(file), f);
	fclose(f);
	ck_assert_uint_eq(n, 94);
	ck_assert_ptr_null(memmem(file, n, key, 8));
}
END_TEST

START_TEST(a_day_has_one_key_in_all_runs)
{
	uint8_t one[32], two[32], other[32];
	struct keyring *k = ring_open();

	key_get(k, today, one);
	key_get(k, today - 1, other);
	keyring_free(k);
	k = ring_open();
	key_get(k, today, two);
	keyring_free(k);
	ck_assert_mem_eq(one, two, 32);
	ck_assert_mem_ne(one, other, 32);
}
END_TEST

START_TEST(a_file_written_from_the_manual_is_read)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	uint8_t key[32];

	folder_ready();
	key_file(NULL, today, 'w', some_key);
	k = ring_open();
	key_get(k, today, key);
	ck_assert_mem_eq(key, some_key, 32);
}
END_TEST

static void
racer(int start, int result)
{
	struct keyring *k = ring_open();
	uint8_t key[32];
	char c;

	(void)!read(start, &c, 1); /* all at once, when the other end is closed */
	key_get(k, today, key);
	_exit(write(result, key, 32) == 32 ? 0 : 1);
}

START_TEST(processes_that_make_the_same_day_agree)
{
	int start[2], result[2], status;
	uint8_t first[32], key[32];

	folder_ready();
	ck_assert_int_eq(pipe(start) | pipe(result), 0);
	for (int i = 0; i < N_RACERS; i++) {
		if (fork() == 0) {
			close(start[1]);
			racer(start[0], result[1]);
		}
	}
	close(start[1]);
	for (int i = 0; i < N_RACERS; i++) {
		ck_assert_int_eq(read(result[0], key, 32), 32);
		if (i == 0)
			memcpy(first, key, 32);
		ck_assert_mem_eq(first, key, 32);
	}
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(n_files(), 2); /* tag and key, and nothing left over */
}
END_TEST

START_TEST(what_a_kill_left_behind_does_no_harm)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	char name[64], text[DAY_TEXT_MAX];
	uint8_t key[32];
	unsigned n;
	struct err e;

	folder_ready();
	day_format(today - 2, text);
	(void)snprintf(name, sizeof(name), ".%s.key.0123abcd", text);
	file_write(key_dir, name, "sparsam-k", 9);
	file_write(key_dir, ".destroyed.new", "bef", 3);
	k = ring_open();
	key_get(k, today - 2, key);
	ck_assert(!keyring_is_throwaway(k, today - 2));
	ck_assert_int_eq(keyring_destroy_before(k, today - 1, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(!there_is(name));
	ck_assert(there_is("destroyed"));
	ck_assert(!there_is(".destroyed.new"));
}
END_TEST

START_TEST(a_destroyed_key_never_comes_back)
{
	uint8_t old[32], one[32], two[32];
	struct keyring *k = ring_open();
	int32_t day = today - 3;
	unsigned n = 99;
	struct err e;

	key_get(k, day, old);
	key_get(k, day + 1, one);
	ck_assert_int_eq(keyring_destroy_before(k, day + 1, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(!there_is_key(day) && there_is_key(day + 1));
	key_get(k, day, one);
	key_get(k, day, two);
	ck_assert_mem_ne(old, one, 32);
	ck_assert_mem_eq(one, two, 32);
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_ptr_nonnull(strstr(notice_text, "destroyed"));
	keyring_free(k);

	key_file(NULL, day, 'w', some_key); /* out of a backup, say */
	k = ring_open();
	key_get(k, day, two);
	ck_assert_mem_ne(two, some_key, 32);
	ck_assert_mem_ne(two, one, 32);
	ck_assert(keyring_is_throwaway(k, day));
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_int_eq(keyring_destroy_before(k, day - 5, &n, &e), 0); /* never goes back */
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(keyring_destroy_before(k, day + 1, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(!there_is_key(day));
	keyring_free(k);
}
END_TEST

START_TEST(a_destruction_that_was_cut_short_is_finished)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	char mark[32] = "before ";
	uint8_t key[32];
	unsigned n;
	struct err e;

	folder_ready();
	key_file(NULL, today - 1, 'w', some_key);
	file_write(key_dir, "2020-01-01.key", "overwritten, not yet unlinked", 29);
	day_format(today, mark + 7);
	strcat(mark, "\n");
	file_write(key_dir, "destroyed", mark, 18);
	k = ring_open();
	key_get(k, today - 1, key);
	ck_assert_mem_ne(key, some_key, 32);
	ck_assert_int_eq(keyring_destroy_before(k, today, &n, &e), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert(!there_is_key(today - 1) && !there_is("2020-01-01.key"));
}
END_TEST

START_TEST(a_key_made_while_its_day_is_destroyed_goes_as_well)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	int start[2];
	const uint8_t *key;
	unsigned n;
	int status;
	struct err e;
	char c;

	ck_assert_int_eq(pipe(start), 0);
	for (int i = 0; i < N_RACERS; i++) {
		if (fork() != 0)
			continue;
		close(start[1]);
		(void)!read(start[0], &c, 1); /* all at once, when the other end is closed */
		for (int32_t day = today - 7; day < today; day++)
			if (keyring_key(k, day, &key, &e) < 0)
				_exit(err_print(&e, "racer", stderr));
		_exit(0);
	}
	close(start[1]);
	for (int32_t day = today - 6; day <= today; day++)
		ck_assert_int_eq(keyring_destroy_before(k, day, &n, &e), 0);
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(n_files(), 2); /* tag and mark */
}
END_TEST

START_TEST(a_destroyed_key_is_overwritten_first)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	char path[128], file[94];
	unsigned n;
	struct err e;
	int fd;

	folder_ready();
	key_file("2020-01-01", today, 'w', some_key);
	(void)snprintf(path, sizeof(path), "%s/2020-01-01.key", key_dir);
	fd = open(path, O_RDONLY);
	k = ring_open();
	ck_assert_int_eq(keyring_destroy_before(k, today, &n, &e), 0);
	ck_assert_int_eq(pread(fd, file, sizeof(file), 0), sizeof(file));
	ck_assert_mem_ne(file, "sparsam-key\001", 12);
	close(fd);
}
END_TEST

START_TEST(another_process_destroys_and_we_forget)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	CLEANUP(keyring_freep) struct keyring *other = ring_open();
	uint8_t before[32], after[32];
	unsigned n;
	struct err e;

	key_get(k, today - 1, before);
	ck_assert(!keyring_refresh(k));
	ck_assert_int_eq(keyring_destroy_before(other, today, &n, &e), 0);
	ck_assert(keyring_refresh(k));
	ck_assert(!keyring_refresh(k));
	key_get(k, today - 1, after);
	ck_assert_mem_ne(before, after, 32);
	ck_assert(keyring_is_throwaway(k, today - 1));
}
END_TEST

START_TEST(the_keys_of_days_to_come_are_not_destroyed)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	unsigned n = 7;
	struct err e;

	ck_assert_int_eq(keyring_destroy_before(k, today + 3, &n, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOPERM);
	ck_assert_uint_eq(n, 7);
	ck_assert(!there_is("destroyed"));
}
END_TEST

START_TEST(days_out_of_the_window_get_throwaway_keys)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	static const int32_t at[] = { -8, 3, INT32_MAX / 2, -30000, INT32_MIN / 2 };
	uint8_t key[32];

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		key_get(k, today + at[i], key);
		ck_assert(keyring_is_throwaway(k, today + at[i]));
	}
	ck_assert_uint_eq(n_notices, 2); /* past and future, once each */
	key_get(k, today - 7, key);
	ck_assert(!keyring_is_throwaway(k, today - 7));
	key_get(k, today + 1, key);
	ck_assert(!keyring_is_throwaway(k, today + 1));
	ck_assert_uint_eq(n_files(), 3);
}
END_TEST

START_TEST(a_throwaway_key_lasts_as_long_as_the_process)
{
	struct keyring *k = ring_open();
	uint8_t first[32], again[32];

	key_get(k, 1000, first);
	for (int32_t day = 1001; day < 1100; day++) { /* more than are held */
		key_get(k, day, again);
		ck_assert_mem_ne(first, again, 32);
	}
	key_get(k, 1000, again);
	ck_assert_mem_eq(first, again, 32);
	keyring_free(k);
	k = ring_open();
	key_get(k, 1000, again);
	ck_assert_mem_ne(first, again, 32);
	keyring_free(k);
}
END_TEST

START_TEST(a_folder_that_others_may_enter_is_not_used)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	uint8_t key[32];

	folder_ready();
	ck_assert_int_eq(chmod(key_dir, 0750), 0);
	k = ring_open();
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_ptr_nonnull(strstr(notice_text, "folder"));
	key_get(k, today, key);
	key_get(k, today - 1, key);
	ck_assert_uint_eq(n_notices, 1);
	ck_assert(keyring_is_throwaway(k, today));
	ck_assert(!there_is_key(today));
}
END_TEST

START_TEST(a_folder_behind_a_link_is_not_used)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	char elsewhere[128];

	folder_ready();
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", scratch);
	ck_assert_int_eq(rename(key_dir, elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, key_dir), 0);
	k = ring_open();
	ck_assert_uint_eq(n_notices, 1);
}
END_TEST

START_TEST(somebody_elses_folder_is_not_used)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return; /* only root can become somebody else */
	folder_ready();
	ck_assert_int_eq(chmod(scratch, 0755) | chmod(creds_dir, 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (setuid(65534) < 0)
			_exit(2);
		keyring_free(ring_open());
		_exit(n_notices == 1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(what_root_makes_belongs_to_the_service)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	char path[128], text[DAY_TEXT_MAX];
	struct stat st;
	uint8_t key[32];

	if (geteuid() != 0)
		return;
	folder_ready();
	ck_assert_int_eq(chown(key_dir, 65534, 65534), 0);
	k = ring_open();
	key_get(k, today, key);
	ck_assert_uint_eq(n_notices, 0);
	day_format(today, text);
	(void)snprintf(path, sizeof(path), "%s/%s.key", key_dir, text);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 65534);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(without_a_wrapping_key_nothing_is_stored)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	uint8_t key[32];

	unsetenv("CREDENTIALS_DIRECTORY");
	k = ring_open();
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_str_eq(notice_day, "");
	key_get(k, today, key);
	ck_assert(keyring_is_throwaway(k, today));
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_int_lt(access(key_dir, F_OK), 0);
}
END_TEST

START_TEST(a_wrapping_key_of_the_wrong_length_is_none)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;

	wrapping_key('w', _i == 0 ? 31 : 33);
	k = ring_open();
	ck_assert_uint_eq(n_notices, 1);
	ck_assert_ptr_nonnull(strstr(notice_text, "32 bytes"));
}
END_TEST

static void
key_fails(int exit)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	const uint8_t *key = NULL;
	struct err e = { 0 };
	unsigned n;

	ck_assert_int_eq(keyring_key(k, today, &key, &e), -1);
	ck_assert_int_eq(e.exit, exit);
	ck_assert_ptr_null(key);
	ck_assert_int_eq(keyring_destroy_before(k, today + 1, &n, &e), 0);
	ck_assert(!there_is_key(today));
}

START_TEST(another_wrapping_key_is_an_error_and_not_a_new_key)
{
	folder_ready();
	key_file(NULL, today, 'x', some_key);
	key_fails(EX_DATAERR);
}
END_TEST

START_TEST(a_key_file_under_another_days_name_is_refused)
{
	char text[DAY_TEXT_MAX];

	folder_ready();
	day_format(today, text);
	key_file(text, today - 1, 'w', some_key);
	key_fails(EX_DATAERR);
}
END_TEST

START_TEST(a_damaged_key_file_is_refused)
{
	static const size_t len[] = { 0, 12, 93, 95, 5000 };
	char name[DAY_TEXT_MAX + 4], file[5000] = "sparsam-key\001";

	folder_ready();
	day_format(today, name);
	strcat(name, ".key");
	file_write(key_dir, name, file, len[_i]);
	key_fails(EX_DATAERR);
}
END_TEST

START_TEST(a_key_file_behind_a_link_is_refused)
{
	char path[160], text[DAY_TEXT_MAX];

	folder_ready();
	key_file("elsewhere", today, 'w', some_key);
	day_format(today, text);
	(void)snprintf(path, sizeof(path), "%s/%s.key", key_dir, text);
	ck_assert_int_eq(symlink("elsewhere.key", path), 0);
	key_fails(EX_NOPERM);
	ck_assert(there_is("elsewhere.key"));
}
END_TEST

START_TEST(a_full_disk_gives_no_key_and_leaves_nothing)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	struct rlimit none = { 0, RLIM_INFINITY }, old;
	const uint8_t *key = NULL;
	struct err e = { 0 };

	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq(keyring_key(k, today, &key, &e), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(e.exit, EX_IOERR);
	ck_assert_ptr_null(key);
	ck_assert_uint_eq(n_files(), 1);
	ck_assert_int_eq(keyring_key(k, today, &key, &e), 0);
	ck_assert(!keyring_is_throwaway(k, today));
}
END_TEST

START_TEST(a_damaged_mark_stops_all_keys)
{
	static const char *const marks[] = { "", "before", "before 2026-13-01\n",
		"before 2026-11-24", "before 2026-11-24\nbefore 2026-11-25\n" };
	CLEANUP(keyring_freep) struct keyring *k = NULL;
	const uint8_t *key;
	struct err e;

	folder_ready();
	file_write(key_dir, "destroyed", marks[_i], strlen(marks[_i]));
	k = ring_open();
	ck_assert_int_eq(keyring_key(k, today, &key, &e), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	ck_assert(!there_is_key(today));
}
END_TEST

START_TEST(keys_in_memory_are_locked_and_not_dumped)
{
	CLEANUP(keyring_freep) struct keyring *k = ring_open();
	const uint8_t *key;
	char line[512];
	bool ours = false, seen = false;
	struct err e;
	FILE *f = fopen("/proc/self/smaps", "r");

	ck_assert_int_eq(keyring_key(k, today, &key, &e), 0);
	while (fgets(line, sizeof(line), f)) {
		uintptr_t from, to;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
			ours = (uintptr_t)key >= from && (uintptr_t)key < to;
		if (!ours || strncmp(line, "VmFlags:", 8) != 0)
			continue;
		seen = true;
		ck_assert_ptr_nonnull(strstr(line, " dd"));
#ifndef __SANITIZE_ADDRESS__        /* which makes nothing of mlock() */
		if (n_notices == 0) /* else it was told that it cannot be */
			ck_assert_ptr_nonnull(strstr(line, " lo"));
#endif
	}
	fclose(f);
	ck_assert(seen);
}
END_TEST

static TCase *
disk_case(void)
{
	TCase *t = tcase_create("disk");

	tcase_add_checked_fixture(t, folder_setup, folder_teardown);
	tcase_add_test(t, a_key_is_made_for_us_alone);
	tcase_add_test(t, a_key_on_the_disk_is_not_in_the_clear);
	tcase_add_test(t, a_day_has_one_key_in_all_runs);
	tcase_add_test(t, a_file_written_from_the_manual_is_read);
	tcase_add_test(t, processes_that_make_the_same_day_agree);
	tcase_add_test(t, what_a_kill_left_behind_does_no_harm);
	tcase_add_test(t, another_wrapping_key_is_an_error_and_not_a_new_key);
	tcase_add_test(t, a_key_file_under_another_days_name_is_refused);
	tcase_add_loop_test(t, a_damaged_key_file_is_refused, 0, 5);
	tcase_add_test(t, a_key_file_behind_a_link_is_refused);
	tcase_add_test(t, a_full_disk_gives_no_key_and_leaves_nothing);
	tcase_add_loop_test(t, a_damaged_mark_stops_all_keys, 0, 5);
	return t;
}

static TCase *
destroy_case(void)
{
	TCase *t = tcase_create("destroy");

	tcase_add_checked_fixture(t, folder_setup, folder_teardown);
	tcase_add_test(t, a_destroyed_key_never_comes_back);
	tcase_add_test(t, a_destruction_that_was_cut_short_is_finished);
	tcase_add_test(t, a_key_made_while_its_day_is_destroyed_goes_as_well);
	tcase_add_test(t, a_destroyed_key_is_overwritten_first);
	tcase_add_test(t, another_process_destroys_and_we_forget);
	tcase_add_test(t, the_keys_of_days_to_come_are_not_destroyed);
	return t;
}

static TCase *
throwaway_case(void)
{
	TCase *t = tcase_create("throw-away");

	tcase_add_checked_fixture(t, folder_setup, folder_teardown);
	tcase_add_test(t, days_out_of_the_window_get_throwaway_keys);
	tcase_add_test(t, a_throwaway_key_lasts_as_long_as_the_process);
	tcase_add_test(t, a_folder_that_others_may_enter_is_not_used);
	tcase_add_test(t, a_folder_behind_a_link_is_not_used);
	tcase_add_test(t, somebody_elses_folder_is_not_used);
	tcase_add_test(t, what_root_makes_belongs_to_the_service);
	tcase_add_test(t, without_a_wrapping_key_nothing_is_stored);
	tcase_add_loop_test(t, a_wrapping_key_of_the_wrong_length_is_none, 0, 2);
	tcase_add_test(t, keys_in_memory_are_locked_and_not_dumped);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("keyring");

	suite_add_tcase(s, disk_case());
	suite_add_tcase(s, destroy_case());
	suite_add_tcase(s, throwaway_case());
	return suite_run(s);
}
