#!/bin/sh
# Between init.sh and userland.sh where there is a disk with desktops. /guest takes what came with the initramfs.
mkdir /system
mount -t ext4 /dev/vda /system
mkdir -p /system/guest/bin
cp -a /serve.sh /userland.sh /desktops /system/guest/
cp -a /bin/busybox /bin/guest-program /system/guest/bin/
/system/guest/bin/busybox chroot /system /guest/bin/busybox --install -s /guest/bin
cp -a /xorg.conf.d/* /system/usr/share/X11/xorg.conf.d/
for place in proc sys dev; do mount --move "/$place" "/system/$place"; done
exec switch_root /system /guest/userland.sh
