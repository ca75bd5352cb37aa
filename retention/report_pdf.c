/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_pdf.c - the report on A4 pages
 *
 * By libharu: it needs no fonts of the machine and no configuration, and brings few libraries into a
 * program that runs as root each hour. Its fonts have Latin letters alone; others become "?".
 */
#include <errno.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hpdf.h>

#include "base/utf8.h"
#include "record/key/day.h"
#include "record/timestamp.h"
#include "retention/report.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

/* points, from the lower left */
#define PAGE_HIGH   842
#define LEFT        50
#define RIGHT       545
#define TOP         (PAGE_HIGH - 50)
#define BOTTOM      50
#define LINE        13
#define PLOT_HIGH   90
#define COLUMNS_MAX 110 /* letters of one line */

struct paper {
	HPDF_Doc doc;
	HPDF_Page page;
	HPDF_Font plain, bold;
	float y;
	HPDF_STATUS failed;
};

/* The first failure; what is drawn afterwards does nothing, as libharu promises. */
static void
on_error(HPDF_STATUS code, HPDF_STATUS detail, void *ctx)
{
	struct paper *p = ctx;

	(void)detail;
	if (!p->failed)
		p->failed = code;
}

static void
page_new(struct paper *p)
{
	p->page = HPDF_AddPage(p->doc);
	(void)HPDF_Page_SetSize(p->page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
	p->y = TOP;
}

static void
room(struct paper *p, float high)
{
	if (p->y - high < BOTTOM)
		page_new(p);
}

/* UTF-8 in windows-1252, as far as it goes. */
static void
latin(const char *text, char *ret, size_t size)
{
	struct span s = span_str(text);
	size_t n = 0;

	while (s.len > 0 && n + 1 < size) {
		const size_t len = utf8_length(s);
		const unsigned char *c = (const unsigned char *)s.p;

		if (len == 1)
			ret[n++] = s.p[0];
		else if (len == 2 && c[0] <= 0xc3)
			ret[n++] = (char)((c[0] & 3) << 6 | (c[1] & 0x3f));
		else if (len == 3 && memcmp(s.p, "…", 3) == 0)
			ret[n++] = (char)0x85;
		else
			ret[n++] = '?';
		s = span_from(s, len ? len : 1);
	}
	ret[n] = '\0';
}

static void
put(struct paper *p, HPDF_Font font, float size, float x, const char *text)
{
	char line[512];

	latin(text, line, sizeof(line));
	(void)HPDF_Page_BeginText(p->page);
	(void)HPDF_Page_SetFontAndSize(p->page, font, size);
	(void)HPDF_Page_TextOut(p->page, x, p->y, line);
	(void)HPDF_Page_EndText(p->page);
}

static void __attribute__((format(printf, 2, 3))) line(struct paper *p, const char *fmt, ...)
{
	char text[480];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (const char *at = text;;) {
		char part[4 * COLUMNS_MAX + 1];
		size_t n = 0;

		for (size_t letters = 0; at[n] && letters < COLUMNS_MAX; letters++)
			for (n++; ((unsigned char)at[n] & 0xc0) == 0x80;)
				n++;
		(void)snprintf(part, sizeof(part), "%.*s", (int)n, at);
		room(p, LINE);
		put(p, p->plain, 9, at == text ? LEFT : LEFT + 12, part);
		p->y -= LINE;
		at += n;
		if (!*at)
			return;
	}
}

static void
heading(struct paper *p, float size, const char *text)
{
	room(p, 4 * LINE);
	p->y -= size;
	put(p, p->bold, size, LEFT, text);
	p->y -= LINE + 4;
}

/* --- the plot --------------------------------------------------------------------------------- */

static void
stroke(struct paper *p, float x1, float y1, float x2, float y2)
{
	(void)HPDF_Page_MoveTo(p->page, x1, y1);
	(void)HPDF_Page_LineTo(p->page, x2, y2);
	(void)HPDF_Page_Stroke(p->page);
}

static void
put_points(struct paper *p, const struct report *r, const struct report_store *st, float base)
{
	struct report_point *v;
	const size_t n = report_thin(r, st, &v);
	const float span = (float)(r->until_us - r->from_us), greatest = (float)report_greatest(st);

	for (size_t i = 0; i < n; i++) {
		const float x = LEFT + (float)(v[i].time_us - r->from_us) / span * (RIGHT - LEFT);
		const float y = base + (float)v[i].age_s / greatest * PLOT_HIGH;

		(void)(i == 0 ? HPDF_Page_MoveTo(p->page, x, y) : HPDF_Page_LineTo(p->page, x, y));
	}
	if (n > 0)
		(void)HPDF_Page_Stroke(p->page);
	free(v);
}

static void
put_plot(struct paper *p, const struct report *r, const struct report_store *st)
{
	char first[DAY_TEXT_MAX], last[DAY_TEXT_MAX];
	float base, limit;

	room(p, PLOT_HIGH + 2 * LINE);
	base = p->y - PLOT_HIGH;
	limit = base + (float)st->period_s / (float)report_greatest(st) * PLOT_HIGH;
	(void)HPDF_Page_SetLineWidth(p->page, 0.6F);
	(void)HPDF_Page_SetRGBStroke(p->page, 0.5F, 0.5F, 0.5F);
	stroke(p, LEFT, base, RIGHT, base);
	(void)HPDF_Page_SetRGBStroke(p->page, 0.75F, 0.22F, 0.17F);
	stroke(p, LEFT, limit, RIGHT, limit);
	(void)HPDF_Page_SetRGBStroke(p->page, 0.18F, 0.44F, 0.62F);
	put_points(p, r, st, base);
	report_day_text(r->from_us, first);
	report_day_text(r->until_us, last);
	p->y = base - 10;
	put(p, p->plain, 8, LEFT, first);
	put(p, p->plain, 8, RIGHT - 46, last);
	p->y -= LINE + 2;
}

/* --- the parts -------------------------------------------------------------------------------- */

static void
put_day(struct session *s, struct paper *p, const struct report_day *d)
{
	char day[DAY_TEXT_MAX], why[320];
	const char *by;
	json_t *n;

	(void)day_format(d->day, day);
	line(p, _("%s  due %llu, dropped %llu (%llu bytes), whole files %llu, failed %llu"), day,
		(unsigned long long)d->due, (unsigned long long)d->dropped,
		(unsigned long long)d->bytes, (unsigned long long)d->unread,
		(unsigned long long)d->failed);
	json_object_foreach(d->kept, by, n)
	{
		report_why(s, by, why);
		line(p, "    %" JSON_INTEGER_FORMAT " %s %s: %s", json_integer_value(n),
			_("kept by"), by, why);
	}
}

static void
put_store(struct session *s, struct paper *p, const struct report *r, const struct report_store *st)
{
	char worst[32], period[32];

	standing_age(st->worst_s, worst);
	standing_age(st->period_s, period);
	heading(p, 11, st->name);
	line(p, _("The oldest record was %s old; the limit is %s."), worst, period);
	put_plot(p, r, st);
	for (size_t i = 0; i < st->n_days; i++)
		if (st->day[i].due + st->day[i].dropped + st->day[i].failed + st->day[i].unread ||
			st->day[i].kept)
			put_day(s, p, &st->day[i]);
}

static void
put_change(struct paper *p, const struct report_change *c)
{
	const char *name, *key;
	json_t *keys, *pair;
	char text[200], time[28];

	timestamp_format(c->time_us, time);
	line(p, "%.16sZ %.16s… %s", time, c->hash, c->changed ? "" : _("the first on record"));
	json_object_foreach(c->changed, name, keys)
	{
		json_object_foreach(keys, key, pair)
		{
			report_change_text(key, pair, text);
			line(p, "    %s: %s", name, text);
		}
	}
}

static void
put_all(struct session *s, struct paper *p, const struct report *r)
{
	char from[DAY_TEXT_MAX], until[DAY_TEXT_MAX], time[28];

	report_day_text(r->from_us, from);
	report_day_text(r->until_us, until);
	page_new(p);
	heading(p, 16, _("What was kept and dropped, and why"));
	line(p, _("From %s to %s (UTC): %llu runs."), from, until, (unsigned long long)r->n_runs);
	line(p, _("From the ledger, up to entry %llu with hash %s."),
		(unsigned long long)r->head_seq, r->head);
	heading(p, 13, _("Findings"));
	if (r->n_findings == 0)
		line(p, "%s", _("None: a run on each day, nothing kept past its period."));
	for (size_t i = 0; i < r->n_findings; i++) {
		timestamp_format(r->finding[i].time_us, time);
		line(p, "%.16sZ  %s  %s", time, _(r->finding[i].what), r->finding[i].detail);
	}
	heading(p, 13, _("Stores"));
	for (size_t i = 0; i < r->n_stores; i++)
		put_store(s, p, r, &r->store[i]);
	heading(p, 13, _("Configuration"));
	if (r->n_changes == 0)
		line(p, "%s", _("It did not change."));
	for (size_t i = 0; i < r->n_changes; i++)
		put_change(p, &r->change[i]);
}

static int
pdf_fail(const struct paper *p, struct err *e)
{
	return err_fail(e, EX_SOFTWARE, 0, N_("cannot make the PDF"),
		N_("--html has the same, and a browser prints it"), "libharu 0x%04x",
		(unsigned)p->failed);
}

static int
write_out(struct paper *p, struct err *e)
{
	HPDF_BYTE part[4096];
	HPDF_UINT32 n;

	if (p->failed || HPDF_SaveToStream(p->doc) != HPDF_OK)
		return pdf_fail(p, e);
	do {
		n = sizeof(part);
		(void)HPDF_ReadFromStream(p->doc, part, &n);
		if (fwrite(part, 1, n, stdout) != n)
			return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, "stdout");
	} while (n > 0);
	return 0;
}

int
report_print_pdf(struct session *s, const struct report *r, struct err *e)
{
	struct paper p = { 0 };
	int rc;

	p.doc = HPDF_New(on_error, &p);
	if (!p.doc)
		return err_memory(e);
	(void)HPDF_SetCompressionMode(p.doc, HPDF_COMP_ALL);
	p.plain = HPDF_GetFont(p.doc, "Helvetica", "WinAnsiEncoding");
	p.bold = HPDF_GetFont(p.doc, "Helvetica-Bold", "WinAnsiEncoding");
	put_all(s, &p, r);
	rc = write_out(&p, e);
	HPDF_Free(p.doc);
	return rc;
}
