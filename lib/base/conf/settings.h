/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.h - files of [sections] with key = value, one put over the other
 *
 * systemd's configuration with its drop-ins, its units, fail2ban's files. Later assignments win; an
 * empty one counts as well. Keys and sections are compared without regard to case.
 */
#pragma once
#include <stdbool.h>

#include "base/file/tree.h"

struct setting {
	const char *section, *key, *value;
	const char *file; /* where it was assigned */
	unsigned line;
};

struct settings {
	struct setting *v; /* in the order of reading */
	size_t n, room;
	bool python; /* indented lines continue a value (configparser), not a backslash */
};

void settings_init(struct settings *s, bool python);
void settings_release(struct settings *s);

/* Adds the file PATH; false where there is none, and then nothing is added. */
bool settings_add(struct settings *s, struct tree *t, const char *path);

/* Adds what systemd reads for NAME ("systemd/journald.conf"): the first of /etc, /run,
 * /usr/local/lib, /usr/lib that has it, then NAME.d/ *.conf of all of them by their names, of which
 * one in /etc hides those of the others, and a link to /dev/null hides without adding. Returns
 * whether there was any. */
bool settings_add_systemd(struct settings *s, struct tree *t, const char *name);

/* The last assignment, or NULL. SECTION NULL: of any. */
const struct setting *settings_find(const struct settings *s, const char *section, const char *key);

/* A length of time as systemd writes it ("7day", "1month 2d", "3600"), in seconds; -1: none. */
long long settings_span_s(const char *value);
