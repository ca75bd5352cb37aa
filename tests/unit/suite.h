/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite.h - runs a suite and frees it; what main() returns
 */
#pragma once
#include <check.h>

static int
suite_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed > 0;
}
