/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pango shapes each paragraph (any script, any direction) and breaks it into lines; they are drawn one by
 * one, so that a paragraph may go on on the next page. The fonts are the machine's.
 */
#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <string.h>
#include <sysexits.h>

#include "dsar/answer/letter.h"
#include "record/timestamp.h"

/* of A4, in points */
#define WIDTH  595.276
#define HEIGHT 841.890
#define LEFT   70.0
#define RIGHT  57.0
#define TOP    57.0
#define BOTTOM 70.0
#define INDENT 14.0 /* of a list's items */

#define HEADING_KEEPS 60.0 /* a heading has at least so much below it on its page */

struct page {
	cairo_t *cairo;
	double y;
	unsigned number;
	struct buf *out;
};

static const struct look {
	const char *font;
	double above; /* what is left free before it */
} looks[] = {
	[LETTER_TITLE] = { "Sans Bold 13", 22 },
	[LETTER_ADDRESS] = { "Sans 10", 10 },
	[LETTER_HEADING] = { "Sans Bold 11", 14 },
	[LETTER_TEXT] = { "Sans 10", 7 },
	[LETTER_ITEM] = { "Sans 10", 3 },
	[LETTER_BAR] = { "Sans 10", 3 },
};

static cairo_status_t
take(void *ctx, const unsigned char *data, unsigned n)
{
	struct page *p = ctx;

	buf_put(p->out, data, n);
	return p->out->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static PangoLayout *
layout_of(struct page *p, const char *font, const char *text, double width)
{
	PangoLayout *layout = pango_cairo_create_layout(p->cairo);
	PangoFontDescription *description = pango_font_description_from_string(font);

	pango_layout_set_font_description(layout, description);
	pango_font_description_free(description);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_auto_dir(layout, TRUE);
	pango_layout_set_text(layout, text, -1);
	return layout;
}

static void
put_number(struct page *p)
{
	char number[16];
	PangoLayout *layout;

	(void)snprintf(number, sizeof(number), "%u", p->number);
	layout = layout_of(p, "Sans 8", number, WIDTH - LEFT - RIGHT);
	pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
	cairo_move_to(p->cairo, LEFT, HEIGHT - BOTTOM / 2);
	pango_cairo_show_layout(p->cairo, layout);
	g_object_unref(layout);
}

static void
turn(struct page *p)
{
	put_number(p);
	cairo_show_page(p->cairo);
	p->number++;
	p->y = TOP;
}

static void
put_lines(struct page *p, PangoLayout *layout, double left)
{
	PangoLayoutIter *at = pango_layout_get_iter(layout);

	do {
		PangoRectangle line;
		double height;

		pango_layout_iter_get_line_extents(at, NULL, &line);
		height = (double)line.height / PANGO_SCALE;
		if (p->y + height > HEIGHT - BOTTOM)
			turn(p);
		cairo_move_to(p->cairo, left + (double)line.x / PANGO_SCALE,
			p->y + (double)(pango_layout_iter_get_baseline(at) - line.y) / PANGO_SCALE);
		pango_cairo_show_layout_line(p->cairo, pango_layout_iter_get_line_readonly(at));
		p->y += height;
	} while (pango_layout_iter_next_line(at));
	pango_layout_iter_free(at);
}

/* A point before a list's item: on the side on which its line begins. */
static void
put_point(struct page *p, PangoLayout *layout)
{
	const bool rtl = pango_layout_get_line_readonly(layout, 0)->resolved_dir ==
			 PANGO_DIRECTION_RTL;
	PangoRectangle line;

	pango_layout_line_get_extents(pango_layout_get_line_readonly(layout, 0), NULL, &line);
	if (p->y + (double)line.height / PANGO_SCALE > HEIGHT - BOTTOM)
		turn(p);
	cairo_new_path(p->cairo); /* text has left a point, from which a line would be drawn */
	cairo_arc(p->cairo, rtl ? WIDTH - RIGHT - INDENT / 3 : LEFT + INDENT / 3,
		p->y + (double)line.height / PANGO_SCALE / 2, 1.5, 0, 6.2832);
	cairo_fill(p->cairo);
}

#define BAR_LEFT  (LEFT + 190.0) /* beside what it is about */
#define BAR_WIDTH (WIDTH - RIGHT - BAR_LEFT)

/* As high as its line; where there is nothing, a thin one shows that it was counted. */
static void
put_bar(struct page *p, PangoLayout *layout, double share)
{
	PangoRectangle line;
	double height;

	pango_layout_line_get_extents(pango_layout_get_line_readonly(layout, 0), NULL, &line);
	height = (double)line.height / PANGO_SCALE;
	if (p->y + height > HEIGHT - BOTTOM)
		turn(p);
	cairo_new_path(p->cairo);
	cairo_rectangle(
		p->cairo, BAR_LEFT, p->y + 2, share > 0 ? BAR_WIDTH * share : 0.5, height - 4);
	cairo_set_source_rgb(p->cairo, 0.25, 0.42, 0.62);
	cairo_fill(p->cairo);
	cairo_set_source_rgb(p->cairo, 0, 0, 0);
}

static void
put_block(struct page *p, const struct letter_block *b)
{
	const bool item = b->part == LETTER_ITEM;
	const double left = item ? LEFT + INDENT : LEFT;
	const double right = b->part == LETTER_BAR ? BAR_LEFT : WIDTH - RIGHT;
	PangoLayout *layout = layout_of(
		p, looks[b->part].font, b->text, right - left - (item ? INDENT : 0));

	if (p->y > TOP)
		p->y += looks[b->part].above;
	if (b->part == LETTER_HEADING && p->y + HEADING_KEEPS > HEIGHT - BOTTOM)
		turn(p);
	if (item)
		put_point(p, layout);
	if (b->part == LETTER_BAR)
		put_bar(p, layout, b->share);
	put_lines(p, layout, left);
	g_object_unref(layout);
}

/* The letter's day, not the moment: the same letter is the same bytes. */
static void
put_metadata(cairo_surface_t *surface, const struct letter *l)
{
	char time[28];

	timestamp_format(l->day_us, time);
	(void)memcpy(time + 10, "T00:00:00Z", sizeof("T00:00:00Z"));
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, letter_title(l));
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "sparsam");
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, time);
}

int
letter_pdf(const struct letter *l, struct buf *out, struct err *e)
{
	struct page p = { .y = TOP, .number = 1, .out = out };
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(take, &p, WIDTH, HEIGHT);
	cairo_status_t status;

	put_metadata(surface, l);
	p.cairo = cairo_create(surface);
	for (size_t i = 0; i < l->n; i++)
		put_block(&p, &l->v[i]);
	put_number(&p);
	cairo_destroy(p.cairo);
	cairo_surface_finish(surface);
	status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (status != CAIRO_STATUS_SUCCESS || out->failed)
		return err_fail(e, EX_OSERR, 0, N_("cannot draw the letter as PDF"), NULL, "%s",
			cairo_status_to_string(status));
	return 0;
}
