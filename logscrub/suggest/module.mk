# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/suggest/,suggest.c suggest_field.c suggest_form.c \
	suggest_print.c suggest_token.c)
