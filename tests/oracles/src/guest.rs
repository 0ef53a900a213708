//! What a guest may put into its memory and its rings.

use image::geometry::{Rect, Size};
use suite::scene::Scene;

use crate::Oracle;

/// The oracles of this module.
pub const ORACLES: &[Oracle] = &[Oracle { name: "guest_commands", check: commands }];

/// A display reads any commands from any memory: it drops what is invalid, reads all of the ring, and goes on.
///
/// The first byte says how many commands there are; each is 4 bytes: kind, flags of the ring, and where in the
/// rest, which is the guest's memory, its structure begins.
pub fn commands(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else { return };
    let count = usize::from(count % 16);
    let Some((heads, memory)) = rest.split_at_checked(count * 4) else { return };
    let mut scene = Scene::new(Size::new(64, 48));
    let base = scene.guest.store(memory);
    for head in heads.chunks_exact(4) {
        let &[kind, ring, low, high] = head else { continue };
        let offset = u64::from(u16::from_le_bytes([low, high]));
        let address = qxl::memslot::PhysAddr::new(base.bits() + offset);
        if ring % 4 == 0 {
            scene.guest.submit_cursor_at(u32::from(kind), address);
        } else {
            scene.guest.submit_at(u32::from(kind % 8), address);
        }
    }
    scene.settle();
    assert_eq!(scene.guest.waiting(), 0, "every command is read");
    let before = scene.guest.released().len();
    scene.fill(Rect::new(0, 0, 1, 1), 1);
    scene.settle();
    assert_eq!(scene.guest.released().len(), before + 1, "the display goes on");
}
