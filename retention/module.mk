# SPDX-License-Identifier: GPL-3.0-or-later
retention.srcs += retention/main.c retention/session.c retention/when.c
retention.srcs += retention/init.c retention/hold.c retention/status.c retention/export_ledger.c \
		  retention/verify.c retention/bundle.c
retention.srcs += retention/run.c retention/due.c retention/clock.c
