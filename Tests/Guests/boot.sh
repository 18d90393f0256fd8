#!/bin/bash
# The first process of every guest. The root it starts on is the host's, read-only. It lays a file system in memory
# over it, so that a guest sees every file of the host and changes none, and then runs the scripts it is told to.
# From the kernel's command line: NAME, PACKAGES, MODULES, SHARED and, with a network, ADDRESS (see guest.py).
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
if [ -z "$OVERLAID" ]; then
  mount -t proc proc /proc
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/packages /mnt/root
  mount -t hostfs -o "$PACKAGES" none /mnt/packages
  # One program with many names; it looks for libraries in the packages, too.
  (exec -a insmod "$PACKAGES/bin/kmod" "$MODULES/kernel/fs/overlayfs/overlay.ko") || exit
  mount -t overlay -o lowerdir=/mnt/packages:/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  mkdir /mnt/root/.host
  cd /mnt/root && pivot_root . .host
  OVERLAID=1 exec chroot . /bin/bash "$0"
fi
mount -t proc proc /proc
umount -l /.host
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for directory in /run /dev/shm /mnt; do mount -t tmpfs -o mode=1777 tmpfs $directory; done
mkdir -p "$SHARED" /lib/modules
mount -t hostfs -o "$SHARED" none "$SHARED"
ln -sfn "$MODULES" "/lib/modules/$(uname -r)"
hostname "$NAME"
ip link set lo up
if [ -n "$ADDRESS" ]; then
  ip addr add "$ADDRESS/24" dev vec0
  ip link set vec0 up
fi

# What a script calls to tell the host how far it is.
printf '#!/bin/sh\necho "told $*" >/dev/ttyS0\n' >/usr/bin/tell
chmod 755 /usr/bin/tell

stty -F /dev/ttyS0 raw -echo
exec 3<>/dev/ttyS0
echo ready >&3
while read -r job <&3; do
  (
    exec 3<&-
    bash "$SHARED/$job.sh" >"$SHARED/$job.out" 2>&1 </dev/null
    status=$?
    sync "$SHARED/$job.out"
    echo "done $job $status" >/dev/ttyS0
  ) &
done
# The host is gone.
echo o >/proc/sysrq-trigger
sleep 60
