/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The configuration: any text is read or refused with a place, and a right text is read afterwards,
 * whatever state the wrong one left libconfuse's scanner in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf-private.h"

static bool
reads(const char *text, size_t len)
{
	struct err e = { 0 };
	struct conf_draft *d = conf_draft_new(&e);
	bool right;

	if (!d)
		abort();
	right = conf_parse(d, "fuzz.conf", text, len, true, &e) == 0;
	/* no globbing through this machine's files */
	for (size_t i = 0; i < d->conf.n_stores; i++)
		d->conf.store[i].paths.n = d->conf.store[i].n_sinks = 0;
	right = right && conf_check(d, &e) == 0;
	if (!right && strncmp(e.where, "fuzz.conf:", 10) != 0)
		abort();
	conf_free(&d->conf);
	return right;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char right[] = "format \"f\" { # comment\n type = json }\n";

	if (size > 1u << 16)
		return 0;
	(void)reads((const char *)data, size);
	if (!reads(right, sizeof(right) - 1))
		abort();
	return 0;
}
