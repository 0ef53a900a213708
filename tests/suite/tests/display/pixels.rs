//! What a client shows is what the guest's memory holds.

use host_server::display::handle::Call;
use image::geometry::{Rect, Size};
use proptest::prelude::*;
use qxl::drawable::Effect;
use qxl::operation::rop;
use suite::client::Client;
use suite::scene::Scene;
use wire::drawable::SurfaceId;
use wire::image::ImageBody;

pub const SIZE: Size = Size::new(64, 48);

/// The primary surface as the guest sees it after asking for all of it.
pub fn guest_pixels(scene: &mut Scene, primary: u64) -> Vec<u32> {
    let area = Rect::of_size(SIZE);
    scene.call(Call::UpdateArea { surface: SurfaceId::PRIMARY, area, clear_dirty: true, limit: 16 });
    let bytes = scene.guest.load(primary, (SIZE.width * SIZE.height * 4) as usize);
    bytes.as_chunks::<4>().0.iter().map(|pixel| u32::from_le_bytes(*pixel) & 0xff_ffff).collect()
}

pub fn client_pixels(client: &Client) -> Vec<u32> {
    let screen = client.screen().expect("a primary surface");
    screen.longs().expect("32 bits a pixel").rows().flatten().map(|pixel| pixel & 0xff_ffff).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Fill(Rect, u32),
    Xor(Rect, u32),
    Move(Rect, i32, i32),
    Picture(Rect, u32, Option<u64>),
    ClientReads,
}

pub fn rects() -> impl Strategy<Value = Rect> {
    let (width, height) = (SIZE.width as i32, SIZE.height as i32);
    (0..width, 0..height, 1..=width, 1..=height)
        .prop_map(move |(x, y, w, h)| Rect::new(x, y, (x + w).min(width), (y + h).min(height)))
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (rects(), 0..0x100_0000_u32).prop_map(|(rect, color)| Step::Fill(rect, color)),
        2 => (rects(), 0..0x100_0000_u32).prop_map(|(rect, color)| Step::Xor(rect, color)),
        3 => (rects(), 0..64_i32, 0..48_i32).prop_map(|(rect, x, y)| {
            let x = x.min(SIZE.width as i32 - rect.width() as i32);
            let y = y.min(SIZE.height as i32 - rect.height() as i32);
            Step::Move(rect, x, y)
        }),
        2 => (rects(), 0..0x100_0000_u32, proptest::option::of(1..4_u64))
            .prop_map(|(rect, seed, id)| Step::Picture(rect, seed, id)),
        2 => Just(Step::ClientReads),
    ]
}

/// Pixels that depend on the id only where there is one, as a guest promises.
fn picture(rect: &Rect, seed: u32, id: Option<u64>) -> (Rect, Vec<u32>) {
    let (rect, seed) = match id {
        Some(id) => (Rect::new(rect.left, rect.top, rect.left + 4, rect.top + 4), id as u32 * 0x1_2345),
        None => (*rect, seed),
    };
    let count = rect.width() * rect.height();
    (
        rect,
        (0..count).map(|index| (index / 3).wrapping_mul(0x1_0101).wrapping_add(seed) & 0xff_ffff).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn clients_and_guest_agree(steps in proptest::collection::vec(steps(), 1..60), join_at in 0..60_usize) {
        let mut scene = Scene::new(SIZE);
        let primary = scene.guest.primary(SIZE.width, SIZE.height);
        scene.call(Call::CreatePrimary(primary));
        let mut early = Client::join(&scene.handle, 1);
        let mut late = None;
        for (index, step) in steps.iter().enumerate() {
            if index == join_at {
                late = Some(Client::join(&scene.handle, 2));
            }
            match step {
                Step::Fill(rect, color) => scene.fill(*rect, *color),
                Step::Xor(rect, color) => scene.fill_with(*rect, *color, rop::XOR, Effect::Blend),
                Step::Move(rect, x, y) => scene.copy_bits(*rect, *x, *y),
                Step::Picture(rect, seed, id) => {
                    let (rect, pixels) = picture(rect, *seed, *id);
                    if Rect::of_size(SIZE).contains(&rect) {
                        scene.copy(rect, &pixels, *id);
                    }
                }
                Step::ClientReads => {
                    scene.settle();
                    early.read();
                }
            }
        }
        let mut late = late.unwrap_or_else(|| Client::join(&scene.handle, 3));
        scene.settle_with(&mut [&mut early, &mut late]);
        let expected = guest_pixels(&mut scene, primary.address);
        prop_assert_eq!(&client_pixels(&early), &expected, "the client that was there all the time");
        prop_assert_eq!(&client_pixels(&late), &expected, "the client that joined later");
        prop_assert_eq!(scene.guest.released().len(), scene.guest.submitted().len());
    }
}

#[test]
fn an_image_that_the_client_keeps_is_sent_once() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    let pixels: Vec<u32> = (0..256).collect();
    for x in 0..3 {
        scene.copy(Rect::new(x * 16, 0, x * 16 + 16, 16), &pixels, Some(77));
        scene.settle_with(&mut [&mut client]);
    }
    let bodies: Vec<bool> = client
        .received()
        .iter()
        .filter_map(|message| match message {
            wire::display::ServerMessage::Draw(drawable) => match &drawable.operation {
                wire::drawable::Operation::Copy(copy) if copy.source.id == 77 => {
                    Some(copy.source.body == ImageBody::FromCache)
                }
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(bodies, [false, true, true]);
}

#[test]
fn covered_drawings_are_not_sent() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let before = client.drawings();
    client.acknowledges = false;
    for color in 0..200 {
        scene.fill(Rect::of_size(SIZE), color);
    }
    scene.settle();
    client.acknowledges = true;
    client.read();
    scene.settle_with(&mut [&mut client]);
    assert_eq!(client_pixels(&client)[0], 199);
    assert!(client.drawings() - before < 60, "{} drawings", client.drawings() - before);
}

#[test]
fn pixels_are_those_of_the_moment_of_the_command() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let data = scene.copy(Rect::new(0, 0, 16, 16), &[0x11_2233; 256], None);
    scene.settle();
    scene.guest.overwrite(data, &[0xff; 1024]);
    scene.settle_with(&mut [&mut client]);
    assert_eq!(client_pixels(&client)[0], 0x11_2233);
}
