//! A device that takes its time: ring and memory fill up, nothing is lost.

use guest_display::geometry::Rect;
use guest_display::{Device, Progress};
use qxl::ioport::IoPort;
use qxl::model::Config;
use qxl::ram::interrupt;

use crate::board::Board;
use crate::frame::Frame;
use crate::{drain, head, settle, shown};

/// Goes on only when the device interrupts, as a driver does.
fn settle_by_interrupts(board: &Board, device: &mut Device<Board>) {
    let interrupts = device.interrupts();
    let mut progress = device.flush().unwrap();
    while progress == Progress::Pending {
        let raised = (0..2000).any(|_| {
            board.poll();
            board.line()
        });
        assert!(raised, "no interrupt comes: {:?}", device.statistics());
        let bits = interrupts.take();
        assert!(bits != 0 && !board.line());
        progress = device.interrupted(bits).unwrap();
    }
    assert_eq!(device.statistics().port(IoPort::NotifyOom), 0);
}

/// Pixels that no two places share.
fn noise(seed: u32) -> impl Fn(u32, u32) -> u32 {
    move |x, y| {
        let mixed = (x + 7919 * y).wrapping_add(seed.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
        (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35) >> 8
    }
}

#[test]
fn a_full_ring_keeps_the_damage() {
    let (board, mut device, mut frame) = shown(1, 256, 192);
    settle(&board, &mut device);
    let mut stalled = false;
    // The model takes commands when it is told; here it has been told already and does not look.
    for round in 0..60 {
        for n in 0..40 {
            let (x, y) = (n % 8 * 32, n / 8 * 32);
            frame.paint(Rect::new(x, y, x + 9, y + 9), noise(round * 50 + n));
        }
        let progress = device.update(0, &frame, &[Rect::new(0, 0, 256, 192)]).unwrap();
        if progress == Progress::Pending {
            stalled = true;
            assert_ne!(board.mask() & interrupt::DISPLAY, 0);
        }
    }
    assert!(stalled && device.statistics().stalls > 0);
    settle_by_interrupts(&board, &mut device);
    assert_eq!(board.mask() & interrupt::DISPLAY, 0);
    assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
    board.assert_content();
}

#[test]
fn full_memory_keeps_the_damage_and_is_asked_for_last() {
    // A screen of 2 MiB, and room for commands of 1.4 MiB.
    let config = Config { ram_bytes: 15 << 18, primary_bytes: 2 << 20, ..Config::default() };
    let board = Board::with(config, 3);
    let mut device = Device::start(board.clone()).unwrap();
    device.set_screen(&[head(800, 600)]).unwrap();
    let mut frame = Frame::new(800, 600);
    for round in 0..3 {
        frame.paint(Rect::new(0, 0, 800, 600), noise(round));
        device.update(0, &frame, &[Rect::new(0, 0, 800, 600)]).unwrap();
    }
    assert_eq!(device.statistics().port(IoPort::NotifyOom), 0);
    settle(&board, &mut device);
    assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
    assert!(device.statistics().heap_peak > device.statistics().heap_len / 2);
    drain(&board, &mut device);
    assert_eq!(device.statistics().outstanding, 0);
    board.assert_content();
}

#[test]
fn memory_that_comes_back_is_told() {
    for seed in 0..4 {
        let config = Config { ram_bytes: 15 << 18, primary_bytes: 2 << 20, ..Config::default() };
        let board = Board::with(config, seed);
        let mut device = Device::start(board.clone()).unwrap();
        device.set_screen(&[head(800, 600)]).unwrap();
        let mut frame = Frame::new(800, 600);
        frame.paint(Rect::new(0, 0, 800, 600), noise(1));
        assert_eq!(device.update(0, &frame, &[Rect::new(0, 0, 800, 600)]), Ok(Progress::Pending));
        settle_by_interrupts(&board, &mut device);
        assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
        board.assert_content();
    }
}

#[test]
fn a_screen_that_goes_off_waits_for_nothing() {
    let (board, mut device, mut frame) = shown(2, 256, 192);
    let mut progress = Progress::Done;
    for round in 0..100 {
        if progress == Progress::Pending {
            break;
        }
        frame.paint(Rect::new(0, 0, 256, 192), noise(round));
        progress = device.update(0, &frame, &[Rect::new(0, 0, 256, 192)]).unwrap();
    }
    assert_eq!(progress, Progress::Pending);
    assert_eq!(device.set_screen(&[]), Ok(Progress::Done));
    assert_eq!(board.mask() & (interrupt::DISPLAY | interrupt::CURSOR), 0);
}
