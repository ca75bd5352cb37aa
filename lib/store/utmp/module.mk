# SPDX-License-Identifier: GPL-3.0-or-later
# wtmp, btmp and lastlog
lib.srcs += lib/store/utmp/utmp.c lib/store/utmp/utmp_act.c lib/store/utmp/utmp_file.c
