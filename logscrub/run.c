/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.c - the service: from all sources through the rules to the sinks, until it is told to stop
 */
#include <getopt.h>
#include <libintl.h>
#include <stdlib.h>

#include "logscrub/command.h"
#include "logscrub/say.h"
#include "logscrub/service/service.h"

#define _(text) gettext(text)

static void
help(void)
{
	printf(_("Usage: logscrub run [-c FILE]\n"
		 "Reads the sources that the configuration declares (journal, syslog, files), and "
		 "writes what\nthe stores' rules allow to their sinks, until SIGTERM.\n\n"
		 "  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf)\n"
		 "      --help\n\n"
		 "SIGHUP reads the configuration anew, SIGUSR1 opens the sinks' files again, "
		 "SIGUSR2 prints\nthe counters.\n"));
}

/* -1: go on; else the exit status. */
static int
options_read(int argc, char **argv, const char **ret_config)
{
	static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			*ret_config = optarg;
			break;
		case 'h':
			help();
			return 0;
		default:
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		say(LOG_ERR, "%s",
			_("run takes no files: sources are declared in the configuration"));
		return EX_USAGE;
	}
	return -1;
}

/* What is wrong goes to the log, and to systemctl status. */
static int
fail(const struct err *e)
{
	say_err(LOG_ERR, e);
	say_state("STATUS=%s\nERRNO=%d", e->what, e->errnum);
	return e->exit;
}

int
run_main(int argc, char **argv)
{
	CLEANUP(service_freep) struct service *s = NULL;
	const char *config = NULL;
	struct err e = { 0 };
	int rc = options_read(argc, argv, &config);

	if (rc >= 0)
		return rc;
	if (service_open(config, &s, &e) < 0 || service_run(s, &e) < 0)
		return fail(&e);
	return 0;
}
