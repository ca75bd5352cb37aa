/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sealer.h - one gpg that encrypts many small texts to one key, one after the other
 *
 * A gpg for each takes twenty times as long as what it does. This one is told the name of a file line by line
 * (--multifile), which is a link to a file in memory that holds the text at hand; what it makes of it, armoured,
 * lies in a scratch folder until it was taken from there. Texts are only ever bytes to it: it reads nothing in them.
 */
#pragma once
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct sealer;

#define SEALER_MAX (1u << 20) /* bytes of a text that are worth it */

/* HOME has the key FPR. The caller owns *ret. EX_UNAVAILABLE: there is no gpg. */
int sealer_new(const char *home, const char *fpr, struct sealer **ret, struct err *e);

/* Encrypts TEXT into FD, which holds something usable only if this is 0. EX_TEMPFAIL: gpg has ended, or does not answer;
 * then S is of no use any more. */
int sealer_put(struct sealer *s, struct span text, int fd, struct err *e);
struct sealer *sealer_free(struct sealer *s);
DEFINE_CLEANUP(struct sealer, sealer_free)
