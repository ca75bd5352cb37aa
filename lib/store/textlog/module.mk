# SPDX-License-Identifier: GPL-3.0-or-later
# text logs, plain and packed
lib.srcs += lib/store/textlog/textlog.c lib/store/textlog/textlog_act.c \
	    lib/store/textlog/textlog_entries.c lib/store/textlog/textlog_finding.c \
	    lib/store/textlog/textlog_keep.c lib/store/textlog/textlog_left.c \
	    lib/store/textlog/textlog_writer.c
