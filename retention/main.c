/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * retention - deletes what is past its period, except what an incident holds; reports for auditors
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/lang.h"
#include "base/no_core.h"
#include "base/options.h"
#include "retention/command.h"
#include "retention/session.h"

#define _(text) gettext(text)

static const struct command commands[] = {
	{ "init", init_main, NEED_CONF, N_("make the node's key and the ledger") },
	{ "run", run_main,
		NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | MAY_WRITE | MAY_ERASE,
		N_("drop what is past its period") },
	{ "plan", run_main, NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | LEDGER_IF_ANY,
		N_("show what a run would do (the same as run --dry-run)") },
	{ "hold", hold_main, NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | MAY_WRITE,
		N_("keep what an incident needs: add, list, show, extend, release") },
	{ "journal", journal_main,
		NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | LEDGER_IF_ANY | MAY_WRITE |
			MAY_ERASE,
		N_("the journal by hand: what lies in it, by unit; drop entries that match") },
	{ "status", status_main,
		NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | LEDGER_IF_ANY,
		N_("each store's oldest record against its period") },
	{ "check", check_main,
		NEED_CONF | NEED_FORMATS | NEED_HOLDS | NEED_LEDGER | LEDGER_IF_ANY | SPEAKS_NAGIOS,
		N_("one line and exit status for Nagios or Icinga, a file for node_exporter") },
	{ "report", report_main, NEED_CONF | NEED_HOLDS | NEED_LEDGER,
		N_("what was due, dropped and kept, by store and day, and what went wrong") },
	{ "policy", policy_main, NEED_CONF | NEED_FORMATS,
		N_("the privacy policy's data table and the register of Art. 30 GDPR") },
	{ "notify", notify_main, NOTIFIES | NEED_CONF | NEED_HOLDS | NEED_LEDGER | MAY_WRITE,
		N_("mail what the operator and the witness wait for; record a failure") },
	{ "backup", backup_main, NEED_CONF | NEED_HOLDS | NEED_LEDGER,
		N_("copy ledger and holds into one file") },
	{ "restore", restore_main, NEED_CONF | MAY_ERASE,
		N_("bring them back; the gap goes on record") },
	{ "export-ledger", export_ledger_main, NEED_CONF | NEED_LEDGER,
		N_("write a bundle that an auditor can check") },
	{ "verify", verify_main, 0, N_("check a bundle: every edit, gap or cut shows") },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
help(void)
{
	printf(_("Usage: retention [-c FILE] [--lang CODE] COMMAND [OPTION]...\n"
		 "Deletes what is past its period, except what an incident holds.\n\n"));
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-14s %s\n", commands[i].name, _(commands[i].help));
	printf(_("\nEach has its own --help.\n\nExample:  retention run --dry-run\n"));
}

int
usage_fail(const char *what)
{
	fprintf(stderr, "retention: %s; %s\n", what, _("see `retention --help`"));
	return EX_USAGE;
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	struct session s = { .lock = -1 };
	const struct command *cmd;
	unsigned needs;
	struct err e;
	int status;

	if (lang_init(lang_take(&argc, argv), &e) < 0)
		return err_print(&e, "retention", stderr);
	no_core();
	if (sodium_init() < 0)
		return EX_OSERR; /* no random source */
	s.config = options_config(&argc, argv);
	print_init(&s.out, stdout, options_flag(&argc, argv, "--json"));
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("retention (sparsam) " SPARSAM_VERSION);
		return 0;
	}
	if (argc < 2 || (argv[1][0] == '-' && options_ask_help(argc, argv))) {
		help();
		return argc < 2 ? EX_USAGE : 0;
	}
	cmd = find(argv[1]);
	if (!cmd)
		return usage_fail(_("no such command"));
	/* `run --dry-run` erases nothing, so it gets nothing to erase with */
	if (strcmp(cmd->name, "run") == 0 && options_flag(&argc, argv, "--dry-run")) {
		cmd = find("plan");
		argv[1] = (char *)cmd->name;
	}
	needs = options_ask_help(argc - 1, argv + 1) ? 0 : cmd->needs;
	status = session_open(&s, needs, &e);
	if (status == 0)
		status = cmd->main(&s, argc - 1, argv + 1, &e);
	if (status < 0)
		status = cmd->needs & SPEAKS_NAGIOS ? check_unknown(&e)
			 : cmd->needs & NOTIFIES    ? notify_broken(&e)
						    : err_print(&e, "retention", stderr);
	session_release(&s);
	if (fflush(stdout) != 0 && status == 0)
		status = EX_IOERR;
	return status;
}
