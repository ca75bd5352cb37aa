# SPDX-License-Identifier: GPL-3.0-or-later
"""retention_steps.py - a run of retention that ends at each step that it takes, then a run in peace

A run without a fault tells which steps there are (killat.c). Then, on a fresh copy of the same node,
for each: killed there; in the middle of it, where it is a write to a file; and with ENOSPC and EIO in
its place (strace's injection). Then a second run, and a comparison record for record: what is past
its period is gone, what is within it or held is there once, nothing else lies in the log's folder,
and the ledger is whole.

The environment has $SPARSAM_BIN, $killat, $scratch, $CREDENTIALS_DIRECTORY. STRIDE=N tries each Nth
fault (all: 1), beginning with the SEEDth. JOBS runs at once (4).
"""
import bz2, concurrent.futures, datetime, gzip, lzma, os, re, shutil, subprocess, sys

scratch, killat = os.environ["scratch"], os.environ["killat"]
retention = os.environ["SPARSAM_BIN"] + "/retention"
stride, seed = int(os.environ.get("STRIDE", 1)), int(os.environ.get("SEED", 0))

CONF = """state_dir = "{d}/state"
metrics_dir = "{d}"
log_dir = "{d}/none"
key_dir = "{d}/keys"
credential = "{d}/none"
clock = "local"
"""
STORE = r"""format "app" {{ type = "pattern" pattern = '(?<time>\d{{4}}-\S+) (?<text>.*)' time = "time" }}
store "app" {{
  type = "textlog" paths = {{ "{d}/log/app.log*" }} format = "app" period = "7d"
  category = "log-and-system-data" purpose = "test" basis = "Art. 6(1)(f) GDPR"
}}
"""
now = datetime.datetime.now(datetime.timezone.utc)


CALLS = "write,pwrite64,fsync,fdatasync,ftruncate,fsetxattr,renameat,renameat2,rename,unlinkat,unlink,mkdirat,fallocate"


class Wrong(Exception):
    pass


def entries(name, ages):  # of two lines each; every fifth is one that the hold covers
    for i, age in enumerate(ages):
        t = (now - datetime.timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        who = "203.0.113.7" if i % 5 == 0 else "198.51.100.%d" % (i % 200)
        yield age, who, f"{t} {name} {i} from {who}\n  at line two of {i}\n"


# Each file has what is past its period, what the hold keeps of that, and what is young.
AGES = {
    "app.log.1": [8] * 40 + [3] * 40,
    "app.log.2.gz": [9] * 30 + [8] * 10 + [2] * 20,
    "app.log.3.xz": [9] * 30 + [2] * 4,
    "app.log.4": [20] * 3,  # after the first entry nothing of it is held
    "app.log": [8] * 30 + [1] * 300,
}
OPEN = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def opened(path, mode):
    return OPEN.get(os.path.splitext(path)[1], open)(path, mode)


def wanted(name):
    return "".join(text for age, who, text in entries(name, AGES[name]) if age < 7 or who == "203.0.113.7")


def make(d):
    for folder in ("log", "stores.d"):
        os.makedirs(f"{d}/{folder}", mode=0o700)
    configure(d)
    for name, ages in AGES.items():
        with opened(f"{d}/log/{name}", "wb") as f:
            f.write("".join(text for _, _, text in entries(name, ages)).encode())
    command(d, "init")
    command(d, "hold", "add", "--incident", "T-1", "--reason", "attack", "--owner", "ops", "--expires", "+30d", "--store", "app",
            "--from", "-", input=b"203.0.113.7\n")


def configure(d):
    open(d + "/sparsam.conf", "w").write(CONF.format(d=d))
    open(d + "/stores.d/app.conf", "w").write(STORE.format(d=d))


def command(d, *args, prefix=(), statuses=(0,), input=b""):
    p = subprocess.run([*prefix, retention, *args, "-c", d + "/sparsam.conf"], input=input, capture_output=True, timeout=120)
    if p.returncode not in statuses:
        raise Wrong(f"{args[0]} ends with {p.returncode}: {p.stderr[-500:].decode(errors='replace')}")
    return p


def compare(d):
    for name in AGES:
        path, text = f"{d}/log/{name}", wanted(name)
        got = opened(path, "rb").read().decode() if os.path.exists(path) else ""
        if name == "app.log":  # what goes from its middle is blanked
            got = re.sub(r"(?m)^ *\n", "", got)
        if got != text:
            raise Wrong(f"{name}: {got.count(chr(10))} lines, not {text.count(chr(10))}")
    odd = set(os.listdir(d + "/log")) - set(AGES)
    if odd:
        raise Wrong(f"left behind: {odd}")
    command(d, "export-ledger", d + "/bundle.tar")
    said = command(d, "verify", d + "/bundle.tar")
    if b"good" not in said.stdout:
        raise Wrong("the ledger is not good")


def one(n, *prefix):
    d = f"{scratch}/{n}"
    shutil.copytree(f"{scratch}/node", d, copy_function=shutil.copy2)
    configure(d)
    # a program has it open: its head is cut where it lies
    with open(d + "/log/app.log", "ab"):
        try:
            said = command(d, "run", prefix=prefix, statuses=range(-64, 256)).stderr.decode(errors="replace")
            command(d, "run")
            compare(d)
        except (Wrong, OSError, subprocess.SubprocessError) as e:
            return f"{' '.join(prefix)}: {e}", ""
        finally:
            subprocess.run(["gpgconf", "--homedir", d + "/state/node", "--kill", "all"], capture_output=True)
    shutil.rmtree(d)
    return None, said


def faults(said):
    for step, is_file in re.findall(r"^(\d+) [a-z0-9]+( file)?$", said, re.M):
        yield [killat, step]
        if is_file:
            yield [killat, "-t", step]


def injections(said):  # strace counts each call for itself
    counted = re.findall(r"^(\w+)\(", said, re.M)
    for call in sorted(set(counted)):
        for k in range(1, counted.count(call) + 1):
            for error in ("ENOSPC", "EIO"):
                yield ["strace", "-q", "-o", "/dev/null", "-e", "trace=" + call, "-e", f"inject={call}:error={error}:when={k}"]


def probe(n, *prefix):
    problem, said = one(n, *prefix)
    if problem:
        sys.exit(problem)
    return said


def main():
    make(f"{scratch}/node")
    todo = list(faults(probe("a", killat, "0")))
    probe("b", "strace", "-q", "-o", f"{scratch}/calls", "-e", "trace=" + CALLS)
    todo += injections(open(f"{scratch}/calls").read())
    tried = todo[seed % stride::stride]
    print(f"{len(todo)} faults, {len(tried)} of them tried", flush=True)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 4))) as pool:
        problems = [p for p, _ in pool.map(lambda x: one(x[0], *x[1]), enumerate(tried)) if p]
    for p in problems[:5]:
        print(p, file=sys.stderr)
    if problems or not tried:
        sys.exit(f"{len(problems)} of {len(tried)} runs went wrong")


main()
