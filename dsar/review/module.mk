# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/review/,blacken.c blacken_leaf.c blacken_propose.c review.c \
	review_ask.c review_command.c review_known.c review_print.c)
