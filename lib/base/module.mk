# SPDX-License-Identifier: GPL-3.0-or-later
# errors, spans and buffers, configuration, safe file access
lib.srcs += lib/base/sendmail.c
lib.srcs += lib/base/err.c lib/base/lang.c lib/base/buf.c lib/base/bytes.c
lib.srcs += lib/base/conf.c lib/base/conf_files.c lib/base/conf_text.c lib/base/conf_value.c \
	    lib/base/conf_schema.c lib/base/conf_take.c lib/base/conf_check.c \
	    lib/base/conf_claim.c lib/base/conf_set.c lib/base/conf_statistics.c \
	    lib/base/conf_policy.c lib/base/conf_recipient.c lib/base/conf_node.c lib/base/conf_order.c
lib.srcs += lib/base/tree.c lib/base/settings.c
lib.srcs += lib/base/input.c lib/base/unpack.c lib/base/output.c lib/base/whole.c
lib.srcs += lib/base/walk.c lib/base/walk_inside.c lib/base/walk_folder.c lib/base/watch.c lib/base/mount.c lib/base/options.c lib/base/replace.c lib/base/replace_aside.c lib/base/map.c lib/base/print.c lib/base/print_table.c
lib.srcs += lib/base/scratch.c lib/base/wipe.c lib/base/no_core.c lib/base/prom.c lib/base/html.c lib/base/plot.c
