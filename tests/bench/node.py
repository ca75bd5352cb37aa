# SPDX-License-Identifier: GPL-3.0-or-later
"""A node whose `retention` is measured: tests/bench/retention, tests/bench/journal."""
import glob
import os
import select
import shutil
import subprocess
import tempfile
import time

from measure import ROOT, Usage

RETENTION = os.path.join(os.environ.get("SPARSAM_BIN", os.path.join(ROOT, "build/release/bin")), "retention")
STORE = """store "%s" {
  type = "%s" paths = { "%s" } period = "7d" %s
  category = "log-and-system-data" purpose = "bench" basis = "Art. 6(1)(f) GDPR"
}
"""


class Node:
    """A configuration of its own, with a ledger, and none of this machine's stores."""

    def __init__(self, work):
        self.work = work
        self.logs = os.path.join(work, "log")
        self.conf = os.path.join(work, "sparsam.conf")
        creds = os.path.join(work, "creds")
        os.makedirs(self.logs)
        os.makedirs(creds)
        with open(os.path.join(creds, "sparsam-keys"), "wb") as f:
            f.write(os.urandom(32))
        with open(self.conf, "w") as f:
            f.write('state_dir = "%s/state"\nmetrics_dir = "%s"\nlog_dir = "%s/none"\ncredential = "%s/sealed"\n'
                    'clock = "local"\nretention { max_share = 100 }\n' % (work, work, work, work))
        self.env = dict(os.environ, CREDENTIALS_DIRECTORY=creds, LC_ALL="C.UTF-8")
        self.stores("")
        self.run(["init"])

    def stores(self, text):
        folder = os.path.join(self.work, "stores.d")
        os.makedirs(folder, exist_ok=True)
        for shipped in glob.glob(os.path.join(ROOT, "conf/stores.d/*.conf")):
            with open(shipped) as f:
                if "\nstore " in f.read():
                    open(os.path.join(folder, os.path.basename(shipped)), "w").close()
        with open(os.path.join(folder, "bench.conf"), "w") as f:
            f.write(text)

    def end(self):
        """Its folder goes, and first gpg's agent, which would answer for the next node of that path with keys that are gone."""
        subprocess.run(["gpgconf", "--homedir", os.path.join(self.work, "state/node"), "--kill", "all"], capture_output=True)
        shutil.rmtree(self.work)

    def run(self, argv):
        return timed([RETENTION, *argv, "-c", self.conf], self.env)


def timed(argv, env=None, shell=False):
    """One run of ARGV to its end."""
    usage = Usage()
    with tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        child = subprocess.Popen(argv, env=env, shell=shell, stdout=subprocess.DEVNULL, stderr=err)
        ended = os.pidfd_open(child.pid)
        while not select.select([ended], [], [], 0.005)[0]:
            usage.sample(child.pid)
        usage.seconds = time.monotonic() - begin
        os.close(ended)
        _, status, r = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            err.seek(0)
            raise SystemExit("%s: exit %d: %s" % (argv, child.returncode, err.read(2000).decode(errors="replace")))
    usage.cpu = r.ru_utime + r.ru_stime
    return usage
