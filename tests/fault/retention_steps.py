# SPDX-License-Identifier: GPL-3.0-or-later
"""retention_steps.py - a run of retention that ends at each step that it takes, then a run in peace

A run without a fault tells which steps there are (killat.c). Then, on a fresh copy of the same node
(retention_node.py), for each: killed there; in the middle of it, where it is a write to a file; and with
errors in its place (strace's injection): ENOSPC and EIO for a disk, a connection that is lost for a
server, whose own process is ended at each step, too; of a text log, when somebody has opened it just before
it is put in its place, who writes a line when the run is dead. Then a second run, and a comparison record for
record: what is past its period is gone, what is within it or held is there once, nothing else lies
beside it, and the ledger is whole.

The environment has $SPARSAM_BIN, $killat, $scratch, $CREDENTIALS_DIRECTORY, and $KIND (text). STRIDE=N
tries each Nth fault (all: 1), beginning with the SEEDth. JOBS runs at once (4).
"""
import concurrent.futures, datetime, os, re, shutil, subprocess, sys, time

from retention_node import KINDS, Wrong, now

scratch, killat, kind = os.environ["scratch"], os.environ["killat"], os.environ.get("KIND", "text")
stride, seed = int(os.environ.get("STRIDE", 1)), int(os.environ.get("SEED", 0))
node = KINDS[kind]()

DISK = "write,pwrite64,fsync,fdatasync,ftruncate,fsetxattr,renameat,renameat2,rename,unlinkat,unlink,mkdirat,fallocate"
ERRORS = {"recvfrom": ("ECONNRESET",)}  # not of sendto: libpq waits for the server's last words, and it lives
BACKENDS = "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'"
CRASH = "kill -KILL $(psql -XqAt -U postgres -c \"select pid from pg_stat_activity where datname = '{}'\" postgres)"


def one(n, *prefix):
    d = f"{scratch}/{kind}-{n}"
    node.copy(f"{scratch}/node-{kind}", d)
    prefix = [p.replace("{}", os.path.basename(d)) for p in prefix]
    try:
        with node.used(d):
            said = node.command(d, "run", prefix=prefix, statuses=range(-64, 256)).stderr.decode(errors="replace")
            again(d)
        node.right(d)
    except (Wrong, OSError, subprocess.SubprocessError) as e:
        return f"{' '.join(prefix)}: {e}", ""
    finally:
        node.end(d)
    shutil.rmtree(d)
    return None, said


def again(d):
    """In peace, once a server that crashed is back, or who came late has gone."""
    while node.late and not os.path.exists(d + "/late"):
        time.sleep(0.02)
    for left in range(20, -1, -1):
        try:
            return node.command(d, "run")
        except Wrong:
            if kind != "postgres" or left == 0:
                raise
            subprocess.run(["pg_isready", "-q", "-t", "5"])


def faults(said):
    for step, name, is_file in re.findall(r"^(\d+) ([a-z0-9]+)( file)?$", said, re.M):
        yield [killat, step]
        if is_file:
            yield [killat, "-t", step]
        if name == "send":
            yield [killat, "-e", f"psql -XqAt -U postgres -c \"{BACKENDS}\" postgres >/dev/null", step]


def injections(said):  # strace counts each call for itself
    counted = re.findall(r"^(\w+)\(", said, re.M)
    for call in sorted(set(counted)):
        for k in range(1, counted.count(call) + 1):
            for error in ERRORS.get(call, ("ENOSPC", "EIO")):
                yield ["strace", "-q", "-o", "/dev/null", "-e", "trace=" + call, "-e", f"inject={call}:error={error}:when={k}"]


def crashes(said):  # all that the server has open ends with it
    for step in re.findall(r"^(\d+) send$", said, re.M):
        yield [killat, "-e", CRASH, step]


def late_writers(said):
    late = (f"cd {scratch}/{{}} && exec 3>>log/app.log.1 4>>log/app.log.5 && (sleep 0.2; kill -KILL $(pgrep -P $PPID -x retention); "
            f"for to in 3 4; do echo '{node.late.rstrip()}' >&$to; done; touch late) &")
    for k in range(said.count(" renameat2\n")):
        yield [killat, "-e", late, "-c", "renameat2", str(k + 1)]


def probe(n, *prefix):
    problem, said = one(n, *prefix)
    if problem:
        sys.exit(problem)
    return said


def tried(todo, jobs, what):
    some = todo[seed % stride::stride]
    print(f"{kind}: {len(todo)} {what}, {len(some)} of them tried", flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        problems = [p for p, _ in pool.map(lambda x: one(f"{what}-{x[0]}", *x[1]), enumerate(some)) if p]
    for p in problems[:5]:
        print(p, file=sys.stderr)
    if problems or not some:
        sys.exit(f"{len(problems)} of {len(some)} runs went wrong")


def main():
    node.begin(f"{scratch}/node-{kind}")
    said = probe("a", killat, "0")
    probe("b", "strace", "-q", "-o", f"{scratch}/calls", "-e", "trace=" + DISK + (",recvfrom" if kind == "postgres" else ""))
    tried(list(faults(said)) + list(injections(open(f"{scratch}/calls").read())), int(os.environ.get("JOBS", 4)), "faults")
    if kind == "postgres":
        tried(list(crashes(said)), 1, "crashes")
    if kind == "text":
        node.late = (now - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ late\n")
        tried(list(late_writers(said)), 1, "late-writers")


main()
