/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats_node.h - which node this machine's lines are counted for
 */
#pragma once
#include "logscrub/stats/stats_db.h"

struct conf;

/* The one that is configured; else that of the only API; else the machine's name. */
void stats_node(const struct conf *c, char ret[STATS_NODE_MAX + 1]);
