# SPDX-License-Identifier: GPL-3.0-or-later
"""hostile_owner.py HOME CANARY SEED - the owner of HOME swaps what lies in it, until he is ended

Names become links, hard links, folders and pipes and back; folders change places with links to CANARY while
somebody is in them, and are moved upwards; old records come back, so that there is always something to
delete. He may do anything within HOME, and knows what `retention` does. A line on standard output for
each 100 acts. His links belong to nobody, where he is root: then he may make hard links, too.
"""
import contextlib, ctypes, os, random, struct, sys, time

home, canary, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
rnd = random.Random(seed)
libc = ctypes.CDLL(None, use_errno=True)
OPENAT2, NO_SYMLINKS, BENEATH, EXCHANGE = 437, 4, 8, 2
OLD = time.time() - 20 * 86400
LINES = b"".join(b"2026-01-02T03:04:%02dZ line %d\n" % (i, i) for i in range(40))
spare = f"spare{seed}"
home_fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
os.mkdir(spare, dir_fd=home_fd)
n = 0

logs = ["logs/a", "logs/b"]
units = [f"rec/u{i}" for i in range(3)]
inside = ("events.xml", "x", "x/y")
folders = ["logs", "rec", "fixed"]
above = folders if os.geteuid() == 0 else []  # links of our own above a pattern are the administrator's
targets = [f"{canary}/{t}" for t in ("app.log.1", "logs", "logs/a", "logs/a/app.log.1", "rec", "rec/u0", "rec/u0/x", ".", "secret")]
inodes = [os.stat(t).st_ino for t in targets]


@contextlib.contextmanager
def parent(path):
    """The folder of PATH below home, and its name there: he himself never leaves his home by his links."""
    folder, _, name = path.rpartition("/")
    how = struct.pack("QQQ", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, 0, NO_SYMLINKS | BENEATH)
    fd = libc.syscall(OPENAT2, home_fd, (folder or ".").encode(), how, len(how))
    if fd < 0:
        raise OSError(ctypes.get_errno(), folder)
    try:
        yield fd, name
    finally:
        os.close(fd)


def move(a, b, flags=0):
    with parent(a) as (afd, aname), parent(b) as (bfd, bname):
        libc.renameat2(afd, aname.encode(), bfd, bname.encode(), flags)


def fresh(path):
    """A name in the spare folder for what is made anew and then put at PATH."""
    return f"{spare}/new-{path.replace('/', '-')}"


def file_at(fd, name):
    f = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=fd)
    os.write(f, LINES)
    os.utime(f, (OLD, OLD))
    os.close(f)


def log(path):
    with parent(fresh(path)) as (fd, name):
        file_at(fd, name)
    move(fresh(path), path, rnd.choice((0, EXCHANGE)))
    with parent(fresh(path)) as (fd, name), contextlib.suppress(OSError):
        os.unlink(name, dir_fd=fd)


def unit(path):
    for d in ("", "/x", "/x/y"):
        with parent(fresh(path) + d) as (fd, name), contextlib.suppress(FileExistsError):
            os.mkdir(name, dir_fd=fd)
    for f in ("events.xml", "x/a.webm", "x/y/b.webm"):
        with parent(f"{fresh(path)}/{f}") as (fd, name), contextlib.suppress(FileExistsError):
            file_at(fd, name)
    for d in ("/x/y", "/x", ""):
        with parent(fresh(path) + d) as (fd, name):
            os.utime(name, (OLD, OLD), dir_fd=fd, follow_symlinks=False)
    move(fresh(path), path, rnd.choice((0, EXCHANGE)))


def something():
    """At a name of ours: what nobody expects."""
    path = f"{spare}/{rnd.randrange(12)}"
    target = rnd.choice(targets)
    with parent(path) as (fd, name), contextlib.suppress(FileExistsError):
        what = rnd.randrange(5)
        if what == 0:
            os.mkfifo(name, dir_fd=fd)
        elif what == 1 and os.path.isfile(target):
            os.link(target, name, dst_dir_fd=fd)  # not where the kernel protects what is not his
        elif what == 2:
            os.mkdir(name, dir_fd=fd)
        else:
            os.symlink(rnd.choice((target, os.path.relpath(target, home + "/logs/a"), "..", "../../..")), name, dir_fd=fd)
            if os.geteuid() == 0:
                os.chown(name, 65534, 65534, dir_fd=fd, follow_symlinks=False)
    return path


def name_in(folder):
    names = ["app.log", "app.log.1", "app.log.2", ".app.log.1.sparsam-new", ".app.log.1.sparsam-%x-0" % rnd.choice(inodes)]
    return f"{folder}/{rnd.choice(names)}"


def flip(path):
    """Something else for a moment."""
    other = something()
    move(other, path, EXCHANGE)
    time.sleep(rnd.random() * 0.002)
    move(other, path, EXCHANGE)


def restore():
    """What has to be a folder is one again."""
    for place in folders + logs + units:
        with parent(place) as (fd, name), contextlib.suppress(OSError):
            if name not in os.listdir(f"/proc/self/fd/{fd}"):
                os.mkdir(name, 0o700, dir_fd=fd)
            elif os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode & 0o170000 != 0o040000:
                os.unlink(name, dir_fd=fd)


def act():
    what = rnd.randrange(100)
    if what < 20:
        flip(rnd.choice(logs + units + above))
    elif what < 40:
        flip(f"{rnd.choice(units)}/{rnd.choice(inside)}")
    elif what < 55:
        flip(name_in(rnd.choice(logs + ["fixed"])))
    elif what < 58:
        move(something(), name_in(rnd.choice(logs + ["fixed"])))
    elif what < 60:  # a folder moves upwards while somebody is in it
        move(f"{rnd.choice(units)}/x/y", f"rec/moved{rnd.randrange(3)}")
    elif what < 75:
        log(name_in(rnd.choice(logs + ["fixed"])))
    elif what < 85:
        unit(rnd.choice(units))
    else:
        restore()


while True:
    try:
        act()
    except OSError:
        pass  # he has run into himself, or into us
    n += 1
    if n % 100 == 0:
        print(n, flush=True)
