# SPDX-License-Identifier: GPL-3.0-or-later
# folders and files as units
lib.srcs += lib/store/tree/tree.c lib/store/tree/tree_act.c lib/store/tree/tree_clue.c \
	    lib/store/tree/tree_units.c
