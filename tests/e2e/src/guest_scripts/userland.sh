#!/guest/bin/busybox sh
# The first program of a system on a disk, without what an installed system has for that: places in memory, devices, then
# serve.sh. Where the disk has a program of the same name, that one is used.
export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/guest/desktops:/guest/bin HOME=/root TERM=linux
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
mountpoint -q /sys/kernel/debug || mount -t debugfs debug /sys/kernel/debug
export XDG_RUNTIME_DIR=/run/desktop
mkdir -m 700 $XDG_RUNTIME_DIR
# Desktops take devices only when udev knows them.
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --type=subsystems --action=add
udevadm trigger --type=devices --action=add
udevadm settle
exec sh /guest/serve.sh
