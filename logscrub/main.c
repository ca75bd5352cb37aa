/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * logscrub - writes only what a store's rule allows, with addresses as rotating pseudonyms
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/lang.h"
#include "base/no_core.h"
#include "logscrub/command.h"

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", run_main },
	{ "explain", explain_main },
	{ "check-config", check_config_main },
	{ "doctor", doctor_main },
	{ "detect", detect_main },
	{ "token", token_main },
	{ "keys", keys_main },
	{ "stats", stats_main },
	{ "suggest", suggest_main },
};

int
main(int argc, char **argv)
{
	struct err e;
	int first = 1;

	if (lang_init(lang_take(&argc, argv), &e) < 0)
		return err_print(&e, "logscrub", stderr);
	no_core();
	if (sodium_init() < 0)
		return 71; /* EX_OSERR: no random source */
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("logscrub (sparsam) " SPARSAM_VERSION);
		return 0;
	}
	/* -c FILE may stand before the command as well as behind it */
	if (argc > 3 && (strcmp(argv[1], "-c") == 0 || strcmp(argv[1], "--config") == 0))
		first = 3;
	for (size_t i = 0; first < argc && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[first], commands[i].name) != 0)
			continue;
		if (first == 3) { /* CMD -c FILE … */
			argv[3] = argv[2];
			argv[2] = argv[1];
		}
		argv[1] = (char *)commands[i].name;
		return commands[i].main(argc - 1, argv + 1);
	}
	return filter_main(argc, argv);
}
