/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "evidence/sign.h"
#include "retention/bundle.h"
#include "retention/command.h"
#include "retention/session.h"

#define _(text) gettext(text)

int
export_ledger_main(struct session *s, int argc, char **argv, struct err *e)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention export-ledger FILE\n"
			"Writes a tar file with the ledger, its newest signed head, the node's public key and\n"
			"a recipe; `retention verify FILE` checks it, and so do sqlite3, sha256sum and gpg.\n"),
			stdout);
		return 0;
	}
	if (argc != 2)
		return usage_fail(_("export-ledger takes the name of the file to write"));
	if (sign_open(s->conf, &s->sign, e) < 0)
		return -1;
	return bundle_write(s, argv[1], e);
}
