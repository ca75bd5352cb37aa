# SPDX-License-Identifier: GPL-3.0-or-later
# mail
lib.srcs += lib/store/maildir/maildir.c lib/store/maildir/maildir_mail.c lib/store/maildir/mime.c
