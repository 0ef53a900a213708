#!/bin/sh
# Between init.sh and serve.sh where there is a disk with desktops: the disk stays as it is, what is written goes into
# memory. /guest keeps what came with the initramfs; where the disk has a program of its own, that one is used.
mkdir /lower /upper /system
mount -t ext4 -o ro /dev/vda /lower
mount -t tmpfs -o size=60% upper /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /system

mkdir -p /system/guest/bin
cp -a /serve.sh /desktops /system/guest/
cp -a /bin/busybox /bin/guest-program /system/guest/bin/
cp -a /xorg.conf.d/* /system/usr/share/X11/xorg.conf.d/
for place in proc sys dev; do mount --move "/$place" "/system/$place"; done
mount -t tmpfs run /system/run
mount -t tmpfs tmp /system/tmp
mkdir -p /system/dev/pts /system/dev/shm
mount -t devpts pts /system/dev/pts
mount -t tmpfs shm /system/dev/shm

exec switch_root /system /guest/bin/busybox sh -c '
    /guest/bin/busybox --install -s /guest/bin
    export PATH=/usr/local/bin:/usr/bin:/usr/sbin:/guest/desktops:/guest/bin HOME=/root TERM=linux
    export XDG_RUNTIME_DIR=/run/desktop
    mkdir -m 700 $XDG_RUNTIME_DIR
    # Desktops take devices only when udev knows them.
    /usr/lib/systemd/systemd-udevd --daemon
    udevadm trigger --type=subsystems --action=add
    udevadm trigger --type=devices --action=add
    udevadm settle
    exec sh /guest/serve.sh'
