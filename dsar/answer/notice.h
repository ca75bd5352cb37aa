/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notice.h - who has to be told that the person's data were rectified, erased or restricted (Art. 19, R19)
 *
 * The recipients are those declared for the stores in which the case has finds (base/conf/conf.h). Each is told, or it
 * is on record why that was impossible or would have been disproportionate.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "dsar/case/case.h"

struct conf;
struct conf_recipient;
struct registry;

enum notice_state {
	NOTICE_OPEN,
	NOTICE_SENT,
	NOTICE_IMPOSSIBLE,
	NOTICE_DISPROPORTIONATE,
	NOTICE_STATES
};
const char *notice_state_name(enum notice_state s); /* "open", "sent", … */

/* Calls SEEN for each recipient of C's finds, in the order in which they are declared. */
typedef int notice_seen(
	void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e);
int notices_each(const struct conf *conf, struct registry *r, const struct case_file *c,
	notice_seen *seen, void *ctx, struct err *e);

/* Puts on record what became of the notice to RECIPIENT. Within a transaction. */
int notice_set(struct registry *r, const struct case_file *c,
	const struct conf_recipient *recipient, enum notice_state state, const char *ground,
	int64_t now_us, struct err *e);

/* Appends to LIST what is on record of notices in case NUMBER: {recipient, state, ground, time}. */
int notices_list(struct registry *r, const char *number, json_t *list, struct err *e);

/* Is anybody still to be told? Only erasure, rectification and restriction are told (Art. 19), and what was erased for
 * another reason. */
int notices_due(const struct conf *conf, struct registry *r, const struct case_file *c, bool *ret,
	struct err *e);
