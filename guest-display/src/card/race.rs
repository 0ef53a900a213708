//! A device that interrupts at the worst moment: after what was pending is cleared, before the mask is open.

use core::mem::offset_of;

use qxl::ioport::IoPort;
use qxl::model::MemoryView;
use qxl::ram::{RamHeader, interrupt};
use qxl::ring::SharedMemory;

use super::Card;
use super::tests::board::Board;
use crate::bus::Bus;

/// RAM in which the display interrupt happens right before the mask is written.
#[derive(Clone)]
struct Racing {
    ram: MemoryView,
    header: usize,
}

impl SharedMemory for Racing {
    fn load(&self, at: usize) -> u32 {
        self.ram.load(at)
    }

    fn store(&self, at: usize, word: u32) {
        if at == self.header + offset_of!(RamHeader, int_mask) {
            self.ram.store(self.header + offset_of!(RamHeader, int_pending), interrupt::DISPLAY);
        }
        self.ram.store(at, word);
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        self.ram.take_bits(at, bits)
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        self.ram.read(at, bytes);
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        self.ram.write(at, bytes);
    }
}

struct RacingBoard {
    board: Board,
    ram: Racing,
}

impl Bus for RacingBoard {
    type Ram = Racing;

    fn ram(&self) -> &Racing {
        &self.ram
    }

    fn ram_len(&self) -> u64 {
        self.board.ram_len()
    }

    fn ram_base(&self) -> u64 {
        self.board.ram_base()
    }

    fn revision(&self) -> u8 {
        self.board.revision()
    }

    fn rom(&self, at: usize, bytes: &mut [u8]) {
        self.board.rom(at, bytes);
    }

    fn random(&self) -> u32 {
        0
    }

    fn port(&mut self, port: IoPort, argument: u8) {
        self.board.port(port, argument);
    }

    fn wait(&mut self, bits: u32, milliseconds: u32) {
        self.board.wait(bits, milliseconds);
    }
}

#[test]
fn the_line_is_raised_for_what_came_in_between() {
    let board = Board::new(1);
    let ram = Racing { ram: board.ram().clone(), header: board.header() };
    let mut card = Card::start(RacingBoard { board, ram }).unwrap();
    let before = card.statistics.port(IoPort::UpdateIrq);
    card.expect(interrupt::DISPLAY);
    assert_eq!(card.statistics.port(IoPort::UpdateIrq), before + 1);
    // The mask is open: what comes now raises the line by itself.
    card.expect(interrupt::DISPLAY);
    card.expect(0);
    assert_eq!(card.statistics.port(IoPort::UpdateIrq), before + 1);
}
