# SPDX-License-Identifier: GPL-3.0-or-later
lib.srcs += lib/store/store.c lib/store/selector.c lib/store/plan.c
lib.srcs += lib/store/place.c
lib.srcs += lib/store/textlog.c lib/store/textlog_entries.c lib/store/textlog_writer.c lib/store/textlog_act.c
