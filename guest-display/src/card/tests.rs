//! The card against the model, drawing by drawing.

use std::vec;
use std::vec::Vec;

use qxl::drawable::{Drawable, Operation};
use qxl::image::{ImageDescriptor, content_id};
use qxl::memslot::PhysAddr;
use qxl::ram::RamHeader;
use qxl::ring::SharedMemory;
use qxl::surface::KEEP_DATA;
use zerocopy::{FromZeros, IntoBytes};

use super::draw::DRAWING;
use super::*;
use crate::damage::{Refused, Sink};
use crate::geometry::{Point, Rect};
use crate::primary::{Head, Screen};

#[path = "../../tests/device/board.rs"]
pub(super) mod board;

use board::Board;

const SIDE: u32 = 64;

fn card(seed: u64) -> (Board, Card<Board>) {
    let board = Board::new(seed);
    let mut card = Card::start(board.clone()).unwrap();
    let head = Head { area: Rect::new(0, 0, 4 * SIDE, 4 * SIDE) };
    card.create_primary(&Screen::new(&[head], u64::MAX).unwrap());
    (board, card)
}

/// The drawing that was pushed last.
fn last_drawing(board: &Board) -> Drawable {
    let ring = board.header() + core::mem::offset_of!(RamHeader, command_ring);
    let prod: U32 = board.memory().get(ring + 4).unwrap();
    let item = ring + 20 + 16 * (prod.get().wrapping_sub(1) % 32) as usize;
    board.memory().get(offset(board.memory().get(item).unwrap())).unwrap()
}

/// The slot begins at the start of RAM.
fn offset(address: PhysAddr) -> usize {
    (address.bits() & 0xffff_ffff) as usize
}

fn last_image(board: &Board) -> (usize, ImageDescriptor) {
    let Ok(Operation::Copy(copy)) = last_drawing(board).operation() else { panic!("no image") };
    let at = offset(copy.source);
    (at, board.memory().get(at).unwrap())
}

/// A tile of pixels that no other number has.
fn pixels(number: u32) -> Vec<u32> {
    (0..SIDE * SIDE).map(|at| (at ^ number << 12) & 0x00ff_ffff).collect()
}

fn draw_tile(card: &mut Card<Board>, place: u32, number: u32) -> Result<(), Refused> {
    let pixels = pixels(number);
    let (left, top) = (place % 4 * SIDE, place / 4 % 4 * SIDE);
    let area = Rect::new(left, top, left + SIDE, top + SIDE);
    let drawn = card.tile(area, u64::from(number), pixels.chunks(SIDE as usize));
    card.notify();
    drawn
}

#[test]
fn a_move_names_the_surface_that_it_reads() {
    let (board, mut card) = card(1);
    card.copy_bits(Rect::new(0, 0, 10, 20), Point { x: 5, y: 6 }).unwrap();
    let head = last_drawing(&board).head;
    assert_eq!(head.surface_deps[0].get(), 0);
    let read = head.surface_rects[0];
    assert_eq!([read.left, read.top, read.right, read.bottom].map(|edge| edge.get()), [5, 6, 15, 26]);
}

#[test]
fn tiles_may_be_cached_under_their_content_and_images_may_not() {
    let (board, mut card) = card(2);
    let mut ids = Vec::new();
    for number in [1, 2, 1, 3] {
        draw_tile(&mut card, 0, number).unwrap();
        let (_, image) = last_image(&board);
        assert_eq!(image.flags, ImageDescriptor::CACHE);
        ids.push(image.id.get());
    }
    // A number stands for a content, also after the guest has been taken back to an earlier moment.
    assert_eq!(ids, [1, 2, 1, 3].map(content_id));
    let pixels = pixels(1);
    card.image(Rect::new(0, 0, SIDE, SIDE), pixels.chunks(SIDE as usize)).unwrap();
    assert_eq!(last_image(&board).1.flags, 0);
    board.assert_content();
}

#[test]
fn a_reset_forgets_what_was_there() {
    let (board, mut card) = card(3);
    draw_tile(&mut card, 0, 1).unwrap();
    card.restart().unwrap();
    assert_eq!(card.statistics.outstanding, 0);
    board.reset();
    assert!(card.was_reset());
    card.restart().unwrap();
    draw_tile(&mut card, 0, 1).unwrap();
    assert_eq!((card.statistics.tiles_written, card.statistics.tiles_reused), (2, 0));
}

#[test]
fn tiles_make_room_for_each_other_but_not_while_the_device_needs_them() {
    for seed in 0..4 {
        let (board, mut card) = card(seed);
        // Many times as many as there is room for.
        let mut number = 0;
        let mut refused = 0;
        while number < 500 {
            match draw_tile(&mut card, number, number) {
                Ok(()) => number += 1,
                Err(Refused::Full) => {
                    card.must_wait().unwrap();
                    refused += 1;
                    assert!(refused < 100_000, "no room comes back");
                    board.poll();
                    card.starve().unwrap();
                }
                Err(Refused::Dead) => panic!("{:?}", card.dead()),
            }
            // Some come back at once.
            if number % 3 == 0 {
                let _ = draw_tile(&mut card, number, number / 2);
            }
        }
        assert!(card.statistics.tiles_evicted > 100, "{:?}", card.statistics);
        // A tile that was taken while the device had it would have changed under its hands.
        board.pixels();
        board.assert_content();
    }
}

#[test]
fn a_ring_that_is_full_refuses_and_forgets_nothing() {
    let (board, mut card) = card(6);
    let area = Rect::new(0, 0, 1, 1);
    let mut sent = 0_u64;
    while card.fill(area, 7).is_ok() {
        sent += 1;
    }
    assert_eq!((sent, card.statistics.outstanding, card.statistics.fills), (32, 32, 32));
    assert_eq!(card.heap.taken(), 32 * DRAWING.next_multiple_of(crate::heap::GRANULE));
    assert_eq!(card.must_wait(), Ok(true));
    card.notify();
    assert!(board.mask() & interrupt::DISPLAY != 0 && board.line());
}

/// Draws until memory is full.
fn fill_memory(board: &Board, card: &mut Card<Board>) {
    let pixels = pixels(1);
    let mut place = 0;
    for _ in 0..10_000 {
        let (left, top) = (place % 4 * SIDE, place / 4 % 4 * SIDE);
        if card.image(Rect::new(left, top, left + SIDE, top + SIDE), pixels.chunks(SIDE as usize)).is_ok() {
            place += 1;
            continue;
        }
        card.notify();
        if card.must_wait().unwrap() && card.is_starving() {
            return;
        }
        // Commands are taken, but not one is drawn.
        board.model.borrow_mut().write_port(IoPort::NotifyCommand.code(), 0).unwrap();
    }
    panic!("memory is never full");
}

#[test]
fn a_device_is_asked_for_memory_only_when_it_has_given_nothing_back() {
    let (board, mut card) = card(10);
    fill_memory(&board, &mut card);
    board.pixels();
    board.model.borrow_mut().write_port(IoPort::FlushRelease.code(), 0).unwrap();
    let before = card.statistics.released;
    card.starve().unwrap();
    assert!(card.statistics.released > before);
    assert_eq!(card.statistics.port(IoPort::NotifyOom), 0);
    fill_memory(&board, &mut card);
    let before = card.statistics.released;
    while card.statistics.released == before {
        card.starve().unwrap();
    }
    assert!(card.statistics.port(IoPort::NotifyOom) > 0);
    board.assert_content();
}

#[test]
fn room_in_the_cursor_ring_is_told() {
    let (board, mut card) = card(11);
    let position = qxl::geometry::Point16::new(1, 2);
    while card.send_gesture(qxl::cursor::CursorAction::Move(position)).unwrap() {}
    assert_eq!(card.must_wait(), Ok(true));
    assert!(!board.line());
    card.notify();
    board.poll();
    assert!(board.line());
    let pending: U32 = board.memory().get(board.header() + offset_of!(RamHeader, int_pending)).unwrap();
    assert_ne!(pending.get() & interrupt::CURSOR, 0);
}

#[test]
fn an_image_that_is_too_large_is_refused() {
    let (_, mut card) = card(7);
    let pixels = vec![0; 4 << 20];
    let area = Rect::new(0, 0, 1 << 11, 1 << 11);
    assert_eq!(card.image(area, pixels.chunks(1 << 11)), Err(Refused::Full));
    assert_eq!((card.heap.taken(), card.statistics.outstanding), (0, 0));
}

#[test]
fn a_new_surface_is_black() {
    let (board, _) = card(8);
    let surface: qxl::ram::PrimarySurface =
        board.memory().get(board.header() + offset_of!(RamHeader, create_surface)).unwrap();
    assert_eq!(surface.flags.get() & KEEP_DATA, 0);
    let mut word = U32::new_zeroed();
    board.ram().read(0, word.as_mut_bytes());
    assert_eq!(word.get(), 0);
}
