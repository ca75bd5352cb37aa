/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/say.h"

#include <stdarg.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#define PROGRAM "logscrub"

static void
put_priority(int priority)
{
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>", priority);
}

void
say(int priority, const char *fmt, ...)
{
	va_list ap;

	put_priority(priority);
	fputs(PROGRAM ": ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
say_err(int priority, const struct err *e)
{
	put_priority(priority);
	(void)err_print(e, PROGRAM, stderr); /* its status is the caller's matter */
}

void
say_state(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)sd_notify(0, text); /* nobody may be listening */
}
