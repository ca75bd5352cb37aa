# SPDX-License-Identifier: GPL-3.0-or-later
retention.srcs += retention/main.c retention/session.c retention/when.c
retention.srcs += retention/init.c retention/hold.c retention/hold_copy.c retention/status.c retention/export_ledger.c \
		  retention/verify.c retention/bundle.c
retention.srcs += retention/journal.c retention/journal_drop.c retention/journal_stat.c retention/match.c retention/seal.c
retention.srcs += retention/run.c retention/refuse.c retention/account.c retention/changes.c retention/mounts.c
retention.srcs += retention/standing.c retention/health.c retention/check.c retention/journald.c retention/numbers.c
retention.srcs += retention/report.c retention/report_read.c retention/report_text.c retention/report_html.c \
		  retention/report_pdf.c
retention.srcs += retention/policy.c retention/notify.c retention/mail.c retention/backup.c retention/due.c retention/clock.c retention/keys.c
