/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

int
scratch_make(char ret[SCRATCH_MAX], struct err *e)
{
	(void)snprintf(ret, SCRATCH_MAX, "%.40s/sparsam.XXXXXX",
		access("/run/sparsam", W_OK) == 0 ? "/run/sparsam" : "/tmp");
	if (!mkdtemp(ret))
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", ret);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

void
scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, 16,
		FTW_DEPTH | FTW_PHYS); /* what is left is in /tmp, mode 0700 */
}
