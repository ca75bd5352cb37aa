/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * say.h - what the service says: to the journal, to a terminal, to systemd
 *
 * On standard error; where that is the journal (JOURNAL_STREAM), with the "<N>" that it reads as
 * the priority. Never the content of a record.
 */
#pragma once
#include <syslog.h>

#include "base/err.h"

void say(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_err(int priority, const struct err *e);

/* sd_notify(3): "READY=1", …. Does nothing where nobody listens. */
void say_state(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
