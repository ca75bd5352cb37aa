/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/stats/stats_node.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf/conf.h"

void
stats_node(const struct conf *c, char ret[STATS_NODE_MAX + 1])
{
	char host[256] = "";

	if (c->statistics.node || c->statistics.n_apis == 1) {
		(void)snprintf(ret, STATS_NODE_MAX + 1, "%s",
			c->statistics.node ? c->statistics.node : c->statistics.api[0].node);
		return;
	}
	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		strcpy(host, "localhost");
	(void)snprintf(ret, STATS_NODE_MAX + 1, "%.*s", STATS_NODE_MAX, host);
}
