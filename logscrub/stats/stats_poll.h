/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_poll.h - asking each configured API once, and counting its answer
 */
#pragma once
#include "base/err.h"

struct conf;
struct print;

/* Prints a line (JSON: an object) a node that has answered. What goes wrong with one is printed to
 * stderr and keeps no other from being asked. Fails with the first one's status, or with EX_CONFIG
 * where no API is declared. */
int stats_poll(const struct conf *c, struct print *p, struct err *e);
