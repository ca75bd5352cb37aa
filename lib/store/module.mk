# SPDX-License-Identifier: GPL-3.0-or-later
lib.srcs += lib/store/store.c lib/store/selector.c lib/store/plan.c
lib.srcs += lib/store/place.c lib/store/copies.c lib/store/known.c lib/store/open_file.c
lib.srcs += lib/store/textlog.c lib/store/textlog_entries.c lib/store/textlog_writer.c lib/store/textlog_act.c lib/store/textlog_keep.c lib/store/textlog_finding.c lib/store/textlog_left.c
lib.srcs += lib/store/journal.c lib/store/journal_file.c lib/store/journal_rotate.c lib/store/journal_write.c lib/store/journal_verify.c \
	    lib/store/journal_act.c lib/store/journal_age.c lib/store/journal_seek.c
lib.srcs += lib/store/journal_hash.c lib/store/journal_payload.c lib/store/journal_map.c \
	    lib/store/journal_collect.c lib/store/journal_collect_write.c lib/store/journal_check.c
lib.srcs += lib/store/utmp.c lib/store/utmp_file.c lib/store/utmp_act.c
lib.srcs += lib/store/row.c
lib.srcs += lib/store/sqlite.c lib/store/sqlite_db.c lib/store/sqlite_keys.c lib/store/sqlite_rows.c lib/store/sqlite_signs.c lib/store/sqlite_act.c lib/store/sqlite_set.c lib/store/sqlite_remains.c
lib.srcs += lib/store/postgres.c lib/store/postgres_link.c lib/store/postgres_table.c \
	    lib/store/postgres_keys.c lib/store/postgres_rows.c lib/store/postgres_act.c lib/store/postgres_set.c \
	    lib/store/postgres_named.c lib/store/postgres_signs.c lib/store/signs.c lib/store/settle.c
lib.srcs += lib/store/redis.c lib/store/redis_link.c lib/store/redis_key.c
lib.srcs += lib/store/folder.c lib/store/tree.c lib/store/tree_units.c lib/store/tree_clue.c lib/store/tree_act.c
lib.srcs += lib/store/maildir.c lib/store/maildir_mail.c lib/store/mime.c
