# SPDX-License-Identifier: GPL-3.0-or-later
# sources -> rule -> sinks
logscrub.srcs += logscrub/token.c logscrub/keys.c
logscrub.srcs += logscrub/detect.c
