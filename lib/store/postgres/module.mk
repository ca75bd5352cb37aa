# SPDX-License-Identifier: GPL-3.0-or-later
# PostgreSQL
lib.srcs += lib/store/postgres/postgres.c lib/store/postgres/postgres_act.c \
	    lib/store/postgres/postgres_keys.c lib/store/postgres/postgres_link.c \
	    lib/store/postgres/postgres_named.c lib/store/postgres/postgres_rows.c \
	    lib/store/postgres/postgres_set.c lib/store/postgres/postgres_signs.c \
	    lib/store/postgres/postgres_table.c
