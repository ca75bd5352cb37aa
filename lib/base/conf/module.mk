# SPDX-License-Identifier: GPL-3.0-or-later
# the configuration: read, checked, given as plain structures
lib.srcs += lib/base/conf/conf.c lib/base/conf/conf_check.c lib/base/conf/conf_claim.c \
	    lib/base/conf/conf_files.c lib/base/conf/conf_node.c lib/base/conf/conf_order.c \
	    lib/base/conf/conf_policy.c lib/base/conf/conf_recipient.c lib/base/conf/conf_schema.c \
	    lib/base/conf/conf_set.c lib/base/conf/conf_statistics.c lib/base/conf/conf_take.c \
	    lib/base/conf/conf_text.c lib/base/conf/conf_value.c lib/base/conf/settings.c
