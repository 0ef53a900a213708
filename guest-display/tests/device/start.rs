//! Bring-up: a device that makes no sense is refused with the reason, and untouched.

use guest_display::{Device, ScreenError, StartError};
use qxl::ioport::IoPort;
use qxl::model::Config;
use qxl::rom::Rom;
use zerocopy::little_endian::U32;

use crate::board::Board;
use crate::{head, started};

fn start_with(change: impl FnOnce(&mut Rom)) -> Result<(), StartError> {
    let board = Board::new(1);
    let mut rom: Rom = board.rom.get(0).unwrap();
    change(&mut rom);
    board.rom.put(0, &rom).unwrap();
    Device::start(board).map(|_| ())
}

#[test]
fn a_device_comes_up() {
    let (board, device) = started(1);
    assert_eq!(device.primary_bytes(), u64::from(board.config.primary_bytes));
    assert!(device.has_monitors());
    assert_eq!(device.statistics().port(IoPort::Reset), 1);
    assert_eq!(device.statistics().port(IoPort::MemslotAdd), 1);
    assert_eq!(device.client_monitors(), None);
    board.assert_content();
}

#[test]
fn nonsense_in_the_rom_is_named() {
    assert_eq!(start_with(|_| ()), Ok(()));
    assert_eq!(start_with(|rom| rom.magic = U32::new(7)), Err(StartError::RomMagic(7)));
    let ram_len = 4 << 20;
    for offset in [u32::MAX, ram_len, ram_len - 5347, 0x1001] {
        let refused = start_with(|rom| rom.ram_header_offset = U32::new(offset));
        assert_eq!(refused, Err(StartError::RamHeader { offset, ram_len: u64::from(ram_len) }));
    }
    let wrong_place = start_with(|rom| rom.ram_header_offset = U32::new(0x20_0000));
    assert_eq!(wrong_place, Err(StartError::RamMagic(0)));
    for (start, len) in [(0, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 0), (0, 0x3f_0000)] {
        let refused = start_with(|rom| {
            rom.draw_area_offset = U32::new(start);
            rom.surface0_area_size = U32::new(len);
        });
        assert!(matches!(refused, Err(StartError::NoRoom { .. })), "{start} {len}: {refused:?}");
    }
    let slots = |id_bits: u8, generation_bits: u8, first: u8| {
        start_with(|rom| {
            rom.slot_id_bits = id_bits;
            rom.slot_gen_bits = generation_bits;
            rom.slots_start = first;
        })
    };
    for (id_bits, generation_bits, first) in [(40, 40, 1), (0, 0, 1), (8, 8, 8), (3, 50, 1)] {
        let refused = slots(id_bits, generation_bits, first);
        assert_eq!(refused, Err(StartError::Slots { first, id_bits, generation_bits }));
    }
}

#[test]
fn a_rom_of_nonsense_is_not_written_to() {
    let board = Board::new(1);
    board.rom.put(0, &U32::new(0)).unwrap();
    board.memory().put(0, &U32::new(42)).unwrap();
    assert!(Device::start(board.clone()).is_err());
    board.assert_content();
    assert_eq!(board.memory().get(0), Some(U32::new(42)));
}

#[test]
fn old_revisions_are_refused_and_older_ones_have_one_head() {
    let mut board = Board::new(1);
    board.revision = 1;
    assert_eq!(Device::start(board.clone()).err(), Some(StartError::Revision(1)));
    board.revision = 2;
    let mut device = Device::start(board.clone()).unwrap();
    assert!(!device.has_monitors());
    device.set_screen(&[head(64, 64)]).unwrap();
    assert_eq!(device.statistics().port(IoPort::MonitorsConfigAsync), 0);
    board.assert_content();
}

#[test]
fn a_generation_other_than_0_is_used() {
    let config = Config { slot_generation: 5, ..Config::default() };
    let board = Board::with(config, 3);
    board.rom.write(core::mem::offset_of!(Rom, slot_generation), &[5]).unwrap();
    let mut device = Device::start(board.clone()).unwrap();
    device.set_screen(&[head(64, 64)]).unwrap();
    board.assert_content();
}

#[test]
fn a_screen_that_does_not_fit_leaves_the_old_one() {
    let (board, mut device) = started(1);
    device.set_screen(&[head(64, 48)]).unwrap();
    let refused = device.set_screen(&[head(1000, 1000)]);
    let available = u64::from(board.config.primary_bytes);
    assert_eq!(refused, Err(ScreenError::TooLarge { width: 1000, height: 1000, available }));
    assert!(device.set_screen(&[head(0, 10)]).is_err());
    assert!(device.set_screen(&[head(8, 8); 5]).is_err());
    assert_eq!(board.pixels().unwrap().len(), 64 * 48);
    assert_eq!(board.model.borrow().monitors().len(), 1);
    board.assert_content();
}
