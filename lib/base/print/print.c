/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/print/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

void
print_init(struct print *p, FILE *f, bool json)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	*p = (struct print){
		.f = f,
		.json = json,
		.colour = !json && !(no && *no) && !(term && strcmp(term, "dumb") == 0) &&
			  isatty(fileno(f)) == 1,
	};
}

/* RFC 8259 section 7: what must be escaped is; what is no UTF-8 becomes U+FFFD. */
static void
json_string(FILE *f, struct span s)
{
	static const char short_form[] = "\b\f\n\r\t", letter[] = "bfnrt";

	putc('"', f);
	while (s.len > 0) {
		const size_t n = utf8_length(s);
		const unsigned char c = (unsigned char)*s.p;
		const char *at = c ? strchr(short_form, c) : NULL;

		if (n == 0)
			fputs("\xef\xbf\xbd", f);
		else if (at)
			fprintf(f, "\\%c", letter[at - short_form]);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else
			fwrite(s.p, 1, n, f);
		s = span_from(s, n ? n : 1);
	}
	putc('"', f);
}

void
print_begin(struct print *p)
{
	if (!p->json)
		return;
	fputs("{\"v\":1", p->f);
	p->open = true;
}

/* ,"KEY": - or false where nothing is to be printed. */
static bool
json_key(struct print *p, const char *key)
{
	if (!p->json || !p->open)
		return false;
	putc(',', p->f);
	json_string(p->f, span_str(key));
	putc(':', p->f);
	return true;
}

void
print_str(struct print *p, const char *key, struct span value)
{
	if (!json_key(p, key))
		return;
	if (value.p)
		json_string(p->f, value);
	else
		fputs("null", p->f);
}

void
print_int(struct print *p, const char *key, int64_t value)
{
	if (json_key(p, key))
		fprintf(p->f, "%" PRId64, value);
}

void
print_bool(struct print *p, const char *key, bool value)
{
	if (json_key(p, key))
		fputs(value ? "true" : "false", p->f);
}

void
print_time(struct print *p, const char *key, int64_t us)
{
	int64_t s = us / 1000000, rest = us % 1000000;
	time_t t;
	struct tm tm;

	if (!json_key(p, key))
		return;
	if (rest < 0) {
		s--;
		rest += 1000000;
	}
	t = s;
	if (!gmtime_r(&t, &tm)) {
		fputs("null", p->f);
		return;
	}
	fprintf(p->f, "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (rest > 0)
		fprintf(p->f, ".%06d", (int)rest);
	fputs("Z\"", p->f);
}

void
print_end(struct print *p)
{
	if (!p->json || !p->open)
		return;
	fputs("}\n", p->f);
	p->open = false;
}

const char *
print_ink(const struct print *p, enum print_ink ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "\033[0m",
		[INK_DIM] = "\033[2m",
		[INK_BOLD] = "\033[1m",
		[INK_RED] = "\033[31m",
		[INK_GREEN] = "\033[32m",
		[INK_YELLOW] = "\033[33m",
		[INK_BLUE] = "\033[34m",
	};

	return p->colour ? codes[ink] : "";
}

void
print_safe(struct print *p, struct span s)
{
	while (s.len > 0) {
		const size_t n = utf8_length(s);

		if (n > 0 && !utf8_is_control(s))
			fwrite(s.p, 1, n, p->f);
		else
			for (size_t i = 0; i < (n ? n : 1); i++)
				fprintf(p->f, "\\x%02x", (unsigned char)s.p[i]);
		s = span_from(s, n ? n : 1);
	}
}

void
print_progress(const char *label, uint64_t done, uint64_t total)
{
	static struct timespec last;
	struct timespec now;
	const unsigned width = 30;
	unsigned filled;

	if (isatty(STDERR_FILENO) != 1)
		return;
	if (total > 0 && done >= total) {
		fputs("\r\033[K", stderr);
		return;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - last.tv_sec) * 10 + (now.tv_nsec - last.tv_nsec) / 100000000 < 1)
		return;
	last = now;
	if (total == 0) {
		fprintf(stderr, "\r\033[K%s %" PRIu64, label, done);
		return;
	}
	filled = (unsigned)((double)done / (double)total * width);
	fprintf(stderr, "\r\033[K%s [%.*s%.*s] %u %%", label, (int)filled,
		"##############################", (int)(width - filled),
		"                              ", (unsigned)((double)done / (double)total * 100));
}
