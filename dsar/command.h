/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * command.h - the subcommands of dsar, one file each, named as it is typed
 *
 * main() opens what a command needs before it is called, so that one that may not erase cannot.
 */
#pragma once
#include "base/err.h"

struct session;

enum need {
	NEED_CONF = 1,
	NEED_REGISTER = 2, /* the register and its ledger, for writing */
	NEED_STORES = 4,   /* formats, and what drivers share: a search reads stores */
	NEED_NODE = 8,     /* root: the node's holds, ledger and key, for writing */
	COMES_AGAIN = 16   /* a mail server calls it: what cannot be opened is to be tried again */
};

struct command {
	const char *name;
	/* Takes its own name as argv[0] and returns the exit status; -1: E says what failed. */
	int (*main)(struct session *s, int argc, char **argv, struct err *e);
	unsigned needs;
	const char *help; /* N_() */
};

int init_main(struct session *s, int argc, char **argv, struct err *e);
int intake_main(struct session *s, int argc, char **argv, struct err *e);
int key_main(struct session *s, int argc, char **argv, struct err *e);
int subject_main(struct session *s, int argc, char **argv, struct err *e);
int search_main(struct session *s, int argc, char **argv, struct err *e);
int case_main(struct session *s, int argc, char **argv, struct err *e);
int identity_main(struct session *s, int argc, char **argv, struct err *e);
int refuse_main(struct session *s, int argc, char **argv, struct err *e);
int breach_main(struct session *s, int argc, char **argv, struct err *e);
int backup_main(struct session *s, int argc, char **argv, struct err *e);
int restore_main(struct session *s, int argc, char **argv, struct err *e);
int review_main(struct session *s, int argc, char **argv, struct err *e);
int erase_main(struct session *s, int argc, char **argv, struct err *e);
int approve_main(struct session *s, int argc, char **argv, struct err *e);
int rectify_main(struct session *s, int argc, char **argv, struct err *e);
int object_main(struct session *s, int argc, char **argv, struct err *e);
int restrict_main(struct session *s, int argc, char **argv, struct err *e);
int reapply_main(struct session *s, int argc, char **argv, struct err *e);
int letter_main(struct session *s, int argc, char **argv, struct err *e);
int export_main(struct session *s, int argc, char **argv, struct err *e);
int notify_main(struct session *s, int argc, char **argv, struct err *e);
int answer_main(struct session *s, int argc, char **argv, struct err *e);
int certificate_main(struct session *s, int argc, char **argv, struct err *e);
int doctor_main(struct session *s, int argc, char **argv, struct err *e);
int remind_main(struct session *s, int argc, char **argv, struct err *e);
int order_main(struct session *s, int argc, char **argv, struct err *e);
int collect_main(struct session *s, int argc, char **argv, struct err *e);
int agent_main(struct session *s, int argc, char **argv, struct err *e);
int bundle_main(struct session *s, int argc, char **argv, struct err *e);
int report_main(struct session *s, int argc, char **argv, struct err *e);

/* Says that the command line is wrong, and returns EX_USAGE. */
int usage_fail(const char *what);
