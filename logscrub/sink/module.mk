# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/sink/,confirm.c journal_entry.c position_record.c readback.c \
	sink.c sink_entries.c sink_file.c sink_journal.c sink_namespace.c sink_stdout.c \
	sink_syslog.c sink_tail.c)
