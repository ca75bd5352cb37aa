# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/service/,assembly.c bookmark.c feed.c pipe.c plan.c route.c \
	service.c service_reload.c service_timers.c)
