/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * killat [-t | -e SCRIPT] [-c CALL] N COMMAND... - kill a program at its Nth step
 *
 * A step is a system call that changes something outside of the process: written, synced, renamed,
 * sent, … COMMAND is killed (SIGKILL) before its Nth is made, and killat exits 137; with -t, if that
 * is a write to a file, after half of it was made. With -e it is not killed: SCRIPT is run by sh(1) before
 * the step is made, and COMMAND goes on. With -c only calls of that name are steps. N = 0 kills it never: then each step is a line on
 * standard error, "N NAME", and "N NAME file" for a write to a file, and the exit status is
 * COMMAND's. What is said on standard error is no step. Signals are passed on.
 *
 * Only the process itself is traced, not its children: they outlive it, as they would.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static const struct call {
	long nr;
	const char *name;
} calls[] = {
	{ SYS_write, "write" },
	{ SYS_pwrite64, "pwrite" },
	{ SYS_writev, "writev" },
	{ SYS_sendto, "send" },
	{ SYS_sendmsg, "sendmsg" },
	{ SYS_fsync, "fsync" },
	{ SYS_fdatasync, "fdatasync" },
	{ SYS_ftruncate, "ftruncate" },
	{ SYS_fsetxattr, "fsetxattr" },
	{ SYS_renameat, "renameat" },
	{ SYS_renameat2, "renameat2" },
	{ SYS_unlinkat, "unlinkat" },
	{ SYS_mkdirat, "mkdirat" },
	{ SYS_openat, "openat" },
	{ SYS_openat2, "openat2" },
	{ SYS_fallocate, "fallocate" },
#ifdef SYS_rename
	{ SYS_rename, "rename" },
	{ SYS_unlink, "unlink" },
	{ SYS_mkdir, "mkdir" },
	{ SYS_open, "open" },
#endif
};

static pid_t child;
static const char *only; /* steps of that name; NULL: all */

static void
pass_on(int sig)
{
	(void)kill(child, sig);
}

/* What stands in the child's memory at AT. */
static bool
peek(void *to, size_t n, unsigned long long at)
{
	const struct iovec here = { to, n }, there = { (void *)at, n };

	return process_vm_readv(child, &here, 1, &there, 1, 0) == (ssize_t)n;
}

/* Opening changes something where it may make a file. */
static bool
may_create(long nr, const unsigned long long args[6])
{
	unsigned long long flags = 0;

	if (nr == SYS_openat)
		flags = args[2];
	else if (nr == SYS_openat2 && !peek(&flags, sizeof(flags), args[2]))
		return true;
#ifdef SYS_open
	else if (nr == SYS_open)
		flags = args[1];
#endif
	return flags & O_CREAT;
}

static const char *
step_name(const struct __ptrace_syscall_info *i)
{
	long nr = (long)i->entry.nr;
	const unsigned long long *args = (const unsigned long long *)i->entry.args;

	if (nr == SYS_write && args[0] == STDERR_FILENO)
		return NULL;
	for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
		if (calls[k].nr == nr)
			return (strncmp(calls[k].name, "open", 4) == 0 && !may_create(nr, args)) ||
					       (only && strcmp(calls[k].name, only) != 0)
				       ? NULL
				       : calls[k].name;
	return NULL;
}

/* The file that a write goes to, opened anew, or -1. */
static int
written_file(const struct __ptrace_syscall_info *i)
{
	const bool placed = (long)i->entry.nr == SYS_pwrite64;
	char path[64];
	struct stat st;

	if ((long)i->entry.nr != SYS_write && !placed)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%llu", child,
		(unsigned long long)i->entry.args[0]);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return open(path, placed ? O_WRONLY | O_CLOEXEC : O_WRONLY | O_APPEND | O_CLOEXEC);
}

static void
write_half(const struct __ptrace_syscall_info *i)
{
	const bool placed = (long)i->entry.nr == SYS_pwrite64;
	int fd = written_file(i);
	size_t n = (size_t)i->entry.args[2] / 2;
	char *p = malloc(n + 1);

	if (fd >= 0 && p && peek(p, n, i->entry.args[1]) &&
		(placed ? pwrite(fd, p, n, (off_t)i->entry.args[3]) : write(fd, p, n)) !=
			(ssize_t)n)
		perror("killat: write");
	free(p);
	if (fd >= 0)
		(void)close(fd);
}

static void
tell(unsigned long n, const char *name, const struct __ptrace_syscall_info *i)
{
	int fd = written_file(i);

	fprintf(stderr, "%lu %s%s\n", n, name, fd >= 0 ? " file" : "");
	if (fd >= 0)
		(void)close(fd);
}

/* What happens at the Nth step. */
struct fault {
	bool torn;
	const char *script; /* NULL: the child is killed */
};

static void
strike(const struct fault *f, const struct __ptrace_syscall_info *i)
{
	if (f->script) {
		if (system(f->script) != 0) /* NOLINT(cert-env33-c): a test's own */
			fprintf(stderr, "killat: %s: failed\n", f->script);
		return;
	}
	if (f->torn)
		write_half(i);
	(void)kill(child, SIGKILL);
}

/* Follows the child to its end or its Nth step. */
static int
follow(unsigned long at, const struct fault *f)
{
	unsigned long n = 0;
	int status, sig = 0;

	for (;;) {
		struct __ptrace_syscall_info i;
		const char *name;

		if (ptrace(PTRACE_SYSCALL, child, 0, sig) < 0 && errno != ESRCH)
			return EX_OSERR;
		while (waitpid(child, &status, 0) < 0)
			if (errno != EINTR)
				return EX_OSERR;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		sig = WSTOPSIG(status);
		if (sig != (SIGTRAP | 0x80)) {
			sig = sig == SIGTRAP ? 0 : sig;
			continue;
		}
		sig = 0;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(i), &i) < 0 ||
			i.op != PTRACE_SYSCALL_INFO_ENTRY || !(name = step_name(&i)))
			continue;
		n++;
		if (at == 0)
			tell(n, name, &i);
		if (n != at)
			continue;
		strike(f, &i);
		at = ULONG_MAX; /* its end is reported next */
	}
}

static void
run(char **command)
{
	(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
	(void)raise(SIGSTOP);
	(void)execvp(command[0], command);
	perror(command[0]);
	_exit(EX_UNAVAILABLE);
}

int
main(int argc, char **argv)
{
	const struct sigaction act = { .sa_handler = pass_on };
	struct fault f = { 0 };
	unsigned long at;
	char *end = NULL;
	int c;

	while ((c = getopt(argc, argv, "+te:c:")) >= 0) {
		if (c == 't')
			f.torn = true;
		else if (c == 'e')
			f.script = optarg;
		else if (c == 'c')
			only = optarg;
		else
			return EX_USAGE;
	}
	argv += optind - 1;
	argc -= optind - 1;
	at = argc > 2 ? strtoul(argv[1], &end, 10) : 0;
	if (argc < 3 || !end || *end != '\0') {
		fprintf(stderr, "usage: killat [-t | -e SCRIPT] [-c CALL] N COMMAND...\n");
		return EX_USAGE;
	}
	child = fork();
	if (child < 0)
		return EX_OSERR;
	if (child == 0)
		run(argv + 2);
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGHUP, &act, NULL);
	(void)sigaction(SIGUSR1, &act, NULL);
	(void)sigaction(SIGUSR2, &act, NULL);
	if (waitpid(child, NULL, 0) < 0 ||
		ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC) <
			0) {
		perror("killat: ptrace");
		(void)kill(child, SIGKILL);
		return EX_OSERR;
	}
	return follow(at, &f);
}
