/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * route.h - which store an entry belongs to
 *
 * The source's store; else, by its name, a tag's: the whole name, or up to and with a "/" at a tag's
 * end ("postfix/" has "postfix/smtpd"), the longest first; else, from the journal, the store that
 * claims it; else none.
 */
#pragma once
#include "base/conf/conf.h"
#include "logscrub/source/entry.h"

/* NULL: nobody's. */
const struct conf_store *route_entry(
	const struct conf *c, const struct conf_source *s, const struct entry *en);

/* May entries of S ever come to ST? */
bool route_reaches(const struct conf *c, const struct conf_source *s, const struct conf_store *st);
