# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/intake/,intake.c intake_mail.c propose.c receipt.c)
