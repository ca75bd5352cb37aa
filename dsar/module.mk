# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += dsar/main.c dsar/session.c dsar/init.c
dsar.srcs += dsar/registry.c dsar/registry_statement.c
dsar.srcs += dsar/blacken.c dsar/blacken_leaf.c dsar/blacken_propose.c
