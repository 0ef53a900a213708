//! What a client asks for, as the ROM says it.

use guest_display::geometry::Rect;
use guest_display::{Dead, Device, StartError, Wishes};
use qxl::geometry::UnsignedRect;
use qxl::rom::{ClientMonitorsConfig, Rom};
use zerocopy::little_endian::{U16, U32};

use crate::board::Board;
use crate::{head, shown, started};

/// A client asks for monitors of that many pixels side by side.
fn ask(board: &Board, count: u16, sides: &[u32]) -> ClientMonitorsConfig {
    let mut config = ClientMonitorsConfig { count: U16::new(count), ..ClientMonitorsConfig::default() };
    let mut left = 0;
    for (place, side) in config.heads.iter_mut().zip(sides) {
        let [top, right, bottom] = [0, left + side, *side].map(U32::new);
        *place = UnsignedRect { top, left: U32::new(left), bottom, right };
        left += side;
    }
    board.rom.put(core::mem::offset_of!(Rom, client_monitors_config), &config).unwrap();
    put_crc(board, config.crc());
    config
}

fn put_crc(board: &Board, crc: u32) {
    board.rom.put(core::mem::offset_of!(Rom, client_monitors_config_crc), &U32::new(crc)).unwrap();
}

#[test]
fn wishes_are_read_whole_or_not_at_all() {
    let (board, device) = started(1);
    let config = ask(&board, 2, &[800, 600]);
    let mut wishes = Wishes { count: 2, ..Wishes::default() };
    wishes.heads[0] = Rect::new(0, 0, 800, 800);
    wishes.heads[1] = Rect::new(800, 0, 1400, 600);
    assert_eq!(device.client_monitors(), Some(wishes));
    // The host is writing, and never comes to an end.
    put_crc(&board, config.crc() ^ 1);
    assert_eq!(device.client_monitors(), None);
}

#[test]
fn more_than_there_are_heads_is_cut_and_nonsense_is_nothing() {
    let (board, device) = started(2);
    ask(&board, 6, &[100; 6]);
    let wishes = device.client_monitors().unwrap();
    assert_eq!((wishes.count, wishes.heads[3]), (4, Rect::new(300, 0, 400, 100)));
    ask(&board, 65, &[100; 6]);
    assert_eq!(device.client_monitors(), None);
    ask(&board, 0, &[100; 6]);
    assert_eq!(device.client_monitors(), None);
}

#[test]
fn what_no_screen_can_hold_is_no_wish() {
    let (board, device) = started(1);
    ask(&board, 2, &[0x0200_0000, 600]);
    let wishes = device.client_monitors().unwrap();
    assert_eq!((wishes.count, wishes.heads[0]), (2, Rect::default()));
    assert_eq!((wishes.heads[1].width(), wishes.heads[1].height()), (600, 600));
}

#[test]
fn an_old_device_has_no_wishes() {
    let mut board = Board::new(3);
    board.revision = 3;
    ask(&board, 1, &[100]);
    assert_eq!(Device::start(board).unwrap().client_monitors(), None);
}

#[test]
fn a_device_that_comes_back_as_another_one_is_not_used() {
    let (board, mut device, _) = shown(4, 64, 64);
    let smaller = U32::new(board.config.primary_bytes / 2);
    board.rom.put(core::mem::offset_of!(Rom, surface0_area_size), &smaller).unwrap();
    board.reset();
    assert_eq!(device.flush(), Err(Dead::Restart(StartError::Changed)));
    assert!(device.set_screen(&[head(32, 32)]).is_err());
    assert_eq!(device.resume(), Err(Dead::Restart(StartError::Changed)));
    let same = U32::new(board.config.primary_bytes);
    board.rom.put(core::mem::offset_of!(Rom, surface0_area_size), &same).unwrap();
    assert!(device.resume().is_ok());
}
