# SPDX-License-Identifier: GPL-3.0-or-later
logscrub.srcs += $(addprefix logscrub/metrics/,metrics.c metrics_file.c metrics_print.c)
