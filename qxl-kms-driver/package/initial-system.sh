#!/bin/sh
# Run by DKMS when the module has been installed for kernel $1: an initial system that is there already has another driver in
# it, or none, and would go on with that. A new kernel's is made later, with the module.
set -e

[ -e "/boot/initrd.img-$1" ] || exit 0
command -v update-initramfs >/dev/null || exit 0
# DKMS itself does so only after this.
depmod "$1"
update-initramfs -u -k "$1"
