/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plot.h - one plot as SVG in a page of base/print/html.h: bars, or a line against its limit
 *
 * Places along it are shares from 0 to 1, values go from 0 to `greatest`. Texts are quoted here.
 */
#pragma once
#include <stddef.h>
#include <stdio.h>

struct plot {
	const char *title;
	double greatest;          /* > 0 where anything is drawn */
	const char *top;          /* what stands at its height */
	const char *first, *last; /* what stands below its ends; LAST may be NULL */
};

void plot_begin(FILE *f, const struct plot *p);

/* Bar I of N; TIP is shown where a pointer rests on it. */
void plot_bar(FILE *f, const struct plot *p, size_t i, size_t n, double value, const char *tip);

void plot_line_begin(FILE *f);
void plot_line_point(FILE *f, const struct plot *p, double at, double value);
void plot_line_end(FILE *f);

/* A line across, with its NAME at its right end. */
void plot_limit(FILE *f, const struct plot *p, double value, const char *name);

void plot_end(FILE *f, const struct plot *p);
