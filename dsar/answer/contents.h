/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contents.h - what the letters of a case are filled with
 *
 * Everything is told of *this* person's finds: the nine blocks of Art. 15(1) and (2) (R15a) name the
 * purposes, categories, recipients and periods of those stores in which something was found about her, and
 * of no other. Words are in the language of the case: letter_speak() first.
 *
 *   contents.c        places, dates, the case
 *   contents_finds.c  the blocks
 *   contents_erasure.c  an erasure
 *   contents_rectification.c  a rectification
 */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "dsar/case/case.h"
#include "dsar/answer/template.h"

struct session;

/* From now on texts are in LANG ("de", "en"); NULL: as before. Not for threads. */
void letter_speak(const char *lang);

/* Readies RET with all places that letters may name, and fills those about the case and the controller. */
int contents_init(struct session *s, const struct case_file *c, struct places *ret, struct err *e);

/* Adds what the finds and the answers of the stores tell. *ret_n: finds that are about her. PROVIDED: only what she
 * gave, on consent or a contract (Art. 20). */
int contents_finds(struct session *s, const struct case_file *c, bool provided, struct places *ret,
	uint64_t *ret_n, struct err *e);

/* Adds what the case's erasure has done, kept, and not done. EX_NOPERM: there was none yet. */
int contents_erasure(struct session *s, const struct case_file *c, struct places *p, struct err *e);

/* Adds which fields of which stores were set, and to what; what was stated instead, and why. What the DPO says in her
 * own lines may be all: EX_NOPERM where there is neither. */
int contents_rectification(
	struct session *s, const struct case_file *c, struct places *p, struct err *e);

/* Adds, where the DPO says nothing of her own, what an objection is about: the stores of its finds. */
int contents_objection(
	struct session *s, const struct case_file *c, struct places *p, struct err *e);

/* A day (record/key/day.h) or the local day of a time, as it is written: "27. November 2026", "27 November 2026". */
#define CONTENTS_DAY_MAX 32
void contents_day(const char *lang, int32_t day, char ret[CONTENTS_DAY_MAX]);

/* Is what a store holds provided by the person, on consent or a contract (Art. 20(1))? */
struct conf_store;
bool contents_is_portable(const struct conf_store *s);
