# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/case/,breach.c case.c case_command.c case_guard.c case_print.c \
	case_shrink.c deadline.c identity.c identity_command.c made.c refuse.c)
