# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/order/,agent.c agent_act.c agent_answered.c agent_kept.c agent_ledger.c agent_open.c \
	agent_read.c agent_settle.c agent_stuck.c collect.c \
	collect_erasure.c collect_rectification.c collect_search.c order.c order_command.c order_list.c order_paper.c ordered.c queue.c \
	result.c result_read.c seal.c)
