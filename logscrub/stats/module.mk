# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/stats/,bbb_answer.c bbb_api.c bbb_line.c census.c counting.c \
	counting_lines.c stats.c stats_db.c stats_html.c stats_node.c stats_poll.c stats_prom.c \
	stats_report.c stats_text.c tally.c)
