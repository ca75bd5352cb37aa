/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * propose.h - what a letter seems to ask for, by words of German and English law and of everyday
 *
 * A proposal for the DPO, who decides. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "dsar/case/case.h"

#define PROPOSALS_MAX 7

/* Puts the articles that TEXT (UTF-8) seems to invoke into RET, in their order; returns how many: it may be none. */
size_t propose_articles(struct span text, enum article ret[PROPOSALS_MAX]);

/* "de" or "en". */
const char *propose_language(struct span text);
