# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/source/,journal_files.c position.c seal.c source.c \
	source_journal.c source_syslog.c source_tail.c syslog_frame.c syslog_socket.c tail_file.c \
	tail_find.c tail_window.c)
