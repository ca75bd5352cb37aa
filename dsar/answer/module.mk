# SPDX-License-Identifier: GPL-3.0-or-later
dsar.srcs += $(addprefix dsar/answer/,answer.c answer_mail.c bundle.c bundle_facts.c \
	bundle_proof.c bundle_text.c certificate.c contents.c contents_erasure.c contents_finds.c \
	contents_objection.c contents_rectification.c export.c export_data.c export_files.c \
	letter.c letter_case.c letter_command.c letter_html.c letter_pdf.c letter_text.c notice.c \
	notify.c pack.c split.c template.c)
