/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * no_core.h - records and keys pass through this process: none may end in a core dump
 */
#pragma once

/* Once, at the start; without it nothing fails but the promise, so it cannot fail either. */
void no_core(void);
