# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/act/,approval.c approve.c correction.c erase.c erase_act.c erase_plan.c erase_proof.c \
	erase_show.c erasure.c keeper.c object.c objection.c reapply.c reapply_set.c rectification.c rectify.c \
	rectify_act.c rectify_plan.c restrict.c restriction.c tombstone.c)
