#!/bin/sh
# The guest's process tree: a virtio port carries commands from the host and their answers, tty1 is the screen with a shell
# for what a client types.
guest-program events >/dev/ttyS0 2>&1 &

screen() {
    clear
    echo
    echo "  $(uname -sr), $(grep DRIVER= /sys/class/drm/card0/device/uevent || echo no display driver)"
    echo "  $(cat /sys/class/graphics/fb0/name) $(cat /sys/class/graphics/fb0/virtual_size)"
    echo
    PS1='guest # ' exec setsid -c sh
}
( while :; do (screen) </dev/tty1 >/dev/tty1 2>&1; done ) &

until name=$(grep -lx control /sys/class/virtio-ports/*/name); do usleep 10000; done
port=/dev/$(basename "$(dirname "$name")")

# One line is one command; its output is followed by a line with the end mark and the exit status.
exec 3<>"$port"
echo "GUEST-READY" >/dev/ttyS0
while read -r line <&3; do
    sh -c "$line" </dev/null >/tmp/answer 2>&1
    status=$?
    cat /tmp/answer >&3
    printf '\036%d\n' "$status" >&3
done
echo "GUEST-CONTROL-LOST" >/dev/ttyS0
exec sleep 1000000
