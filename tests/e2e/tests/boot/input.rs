//! What is typed and pointed at the client arrives in the guest.

use anyhow::{Result, ensure};
use e2e::{Button, Deadline, MouseMode, type_text};

use crate::Session;

/// Linux's codes for the buttons and axes (include/uapi/linux/input-event-codes.h).
const BTN_LEFT: u32 = 0x110;
const BTN_RIGHT: u32 = 0x111;

/// QEMU's tablets report positions from 0 to this, which is the screen's far edge.
const TABLET_RANGE: usize = 0x7fff;

/// A command typed at the client runs in the shell on the guest's screen.
pub(crate) fn typed_text(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    vm.guest.input_device("AT Translated Set 2 keyboard", Deadline::seconds(30))?;
    vm.guest.run("rm -f /tmp/typed; mkfifo /tmp/typed", Deadline::seconds(20))?;
    type_text(client, &mut vm.guest, "echo Typed_at the client > /tmp/typed\n", Deadline::seconds(60))?;
    let typed = vm.guest.run("cat /tmp/typed", Deadline::seconds(20))?;
    ensure!(typed.trim() == "Typed_at the client", "the guest's shell got {typed:?}");
    vm.same_picture(client, Deadline::seconds(30))?;
    Ok(())
}

/// Absolute positions, scaled to the tablet's range, and buttons.
pub(crate) fn tablet(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    vm.guest.input_device("QEMU Virtio Tablet", Deadline::seconds(30))?;
    client.mouse_mode(MouseMode::Client, Deadline::seconds(30))?;
    let screen = vm.screendump()?;
    for (x, y) in [(200, 100), (512, 384)] {
        client.position(x, y)?;
        vm.guest.input(&format!("abs 0 {}", x * TABLET_RANGE / screen.width), Deadline::seconds(20))?;
        vm.guest.input(&format!("abs 1 {}", y * TABLET_RANGE / screen.height), Deadline::seconds(20))?;
    }
    for (button, code) in [(Button::Left, BTN_LEFT), (Button::Right, BTN_RIGHT)] {
        for down in [true, false] {
            client.button(button, down)?;
            vm.guest.input(&format!("key {code} {}", u8::from(down)), Deadline::seconds(20))?;
        }
    }
    Ok(())
}

/// Relative movements and buttons of the PS/2 mouse.
pub(crate) fn mouse(session: &mut Session) -> Result<()> {
    let Session { vm, client, .. } = session;
    vm.guest.input_device("ImExPS/2", Deadline::seconds(30))?;
    client.mouse_mode(MouseMode::Server, Deadline::seconds(30))?;
    client.motion(7, 0)?;
    vm.guest.input("rel 0 7", Deadline::seconds(20))?;
    client.motion(0, 5)?;
    vm.guest.input("rel 1 5", Deadline::seconds(20))?;
    for down in [true, false] {
        client.button(Button::Left, down)?;
        vm.guest.input(&format!("key {BTN_LEFT} {}", u8::from(down)), Deadline::seconds(20))?;
    }
    Ok(())
}
