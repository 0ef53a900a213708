//! Guests that know damage only and paint whole rows: clients are sent what differs, and moves.

use image::geometry::{Rect, Size};
use proptest::prelude::*;
use qxl::chunk::DataChunk;
use qxl::clip::{Clip, ClipKind, ClipRects};
use qxl::command::CommandKind;
use qxl::drawable::{Drawable, DrawableHead, Effect};
use qxl::operation::{Copy, rop};
use suite::client::Client;
use suite::scene::Scene;
use wire::display::ServerMessage;
use wire::drawable::Operation;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32};

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

#[test]
fn of_a_picture_that_changes_while_it_is_read_all_see_the_same() {
    let (mut scene, mut client) = watching(&text(0));
    let picture = text(1);
    let data = scene.guest.store(picture.as_bytes());
    let image = scene.image(SIZE, data, None);
    scene.guest.meddle(data, picture.as_bytes().len());
    for _ in 0..30 {
        scene.copy_image(WHOLE, image, rop::PUT, Effect::Opaque);
        scene.settle_with(&mut [&mut client]);
    }
    assert_ne!(shown(&client), picture);
    let mut second = Client::join(&scene.handle, 2);
    scene.settle_with(&mut [&mut client, &mut second]);
    assert!(shown(&client) == shown(&second));
}

/// Paints the rectangles of `clip` of a picture of the screen's size.
fn paint_clipped(scene: &Scene, picture: &[u32], clip: &[Rect]) {
    let rects: Vec<u8> = clip
        .iter()
        .flat_map(|rect| {
            qxl::geometry::Rect::new(rect.left, rect.top, rect.right, rect.bottom).as_bytes().to_vec()
        })
        .collect();
    let chunk = DataChunk { data_size: U32::new(rects.len() as u32), ..DataChunk::default() };
    let head = ClipRects { count: U32::new(clip.len() as u32), chunk };
    let data = scene.guest.store(&[head.as_bytes(), rects.as_slice()].concat());
    let image = scene.image(SIZE, scene.guest.store(picture.as_bytes()), None);
    let area = qxl::geometry::Rect::new(0, 0, 320, 240);
    let copy = Copy { source: image, source_area: area, rop: U16::new(rop::PUT), ..Copy::default() };
    let mut head = DrawableHead::new(1, 0, area, Effect::Opaque);
    head.clip = Clip { kind: U32::new(ClipKind::Rects.code()), data };
    let drawable = Drawable::new(head, &qxl::drawable::Operation::Copy(copy));
    scene.guest.submit(CommandKind::Draw, drawable.as_bytes());
}

#[test]
fn what_stands_before_text_that_scrolls_stays_where_it_is() {
    // A window at the upper right, where no line of the text is looked at.
    let before = |mut picture: Vec<u32>| {
        for y in 0..100 {
            picture[y * 320 + 280..(y + 1) * 320].fill(0x60 + y as u32);
        }
        picture
    };
    let (mut scene, mut client) = watching(&before(text(0)));
    let clip = [Rect::new(0, 0, 280, 100), Rect::new(0, 100, 320, 240)];
    paint_clipped(&scene, &text(1), &clip);
    scene.settle_with(&mut [&mut client]);
    assert!(shown(&client) == before(text(1)));
    assert_eq!(scene.guest.waiting(), 0);
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
