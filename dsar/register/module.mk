# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/register/,registry.c registry_change.c registry_statement.c)
