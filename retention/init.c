/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <libintl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "retention/command.h"
#include "retention/session.h"

#define _(text) gettext(text)

static int
folder_make(const char *path, struct err *e)
{
	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return 0;
	return err_fail(e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", path);
}

static void
init_print(struct session *s)
{
	if (!s->out.json)
		printf(_("the node's key is %s\n"
			 "keep a copy of it elsewhere: `retention export-ledger` writes the public one\n"),
			sign_fingerprint(s->sign));
	print_begin(&s->out);
	print_str(&s->out, "fingerprint", span_str(sign_fingerprint(s->sign)));
	print_end(&s->out);
}

int
init_main(struct session *s, int argc, char **argv, struct err *e)
{
	char host[HOST_NAME_MAX + 1] = "node";
	json_t *data;

	(void)argv;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention init\n"
			"Makes the node's key (Ed25519) and the ledger in state_dir.\n"),
			stdout);
		return 0;
	}
	if (argc > 1)
		return usage_fail(_("init takes no argument"));
	(void)gethostname(host, sizeof(host) - 1);
	if (folder_make(s->conf->state_dir, e) < 0)
		return -1;
	/* a key without a ledger is what an init leaves that was cut short */
	if (sign_open(s->conf, &s->sign, e) < 0 &&
		(e->exit != EX_CONFIG || sign_init(s->conf, host, e) < 0 ||
			sign_open(s->conf, &s->sign, e) < 0))
		return -1;
	if (ledger_init(s->conf, &s->ledger, e) < 0)
		return -1;
	data = json_pack(
		"{s:s, s:s}", "key", sign_fingerprint(s->sign), "version", SPARSAM_VERSION);
	if (ledger_append(s->ledger, s->now_us, "init", data, NULL, e) < 0 ||
		ledger_sign(s->ledger, s->sign, e) < 0)
		return -1;
	init_print(s);
	return 0;
}
