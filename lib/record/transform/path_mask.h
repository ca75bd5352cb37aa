/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * path_mask.h - a URL path without what may name a person, a room or a session
 *
 * Each segment is written as it stands or as ":id". It is ":id" where a declared mask says so, and
 * always where it does not look like a part of a program:
 *
 *   more than 40 bytes; a byte other than letters, digits and "._-" (percent-escapes too);
 *   digits alone, also before an extension, or three digits in a row with no letter beside them;
 *   six digits or more; four separate groups of digits, or an address spelt with hyphens;
 *   8 letters and digits with three digits or three changes between them, 12 with both, 16 letters
 *   of one case;
 *   groups of three, as in a room's id (abc-def-ghi); "w_", "v_", "gl-" and eight or more;
 *   what follows "users", "home", "profile" and their like.
 *
 * Where the rule lists `values`, a segment has to be one of them, or made of words among them, as well.
 *
 * Query, fragment and ";parameters" are cut off. Everything behind a ".." is masked,
 * and behind a percent-escape that may be one, or a slash.
 *
 * A mask is a route or a pattern. Route: "/rooms/:id/join"; a segment at the place of a ":name" is
 * masked as soon as those before it agree (letter case aside, empty ones not counted, and one that
 * is masked itself agrees with all). Pattern: "~" and a PCRE2, searched for in each segment; where
 * it meets its match limit it counts as found.
 */
#pragma once
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"

struct path_mask;

#define PATH_ROUTES_MAX 64

/* Compiles D's masks and `segments`: what follows that many segments becomes "/:rest". Fails with
 * EX_CONFIG at D's place. The caller owns *ret. One thread. */
int path_mask_new(const struct conf_reduce *d, struct path_mask **ret, struct err *e);
struct path_mask *path_mask_free(struct path_mask *m);
DEFINE_CLEANUP(struct path_mask, path_mask_free)

/* Appends PATH, which begins with a slash, masked. Idempotent. */
void path_mask_write(const struct path_mask *m, struct span path, struct buf *out);

/* PATH with "?" in place of each segment that is masked whatever it says, as the ids of meetings, slides and
 * recordings are; in RET, of MAX bytes, or PATH itself where there is none or it does not fit. What is before
 * the first slash is copied. Of two paths without a "?" that come to the same here path_mask_write() makes
 * the same. */
struct span path_mask_key(struct span path, char *ret, size_t max);
