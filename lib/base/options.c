/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/options.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

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

const char *
options_config(int *argc, char **argv)
{
	const char *config = NULL;
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			config = argv[i] + 9;
		else if ((strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0) &&
			 i + 1 < *argc)
			config = argv[++i];
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return config;
}

bool
options_flag(int *argc, char **argv, const char *word)
{
	bool found = false;
	int n = 1;

	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], word) == 0)
			found = true;
		else
			argv[n++] = argv[i];
	argv[n] = NULL;
	*argc = n;
	return found;
}

bool
options_ask_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}
