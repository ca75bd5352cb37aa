/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keyfolder.h - a scratch folder with a wrapping key, for the tests of keys and pseudonyms
 *
 * It writes key files by itself, from sparsam-keys(5) alone: a second program.
 */
#pragma once
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf/conf.h"
#include "record/key/day.h"
#include "record/key/keyring.h"

static char scratch[64], key_dir[96], creds_dir[96];
static struct conf conf;
static int32_t today; /* as the test began */
static unsigned n_notices;
static char notice_text[256], notice_day[DAY_TEXT_MAX];

static inline void
file_write(const char *folder, const char *name, const void *p, size_t n)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

static inline void
wrapping_key(uint8_t fill, size_t n)
{
	uint8_t wrap[64];

	memset(wrap, fill, sizeof(wrap));
	file_write(creds_dir, "sparsam-keys", wrap, n);
}

/* The file of DAY's key: all of it is KEY, the wrapping key is filled with FILL. */
static inline void
key_file(const char *named, int32_t day, uint8_t fill, const uint8_t key[32])
{
	uint8_t file[94] = "sparsam-key\001", wrap[32], plain[42];
	char name[32], text[DAY_TEXT_MAX];

	memset(wrap, fill, sizeof(wrap));
	day_format(day, text);
	memcpy(plain, text, 10);
	memcpy(plain + 10, key, 32);
	memset(file + 12, 0x55, 24);
	crypto_secretbox_easy(file + 36, plain, sizeof(plain), file + 12, wrap);
	(void)snprintf(name, sizeof(name), "%s.key", named ? named : text);
	file_write(key_dir, name, file, sizeof(file));
}

static inline bool
there_is(const char *name)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", key_dir, name);
	return lstat(path, &st) == 0;
}

static inline bool
there_is_key(int32_t day)
{
	char name[DAY_TEXT_MAX + 4];

	day_format(day, name);
	strcat(name, ".key");
	return there_is(name);
}

static inline void
noticed(void *ctx, const char *text, const char *day)
{
	ck_assert_ptr_eq(ctx, &conf);
	n_notices++;
	(void)snprintf(notice_text, sizeof(notice_text), "%s", text);
	(void)snprintf(notice_day, sizeof(notice_day), "%s", day);
}

static inline struct keyring *
ring_open(void)
{
	struct keyring *k = NULL;
	struct err e;

	n_notices = 0;
	ck_assert_int_eq(keyring_open(&conf, noticed, &conf, &k, &e), 0);
	return k;
}

static inline void
key_get(struct keyring *k, int32_t day, uint8_t ret[32])
{
	const uint8_t *key;
	struct err e;

	ck_assert_int_eq(keyring_key(k, day, &key, &e), 0);
	memcpy(ret, key, 32);
}

static inline void
folder_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	today = day_today();
	ck_assert_int_ge(sodium_init(), 0);
	(void)snprintf(scratch, sizeof(scratch), "%.40s/keys-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	(void)snprintf(key_dir, sizeof(key_dir), "%s/state/keys", scratch);
	(void)snprintf(creds_dir, sizeof(creds_dir), "%s/creds", scratch);
	ck_assert_int_eq(mkdir(creds_dir, 0700), 0);
	setenv("CREDENTIALS_DIRECTORY", creds_dir, 1);
	wrapping_key('w', 32);
	conf = (struct conf){ .key_dir = key_dir,
		.credential = "/nonexistent/sparsam-keys",
		.longest_period_s = 7 * 86400 };
}

static inline int
entry_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
folder_teardown(void)
{
	nftw(scratch, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The key folder, as if an earlier run had made it. */
static inline void
folder_ready(void)
{
	keyring_free(ring_open());
	ck_assert_uint_eq(n_notices, 0);
}
