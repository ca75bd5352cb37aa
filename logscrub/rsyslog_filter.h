/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rsyslog_filter.h - which messages get to a statement of rsyslog's configuration
 *
 * A message goes through the statements in their order, and ends at a "stop" that it gets to. Of
 * filters a selector ("auth,authpriv.*;mail.none") is understood: facilities and severities. All
 * others (properties, expressions) may let anything through, and what they stop is not taken for gone.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define RSYSLOG_FACILITIES 24
#define RSYSLOG_DEEP       32

/* Messages by facility; in each a bit for a severity (debug 7). */
struct rsyslog_set {
	uint8_t severity[RSYSLOG_FACILITIES];
};

struct rsyslog_filter {
	struct rsyslog_set set;
	bool is_exact;   /* all of the set get through, and not only some */
	bool is_ruleset; /* messages come to it by other ways too */
};

/* Where in the configuration a reader is. */
struct rsyslog_flow {
	struct rsyslog_set alive;                  /* what has not been stopped */
	struct rsyslog_filter block[RSYSLOG_DEEP]; /* what gets into each block that is open */
	struct rsyslog_filter here;                /* what gets to the statement that is read */
	struct rsyslog_filter last;                /* to the one before it: "&" */
	unsigned depth, beyond;                    /* blocks; those for which there was no room */
};

void rsyslog_flow_init(struct rsyslog_flow *f);

/* The next statement has no filter of its own, or that of the one before it. */
void rsyslog_flow_statement(struct rsyslog_flow *f);
void rsyslog_flow_same(struct rsyslog_flow *f);

/* It has a selector; any other filter; is a ruleset. */
void rsyslog_flow_selector(struct rsyslog_flow *f, const char *selector);
void rsyslog_flow_condition(struct rsyslog_flow *f);
void rsyslog_flow_ruleset(struct rsyslog_flow *f);

/* A block under the filter begins; ends. */
void rsyslog_flow_open(struct rsyslog_flow *f);
void rsyslog_flow_close(struct rsyslog_flow *f);

/* The statement is a "stop" (or "~"). */
void rsyslog_flow_stop(struct rsyslog_flow *f);

/* Can any message get to the statement? */
bool rsyslog_flow_reaches(const struct rsyslog_flow *f);
