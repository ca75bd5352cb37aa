# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/openpgp/,armour.c key_state.c openpgp.c openpgp_key.c \
	openpgp_message.c sealer.c wkd.c)
