# SPDX-License-Identifier: GPL-3.0-or-later
# systemd journals, and the collector that writes them anew
lib.srcs += lib/store/journal/journal.c lib/store/journal/journal_act.c \
	    lib/store/journal/journal_age.c lib/store/journal/journal_check.c \
	    lib/store/journal/journal_collect.c lib/store/journal/journal_collect_write.c \
	    lib/store/journal/journal_file.c lib/store/journal/journal_hash.c \
	    lib/store/journal/journal_map.c lib/store/journal/journal_payload.c \
	    lib/store/journal/journal_rotate.c lib/store/journal/journal_seek.c \
	    lib/store/journal/journal_verify.c lib/store/journal/journal_write.c
