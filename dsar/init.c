/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "dsar/command.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

int
init_main(struct session *s, int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: dsar init\n"
			"Makes the register of requests in register_dir.\n"),
			stdout);
		return 0;
	}
	if (argc > 1)
		return usage_fail(_("init takes no argument"));
	if (registry_init(s->conf, &s->registry, e) < 0)
		return -1;
	if (queue_make(s->conf, e) < 0)
		return -1;
	print_begin(&s->out);
	print_str(&s->out, "register", span_str(registry_dir(s->registry)));
	print_end(&s->out);
	return 0;
}
