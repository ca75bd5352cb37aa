# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests/bench/run and tests/bench/stores measure with."""
import os
import re
import select
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(os.environ.get("BUILD", os.path.join(ROOT, "build")), "bench")
BIN = os.environ.get("SPARSAM_BIN", os.path.join(ROOT, "build/release/bin"))
LOGSCRUB, DSAR = os.path.join(BIN, "logscrub"), os.path.join(BIN, "dsar")
SIZE = os.environ.get("BENCH_SIZE", "256M")
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
os.environ["LC_ALL"] = "C"                  # sed and grep count bytes, not characters
os.environ["SPARSAM_BENCH_STATE"] = os.path.join(BUILD, "state")


def count_lines(path):
    with open(path, "rb") as f:
        return sum(block.count(b"\n") for block in iter(lambda: f.read(1 << 20), b""))


class Usage:
    """What one process takes: seconds, CPU seconds, and the largest memory seen."""

    def __init__(self):
        self.seconds = self.cpu = 0.0
        self.rss = self.anon = 0

    def sample(self, pid):
        try:
            with open("/proc/%d/status" % pid) as f:
                status = dict(re.findall(r"^(VmHWM|RssAnon):\s+(\d+) kB", f.read(), re.M))
        except OSError:
            return
        self.rss = max(self.rss, int(status.get("VmHWM", 0)) / 1024)
        self.anon = max(self.anon, int(status.get("RssAnon", 0)) / 1024)


def run_filter(argv, source, target):
    """One run of a filter over the file SOURCE, given as its input."""
    usage = Usage()
    with open(source, "rb") as stdin, open(target, "wb") as stdout, tempfile.TemporaryFile() as stderr:
        begin = time.monotonic()
        child = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr)
        ended = os.pidfd_open(child.pid)
        while not select.select([ended], [], [], 0.01)[0]:
            usage.sample(child.pid)
        usage.seconds = time.monotonic() - begin
        os.close(ended)
        _, status, rusage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            stderr.seek(0)
            raise SystemExit("%s: exit %d: %s" % (argv[0], child.returncode, stderr.read(2000).decode(errors="replace")))
    usage.cpu = rusage.ru_utime + rusage.ru_stime
    return usage


def logscrub(*options):
    """The command for a filter with the bench's configuration."""
    return [LOGSCRUB, "-c", os.path.join(HERE, "conf", "sparsam.conf"), *options]


def is_built(program=LOGSCRUB):
    os.makedirs(os.environ["SPARSAM_BENCH_STATE"], exist_ok=True)
    return os.access(program, os.X_OK)
