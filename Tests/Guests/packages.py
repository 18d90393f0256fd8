"""Debian's packages, unpacked into a directory of their own: nothing is installed, and no service is started."""
import fcntl
import os
import shutil
import subprocess

UNPACKED = os.path.join(os.path.dirname(__file__), "..", "..", ".build", "guests", "packages")

# The kernel and its modules, the NFS programs, and the libraries that a small Debian 12 lacks for them.
NEEDED = """user-mode-linux kmod nfs-kernel-server nfs-common rpcbind keyutils libnfsidmap1 libwrap0 libtirpc3
            libtirpc-common libevent-core-2.1-7 libdevmapper1.02.1 libsqlite3-0""".split()


class CannotStart(Exception):
    """This machine cannot run guests: what was to be tested with them is skipped, not passed."""


def unpacked():
    """The directory with the packages; they are fetched when they are needed for the first time."""
    tree = os.path.realpath(UNPACKED)
    os.makedirs(tree, exist_ok=True)
    with open(tree + ".lock", "w") as lock:  # two benches of one checkout may start at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(tree + "/complete"):
            _fetch(tree)
    return tree


def _fetch(tree):
    shutil.rmtree(tree)
    for directory in "bin", "sbin", "lib", "lib64":  # as on the host that this tree is laid over
        os.makedirs(f"{tree}/usr/{directory}")
        os.symlink(f"usr/{directory}", f"{tree}/{directory}")
    archives = tree + ".archives"
    shutil.rmtree(archives, ignore_errors=True)
    os.makedirs(archives)
    _download(archives)
    for archive in os.scandir(archives):
        if archive.name.endswith(".deb"):
            _unpack(archive.path, tree)
    shutil.rmtree(archives)
    open(tree + "/complete", "w").close()


def _download(archives):
    """With the host's package lists or, where there are none or they are too old, with new ones of our own."""
    lists = f"{archives}/lists"
    own = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={archives}/cache"]
    fetch = ["download", "-qq", "-o", "APT::Sandbox::User=root", *NEEDED]
    if _apt(fetch, archives).returncode == 0:
        return
    os.makedirs(f"{lists}/partial")
    os.makedirs(f"{archives}/cache/archives/partial")
    _apt(["update", "-qq", *own], archives)
    result = _apt(fetch + own, archives)
    if result.returncode != 0:
        raise CannotStart("Debian's packages cannot be fetched: " + result.stdout.strip().splitlines()[-1])


def _apt(arguments, directory):
    try:
        return subprocess.run(["apt-get", *arguments], cwd=directory, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise CannotStart(f"apt-get: {error.strerror}") from error


def _unpack(archive, tree):
    try:
        contents = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
    except OSError as error:
        raise CannotStart(f"dpkg-deb: {error.strerror}") from error
    with contents:
        unpack = subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", tree], stdin=contents.stdout)
    if contents.returncode or unpack.returncode:
        raise CannotStart(f"{archive}: cannot be unpacked")
