/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lang.h - the language in which the programs speak: English, or German by --lang or the locale
 *
 * gettext looks into no catalogue while the locale is "C", and a bare Debian machine has generated
 * no other but C.UTF-8. Whoever asks for a language whose locale is not there (LANG=de_DE.UTF-8,
 * --lang de) therefore gets C.UTF-8 with LANGUAGE set, which glibc heeds.
 * Nothing but messages follows the locale: how numbers, times and letters are read never does.
 */
#pragma once
#include "base/err.h"

/* Sets the locale and binds the catalogue: the build tree's own, if the program runs from one.
 * LANG is "de" or "en", or NULL for what the environment says. Once, before any thread; it may be
 * called again when --lang has been read. Fails with EX_USAGE for another language. */
int lang_init(const char *lang, struct err *e);

/* Takes --lang CODE out of the arguments: it has to be known before anything is said. NULL: it is
 * not there. */
const char *lang_take(int *argc, char **argv);
