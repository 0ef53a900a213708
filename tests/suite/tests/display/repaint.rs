//! Guests that know damage only and paint whole rows: clients are sent what differs, and moves.

use image::geometry::{Rect, Size};
use proptest::prelude::*;
use suite::client::Client;
use suite::scene::Scene;
use wire::display::ServerMessage;
use wire::drawable::Operation;

const SIZE: Size = Size::new(320, 240);
const WHOLE: Rect = Rect::new(0, 0, 320, 240);

/// Lines of something like text, the first of which is number `first`.
fn text(first: u32) -> Vec<u32> {
    let pixel = |index: u32| {
        let (x, y) = (index % SIZE.width, index / SIZE.width);
        let (line, row) = (first + y / 10, y % 10);
        let ink =
            (x.wrapping_mul(0x9e37_79b9) ^ (line * 977 + row * 131)).wrapping_mul(0x85eb_ca6b) >> 31 == 0;
        if row < 8 && ink { 0 } else { 0xff_ffff }
    };
    (0..SIZE.area() as u32).map(pixel).collect()
}

fn shown(client: &Client) -> Vec<u32> {
    client.screen().unwrap().longs().unwrap().pixels().to_vec()
}

/// Pixels that a client has been sent, and how many moves.
fn sent(client: &Client) -> (u64, usize) {
    let (mut pixels, mut moves) = (0, 0);
    for message in client.received() {
        match message {
            ServerMessage::Draw(drawable) if matches!(drawable.operation, Operation::CopyBits { .. }) => {
                moves += 1;
            }
            ServerMessage::Draw(drawable) => pixels += drawable.bbox.size().area(),
            _ => {}
        }
    }
    (pixels, moves)
}

/// A client that shows a picture.
fn watching(picture: &[u32]) -> (Scene, Client) {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.copy(WHOLE, picture, None);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(shown(&client), picture);
    client.forget();
    (scene, client)
}

#[test]
fn a_picture_that_is_there_already_is_not_sent_again() {
    let mut picture = text(0);
    let (mut scene, mut client) = watching(&picture);
    scene.copy(WHOLE, &picture, None);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(sent(&client), (0, 0));
    picture[100 * 320 + 50] = 0x12_3456;
    scene.copy(WHOLE, &picture, None);
    scene.settle_with(&mut [&mut client]);
    assert!(sent(&client).0 <= 16 * 8, "{:?}", sent(&client));
    assert_eq!(shown(&client), picture);
}

#[test]
fn text_that_scrolls_is_moved_and_only_new_lines_are_sent() {
    let (mut scene, mut client) = watching(&text(0));
    for first in [1, 3, 4, 2] {
        scene.copy(WHOLE, &text(first), None);
        scene.settle_with(&mut [&mut client]);
        assert_eq!(shown(&client), text(first));
    }
    let (pixels, moves) = sent(&client);
    assert_eq!(moves, 4);
    assert!(pixels <= 8 * 10 * 320, "{pixels}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Pictures of blocks that move about, painted as a whole or in part.
    #[test]
    fn whatever_is_painted_is_what_is_shown(
        paintings in proptest::collection::vec((0..40_u32, 0..8_u32, 0..200_i32, 10..41_i32), 1..8),
    ) {
        let (mut scene, mut client) = watching(&text(0));
        let mut expected = text(0);
        for (first, tint, top, height) in paintings {
            let mut picture = text(first);
            picture.iter_mut().skip(77).step_by(97).for_each(|pixel| *pixel ^= tint);
            let area = if tint < 4 { WHOLE } else { Rect::new(0, top, 320, top + height) };
            let rows = area.top as usize * 320..area.bottom as usize * 320;
            expected[rows.clone()].copy_from_slice(&picture[rows.clone()]);
            scene.copy(area, &picture[rows], None);
            scene.settle_with(&mut [&mut client]);
            prop_assert!(shown(&client) == expected);
        }
    }
}
