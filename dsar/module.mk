# SPDX-License-Identifier: GPL-3.0-or-later
# mail
dsar.srcs += dsar/mail_check.c dsar/mail_parse.c dsar/mail_account.c dsar/mail_gmime.c dsar/mail_delimit.c
dsar.srcs += dsar/openpgp.c dsar/openpgp_key.c dsar/openpgp_message.c dsar/armour.c dsar/wkd.c dsar/mail_trust.c dsar/mail_compose.c dsar/mail_box.c dsar/propose.c
dsar.srcs += dsar/intake.c dsar/intake_mail.c dsar/receipt.c dsar/answer_mail.c dsar/split.c dsar/key_command.c

# the register and what is in it
dsar.srcs += dsar/main.c dsar/session.c dsar/init.c dsar/given.c
dsar.srcs += dsar/registry.c dsar/registry_change.c dsar/registry_statement.c
dsar.srcs += dsar/case.c dsar/case_guard.c dsar/case_command.c dsar/case_print.c dsar/deadline.c \
	     dsar/case_shrink.c
dsar.srcs += dsar/identity.c dsar/identity_command.c dsar/refuse.c dsar/breach.c dsar/backup.c
dsar.srcs += dsar/blacken.c dsar/blacken_leaf.c dsar/blacken_propose.c
dsar.srcs += dsar/letter.c dsar/letter_text.c dsar/letter_html.c dsar/letter_pdf.c dsar/template.c
dsar.srcs += dsar/identifier.c dsar/subject.c dsar/find.c dsar/literal.c dsar/sign.c dsar/match.c dsar/subject_command.c \
	     dsar/search.c dsar/scan.c dsar/held.c dsar/keep.c
dsar.srcs += dsar/review.c dsar/review_known.c dsar/review_command.c dsar/review_print.c dsar/review_ask.c
dsar.srcs += dsar/erasure.c dsar/keeper.c dsar/erase.c dsar/erase_plan.c dsar/erase_act.c dsar/erase_show.c
dsar.srcs += dsar/approval.c dsar/approve.c dsar/tombstone.c dsar/reapply.c dsar/restrict.c dsar/restriction.c dsar/objection.c dsar/object.c
dsar.srcs += dsar/rectification.c dsar/rectify.c dsar/rectify_plan.c dsar/rectify_act.c
dsar.srcs += dsar/contents.c dsar/contents_finds.c dsar/letter_case.c dsar/letter_command.c dsar/made.c
dsar.srcs += dsar/pack.c dsar/export.c dsar/export_data.c dsar/export_files.c
dsar.srcs += dsar/notice.c dsar/notify.c dsar/answer.c dsar/contents_erasure.c dsar/contents_rectification.c dsar/contents_objection.c dsar/certificate.c
dsar.srcs += dsar/bundle.c dsar/bundle_facts.c dsar/bundle_proof.c dsar/bundle_text.c
dsar.srcs += dsar/figures.c dsar/report.c
dsar.srcs += dsar/key_state.c dsar/remind.c dsar/probe.c dsar/doctor.c

# orders to nodes
dsar.srcs += dsar/order.c dsar/order_paper.c dsar/seal.c dsar/queue.c dsar/result.c dsar/result_read.c \
	     dsar/ordered.c dsar/agent_ledger.c dsar/agent.c dsar/agent_open.c dsar/agent_act.c \
	     dsar/order_command.c dsar/collect.c dsar/collect_search.c dsar/collect_erasure.c
