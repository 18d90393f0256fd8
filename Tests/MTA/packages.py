"""Debian's packages, unpacked beside each other: their servers conflict, and nothing is installed."""

import shutil
import subprocess
from pathlib import Path

# What is not told apart by conflicts shares a tree. A tree holds what the machine lacks, dependencies included.
SETS = {
    "postfix": ["postfix"],
    "exim": ["exim4-base", "exim4-config", "exim4-daemon-light"],
    "opensmtpd": ["opensmtpd"],
    "common": [
        "dovecot-core", "dovecot-imapd", "fetchmail", "getmail6", "procmail", "maildrop", "mutt", "mailutils", "cron",
        "base-passwd",
    ],
}


def unpacked(name: str, store: Path) -> Path:
    """The tree of one set. It is kept until `make clean`, or until the set changes."""
    tree, stamp = store / name, store / f"{name}.packages"
    wanted = " ".join(SETS[name])
    if stamp.exists() and stamp.read_text() == wanted:
        return tree
    stamp.unlink(missing_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    downloads = store / f"{name}.downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    tree.mkdir()
    try:
        missing = _missing(SETS[name])
    except subprocess.CalledProcessError:
        _run(["apt-get", "-qq", "update"])
        missing = _missing(SETS[name])
    _run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *missing], cwd=downloads)
    for package in sorted(downloads.iterdir()):
        _run(["dpkg", "-x", str(package), str(tree)])
    _merge_usr(tree)
    shutil.rmtree(downloads)
    stamp.write_text(wanted)
    return tree


def _missing(packages: list[str]) -> list[str]:
    """The packages themselves, whether they are installed or not: an installed one may be configured; and what else
    apt would install with them."""
    plan = _run(["apt-get", "install", "--simulate", "--no-install-recommends", *packages])
    also = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    return sorted(set(packages) | set(also))


def _merge_usr(tree: Path) -> None:
    """A directory /lib in an overlay would hide the machine's symbolic link /lib, and every library with it."""
    for name in ["bin", "sbin", "lib", "lib64"]:
        if (tree / name).is_dir():
            (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
            _run(["cp", "-a", f"{tree / name}/.", str(tree / "usr" / name)])
            shutil.rmtree(tree / name)


def _run(command: list[str], **options) -> str:
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options).stdout
