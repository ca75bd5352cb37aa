# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/,check_config.c detect.c explain.c filter.c keys.c main.c \
	run.c say.c token.c)
