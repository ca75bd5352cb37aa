/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/no_core.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void
no_core(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* its leak check attaches to this process */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
