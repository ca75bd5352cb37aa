# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal that tests/bench/journal and tests/bench/dsar read: made once by systemd-journal-remote, and kept."""
import glob
import os
import subprocess
import sys

from measure import BUILD, HERE

WRITER = "/lib/systemd/systemd-journal-remote"


def make(entries):
    """Its files, in the order of their names."""
    home = os.path.join(BUILD, "journal-%d" % entries)
    if not os.path.exists(os.path.join(home, "done")):
        print("generating %s" % home, file=sys.stderr)
        os.makedirs(home, exist_ok=True)
        for path in glob.glob(os.path.join(home, "*.journal")):
            os.unlink(path)
        gen = subprocess.Popen([sys.executable, os.path.join(HERE, "gen_journal.py"), str(entries)], stdout=subprocess.PIPE)
        subprocess.run([WRITER, "-o", os.path.join(home, "a.journal"), "-"], stdin=gen.stdout,
                       stderr=subprocess.DEVNULL, check=True)
        if gen.wait() != 0:
            raise SystemExit("gen_journal.py has failed")
        open(os.path.join(home, "done"), "w").close()
    return sorted(glob.glob(os.path.join(home, "*.journal")))
