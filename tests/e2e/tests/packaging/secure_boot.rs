//! Secure Boot, as a user meets it: Microsoft's keys in the firmware, Debian's signed shim, GRUB and kernel. The kernel refuses
//! what DKMS has signed until its key is enrolled, by mokutil and the blue screen that it leads to.

use anyhow::{Context, Result, ensure};
use e2e::{
    Chroot, Deadline, Firmware, GuestImage, INSTALLED, ServerLibrary, StockClient, Suite, Vm, VmBuilder,
    type_blindly,
};

use crate::machine::InitialBy;
use crate::package::{FILE, Package};
use crate::{boot, found, machine};

/// MiB.
const MEMORY: u32 = 1536;

/// The password that ties the wish to enrol to the one who confirms it. Short: see [`type_blindly`].
const PASSWORD: &str = "enrol";

const UNSIGNED: &str = "/root/unsigned.ko";
const REFUSED: &str = "Key was rejected by service";

/// Keys of a US keyboard, by their scan codes; the arrow is an extended one.
const ENTER: u32 = 28;
const DOWN: u32 = 0x100 + 80;

pub(crate) fn key_is_enrolled() -> Result<()> {
    let chroot = machine::copy(Suite::Trixie, InitialBy::InitramfsTools)?;
    Package::put_into(&chroot)?;
    chroot.run(&machine::install("headers"))?;
    chroot.run(&format!("apt-get install --yes --quiet {FILE}"))?;
    let kernel = found::kernels(&chroot)?.remove(0);
    found::ours(&chroot, &kernel)?;
    unsigned_copy(&chroot, &kernel)?;

    let image = GuestImage::installed(&chroot, &kernel)?;
    let builder = VmBuilder::new(ServerLibrary::of_the_environment()?).memory(MEMORY);
    let mut vm = builder.firmware(Firmware::with_secure_boot()?).kernel_argument(INSTALLED).start(&image)?;
    vm.guest.booted(Deadline::seconds(400)).context("the first start")?;
    println!("      started with Secure Boot");
    refused(&mut vm)?;
    println!("      refused");
    let mut client = vm.connect()?;
    client.ready(Deadline::seconds(30))?;
    wish_to_enrol(&mut vm)?;
    vm.qmp.system_reset()?;
    confirm(&mut vm, &mut client)?;
    println!("      enrolled");
    vm.guest.booted(Deadline::seconds(400)).context("the start after enrolment")?;
    taken(&mut vm)?;
    boot::shows_a_desktop(&mut vm, &mut client)?;
    drop(client);
    vm.quit(Deadline::seconds(60))
}

/// The module without what DKMS has appended.
fn unsigned_copy(chroot: &Chroot, kernel: &str) -> Result<()> {
    let lines = format!(
        "xz --decompress --stdout /lib/modules/{kernel}/updates/dkms/qxl.ko.xz >{UNSIGNED} && \
         strip --strip-debug {UNSIGNED} && modinfo --field signer {UNSIGNED}"
    );
    let signer = chroot.run(&lines)?;
    ensure!(signer.trim().is_empty(), "the copy is still signed by {signer}");
    Ok(())
}

/// The kernel takes neither a module without a signature nor one with an unknown key.
fn refused(vm: &mut Vm) -> Result<()> {
    vm.guest.run("mount -t efivarfs efivars /sys/firmware/efi/efivars", Deadline::seconds(20))?;
    let state = vm.guest.run("mokutil --sb-state", Deadline::seconds(20))?;
    ensure!(state.contains("SecureBoot enabled"), "mokutil says {state}");
    ensure!(boot::driver(vm)? != "qxl-kms", "the kernel took a module whose key nobody knows");
    for load in ["modprobe qxl".to_owned(), format!("modprobe drm_shmem_helper; insmod {UNSIGNED}")] {
        let said = vm.guest.run(&format!("({load}) && echo LOADED || true"), Deadline::seconds(30))?;
        ensure!(said.contains(REFUSED), "`{load}` said {said}");
    }
    Ok(())
}

/// What the package tells users to do, but that the password is not typed.
fn wish_to_enrol(vm: &mut Vm) -> Result<()> {
    let lines = format!(
        "mokutil --generate-hash={PASSWORD} >/run/hash && \
         mokutil --import /var/lib/dkms/mok.pub --hash-file /run/hash && mokutil --list-new"
    );
    let listed = vm.guest.run(&lines, Deadline::seconds(60))?;
    ensure!(listed.contains("DKMS module signing key"), "mokutil would enrol {listed}");
    Ok(())
}

/// The blue screen of shim: "Enroll MOK", "Continue", "Yes", the password, "Reboot".
fn confirm(vm: &mut Vm, client: &mut StockClient) -> Result<()> {
    let mut seen = vm.guest.console().position();
    let mut on_screen = |vm: &Vm, text: &str| -> Result<()> {
        let what = format!("\"{text}\" on the firmware's screen");
        let found = Deadline::seconds(180).until(&what, || {
            let console = vm.guest.console().text();
            let found = console.get(seen..).and_then(|rest| rest.find(text));
            Ok(found.map(|at| seen += at + text.len()))
        });
        found.with_context(|| format!("it shows {:?}", vm.guest.console().text().get(seen..)))
    };
    on_screen(vm, "Press any key")?;
    press(client, ENTER)?;
    on_screen(vm, "Enroll MOK")?;
    press(client, DOWN)?;
    press(client, ENTER)?;
    on_screen(vm, "View key 0")?;
    press(client, DOWN)?;
    press(client, ENTER)?;
    on_screen(vm, "Enroll the key(s)?")?;
    press(client, DOWN)?;
    press(client, ENTER)?;
    on_screen(vm, "Password:")?;
    type_blindly(client, PASSWORD)?;
    press(client, ENTER)?;
    on_screen(vm, "Reboot")?;
    press(client, ENTER)
}

fn press(client: &mut StockClient, code: u32) -> Result<()> {
    client.key(code, true)?;
    client.key(code, false)
}

/// The key is one of the platform's, and the module drives the display.
fn taken(vm: &mut Vm) -> Result<()> {
    let driver = boot::driver(vm)?;
    ensure!(driver == "qxl-kms", "the display's driver is {driver}");
    let keys = vm.guest.run("dmesg | grep -i 'DKMS module signing key'", Deadline::seconds(20))?;
    ensure!(keys.contains("Loaded X.509 cert"), "the kernel says {keys}");
    let said = vm.guest.run(&format!("insmod {UNSIGNED} && echo LOADED || true"), Deadline::seconds(30))?;
    ensure!(said.contains(REFUSED), "a module without a signature: {said}");
    Ok(())
}
