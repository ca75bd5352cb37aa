# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/,backup.c doctor.c figures.c given.c init.c main.c remind.c report.c \
	session.c)
