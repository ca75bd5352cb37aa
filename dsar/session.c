/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/session.h"

#include <libintl.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/now.h"
#include "dsar/command.h"
#include "dsar/register/registry.h"
#include "evidence/hold.h"
#include "evidence/hold_known.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/format/format.h"
#include "store/open_file.h"

#define _(text) gettext(text)

int
usage_fail(const char *what)
{
	fprintf(stderr, "dsar: %s; %s\n", what, _("see `dsar --help`"));
	return EX_USAGE;
}

static int
node_open(struct session *s, struct err *e)
{
	if (ledger_open(s->conf, true, &s->ledger, e) < 0 ||
		holds_open(s->conf, true, &s->holds, e) < 0 ||
		hold_known_file(s->holds, s->ledger, e) < 0)
		return -1;
	duties_init(&s->duties, s->conf);
	return sign_open(s->conf, &s->sign, e);
}

int
session_open(struct session *s, unsigned needs, struct err *e)
{
	s->now_us = now_us();
	if (!(needs & NEED_CONF))
		return 0;
	if (conf_read(s->config, &s->conf, e) < 0)
		return -1;
	if (needs & NEED_REGISTER && registry_open(s->conf, &s->registry, e) < 0)
		return -1;
	if (needs & NEED_STORES && formats_new(s->conf, &s->formats, e) < 0)
		return -1;
	s->unlinked = unlinked_new();
	s->env = (struct store_env){ .conf = s->conf,
		.searches = true,
		.unlinked = s->unlinked,
		.formats = s->formats,
		.now_us = s->now_us,
		.memory_max = 32u << 20 };
	return needs & NEED_NODE ? node_open(s, e) : 0;
}

void
session_release(struct session *s)
{
	sign_free(s->sign);
	holds_free(s->holds);
	ledger_free(s->ledger);
	formats_free(s->formats);
	unlinked_free(s->unlinked);
	registry_free(s->registry);
	conf_free(s->conf);
}

int
session_note(struct session *s, const char *number, const char *kind, json_t *data, struct err *e)
{
	json_t *copy = json_deep_copy(data);

	if (!copy || json_object_set_new(copy, "case", json_string(number)) < 0) {
		json_decref(data);
		json_decref(copy);
		return err_memory(e);
	}
	if (registry_record(s->registry, number, kind, data, now_us(), e) < 0) {
		json_decref(copy);
		return -1;
	}
	return ledger_append(s->ledger, now_us(), kind, copy, NULL, e);
}
