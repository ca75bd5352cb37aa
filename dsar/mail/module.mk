# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/mail/,key_command.c mail_account.c mail_box.c mail_check.c \
	mail_compose.c mail_delimit.c mail_gmime.c mail_parse.c mail_trust.c probe.c)
