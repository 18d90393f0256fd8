"""A mail site: an NFS server and two clients, a and b, which mount its export by each version of the protocol."""
import os
import shutil

from Guests.guest import Bed, GuestError
from NFS.hub import Hub

VERSIONS = "v3", "v4.0", "v4.2"
# Seconds; the kernel takes no less for NFSv4.
GRACE = 10
# What the server's own programs use.
EXPORT = "/export"

SERVER = """
mkdir -p /export && mount -t ext4 /dev/ubda /export
mkdir -p /export/.state && mount --bind /export/.state /var/lib/nfs
mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab /var/lib/nfs/state
modprobe lockd nlm_grace_period={grace}
modprobe nfsd
mount -t nfsd nfsd /proc/fs/nfsd
rpcbind
echo '/export *(rw,sync,fsid=0,no_root_squash,no_subtree_check)' >/etc/exports
exportfs -a
echo 10 >/proc/fs/nfsd/nfsv4leasetime
echo 10 >/proc/fs/nfsd/nfsv4gracetime
rpc.statd
rpc.nfsd 8
rpc.mountd
"""
# Nobody has locks from before the first start.
FIRST_START = "echo Y >/proc/fs/nfsd/v4_end_grace\n"

CLIENT = """
mkdir -p $SHARED/statd/sm $SHARED/statd/sm.bak  # on the host: it must outlive a crash
mount --bind $SHARED/statd /var/lib/nfs
rpcbind
rpc.statd
modprobe -a nfsv3 nfsv4
mkdir -p /mnt/v3 /mnt/v4.0 /mnt/v4.2
o=hard,timeo=50,retrans=2
mount -t nfs -o vers=3,$o server:/export /mnt/v3 &&
mount -t nfs -o vers=4.0,$o server:/ /mnt/v4.0 &&
mount -t nfs -o vers=4.2,$o server:/ /mnt/v4.2
"""

# What the packages' scripts do when they are installed.
USERS = """
mkdir -p /run/rpcbind /run/lock /var/lib/nfs
for user in _rpc:598:/run/rpcbind statd:599:/var/lib/nfs; do
  IFS=: read -r name id home <<<"$user"
  grep -q "^$name:" /etc/passwd || echo "$name:x:$id:65534::$home:/usr/sbin/nologin" >>/etc/passwd
done
"""


class Site:
    """The three machines, with the programs of `programs` on the path; a context manager."""

    def __init__(self, programs):
        self._bed, self.hub, self._programs = Bed(), Hub(), os.path.realpath(programs)
        self.guests = {}

    def __enter__(self):
        self._bed.__enter__()
        self.hub.__enter__()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._bed.__exit__()
        self.hub.__exit__()

    def _start(self):
        # A copy that nobody builds anew meanwhile.
        self._bin = f"{self._bed.directory}/bin"
        os.mkdir(self._bin)
        for program in "dotlock", "mboxappend", "maildir2mbox", "lockctl":
            shutil.copy(f"{self._programs}/{program}", self._bin)
        self._disk = self._bed.disk("export", megabytes=256)
        names = "server", "a", "b"
        for name in names:
            self._power_on(name)
        for name in names:
            self._prepare(name)
        self.server.run(SERVER.format(grace=1) + FIRST_START)
        self._mount("a", "b")

    def _power_on(self, name):
        cable = self.hub.plug(name)
        with cable.socket:
            disks = [self._disk] if name == "server" else []
            self.guests[name] = self._bed.power_on(name, disks=disks, cable=cable, memory=192)

    def _prepare(self, name):
        self._bed.wait_for_boot(self.guests[name])
        hosts = "127.0.0.1 localhost\\n" + "".join(
            f"{address} {host}\\n" for host, address in self.hub.addresses().items())
        self.guests[name].run(f"printf '{hosts}' >/etc/hosts\n{USERS}\nln -sf {self._bin}/* /usr/bin")

    def _mount(self, *names):
        for job in [self.guests[name].start(CLIENT) for name in names]:
            if job.wait().status != 0:
                raise GuestError(f"cannot mount: {job.output}")

    @property
    def server(self):
        return self.guests["server"]

    @property
    def a(self):
        return self.guests["a"]

    @property
    def b(self):
        return self.guests["b"]

    def start_server_again(self):
        """After a crash; with the time of grace in which clients reclaim their locks."""
        self._power_on("server")
        self._prepare("server")
        self.server.run(SERVER.format(grace=GRACE))

    def start_client_again(self, name):
        self._power_on(name)
        self._prepare(name)
        self._mount(name)
