/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/options.h"

#include <assert.h>
#include <getopt.h>

#define LONG_ONLY 256 /* behind all letters */

static const struct option_to *
find(const struct option_to *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (value == (table[i].letter ? table[i].letter : LONG_ONLY + (int)i))
			return &table[i];
	return NULL;
}

int
options_take(int argc, char **argv, const struct option_to *table, size_t n, void (*help)(void))
{
	struct option longs[OPTIONS_MAX + 2] = { { "help", no_argument, NULL, 'h' } };
	char letters[2 * OPTIONS_MAX + 2] = "h", *end = letters + 1;

	assert(n <= OPTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct option_to *t = &table[i];

		longs[i + 1] = (struct option){ t->name, t->text ? required_argument : no_argument,
			NULL, t->letter ? t->letter : LONG_ONLY + (int)i };
		if (!t->letter)
			continue;
		*end++ = t->letter;
		if (t->text)
			*end++ = ':';
	}
	for (int o; (o = getopt_long(argc, argv, letters, longs, NULL)) != -1;) {
		const struct option_to *t = find(table, n, o);

		if (o == 'h') {
			help();
			return 1;
		}
		if (!t)
			return -1;
		if (t->text)
			*t->text = optarg;
		else
			*t->flag = true;
	}
	return 0;
}
