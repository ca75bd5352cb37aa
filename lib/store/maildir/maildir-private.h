/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * maildir-private.h - what the files of the maildir driver share
 *
 *   maildir.c       the driver: which folders, what a plan says of each, mails removed
 *   maildir_mail.c  one mail: its flags, its age, its headers as a record
 *
 * A mail that is not answered has no time: nothing takes it for old. Of a mail only what a question
 * needs is read: its name, then its headers, and its body where that is declared.
 */
#pragma once
#include "base/buf.h"
#include "record/timestamp.h"
#include "store/folder.h"
#include "store/place.h"
#include "store/store-private.h"

#define MAILDIR_AGES_MAX 4

enum mail_age {
	MAIL_NAME,  /* delivered: the seconds that its name begins with */
	MAIL_DATE,  /* what its sender says: Date: */
	MAIL_MTIME, /* written here */
	MAIL_CTIME  /* renamed: its flags were changed, it was answered */
};

enum maildir_sub { SUB_CUR, SUB_NEW, SUB_TMP, MAILDIR_SUBS };

struct maildir {
	struct store store; /* first */
	enum mail_age age[MAILDIR_AGES_MAX];
	size_t n_ages;
	const char *answered; /* flags, one of which it needs; "": none */
	char *about_text;
	struct conf_list about; /* headers that its text has */
	bool body;              /* … and its body */
	struct timestamp ts;
	struct buf raw; /* the head of the mail in hand, a line each: unfolded */
	struct buf text;
};

struct mail {
	struct maildir *m;
	int dirfd; /* borrowed */
	const char *name, *folder;
	enum maildir_sub sub;
	struct stat st;
	int64_t time_us;
	bool read;  /* its headers are in m->raw … */
	bool whole; /* … all of them */
	int fd;     /* while it is read */
};

/* The name of a folder's part: "cur", … */
const char *maildir_sub_name(enum maildir_sub s);

/* What S declares. */
int maildir_declared(struct maildir *m, const struct conf_store *s, struct err *e);

/* Looks at NAME; 1: it is no mail. */
int mail_look(struct mail *one, struct err *e);

/* Is it selected? Reads no more of it than WHICH needs. */
int mail_selected(struct mail *one, const struct selector *which, bool *ret, struct err *e);

/* As a record, borrowing its maildir until the next one. */
int mail_record(struct mail *one, struct record *ret, struct err *e);
