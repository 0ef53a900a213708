//! Screens come and go, the device sleeps, wakes, and is reset by its host.

use guest_display::geometry::Rect;
use guest_display::{Dead, Device, Head, Progress};
use qxl::ioport::IoPort;
use qxl::ram::interrupt;
use qxl::ring::SharedMemory;

use crate::frame::{Frame, Shape};
use crate::{Board, drain, head, settle, shown, started};

fn colors(x: u32, y: u32) -> u32 {
    x.wrapping_mul(0x01_0307) ^ y.wrapping_mul(0x07_0501) ^ (x * y)
}

#[test]
fn a_frame_is_shown() {
    let (board, mut device, mut frame) = shown(1, 90, 70);
    let all = Rect::new(0, 0, 90, 70);
    frame.paint(all, colors);
    device.update(0, &frame, &[all]).unwrap();
    settle(&board, &mut device);
    assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
    // Damage that changed nothing is no command.
    let before = *device.statistics();
    device.update(0, &frame, &[all]).unwrap();
    assert_eq!((before.bytes, before.ports), (device.statistics().bytes, device.statistics().ports));
    board.assert_content();
}

#[test]
fn a_batch_is_told_once() {
    // For some seeds the device goes to sleep again as soon as it has what it was told of.
    for seed in 0..16 {
        let (board, mut device, mut frame) = shown(seed, 200, 150);
        settle(&board, &mut device);
        board.poll();
        let before = device.statistics().port(IoPort::NotifyCommand);
        for n in 0..12 {
            let spot = Rect::new(n * 16, n * 12, n * 16 + 5, n * 12 + 5);
            frame.paint(spot, colors);
        }
        device.update(0, &frame, &[Rect::new(0, 0, 200, 150)]).unwrap();
        assert_eq!(device.statistics().port(IoPort::NotifyCommand), before + 1);
        board.assert_content();
    }
}

#[test]
fn two_heads_share_a_surface_and_one_may_change() {
    let (board, mut device) = started(3);
    let second = Head { area: Rect::new(60, 0, 140, 40) };
    device.set_screen(&[head(60, 50), second]).unwrap();
    let mut frame = Frame::new(80, 40);
    frame.paint(Rect::new(0, 0, 80, 40), colors);
    device.update(1, &frame, &[Rect::new(0, 0, 500, 500)]).unwrap();
    settle(&board, &mut device);
    let pixels = board.pixels().unwrap();
    assert_eq!(pixels[140 * 7 + 60 + 5], frame.pixels[80 * 7 + 5]);
    assert_eq!(pixels[140 * 7 + 59], 0);
    let monitors = board.model.borrow().monitors().to_vec();
    assert_eq!((monitors[1].x.get(), monitors[1].width.get(), monitors[1].id.get()), (60, 80, 1));
    // The rectangle around them stays: so does the surface.
    let screens = device.statistics().screens;
    device.set_screen(&[head(60, 30), second]).unwrap();
    assert_eq!(device.statistics().screens, screens + 1);
    device.set_screen(&[head(50, 30), second]).unwrap();
    assert_eq!(device.statistics().screens, screens + 1);
    // A frame that is larger than its head does not leave it.
    device.update(0, &frame, &[Rect::new(0, 0, 80, 40)]).unwrap();
    settle(&board, &mut device);
    assert_eq!(board.pixels().unwrap()[140 * 7 + 55], 0);
    assert_eq!(board.pixels().unwrap()[140 * 7 + 49], frame.pixels[80 * 7 + 49]);
    board.assert_content();
}

#[test]
fn the_picture_is_back_after_sleep() {
    let (board, mut device, mut frame) = shown(4, 64, 64);
    let all = Rect::new(0, 0, 64, 64);
    frame.paint(all, colors);
    device.update(0, &frame, &[all]).unwrap();
    device.set_cursor(&Shape { side: 8, color: 0xff00_0000 }, Default::default()).unwrap();
    device.suspend();
    assert_eq!(device.flush(), Err(Dead::Suspended));
    assert!(board.pixels().is_none());
    assert_eq!(board.mask(), 0);
    device.resume().unwrap();
    settle(&board, &mut device);
    assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
    assert!(board.model.borrow().pointer().visible && board.model.borrow().pointer().shape.is_some());
    device.shut_down();
    assert_eq!(device.statistics().port(IoPort::Reset), 4);
    board.assert_content();
}

#[test]
fn the_text_of_vga_is_back_at_the_end() {
    let board = Board::new(7);
    let mut text: Vec<u8> = (0..256 << 10).map(|at| (at % 251) as u8).collect();
    board.memory().view(0).write(0, &text);
    let mut device = Device::start(board.clone()).unwrap();
    device.set_screen(&[head(64, 64)]).unwrap();
    let mut frame = Frame::new(64, 64);
    let all = Rect::new(0, 0, 64, 64);
    frame.paint(all, colors);
    device.update(0, &frame, &[all]).unwrap();
    settle(&board, &mut device);
    // A device puts its pixels there when it is asked for them.
    board.memory().view(0).write(0, &[0xff; 64 * 64 * 4]);
    board.memory().view(0).write(300_000, &[0xff; 4]);
    device.shut_down();
    let before = text.clone();
    board.memory().view(0).read(0, &mut text);
    assert!(text == before, "the memory of VGA is not what it was");
    let mut below = [0; 4];
    board.memory().view(0).read(300_000, &mut below);
    assert_eq!(below, [0; 4], "a firmware's linear mode would show what programs have drawn");
}

#[test]
fn a_reset_by_the_host_is_seen_and_undone() {
    let (board, mut device, mut frame) = shown(5, 64, 64);
    let all = Rect::new(0, 0, 64, 64);
    device.set_cursor(&Shape { side: 8, color: 0xff00_0000 }, Default::default()).unwrap();
    for round in 0..20 {
        frame.paint(all, |x, y| colors(x + round, y));
        device.update(0, &frame, &[all]).unwrap();
        board.reset();
        let spot = Rect::new(1, 1, 3, 3);
        frame.paint(spot, |_, _| round);
        device.update(0, &frame, &[spot]).unwrap();
        settle(&board, &mut device);
        assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
        assert!(board.model.borrow().pointer().shape.is_some());
        assert_eq!(device.statistics().restarts, u64::from(round) + 1);
    }
    board.assert_content();
}

#[test]
fn a_device_that_finds_fault_is_taken_up_again_but_not_for_ever() {
    let (board, mut device, mut frame) = shown(6, 64, 64);
    frame.paint(Rect::new(0, 0, 64, 64), colors);
    device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]).unwrap();
    for _ in 0..8 {
        device.interrupted(interrupt::ERROR).unwrap();
        settle(&board, &mut device);
        assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
    }
    assert_eq!(device.interrupted(interrupt::ERROR), Err(Dead::TooManyErrors));
    assert_eq!(device.flush(), Err(Dead::TooManyErrors));
    device.resume().unwrap();
    settle(&board, &mut device);
    assert!(board.pixels().unwrap() == frame.pixels, "the device shows something else");
}

#[test]
fn an_off_screen_takes_damage_for_nothing() {
    let (board, mut device, frame) = shown(7, 64, 64);
    device.set_screen(&[]).unwrap();
    assert!(board.pixels().is_none());
    assert_eq!(device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]), Ok(Progress::Done));
    assert_eq!(device.checksum(0), 0);
    device.move_cursor(3, 3).unwrap();
    device.set_screen(&[head(32, 32)]).unwrap();
    settle(&board, &mut device);
    assert_eq!(board.pixels().unwrap().len(), 32 * 32);
    board.assert_content();
}

#[test]
fn everything_comes_back() {
    let (board, mut device, mut frame) = shown(8, 128, 96);
    for round in 0..30 {
        frame.paint(Rect::new(0, 0, 128, 96), |x, y| colors(x + round * 3, y));
        device.update(0, &frame, &[Rect::new(0, 0, 128, 96)]).unwrap();
        board.poll();
    }
    drain(&board, &mut device);
    assert_eq!(board.model.borrow().owned_commands(), 0);
    assert_eq!(device.statistics().outstanding, 0);
    board.assert_content();
}

#[test]
fn interrupts_are_let_through_only_while_somebody_waits() {
    let (board, mut device, frame) = shown(9, 64, 64);
    let interrupts = device.interrupts();
    settle(&board, &mut device);
    assert_eq!(board.mask() & interrupt::DISPLAY, 0);
    device.update(0, &frame, &[Rect::new(0, 0, 64, 64)]).unwrap();
    board.pixels();
    board.model.borrow_mut().write_port(IoPort::FlushRelease.code(), 0).unwrap();
    assert!(!board.line());
    let _ = interrupts.take();
    assert_eq!(interrupts.take(), 0);
}
