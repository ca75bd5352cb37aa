/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Swap: the memory of all programs on a disk. Encrypted where its device is a dm-crypt one
 * (crypttab, or /sys for one that is open), or the file lies on a file system that is.
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/words.h"

#define _(text) gettext(text)

#define SLAVES_DEEP 8

struct swap {
	struct doctor *doctor;
	char crypt[64][128]; /* the names of crypttab */
	size_t n_crypt;
	bool any_container; /* one that is not for swap itself: LVM may lie in it */
	char root[256];     /* the device that / is on */
};

static void
crypttab_read(struct swap *s)
{
	size_t len;
	cleanup_mem char *text = tree_text(&s->doctor->tree, "/etc/crypttab", &len);
	struct words w;

	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w) && s->n_crypt < 64) {
		if (w.n < 2)
			continue;
		(void)snprintf(s->crypt[s->n_crypt++], sizeof(s->crypt[0]), "%s", words_get(&w, 0));
		s->any_container |= !strstr(words_get(&w, 3), "swap");
	}
	words_release(&w);
}

static bool
is_crypt_name(const struct swap *s, const char *name)
{
	for (size_t i = 0; i < s->n_crypt; i++) {
		if (strcmp(s->crypt[i], name) == 0)
			return true;
	}
	return false;
}

/* Is the block device KNAME ("dm-1") dm-crypt, or made of such alone? */
static bool
is_crypt_block(struct swap *s, const char *kname, unsigned depth)
{
	char path[PATH_MAX];
	size_t len;
	cleanup_mem char *uuid = NULL;
	struct tree_names slaves;
	bool all = depth > 0;

	if (strchr(kname, '/') || strlen(kname) > 64)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/dm/uuid", kname);
	uuid = tree_text(&s->doctor->tree, path, &len);
	if (uuid && strncmp(uuid, "CRYPT-", 6) == 0)
		return true;
	(void)snprintf(path, sizeof(path), "/sys/class/block/%s/slaves", kname);
	tree_list(&s->doctor->tree, path, &slaves);
	for (size_t i = 0; i < slaves.n && all; i++)
		all = is_crypt_block(s, slaves.v[i], depth - 1);
	all = all && slaves.n > 0;
	tree_names_release(&slaves);
	return all;
}

/* A device by the name that it is given in fstab or /proc/swaps. */
static bool
is_encrypted_device(struct swap *s, const char *device)
{
	const char *name = strrchr(device, '/');
	char link[PATH_MAX];

	if (!name)
		return false;
	name++;
	if (strncmp(name, "zram", 4) == 0) /* memory */
		return true;
	if (strncmp(name, "dm-uuid-CRYPT-", 14) == 0)
		return true;
	if (strncmp(name, "dm-uuid-LVM-", 12) == 0)
		return s->any_container;
	if (strncmp(name, "dm-", 3) == 0)
		return is_crypt_block(s, name, SLAVES_DEEP);
	if (strncmp(device, "/dev/mapper/", 12) == 0 || strncmp(device, "/dev/vg", 7) == 0) {
		const char *kname;

		if (is_crypt_name(s, name))
			return true;
		if (tree_link(&s->doctor->tree, device, link)) {
			kname = strrchr(link, '/');
			return is_crypt_block(s, kname ? kname + 1 : link, SLAVES_DEEP);
		}
		return s->any_container; /* a logical volume: it may well lie in the container */
	}
	return false;
}

static bool
is_encrypted(struct swap *s, const char *what)
{
	if (strncmp(what, "/dev/", 5) == 0)
		return is_encrypted_device(s, what);
	if (*what == '/') /* a file */
		return *s->root && is_encrypted_device(s, s->root);
	return false; /* UUID=…: crypttab would have named it */
}

static void
swap_report(struct swap *s, const char *what, const char *file, unsigned line)
{
	const bool is_file = *what == '/' && strncmp(what, "/dev/", 5) != 0;
	char lines[600];

	if (is_encrypted(s, what))
		return;
	if (is_file)
		(void)snprintf(lines, sizeof(lines),
			"swapoff %s && rm %s\n"
			"# and its line out of /etc/fstab; instead, if swap is needed: apt install zram-tools",
			what, what);
	else
		(void)snprintf(lines, sizeof(lines),
			"# /etc/crypttab, with a new key at each boot:\n"
			"cryptswap  %s  /dev/urandom  swap,cipher=aes-xts-plain64,size=512\n"
			"# /etc/fstab, instead of its line:\n"
			"/dev/mapper/cryptswap  none  swap  sw  0  0",
			what);
	doctor_report(s->doctor,
		&(struct doctor_finding){
			.check = "swap-unencrypted",
			.subject = what,
			.severity = DOCTOR_MEDIUM,
			.what = N_("memory is swapped to a disk without encryption"),
			.file = file,
			.line = line,
			.proof = is_file ? _("a file on an unencrypted file system")
					 : _("a device that is not dm-crypt"),
			.row = ROW_CONFERENCE,
			.mend = N_("Encrypt it with a key that nobody keeps, or do without:"),
			.lines = lines,
		});
}

/* The device that "/" is on: as mounted, or as fstab will mount it. */
static void
root_read(struct swap *s, const char *path)
{
	size_t len;
	cleanup_mem char *text = tree_text(&s->doctor->tree, path, &len);
	struct words w;

	if (!text || *s->root)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		if (strcmp(words_get(&w, 1), "/") == 0)
			(void)snprintf(s->root, sizeof(s->root), "%s", words_get(&w, 0));
	}
	words_release(&w);
}

/* What will be in use. */
static void
fstab_read(struct swap *s)
{
	size_t len;
	cleanup_mem char *text = tree_text(&s->doctor->tree, "/etc/fstab", &len);
	struct words w;

	if (!text)
		return;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		if (strcmp(words_get(&w, 2), "swap") == 0 && !strstr(words_get(&w, 3), "noauto"))
			swap_report(s, words_get(&w, 0), "/etc/fstab", w.line);
	}
	words_release(&w);
}

/* What is in use now. */
static bool
swaps_read(struct swap *s)
{
	size_t len;
	cleanup_mem char *text = tree_text(&s->doctor->tree, "/proc/swaps", &len);
	struct words w;

	if (!text)
		return false;
	words_init(&w, text, len, WORDS_LINES | WORDS_PLAIN);
	while (words_next(&w)) {
		if (*words_get(&w, 0) == '/')
			swap_report(s, words_get(&w, 0), "/proc/swaps", w.line);
	}
	words_release(&w);
	return true;
}

void
doctor_swap(struct doctor *d)
{
	struct swap s = { .doctor = d };

	crypttab_read(&s);
	root_read(&s, "/proc/self/mounts");
	root_read(&s, "/etc/fstab");
	if (!swaps_read(&s))
		fstab_read(&s);
}
