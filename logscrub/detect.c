/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect.c - what the detectors find in free text, one finding a line
 *
 * By this precision and recall are measured. Of the text only addresses are repeated, in their
 * canonical form.
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#include "base/file/input.h"
#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/rule/lines.h"
#include "record/detect/detect.h"

#define _(text) gettext(text)

struct detection {
	struct lines lines;
	struct print print;
	unsigned types;
	bool several;     /* files: each finding names its own */
	const char *file; /* NULL: standard input */
	uint64_t n_lines; /* of this file, so far */
	uint64_t n_found, n_too_long;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub detect [OPTION]... [FILE]...\n"
		"Finds personal data in the free text of FILEs (or standard input): IP addresses in all\n"
		"their forms, mail addresses, phone numbers, tokens and passwords.\n\n"
		"  -j, --json   JSON Lines: line (from 1), start and end (bytes from 0, end exclusive),\n"
		"               type, form and, for addresses, canonical\n"
		"  -u, --uuid   find UUIDs, too\n"
		"  -h, --help\n\n"
		"Exit status: 0 nothing found, 1 something found, 64 usage, 65 damaged input,\n"
		"             66 no such file, 74 input or output.\n\n"
		"Example:  echo 'from=203.0.113.7:51234' | logscrub detect\n"
		"          1:5-16        ipv4   plain     203.0.113.7\n"));
}

static void
report(struct detection *x, const struct finding *f)
{
	struct print *p = &x->print;
	char canonical[ADDRESS_TEXT_MAX] = "", place[64];
	int64_t line = (int64_t)(x->n_lines + x->lines.n_too_long);

	x->n_found++;
	if (f->type == DETECT_IPV4 || f->type == DETECT_IPV6)
		(void)address_format(&f->address, canonical);
	if (p->json) {
		print_begin(p);
		if (x->several)
			print_str(p, "file", span_str(x->file));
		print_int(p, "line", line);
		print_int(p, "start", (int64_t)f->start);
		print_int(p, "end", (int64_t)f->end);
		print_str(p, "type", span_str(detect_type_name(f->type)));
		print_str(p, "form", span_str(detect_form_name(f->form)));
		if (canonical[0])
			print_str(p, "canonical", span_str(canonical));
		print_end(p);
		return;
	}
	(void)snprintf(place, sizeof(place), "%" PRId64 ":%zu-%zu", line, f->start, f->end);
	if (x->several) {
		print_safe(p, span_str(x->file));
		fputs(": ", p->f);
	}
	fprintf(p->f, "%-13s %s%-6s%s %-*s", place, print_ink(p, INK_YELLOW),
		detect_type_name(f->type), print_ink(p, INK_PLAIN), canonical[0] ? 9 : 0,
		detect_form_name(f->form));
	fprintf(p->f, canonical[0] ? " %s\n" : "%s\n", canonical);
}

static void
one_line(struct detection *x, struct span line)
{
	struct finding f;
	struct detect d;

	x->n_lines++;
	detect_start(&d, line, x->types);
	while (detect_next(&d, &f))
		report(x, &f);
}

static int
one_file(struct detection *x, const char *file, struct err *e)
{
	CLEANUP(input_freep) struct input *in = NULL;
	struct span line;
	int end;

	if (input_open_file(file, &in, e) < 0)
		return -1;
	x->file = file ? file : "standard input";
	x->n_lines = 0;
	x->n_too_long += x->lines.n_too_long;
	x->lines.n_too_long = 0;
	lines_restart(&x->lines);
	do {
		end = lines_fill(&x->lines, in, e);
		while (lines_take(&x->lines, &line))
			one_line(x, line);
	} while (end == 0);
	return end < 0 ? -1 : 0;
}

/* A file that cannot be read does not keep the others from being read. */
static int
all_files(struct detection *x, char **file, int n)
{
	struct err e;
	int status = 0;

	if (lines_init(&x->lines, NULL, &e) < 0)
		return err_print(&e, "logscrub", stderr);
	x->several = n > 1;
	for (int i = 0; i < n || i == 0; i++) {
		if (one_file(x, n > 0 ? file[i] : NULL, &e) < 0)
			status = err_print(&e, "logscrub", stderr);
	}
	x->n_too_long += x->lines.n_too_long;
	lines_release(&x->lines);
	if (fflush(x->print.f) != 0 || ferror(x->print.f)) {
		(void)err_fail(&e, EX_IOERR, errno, N_("cannot write"), NULL, "standard output");
		return err_print(&e, "logscrub", stderr);
	}
	if (x->n_too_long > 0)
		fprintf(stderr, "logscrub: %" PRIu64 " %s\n", x->n_too_long,
			_("lines over 1 MiB were passed over"));
	if (status == 0 && x->n_found > 0)
		status = 1;
	return status;
}

int
detect_main(int argc, char **argv)
{
	struct detection x = { .types = DETECT_DEFAULT };
	const char *config; /* as all commands have; there is nothing to configure */
	bool json = false, uuid = false;
	const struct option_to table[] = {
		{ "json", 'j', NULL, &json },
		{ "uuid", 'u', NULL, &uuid },
		{ "config", 'c', &config, NULL },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	if (uuid)
		x.types |= DETECT_BIT(DETECT_UUID);
	print_init(&x.print, stdout, json);
	return all_files(&x, argv + optind, argc - optind);
}
