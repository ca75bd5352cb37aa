# SPDX-License-Identifier: GPL-3.0-or-later
# the one interface, selectors and plans
lib.srcs += lib/store/copies.c lib/store/folder.c lib/store/known.c lib/store/open_file.c \
	    lib/store/place.c lib/store/plan.c lib/store/row.c lib/store/selector.c lib/store/settle.c \
	    lib/store/signs.c lib/store/store.c
