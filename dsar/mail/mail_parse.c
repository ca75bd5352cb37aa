/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/cleanup.h"
#include "base/file/whole.h"
#include "dsar/mail/mail_account.h"
#include "dsar/mail/mail_check.h"
#include "dsar/mail/mail_gmime.h"

#define MEMORY_MAX (256u << 20)
#define STACK_MAX  (8u << 20)
#define CPU_MAX_S  10
#define ANSWER_MS  20000 /* of the wall clock, on a busy machine */
#define NOBODY     65534
#define CHILD_FD   3 /* where it finds the mail; the next is where its answer goes */

static int
check_bytes(int fd, struct err *e)
{
	struct mail_check m;
	char part[1 << 16];
	ssize_t n;
	off_t at = 0;
	enum mail_fault f;

	mail_check_init(&m, &mail_limits);
	while ((n = pread(fd, part, sizeof(part), at)) > 0 &&
		mail_check_feed(&m, span_of(part, (size_t)n)) == MAIL_FINE)
		at += n;
	if (n < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read the mail"), NULL, NULL);
	f = mail_check_end(&m);
	return f == MAIL_FINE ? 0
			      : err_fail(e, EX_DATAERR, 0, mail_fault_text(f),
					N_("keep it, and look at it as text"), NULL);
}

/* --- the child -------------------------------------------------------------------------------- */

static bool
limit(unsigned what, rlim_t n)
{
	const struct rlimit r = { n, n };

	return setrlimit(what, &r) == 0;
}

static bool
limits_set(void)
{
#ifndef __SANITIZE_ADDRESS__ /* whose shadow takes terabytes */
	if (!limit(RLIMIT_AS, MEMORY_MAX))
		return false;
#endif
	return limit(RLIMIT_CPU, CPU_MAX_S) && limit(RLIMIT_STACK, STACK_MAX) &&
	       limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, 64);
}

static bool
become_nobody(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return false;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

/* Memory, reading, its answer, its end; files for reading are the tables of charsets. */
static bool
calls_limit(void)
{
	static const int allowed[] = { SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write),
		SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
		SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(mprotect), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex),
		SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
		SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(tgkill), SCMP_SYS(sched_yield),
		SCMP_SYS(exit), SCMP_SYS(exit_group) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = ctx != NULL;

	for (size_t i = 0; ok && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		ok = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
	ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			   SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT, O_RDONLY)) == 0;
	return ok && seccomp_load(ctx) == 0;
}

static bool
child_answers(size_t size)
{
	struct buf out;
	const char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, CHILD_FD, 0);

	buf_init(&out, ACCOUNT_MAX);
	return p != MAP_FAILED && mail_gmime(CHILD_FD, span_of(p, size), &out) &&
	       whole_write(CHILD_FD + 1, span_of(out.p, out.len)) == 0;
}

/* What it has open it could use: nothing but the two. Its complaints are of no use to anybody. */
static bool
close_others(int mail, int answer)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	/* above whatever their places are taken by now */
	const int m = fcntl(mail, F_DUPFD, CHILD_FD + 2), a = fcntl(answer, F_DUPFD, CHILD_FD + 2);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return false;
	return dup2(m, CHILD_FD) == CHILD_FD && dup2(a, CHILD_FD + 1) == CHILD_FD + 1 &&
	       close_range(CHILD_FD + 2, ~0U, 0) == 0;
}

static void __attribute__((noreturn)) child(int mail, int answer, size_t size)
{
	const bool ok = close_others(mail, answer) && limits_set() && become_nobody() &&
			lseek(CHILD_FD, 0, SEEK_SET) == 0 && calls_limit() && child_answers(size);

	_exit(ok ? 0 : 1);
}

/* --- its parent ------------------------------------------------------------------------------- */

static int64_t
clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool
read_answer(int fd, struct buf *out)
{
	const int64_t end = clock_ms() + ANSWER_MS;
	char part[1 << 14];
	ssize_t n = -1;

	do {
		struct pollfd p = { fd, POLLIN, 0 };
		const int64_t left = end - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = read(fd, part, sizeof(part));
		if (n > 0)
			buf_put(out, part, (size_t)n);
	} while ((n > 0 && !out->failed) || (n < 0 && errno == EINTR));
	return n == 0;
}

static int
parse_apart(int fd, size_t size, struct buf *out, struct err *e)
{
	cleanup_fd int in = -1, to_parent = -1;
	int ends[2], status = -1;
	bool answered;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot parse a mail apart"), NULL, NULL);
	in = ends[0];
	to_parent = ends[1];
	pid = fork();
	if (pid < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot parse a mail apart"), NULL, NULL);
	if (pid == 0)
		child(fd, to_parent, size);
	(void)close(fd_take(&to_parent));
	answered = read_answer(in, out);
	if (!answered)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (answered && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_fail(e, EX_DATAERR, 0, N_("a mail that cannot be read"),
		N_("keep it, and look at it as text"), NULL);
}

int
mail_parse(int fd, struct mail *ret, struct err *e)
{
	struct stat st;

	*ret = (struct mail){ 0 };
	buf_init(&ret->account, ACCOUNT_MAX);
	if (fstat(fd, &st) < 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot read the mail"), NULL, NULL);
	if (check_bytes(fd, e) < 0 || parse_apart(fd, (size_t)st.st_size, &ret->account, e) < 0)
		return -1;
	return account_read(ret, (uint64_t)st.st_size, e);
}

void
mail_release(struct mail *m)
{
	buf_wipe(&m->account);
	*m = (struct mail){ 0 };
}
