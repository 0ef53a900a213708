//! Pixels that are new each time, and pixels that are not.

use guest_display::geometry::Rect;

use super::Screen;
use crate::frame::Frame;
use crate::paint::{noise, scramble, terminal, texture};

#[test]
fn video_costs_its_own_pixels() {
    let mut screen = Screen::showing(texture(1024, 768));
    for number in 1..6 {
        screen.frame.paste(&noise(640, 360, number), 191, 203);
        // The whole screen is told.
        let cost = screen.show_all();
        Screen::assert_cheap(cost, 8, 640 * 360 * 4 + 2000);
        assert_eq!(cost.pixel_bytes, 640 * 360 * 4);
    }
}

#[test]
fn the_same_again_costs_nothing() {
    for frame in [noise(1024, 768, 1), terminal(1000, 700, 4), Frame::new(640, 480, 0x0012_3456)] {
        let mut screen = Screen::showing(frame);
        assert_eq!(screen.show_all().commands(), 0);
    }
}

#[test]
fn photographs_cost_their_pixels() {
    for (width, height) in [(1024, 768), (1023, 767), (641, 481), (3840, 2160)] {
        let mut screen = Screen::showing(Frame::new(width, height, 0));
        let cost = screen.flip(&noise(width, height, 2));
        let pixels = (width * height * 4) as usize;
        assert!(cost.bytes() <= pixels * 101 / 100, "{} bytes for {pixels}: {cost:?}", cost.bytes());
        // As large as the device takes them.
        assert_eq!(cost.images, 1, "{cost:?}");
    }
}

#[test]
fn scattered_pixels_cost_themselves() {
    let mut screen = Screen::showing(texture(1024, 768));
    for round in 0..4 {
        let mut dots = 0;
        for n in 0..60 {
            let place = scramble(round * 1000 + n);
            let (x, y) = (place % 1024, (place >> 10) % 768);
            dots += 1;
            screen.frame.row_mut(y, x, x + 1)[0] ^= 0x0080_8080;
        }
        Screen::assert_cheap(screen.show_all(), dots, dots * 300);
    }
}

#[test]
fn a_colour_is_one_fill_whatever_the_size() {
    for (width, height) in [(3840, 2160), (1024, 768), (1023, 761), (17, 15), (1, 1), (5, 300)] {
        let mut screen = Screen::showing(noise(width, height, 8));
        let cost = screen.flip(&Frame::new(width, height, 0x0033_6699));
        Screen::assert_cheap(cost, 1, 250);
    }
}

#[test]
fn what_has_changed_back_costs_nothing() {
    let mut screen = Screen::showing(texture(640, 480));
    let before = screen.frame.clone();
    screen.frame.fill(Rect::new(10, 10, 300, 300), 0x00FF_0000);
    screen.merge();
    screen.frame = before;
    assert_eq!(screen.show_all().commands(), 0);
}

#[test]
fn a_video_is_one_image_where_it_was_told() {
    let mut screen = Screen::showing(texture(1024, 768));
    for number in 0..60 {
        screen.frame.paste(&noise(640, 360, number), 192, 204);
        let cost = screen.show(&[Rect::new(192, 204, 832, 564)]);
        assert_eq!((cost.commands(), cost.pixel_bytes), (1, 640 * 360 * 4), "{cost:?}");
    }
}
