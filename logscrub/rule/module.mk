# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/rule/,lines.c rule.c rule_bind.c setup.c)
