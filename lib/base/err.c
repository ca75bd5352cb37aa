/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

#include <libintl.h>
#include <stdarg.h>
#include <string.h>

int(err_fail)(struct err *e, int exit, int errnum, const char *what, const char *todo,
	const char *where, ...)
{
	va_list ap;

	if (!e)
		return -1;
	*e = (struct err){ .exit = exit, .errnum = errnum, .what = what, .todo = todo };
	if (where) {
		va_start(ap, where);
		(void)vsnprintf(e->where, sizeof(e->where), where, ap);
		va_end(ap);
	}
	return -1;
}

int(err_within)(struct err *e, const char *where, ...)
{
	char inner[sizeof(e->where)];
	va_list ap;
	size_t n;

	if (!e)
		return -1;
	memcpy(inner, e->where, sizeof(inner));
	va_start(ap, where);
	(void)vsnprintf(e->where, sizeof(e->where), where, ap);
	va_end(ap);
	n = strlen(e->where);
	if (inner[0] != '\0')
		(void)snprintf(e->where + n, sizeof(e->where) - n, ": %s", inner);
	return -1;
}

int(err_memory)(struct err *e)
{
	return err_fail(e, EX_OSERR, 0, N_("out of memory"), NULL, NULL);
}

int
err_print(const struct err *e, const char *program, FILE *f)
{
	fprintf(f, "%s: %s", program, gettext(e->what));
	if (e->where[0] != '\0')
		fprintf(f, ": %s", e->where);
	if (e->errnum != 0)
		fprintf(f, ": %s", strerror(e->errnum));
	if (e->todo)
		fprintf(f, "; %s", gettext(e->todo));
	fputc('\n', f);
	return e->exit;
}
