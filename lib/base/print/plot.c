/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/print/plot.h"

#include "base/print/html.h"

/* of a plot, in its own units */
#define WIDTH  760
#define HEIGHT 180
#define LEFT   48
#define ABOVE  16
#define BELOW  24

static double
height_of(const struct plot *p, double value)
{
	return HEIGHT - value * (HEIGHT - ABOVE) / p->greatest;
}

void
plot_begin(FILE *f, const struct plot *p)
{
	fputs("<figure>\n<figcaption>", f);
	html_text(f, p->title);
	fprintf(f, "</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH,
		HEIGHT + BELOW);
	html_text(f, p->title);
	fputs("\">\n", f);
}

void
plot_bar(FILE *f, const struct plot *p, size_t i, size_t n, double value, const char *tip)
{
	const double step = (double)(WIDTH - LEFT) / (double)n;

	if (value <= 0 || p->greatest <= 0)
		return;
	fprintf(f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
		LEFT + (double)i * step + 0.1 * step, height_of(p, value), 0.8 * step,
		HEIGHT - height_of(p, value));
	html_text(f, tip);
	fputs("</title></rect>\n", f);
}

void
plot_line_begin(FILE *f)
{
	fputs("<polyline points=\"", f);
}

void
plot_line_point(FILE *f, const struct plot *p, double at, double value)
{
	fprintf(f, "%.1f,%.1f ", LEFT + at * (WIDTH - LEFT), height_of(p, value));
}

void
plot_line_end(FILE *f)
{
	fputs("\"/>\n", f);
}

void
plot_limit(FILE *f, const struct plot *p, double value, const char *name)
{
	const double y = height_of(p, value);

	fprintf(f,
		"<line class=\"limit\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n"
		"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
		LEFT, y, WIDTH, y, WIDTH, y - 4);
	html_text(f, name);
	fputs("</text>\n", f);
}

void
plot_end(FILE *f, const struct plot *p)
{
	fprintf(f,
		"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n"
		"<text x=\"%d\" y=\"12\" text-anchor=\"end\">",
		LEFT, HEIGHT, WIDTH, HEIGHT, LEFT - 6);
	html_text(f, p->top);
	fprintf(f, "</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n", LEFT - 6,
		HEIGHT);
	fprintf(f, "<text x=\"%d\" y=\"%d\">", LEFT, HEIGHT + 16);
	html_text(f, p->first);
	fputs("</text>\n", f);
	if (p->last) {
		fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH, HEIGHT + 16);
		html_text(f, p->last);
		fputs("</text>\n", f);
	}
	fputs("</svg>\n</figure>\n", f);
}
