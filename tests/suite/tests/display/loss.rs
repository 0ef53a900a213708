//! Photographs with loss: a client is never further from the truth than one such picture is.

use host_server::display::settings::DisplaySettings;
use host_server::settings::video_codecs::CodecOrder;
use host_server::settings::{Compression, ImageCompression, StreamingVideo, WanCompression};
use image::geometry::{Rect, Size};
use proptest::prelude::*;
use qxl::drawable::Effect;
use qxl::operation::rop;
use suite::client::Client;
use suite::scene::Scene;
use wire::display::ServerMessage;
use wire::image::ImageFlags;
use zerocopy::IntoBytes;

use crate::pixels::{SIZE, client_pixels, guest_pixels, rects};

/// What a channel of a photograph may differ by. Combined with a colour, wrong bits of that worth can make a difference of 255.
const TOLERANCE: u8 = 12;

const LOSSY: Compression = Compression {
    images: ImageCompression::Quic,
    jpeg: WanCompression::Always,
    zlib_glz: WanCompression::Always,
};

#[derive(Clone, Debug)]
enum Step {
    Fill(Rect, u32, u16),
    Move(Rect, i32, i32),
    /// A photograph, put or combined; with a name, one that clients keep.
    Photograph(Rect, u32, u16, Option<u64>),
    ClientReads,
}

fn steps() -> impl Strategy<Value = Step> {
    let rops =
        || proptest::sample::select(&[rop::PUT, rop::PUT, rop::XOR, rop::AND, rop::OR, rop::INVERS][..]);
    prop_oneof![
        4 => (rects(), 0..0x100_0000_u32, rops()).prop_map(|(rect, color, rop)| Step::Fill(rect, color, rop)),
        3 => (rects(), 0..64_i32, 0..48_i32).prop_map(|(rect, x, y)| {
            let x = x.min(SIZE.width as i32 - rect.width() as i32);
            let y = y.min(SIZE.height as i32 - rect.height() as i32);
            Step::Move(rect, x, y)
        }),
        5 => (rects(), 0..100_u32, rops(), proptest::option::of(1..4_u64))
            .prop_map(|(rect, seed, rop, id)| Step::Photograph(rect, seed, rop, id)),
        2 => Just(Step::ClientReads),
    ]
}

/// Shades that JPEG shows well; with an id they depend on nothing else.
fn photograph(rect: &Rect, seed: u32, id: Option<u64>) -> (Rect, Vec<u32>) {
    let (rect, seed) = match id {
        Some(id) => (Rect::new(rect.left, rect.top, rect.left + 24, rect.top + 20), id as u32 * 20),
        None => (*rect, seed),
    };
    let shades = (0..rect.height()).flat_map(|y| {
        (0..rect.width()).map(move |x| (seed + x + y) << 16 | (seed + 2 * x) << 8 | (150 - seed + y))
    });
    (rect, shades.collect())
}

fn scene(compression: Compression) -> Scene {
    let mut scene = Scene::new(SIZE);
    scene.handle.configure(DisplaySettings {
        compression,
        streaming: StreamingVideo::Off,
        video_codecs: CodecOrder::MJPEG,
    });
    scene.settle();
    scene
}

fn copy(scene: &Scene, rect: Rect, pixels: &[u32], rop: u16, id: Option<u64>) {
    let data = scene.guest.store(pixels.as_bytes());
    let image = scene.image(Size::new(rect.width(), rect.height()), data, id);
    let effect = if rop == rop::PUT { Effect::Opaque } else { Effect::Blend };
    scene.copy_image(rect, image, rop, effect);
}

fn largest_difference(left: &[u32], right: &[u32]) -> u8 {
    let bytes = |pixel: u32| pixel.to_le_bytes();
    let channels = left.iter().zip(right).flat_map(|(l, r)| bytes(*l).into_iter().zip(bytes(*r)));
    channels.map(|(left, right)| left.abs_diff(right)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn clients_are_near_the_truth(
        steps in proptest::collection::vec(steps(), 1..60),
        images in proptest::sample::select(&[ImageCompression::Quic, ImageCompression::AutoGlz][..]),
    ) {
        let mut scene = scene(Compression { images, ..LOSSY });
        let primary = scene.guest.primary(SIZE.width, SIZE.height);
        scene.call(host_server::display::handle::Call::CreatePrimary(primary));
        let mut client = Client::join(&scene.handle, 1);
        for step in &steps {
            match step {
                Step::Fill(rect, color, rop) => {
                    let effect = if *rop == rop::PUT { Effect::Opaque } else { Effect::Blend };
                    scene.fill_with(*rect, *color, *rop, effect);
                }
                Step::Move(rect, x, y) => scene.copy_bits(*rect, *x, *y),
                Step::Photograph(rect, seed, rop, id) => {
                    let (rect, pixels) = photograph(rect, *seed, *id);
                    if Rect::of_size(SIZE).contains(&rect) {
                        copy(&scene, rect, &pixels, *rop, *id);
                    }
                }
                Step::ClientReads => {
                    scene.settle();
                    client.read();
                }
            }
        }
        scene.settle_with(&mut [&mut client]);
        let expected = guest_pixels(&mut scene, primary.address);
        let difference = largest_difference(&client_pixels(&client), &expected);
        prop_assert!(difference <= TOLERANCE, "a channel differs by {difference}");
    }
}

/// The kinds of the images that a client was sent, with their flags.
fn images(client: &Client) -> Vec<(&'static str, ImageFlags)> {
    let drawings = client.received().iter().filter_map(|message| match message {
        ServerMessage::Draw(drawable) => Some(drawable.operation.images()),
        _ => None,
    });
    drawings.flatten().map(|image| (image.body.name(), image.flags)).collect()
}

/// What a client is sent of a photograph that it keeps, of the same combined with what is there, and of the same once more.
fn sent(compression: Compression) -> Vec<(&'static str, ImageFlags)> {
    let mut scene = scene(compression);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    client.forget();
    for (left, rop) in [(0, rop::PUT), (10, rop::XOR), (30, rop::PUT)] {
        let (rect, pixels) = photograph(&Rect::new(left, 0, left + 1, 1), 0, Some(2));
        copy(&scene, rect, &pixels, rop, Some(2));
        scene.settle_with(&mut [&mut client]);
    }
    images(&client)
}

#[test]
fn what_is_combined_is_sent_without_loss_first_and_a_kept_image_is_replaced() {
    let expected = [
        ("jpeg", ImageFlags::CACHE_ME),
        // The pixels under the second drawing.
        ("quic", ImageFlags::NONE),
        ("quic", ImageFlags::CACHE_REPLACE_ME),
        ("from-cache-lossless", ImageFlags::NONE),
    ];
    assert_eq!(sent(LOSSY), expected);
}

#[test]
fn nothing_is_lost_where_the_host_does_not_want_it_or_the_link_is_fast() {
    let expected =
        [("quic", ImageFlags::CACHE_ME), ("from-cache", ImageFlags::NONE), ("from-cache", ImageFlags::NONE)];
    for jpeg in [WanCompression::Never, WanCompression::Auto] {
        assert_eq!(sent(Compression { jpeg, ..LOSSY }), expected);
    }
}
