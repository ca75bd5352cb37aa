# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/search/,find.c held.c keep.c scan.c search.c)
