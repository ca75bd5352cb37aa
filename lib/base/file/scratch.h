/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scratch.h - a folder of our own for what is looked at, mode 0700
 *
 * In /run/sparsam where that can be written to, which is no disk, else in /tmp.
 */
#pragma once
#include "base/err.h"

#define SCRATCH_MAX 64 /* bytes of its path */

int scratch_make(char ret[SCRATCH_MAX], struct err *e);
void scratch_remove(const char *path); /* with all that is in it */
