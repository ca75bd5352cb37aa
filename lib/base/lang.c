/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/lang.h"

#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN "sparsam"

static bool
lang_is_known(const char *lang)
{
	static const char *const known[] = { "de", "en" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(lang, known[i]) == 0)
			return true;
	return false;
}

/* What the environment asks for, in the order of setlocale(3); "" where it asks for nothing. */
static const char *
lang_wanted(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0] != '\0')
			return value;
	}
	return "";
}

/* build/VARIANT/po lies beside build/VARIANT/bin; an installed program has no such neighbour. */
static void
lang_bind(void)
{
	char path[PATH_MAX];
	static const char po[] = "/../po";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(po));
	char *slash;

	if (n > 0) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		memcpy(slash, po, sizeof(po));
		if (access(path, X_OK) == 0) {
			(void)bindtextdomain(DOMAIN, path); /* without it: English */
			return;
		}
	}
	(void)bindtextdomain(DOMAIN, LOCALEDIR);
}

static bool
lang_is_c(void)
{
	const char *now = setlocale(LC_MESSAGES, NULL);

	return strcmp(now, "C") == 0 || strcmp(now, "POSIX") == 0;
}

int
lang_init(const char *lang, struct err *e)
{
	const char *wanted = lang ? lang : lang_wanted();

	if (lang && !lang_is_known(lang))
		return err_fail(e, EX_USAGE, 0, N_("no such language"), N_("use de or en"), NULL);
	/* A locale that is not there leaves "C", in which nothing is translated. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)setlocale(LC_MESSAGES, "");
	if (lang || (strcmp(wanted, "C") != 0 && strcmp(wanted, "POSIX") != 0)) {
		if (lang_is_c())
			(void)setlocale(LC_MESSAGES, "C.UTF-8");
		if (lang || (wanted[0] != '\0' && !getenv("LANGUAGE")))
			(void)setenv("LANGUAGE", wanted, 1);
	}
	lang_bind();
	(void)bind_textdomain_codeset(DOMAIN, "UTF-8");
	(void)textdomain(DOMAIN);
	return 0;
}

const char *
lang_take(int *argc, char **argv)
{
	const char *lang = NULL;
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		if (strncmp(argv[i], "--lang=", 7) == 0)
			lang = argv[i] + 7;
		else if (strcmp(argv[i], "--lang") == 0 && i + 1 < *argc)
			lang = argv[++i];
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return lang;
}
