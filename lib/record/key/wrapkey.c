/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/wrapkey.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/conf/conf.h"
#include "base/file/walk.h"

#define SYSTEMD_CREDS "/usr/bin/systemd-creds"
#define SEALED_MAX    4096 /* a sealed key is some 200 bytes */

/* Reads FD to its end, the first N bytes to P, which is where they stay: keys have no copies.
 * Returns how many there were, N + 1 if it were more, -1 if it failed. */
static ssize_t
read_all(int fd, void *p, size_t n)
{
	size_t done = 0;
	char more;

	while (done <= n) {
		ssize_t got = done < n ? read(fd, (char *)p + done, n - done) : read(fd, &more, 1);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0)
			break;
		done += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)done;
}

static enum wrapkey_found
credential_read(const char *folder, uint8_t ret[KEY_LEN])
{
	cleanup_fd int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	ssize_t n;

	if (dir >= 0)
		fd = walk_open(dir, WRAPKEY_NAME, O_RDONLY, 0, NULL, NULL);
	if (fd < 0)
		return WRAPKEY_NONE;
	n = read_all(fd, ret, KEY_LEN);
	return n == KEY_LEN ? WRAPKEY_FOUND : WRAPKEY_INVALID;
}

/* Runs ARGV with standard input and output at IN and OUT (closed here), without environment: no
 * shell, and nothing of ours goes along. Returns whether it could be started. */
static bool
creds_spawn(char *const argv[], int in, int out, pid_t *ret)
{
	static char *const nothing[] = { NULL };
	posix_spawn_file_actions_t acts;
	bool good;

	if (posix_spawn_file_actions_init(&acts) != 0)
		return false;
	good = posix_spawn_file_actions_adddup2(&acts, in, 0) == 0 &&
	       posix_spawn_file_actions_adddup2(&acts, out, 1) == 0 &&
	       posix_spawn_file_actions_addopen(&acts, 2, "/dev/null", O_WRONLY, 0) == 0 &&
	       posix_spawn(ret, SYSTEMD_CREDS, &acts, NULL, argv, nothing) == 0;
	(void)posix_spawn_file_actions_destroy(&acts);
	return good;
}

static bool
creds_ended_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Runs ARGV with the N_IN bytes at IN (at most a pipe's buffer) as its input, reads its output
 * like read_all(). -1 also if it failed. */
static ssize_t
creds_run(char *const argv[], const void *in, size_t n_in, void *p, size_t n)
{
	cleanup_fd int in_r = -1, in_w = -1, out_r = -1, out_w = -1;
	int to[2], from[2];
	ssize_t got;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) < 0)
		return -1;
	in_r = to[0];
	in_w = to[1];
	if (pipe2(from, O_CLOEXEC) < 0)
		return -1;
	out_r = from[0];
	out_w = from[1];
	if (n_in > 0 && write(in_w, in, n_in) != (ssize_t)n_in)
		return -1;
	if (!creds_spawn(argv, in_r, out_w, &pid))
		return -1;
	fd_closep(&in_w);
	fd_closep(&out_w);
	in_w = out_w = -1;
	got = read_all(out_r, p, n);
	fd_closep(&out_r); /* one that has more to say must not wait for us */
	out_r = -1;
	return creds_ended_well(pid) ? got : -1;
}

static enum wrapkey_found
sealed_read(const char *path, uint8_t ret[KEY_LEN])
{
	char name[] = "--name=" WRAPKEY_NAME, verb[] = "decrypt", out[] = "-";
	char *argv[] = { (char[]){ "systemd-creds" }, name, verb, (char *)path, out, NULL };
	ssize_t n;

	if (access(path, F_OK) < 0)
		return WRAPKEY_NONE;
	n = creds_run(argv, NULL, 0, ret, KEY_LEN);
	if (n < 0)
		return WRAPKEY_SEALED;
	return n == KEY_LEN ? WRAPKEY_FOUND : WRAPKEY_INVALID;
}

enum wrapkey_found
wrapkey_find(const struct conf *c, uint8_t ret[KEY_LEN])
{
	const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
	enum wrapkey_found found = folder ? credential_read(folder, ret) : WRAPKEY_NONE;

	if (found != WRAPKEY_NONE || !c->credential || geteuid() != 0)
		return found;
	return sealed_read(c->credential, ret);
}

/* A new key, sealed with the host's key. Returns the length of what is in RET, -1 if it failed. */
static ssize_t
wrapkey_seal(char ret[SEALED_MAX])
{
	char with[] = "--with-key=host", name[] = "--name=" WRAPKEY_NAME, verb[] = "encrypt";
	char in[] = "-", out[] = "-";
	char *argv[] = { (char[]){ "systemd-creds" }, with, name, verb, in, out, NULL };
	uint8_t key[KEY_LEN];
	ssize_t n;

	randombytes_buf(key, sizeof(key));
	n = creds_run(argv, key, sizeof(key), ret, SEALED_MAX);
	sodium_memzero(key, sizeof(key));
	return n > 0 && n <= SEALED_MAX ? n : -1;
}

/* Opens the folder that PATH lies in, made if it is missing. */
static int
credstore_open(const char *path, const char **ret_name, struct err *e)
{
	cleanup_mem char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash && slash != folder) {
		*slash = '\0';
		(void)mkdir(folder, 0700); /* if it is still missing, the next line says so */
	}
	return walk_open_parent(path, ret_name, e);
}

int
wrapkey_init(const struct conf *c, struct err *e)
{
	const char *name;
	cleanup_fd int dir = -1;
	char sealed[SEALED_MAX];
	struct stat st;
	ssize_t n;
	int rc;

	if (geteuid() != 0)
		return err_fail(e, EX_NOPERM, 0, N_("only root can use the host's key"),
			N_("run it as root"), NULL);
	if (access(c->credential, F_OK) == 0)
		return err_fail(e, EX_NOPERM, 0, N_("there is a wrapping key already"),
			N_("it is never replaced: all keys wrapped with it would be lost"), "%s",
			c->credential);
	n = wrapkey_seal(sealed);
	if (n < 0)
		return err_fail(e, EX_UNAVAILABLE, 0, N_("systemd-creds cannot seal a key"),
			N_("try \"systemd-creds setup\""), NULL);
	dir = credstore_open(c->credential, &name, e);
	if (dir < 0)
		return -1;
	if (fstat(dir, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", c->credential);
	rc = file_put_new(dir, name, sealed, (size_t)n, &st, e);
	return rc > 0 ? err_fail(e, EX_NOPERM, 0, N_("there is a wrapping key already"), NULL, "%s",
				c->credential)
		      : rc;
}
