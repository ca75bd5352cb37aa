/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * folder.h - a folder of its own for a test, gone at its end with all in it
 */
#pragma once
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[64];

static void
folder_make(void)
{
	strcpy(folder, "/tmp/sparsam-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int
folder_remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static void
folder_remove(void)
{
	(void)nftw(folder, folder_remove_one, 64, FTW_DEPTH | FTW_PHYS);
}
