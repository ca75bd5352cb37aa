# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/rule/,lines.c rule.c rule_bind.c rule_flat.c setup.c)
