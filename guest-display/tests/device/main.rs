//! The device against its model: whatever a driver asks for, the model's pixels are the frames', no rule is broken, and
//! everything comes back.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

mod board;
mod frame;
mod hostile;
mod life;
mod monitors;
mod pointer;
mod pressure;
mod random;
mod start;

use board::Board;
use frame::Frame;
use guest_display::geometry::Rect;
use guest_display::{Device, Head, Progress};
use qxl::ioport::IoPort;

/// A head at the corner.
fn head(width: u32, height: u32) -> Head {
    Head { area: Rect::new(0, 0, width, height) }
}

/// A device that shows nothing yet, and the board it is on.
fn started(seed: u64) -> (Board, Device<Board>) {
    let board = Board::new(seed);
    let device = Device::start(board.clone()).unwrap();
    (board, device)
}

/// A device with one head.
fn shown(seed: u64, width: u32, height: u32) -> (Board, Device<Board>, Frame) {
    let (board, mut device) = started(seed);
    device.set_screen(&[head(width, height)]).unwrap();
    (board, device, Frame::new(width, height))
}

/// Lets driver and device go on until nothing is left to draw.
fn settle(board: &Board, device: &mut Device<Board>) {
    for round in 0..10_000 {
        if device.flush().unwrap() == Progress::Done {
            return;
        }
        board.poll();
        if round % 50 == 49 {
            device.starve().unwrap();
        }
    }
    panic!("drawing does not come to its end: {:?}", device.statistics());
}

/// Has all commands given back, but for the pointer's shape.
fn drain(board: &Board, device: &mut Device<Board>) {
    settle(board, device);
    board.pixels();
    for _ in 0..4 {
        board.model.borrow_mut().write_port(IoPort::FlushRelease.code(), 0).unwrap();
        device.flush().unwrap();
    }
}

/// Has really everything given back: with its surface the device forgets the pointer, and another one is needed to tell it.
fn empty(board: &Board, device: &mut Device<Board>) {
    device.hide_cursor().unwrap();
    device.set_screen(&[]).unwrap();
    device.set_screen(&[head(8, 8)]).unwrap();
    drain(board, device);
}
