/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * when.h - times on the command line: 2026-11-24 (its beginning, UTC), an RFC 3339 time, "now", or
 * a period from now: +7d, -2h
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool when_parse(const char *text, int64_t now_us, int64_t *ret_us);
