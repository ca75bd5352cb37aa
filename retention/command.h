/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * command.h - the subcommands of retention, one file each, named as it is typed
 *
 * main() opens what a command needs before it is called, so that one that may not erase cannot.
 */
#pragma once
#include "base/err.h"

struct session;

enum need {
	NEED_CONF = 1,
	NEED_FORMATS = 2,
	NEED_HOLDS = 4,
	NEED_LEDGER = 8,
	MAY_WRITE = 16,     /* holds and ledger are opened for writing; the node's key, too */
	MAY_ERASE = 32,     /* … and no other run is under way */
	LEDGER_IF_ANY = 64, /* without one nothing is opened for writing, nor locked */
	NOTIFIES = 256,     /* also where the configuration is wrong: root is told */
	SPEAKS_NAGIOS = 128 /* exit status 0 to 3; what main() cannot open is 3 */
};

struct command {
	const char *name;
	/* Takes its own name as argv[0] and returns the exit status; -1: E says what failed. */
	int (*main)(struct session *s, int argc, char **argv, struct err *e);
	unsigned needs;
	const char *help; /* N_() */
};

int init_main(struct session *s, int argc, char **argv, struct err *e);
int run_main(struct session *s, int argc, char **argv, struct err *e);
int hold_main(struct session *s, int argc, char **argv, struct err *e);
int journal_main(struct session *s, int argc, char **argv, struct err *e);
int status_main(struct session *s, int argc, char **argv, struct err *e);
int verify_main(struct session *s, int argc, char **argv, struct err *e);
int check_main(struct session *s, int argc, char **argv, struct err *e);
int report_main(struct session *s, int argc, char **argv, struct err *e);
int policy_main(struct session *s, int argc, char **argv, struct err *e);
int notify_main(struct session *s, int argc, char **argv, struct err *e);
int backup_main(struct session *s, int argc, char **argv, struct err *e);
int restore_main(struct session *s, int argc, char **argv, struct err *e);
int export_ledger_main(struct session *s, int argc, char **argv, struct err *e);

/* Says why nothing is known, as Nagios reads it, and returns 3. */
int check_unknown(const struct err *e);

/* Mails why notify cannot even begin to root, where systemd asks for it, and returns E's status. */
int notify_broken(const struct err *e);

/* Says that the command line is wrong, and returns EX_USAGE. */
int usage_fail(const char *what);
