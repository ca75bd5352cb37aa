# SPDX-License-Identifier: GPL-3.0-or-later
# SQLite
lib.srcs += lib/store/sqlite/sqlite.c lib/store/sqlite/sqlite_act.c lib/store/sqlite/sqlite_db.c \
	    lib/store/sqlite/sqlite_keys.c lib/store/sqlite/sqlite_remains.c \
	    lib/store/sqlite/sqlite_rows.c lib/store/sqlite/sqlite_set.c lib/store/sqlite/sqlite_signs.c
