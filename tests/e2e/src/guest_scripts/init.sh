#!/bin/sh
# The guest's first program: file systems and the kernel's modules. ttyS0 carries the kernel's console and the markers that
# the host waits for. What comes next is serve.sh, from a disk with desktops where there is one.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp TERM=linux
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
stty -F /dev/ttyS0 -echo

for module in /modules/*; do
    insmod "$module" || echo "MODULE-FAILED $module" >/dev/ttyS0
done

# After hibernation the memory comes back from the first disk, and what follows here does not run.
if grep -q resume-from-disk /proc/cmdline; then
    cat /sys/block/vda/dev >/sys/power/resume
fi

[ -e /desktop.sh ] && exec sh /desktop.sh
exec sh /serve.sh
