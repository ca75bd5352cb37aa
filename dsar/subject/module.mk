# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/subject/,identifier.c literal.c match.c sign.c subject.c \
	subject_command.c)
