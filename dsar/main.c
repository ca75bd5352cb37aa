/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dsar - finds, answers, corrects, restricts and erases what is stored about one person
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/lang.h"
#include "base/no_core.h"
#include "base/options.h"
#include "dsar/command.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static const struct command commands[] = {
	{ "init", init_main, NEED_CONF, N_("make the register of requests") },
	{ "intake", intake_main, NEED_CONF | NEED_REGISTER | COMES_AGAIN,
		N_("take mail with requests") },
	{ "key", key_main, NEED_CONF | NEED_REGISTER, N_("OpenPGP keys: our own, and a person's") },
	{ "case", case_main, NEED_CONF | NEED_REGISTER, N_("enter requests, and look at them") },
	{ "identity", identity_main, NEED_CONF | NEED_REGISTER,
		N_("find out whether it is really the person") },
	{ "refuse", refuse_main, NEED_CONF | NEED_REGISTER, N_("say no, with reasons") },
	{ "breach", breach_main, NEED_CONF | NEED_REGISTER, N_("an answer went astray: 72 hours") },
	{ "backup", backup_main, NEED_CONF | NEED_REGISTER, N_("write the register into a file") },
	{ "restore", restore_main, NEED_CONF, N_("bring the register back") },
	{ "subject", subject_main, NEED_CONF | NEED_REGISTER,
		N_("by which identifiers a person is known") },
	{ "search", search_main, NEED_CONF | NEED_REGISTER | NEED_STORES | NEED_NODE,
		N_("find what is stored about a person (root)") },
	{ "review", review_main, NEED_CONF | NEED_REGISTER,
		N_("decide what goes into the answer, and without what") },
	{ "erase", erase_main, NEED_CONF | NEED_REGISTER | NEED_STORES | NEED_NODE,
		N_("erase what was found, by an approved plan") },
	{ "rectify", rectify_main, NEED_CONF | NEED_REGISTER | NEED_STORES | NEED_NODE,
		N_("correct what was found, by an approved plan") },
	{ "approve", approve_main, NEED_CONF | NEED_REGISTER,
		N_("sign the plan of an erasure or rectification") },
	{ "restrict", restrict_main, NEED_CONF | NEED_REGISTER | NEED_NODE,
		N_("keep what was found from being used or deleted") },
	{ "object", object_main, NEED_CONF | NEED_REGISTER | NEED_NODE,
		N_("note an objection, and decide it") },
	{ "reapply", reapply_main, NEED_CONF | NEED_REGISTER | NEED_STORES | NEED_NODE,
		N_("erase again what a backup has brought back") },
	{ "letter", letter_main, NEED_CONF | NEED_REGISTER, N_("write a letter to the person") },
	{ "export", export_main, NEED_CONF | NEED_REGISTER,
		N_("make the answer to a request for access or portability") },
	{ "notify", notify_main, NEED_CONF | NEED_REGISTER,
		N_("tell recipients of an erasure, rectification or restriction") },
	{ "answer", answer_main, NEED_CONF | NEED_REGISTER, N_("say what was given out") },
	{ "certificate", certificate_main, NEED_CONF | NEED_REGISTER | NEED_NODE,
		N_("certify an erasure, signed by this machine") },
	{ "bundle", bundle_main, NEED_CONF | NEED_REGISTER,
		N_("answer the supervisory authority about one case") },
	{ "doctor", doctor_main, NEED_CONF | NEED_REGISTER,
		N_("try the way of mail, and look at keys and configuration") },
	{ "remind", remind_main, NEED_CONF | NEED_REGISTER,
		N_("say which dates come near, and which keys end") },
	{ "order", order_main, NEED_CONF | NEED_REGISTER,
		N_("have another machine search, erase or restrict") },
	{ "collect", collect_main, NEED_CONF | NEED_REGISTER,
		N_("take what machines have answered to orders") },
	{ "agent", agent_main, NEED_CONF | NEED_STORES | NEED_NODE,
		N_("carry out orders on this machine (root)") },
	{ "report", report_main, NEED_CONF | NEED_REGISTER, N_("a year's figures for auditors") },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
help(void)
{
	printf(_(
		"Usage: dsar [-c FILE] [--lang CODE] COMMAND [OPTION]...\n"
		"Finds, answers, corrects, restricts and erases what is stored about one person.\n\n"));
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-14s %s\n", commands[i].name, _(commands[i].help));
	printf(_("\nEach has its own --help.\n\nExample:  dsar case new --article 15\n"));
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
	struct session s = { 0 };
	const struct command *cmd;
	unsigned needs;
	struct err e;
	int status;

	s.lang = lang_take(&argc, argv);
	if (lang_init(s.lang, &e) < 0)
		return err_print(&e, "dsar", stderr);
	no_core();
	if (sodium_init() < 0)
		return EX_OSERR; /* no random source */
	s.config = options_config(&argc, argv);
	print_init(&s.out, stdout, options_flag(&argc, argv, "--json"));
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("dsar (sparsam) " SPARSAM_VERSION);
		return 0;
	}
	if (argc < 2 || (argv[1][0] == '-' && options_ask_help(argc, argv))) {
		help();
		return argc < 2 ? EX_USAGE : 0;
	}
	cmd = find(argv[1]);
	if (!cmd)
		return usage_fail(_("no such command"));
	needs = options_ask_help(argc - 1, argv + 1) ? 0 : cmd->needs;
	status = session_open(&s, needs, &e);
	if (status < 0 && needs & COMES_AGAIN)
		e.exit = EX_TEMPFAIL; /* any other sends the mail back to who wrote it */
	if (status == 0)
		status = cmd->main(&s, argc - 1, argv + 1, &e);
	if (status < 0)
		status = err_print(&e, "dsar", stderr);
	session_release(&s);
	if (fflush(stdout) != 0 && status == 0)
		status = EX_IOERR;
	return status;
}
