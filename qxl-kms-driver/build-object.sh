#!/bin/sh
# Compiles the driver's Rust core into one relocatable object for the kernel, from source and without the network: with
# rustc, the standard library's sources and an archiver, nothing else. `cargo xtask build kms` runs it to make the object
# that ships; whoever wants to make their own runs the same.
#
# usage: build-object.sh [SOURCES OUTPUT [x86|arm64]]
#   SOURCES  a folder with qxl, guest-display, qxl-kms-driver and vendor/; without it the one beside this script, for this
#            machine's processor, and the object takes the place of the one that is there: so DKMS calls it as PRE_BUILD
#   STACK_SIZES  where to put the object with its section .stack_sizes, which the kernel's tools do not like (default: nowhere)
#   RUSTC    the compiler, 1.95 or later (default: rustc), which must have its sources (Debian 12 and 13: rustc-web,
#            rust-web-src)
set -eu
case $(uname -m) in aarch64) machine=arm64 ;; *) machine=x86 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
sources=${1:-$here/source} arch=${3:-$machine}
output=${2:-$here/qxl_core_$arch.rust_obj}
rustc=${RUSTC:-rustc}
library=${RUST_LIB_SRC:-$($rustc --print sysroot)/lib/rustlib/src/rust/library}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the version says after "rustc 1.".
minor=$($rustc --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
[ "${minor:-0}" -ge 95 ] || {
    echo "$($rustc --version) is too old, 1.95 is needed; Debian 12 and 13 have it in rustc-web and rust-web-src" >&2
    exit 1
}
[ -d "$library/core" ] || { echo "the sources of rust's library are missing: $library" >&2; exit 1; }
# The kernel wants flags that stable compilers only take like this; the kernel's own Rust code is compiled so too.
export RUSTC_BOOTSTRAP=1

# Everything, core and alloc too, is compiled as the kernel's C is: no red zone, because interrupts use the same stack;
# no GOT and no unwind tables, which the module loader does not know; frame pointers.
flags="-Cpanic=abort -Copt-level=2 -Ccodegen-units=1 -Cembed-bitcode=y -Cdebuginfo=0 -Crelocation-model=static
    -Cforce-frame-pointers=y -Cforce-unwind-tables=n -Csymbol-mangling-version=v0 -Crelro-level=off
    -Zfunction-sections=n -Zdirect-access-external-data=yes --remap-path-prefix=$sources= --remap-path-prefix=$library=
    --remap-path-prefix=$work="
case $arch in
x86)
    # Against speculation and for IBT: return thunks, retpolines, endbr64, no jump tables, and padding for call depth
    # tracking. Kernels that do without do not mind.
    triple=x86_64-unknown-none
    flags="$flags -Ccode-model=kernel -Cno-redzone=y -Zplt=yes -Cjump-tables=n
        -Zfunction-return=thunk-extern -Zretpoline-external-thunk -Zindirect-branch-cs-prefix
        -Zcf-protection=branch -Zpatchable-function-entry=16,16" ;;
arm64)
    triple=aarch64-unknown-none-softfloat
    flags="$flags -Zbranch-protection=bti" ;;
*)
    echo "there is no $arch" >&2; exit 1 ;;
esac

built="$work/sysroot/lib/rustlib/$triple/lib"
mkdir -p "$built"
flags="$flags --target $triple --sysroot $work/sysroot"

edition() { sed -n 's/^edition = "\(.*\)"/\1/p' "$1/Cargo.toml"; }

# A library for the target: name, edition, source, further arguments.
target() {
    name=$1 edition=$2 source=$3; shift 3
    $rustc $flags --cap-lints allow --crate-type rlib --crate-name "$name" --edition "$edition" "$source" "$@"
}

# A library for this machine, for procedural macros.
tool() {
    name=$1 edition=$2; shift 2
    $rustc --cap-lints allow --crate-name "$name" --edition "$edition" --out-dir "$work" -L "dependency=$work" \
        "$sources/vendor/$(echo "$name" | tr _ -)/src/lib.rs" "$@"
}

standard="--out-dir $built -Zforce-unstable-if-unmarked"
target core "$(edition "$library/core")" "$library/core/src/lib.rs" $standard
# The real one has memcpy and the like, which the kernel has itself.
printf '#![feature(compiler_builtins)]\n#![allow(internal_features)]\n#![compiler_builtins]\n#![no_builtins]\n#![no_std]\n' \
    > "$work/compiler_builtins.rs"
target compiler_builtins 2021 "$work/compiler_builtins.rs" $standard
target alloc "$(edition "$library/alloc")" "$library/alloc/src/lib.rs" $standard

tool unicode_ident 2021 --crate-type rlib
tool proc_macro2 2021 --crate-type rlib --cfg 'feature="proc-macro"' --cfg wrap_proc_macro \
    --cfg proc_macro_span_file --cfg proc_macro_span_location --extern "unicode_ident=$work/libunicode_ident.rlib"
tool quote 2021 --crate-type rlib --cfg 'feature="proc-macro"' --extern "proc_macro2=$work/libproc_macro2.rlib"
syn='clone-impls derive extra-traits full parsing printing proc-macro visit'
tool syn 2021 --crate-type rlib $(printf -- '--cfg feature="%s" ' $syn) --extern "unicode_ident=$work/libunicode_ident.rlib" \
    --extern "proc_macro2=$work/libproc_macro2.rlib" --extern "quote=$work/libquote.rlib"
tool zerocopy_derive 2021 --crate-type proc-macro --extern proc_macro --extern "proc_macro2=$work/libproc_macro2.rlib" \
    --extern "quote=$work/libquote.rlib" --extern "syn=$work/libsyn.rlib"

target zerocopy 2021 "$sources/vendor/zerocopy/src/lib.rs" --out-dir "$work" --cfg 'feature="derive"' \
    --extern "zerocopy_derive=$work/libzerocopy_derive.so"
ours="--out-dir $work -L dependency=$work --extern zerocopy=$work/libzerocopy.rlib"
target qxl 2024 "$sources/qxl/src/lib.rs" $ours
target guest_display 2024 "$sources/guest-display/src/lib.rs" $ours --extern "qxl=$work/libqxl.rlib"

# One object after link-time optimisation, which holds only what is used; sizes of stack frames are for the check.
$rustc $flags --crate-type staticlib --crate-name qxl_core --edition 2024 -Clto=fat -Coverflow-checks=y -Zemit-stack-sizes \
    -o "$work/libqxl_core.a" -L "dependency=$work" \
    --extern "qxl=$work/libqxl.rlib" --extern "guest_display=$work/libguest_display.rlib" \
    "$sources/qxl-kms-driver/src/lib.rs"
member=$(ar t "$work/libqxl_core.a" | grep 'qxl_core\..*\.o$' | head -n 1)
ar p "$work/libqxl_core.a" "$member" > "$work/qxl_core.o"
case $machine-$arch in x86-arm64) objcopy=${OBJCOPY:-aarch64-linux-gnu-objcopy} ;; *) objcopy=${OBJCOPY:-objcopy} ;; esac
[ -z "${STACK_SIZES:-}" ] || cp "$work/qxl_core.o" "$STACK_SIZES"
$objcopy -R .eh_frame -R .rela.eh_frame -R .comment -R .stack_sizes -R .rela.stack_sizes "$work/qxl_core.o"
mkdir -p "$(dirname "$output")"
cp "$work/qxl_core.o" "$output.unfinished"
mv "$output.unfinished" "$output"
