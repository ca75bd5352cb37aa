/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.h - a command's options, read by a table
 *
 * For commands whose options are flags and texts, the last of which counts. --help and -h are every
 * command's.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct option_to {
	const char *name;  /* "config" */
	char letter;       /* 'c'; 0: none */
	const char **text; /* where its argument goes … */
	bool *flag;        /* … or, if it has none, that it was given */
};

#define OPTIONS_MAX 16

/* Reads ARGV by the N entries of TABLE. 0: the arguments begin at optind; 1: HELP was asked for and called;
 * -1: wrong, which getopt_long(3) has said. */
int options_take(
	int argc, char **argv, const struct option_to *table, size_t n, void (*help)(void));

/* What a program of several commands looks for before it knows which: -c FILE wherever it stands, which is
 * taken out (NULL: there is none); the flag WORD, which is taken out; --help or -h, which stays. */
const char *options_config(int *argc, char **argv);
bool options_flag(int *argc, char **argv, const char *word);
bool options_ask_help(int argc, char **argv);
