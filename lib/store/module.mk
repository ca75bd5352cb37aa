# SPDX-License-Identifier: GPL-3.0-or-later
lib.srcs += lib/store/store.c lib/store/selector.c lib/store/plan.c
