//! Displays of one client that share its caches, against a [model](super::model) of a stock client.

use std::sync::Arc;

use image::bitmap::{Bitmap, BitmapFormat, Layout, Palette};
use image::geometry::Size;
use proptest::collection::vec;
use proptest::prelude::*;
use wire::base;
use wire::display::{Init, ServerMessage};

use super::model::{Outcome, World};
use super::{ClientCaches, Kept, Share};
use crate::display::picture::Image;

/// Columns and rows of every image.
const SIDE: u32 = 12;
/// Pixels of one image.
const PIXELS: i64 = (SIDE * SIDE) as i64;

/// The image of this number, which clients may keep.
fn icon(number: u8) -> Arc<Image> {
    let noise = |index: u32| index.wrapping_mul(u32::from(number) * 2 + 77).wrapping_mul(0x9e37_79b9) >> 20;
    let colors = (0..SIDE * SIDE).flat_map(|index| (noise(index / 3) & 0x00ff_ffff).to_le_bytes());
    let layout = Layout::packed(BitmapFormat::Xrgb32, Size::new(SIDE, SIDE)).unwrap();
    let bitmap = Bitmap::new(layout, None, colors.collect::<Vec<_>>().into()).unwrap();
    Arc::new(Image { id: u64::from(number) + 1, cacheable: true, ..Image::new(bitmap) })
}

/// The same image without a name.
fn picture(number: u8) -> Arc<Image> {
    let bitmap = Arc::unwrap_or_clone(Arc::clone(&icon(number).bitmap));
    Arc::new(Image::new(bitmap))
}

/// An image with the palette of this name.
fn indexed(palette: u64) -> Arc<Image> {
    let entries = (0..64).map(|index| (index * palette as u32) & 0x00ff_ffff).collect();
    let palette = Arc::new(Palette { unique: palette, entries });
    let indices: Vec<u8> = (0..SIDE * SIDE).map(|index| (index / 7 % 64) as u8).collect();
    let layout = Layout::packed(BitmapFormat::Indexed8, Size::new(SIDE, SIDE)).unwrap();
    Arc::new(Image::new(Bitmap::new(layout, Some(palette), indices.into()).unwrap()))
}

/// A client with two displays, an image cache for so many images, and a dictionary for so many.
fn two(images: i64, window: i64) -> World {
    let mut world = World::new();
    for display in [0, 1] {
        world.join(display, images * PIXELS, (window * PIXELS) as i32);
        world.settle();
    }
    world.handled.clear();
    world
}

fn kinds(world: &World, display: u8) -> Vec<&'static str> {
    world.handled.get(&display).cloned().unwrap_or_default()
}

#[test]
fn an_image_that_one_display_was_sent_the_other_has() {
    let mut world = two(4, 0);
    world.draw(0, &[icon(1)]);
    world.send(0);
    world.draw(1, &[icon(1)]);
    world.send(1);
    // The second comes first, and waits.
    assert_eq!(world.handle(1), Outcome::Waits);
    assert_eq!(world.handle(0), Outcome::Handled);
    assert_eq!(world.handle(1), Outcome::Handled);
    world.settle();
    assert_eq!([kinds(&world, 0), kinds(&world, 1)], [["DrawCopy"], ["DrawCopy"]]);
}

#[test]
fn streams_of_one_display_refer_to_images_of_the_other() {
    let mut world = two(0, 8);
    for display in [0, 1] {
        world.draw(display, &[picture(1)]);
        world.send(display);
    }
    assert_eq!(world.handle(1), Outcome::Waits);
    world.settle();
}

#[test]
fn an_image_is_thrown_out_when_all_displays_have_handled_what_refers_to_it() {
    let mut world = two(1, 0);
    for display in [0, 1] {
        world.draw(display, &[icon(1)]);
        world.send(display);
    }
    world.draw(0, &[icon(2)]);
    world.send(0);
    assert_eq!([world.handle(0), world.handle(0)], [Outcome::Handled, Outcome::Waits]);
    assert_eq!(world.handle(1), Outcome::Handled);
    world.settle();
    assert_eq!(kinds(&world, 0), ["DrawCopy", "WaitForChannels", "InvalList", "DrawCopy"]);
    assert_eq!(kinds(&world, 1), ["DrawCopy"]);
}

#[test]
fn what_is_acknowledged_is_not_waited_for() {
    let mut world = two(1, 0);
    for display in [0, 1] {
        world.draw(display, &[icon(1)]);
        world.send(display);
    }
    for _ in 0..20 {
        world.draw(1, &[indexed(0)]);
    }
    world.settle();
    world.handled.clear();
    world.draw(0, &[icon(2)]);
    world.settle();
    assert_eq!(kinds(&world, 0), ["InvalList", "DrawCopy"]);
}

#[test]
fn a_message_is_waited_for_once() {
    let mut world = two(2, 0);
    world.draw(1, &[icon(1), icon(2)]);
    world.send(1);
    for number in [3, 4] {
        world.draw(0, &[icon(number)]);
        world.send(0);
    }
    world.settle();
    let expected = ["WaitForChannels", "InvalList", "DrawCopy", "InvalList", "DrawCopy"];
    assert_eq!(kinds(&world, 0), expected);
}

#[test]
fn a_cache_that_one_display_empties_the_other_does_not_use_too_early() {
    let mut world = two(4, 0);
    world.draw(1, &[icon(1)]);
    world.send(1);
    world.forget_images(0);
    world.send(0);
    world.draw(1, &[icon(1)]);
    world.send(1);
    // It waits for the drawing that came before, and the next drawing for it.
    assert_eq!(world.handle(0), Outcome::Waits);
    assert_eq!([world.handle(1), world.handle(1)], [Outcome::Handled, Outcome::Waits]);
    world.settle();
    assert_eq!(kinds(&world, 0), ["InvalAllPixmaps"]);
    assert_eq!(kinds(&world, 1), ["DrawCopy", "WaitForChannels", "DrawCopy"]);
    assert!(world.has(2) && world.is_kept(2));
}

#[test]
fn what_a_display_leaves_unread_is_void_for_the_others_and_they_go_on() {
    let mut world = two(4, 8);
    world.draw(0, &[icon(1)]);
    world.send(0);
    world.leave(0);
    for _ in 0..3 {
        world.draw(1, &[icon(1)]);
        world.draw(1, &[picture(1)]);
    }
    world.settle();
    assert_eq!(world.displays(), [1]);
    assert_eq!(kinds(&world, 1).first(), Some(&"InvalAllPixmaps"));
    // It comes back and shares again.
    world.join(0, 4 * PIXELS, 8 * PIXELS as i32);
    world.draw(0, &[icon(1)]);
    world.settle();
    assert_eq!(kinds(&world, 0), ["SetAck", "WaitForChannels", "DrawCopy"]);
}

#[test]
fn a_display_whose_messages_were_handled_leaves_the_others_what_it_brought() {
    let mut world = two(4, 8);
    world.draw(0, &[icon(1)]);
    for _ in 0..20 {
        world.draw(0, &[indexed(0)]);
    }
    world.settle();
    world.leave(0);
    world.draw(1, &[icon(1)]);
    world.settle();
    assert_eq!(kinds(&world, 1), ["DrawCopy"]);
}

#[test]
fn a_display_that_is_not_read_does_not_keep_the_other_from_sending() {
    let mut world = two(2, 8);
    for number in 0..30 {
        world.draw(0, &[icon(number % 5)]);
        world.draw(1, &[picture(100 + number)]);
    }
    // All that its window lets pass is on its way, and nothing is read.
    world.send(0);
    let mut sent = 0;
    for number in 0..200 {
        world.draw(1, &[indexed(number)]);
        sent += world.send(1);
        while world.handle(1) == Outcome::Handled {}
    }
    assert!(sent >= 40, "{sent} messages of a display that may send 40 before it is read");
    world.settle();
}

#[test]
fn two_clients_share_nothing_and_neither_do_caches_of_other_numbers() {
    let init = Init { pixmap_cache_size: 1 << 20, ..Init::default() };
    let (one, other) = (ClientCaches::default(), ClientCaches::default());
    let mine = one.join(0, &init).unwrap();
    let mut turn = mine.turn();
    assert!(turn.insert(7, 100));
    turn.finish(1);
    assert!(mine.has(7));
    assert!(!other.join(0, &init).unwrap().has(7));
    assert!(!one.join(1, &Init { pixmap_cache_id: 9, ..init }).unwrap().has(7));
    assert!(one.join(2, &init).unwrap().has(7));
    assert!(one.join(3, &Init { pixmap_cache_size: -1, ..init }).is_err());
}

/// What a turn's message has to wait for: the other display's serials.
fn waited_for(before: &[ServerMessage]) -> Vec<u64> {
    let waits = before.iter().filter_map(|message| match message {
        ServerMessage::Base(base::ServerMessage::WaitForChannels(wait)) => Some(&wait.waits),
        _ => None,
    });
    waits.flatten().map(|wait| wait.serial).collect()
}

#[test]
fn an_exact_image_comes_after_the_one_with_loss_that_it_replaces() {
    let init = Init { pixmap_cache_size: 1 << 20, ..Init::default() };
    let caches = ClientCaches::default();
    let [one, other] = [0, 1].map(|channel| caches.join(channel, &init).unwrap());
    let mut turn = one.turn();
    assert!(turn.insert(7, 100));
    turn.sent(7, Kept::WithLoss);
    assert!(waited_for(&turn.finish(11)).is_empty());
    let mut turn = other.turn();
    assert_eq!(turn.hit(7), Some(Kept::WithLoss));
    turn.replace(7);
    turn.sent(7, Kept::Exactly);
    assert_eq!(waited_for(&turn.finish(5)), [11]);
}

#[test]
fn an_image_that_was_thrown_out_comes_back_after_that() {
    let init = Init { pixmap_cache_size: 200, ..Init::default() };
    let caches = ClientCaches::default();
    let [one, other] = [0, 1].map(|channel| caches.join(channel, &init).unwrap());
    let insert = |share: &Share, image, pixels, next| {
        let mut turn = share.turn();
        assert!(turn.insert(image, pixels));
        waited_for(&turn.finish(next))
    };
    assert!(insert(&one, 1, 100, 11).is_empty());
    assert!(insert(&one, 2, 50, 12).is_empty());
    // A wait, the list under the serial 6, and the drawing.
    assert_eq!(insert(&other, 3, 100, 5), [11]);
    // There is room, so that nothing else is waited for.
    assert_eq!(insert(&one, 1, 50, 13), [6]);
}

#[test]
fn a_message_that_is_not_made_empties_the_cache() {
    let init = Init { pixmap_cache_size: 1 << 20, glz_dictionary_window_size: 1 << 20, ..Init::default() };
    let caches = ClientCaches::default();
    let share = caches.join(0, &init).unwrap();
    let mut turn = share.turn();
    assert!(turn.insert(7, 100) && turn.dictionary().is_some());
    drop(turn);
    let mut turn = share.turn();
    assert!(turn.hit(7).is_none() && turn.dictionary().is_none());
    let names: Vec<_> = turn.finish(1).iter().map(wire::display::ServerMessage::name).collect();
    assert_eq!(names, ["InvalAllPixmaps"]);
}

/// Something that happens at one of three displays.
#[derive(Clone, Debug)]
enum Step {
    Draw(Vec<(u8, bool)>),
    Indexed(u64),
    Forget,
    Send,
    Handle(usize),
    Leave,
    Join,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => vec((0_u8..9, any::<bool>()), 1..3).prop_map(Step::Draw),
        3 => (0_u64..200).prop_map(Step::Indexed),
        1 => Just(Step::Forget),
        6 => Just(Step::Send),
        6 => (1_usize..12).prop_map(Step::Handle),
        1 => Just(Step::Leave),
        2 => Just(Step::Join),
    ]
}

fn take(world: &mut World, display: u8, step: &Step, sizes: (i64, i32)) {
    match step {
        Step::Draw(images) => {
            let image = |(number, named): &(u8, bool)| if *named { icon(*number) } else { picture(*number) };
            world.draw(display, &images.iter().map(image).collect::<Vec<_>>());
        }
        Step::Indexed(palette) => world.draw(display, &[indexed(*palette)]),
        Step::Forget => world.forget_images(display),
        Step::Send => drop(world.send(display)),
        Step::Handle(count) => {
            for _ in 0..*count {
                world.handle(display);
            }
        }
        Step::Leave => world.leave(display),
        Step::Join if !world.displays().contains(&display) => world.join(display, sizes.0, sizes.1),
        Step::Join => {}
    }
}

fn steps(leaving: bool) -> impl Strategy<Value = Vec<(u8, Step)>> {
    let kept = move |(_, step): &(u8, Step)| leaving || !matches!(step, Step::Leave);
    vec((0_u8..3, step()).prop_filter("nobody leaves", kept), 1..160)
}

/// A client of three displays with caches of these sizes, when all of that has happened and been handled.
fn after(steps: &[(u8, Step)], sizes: (i64, i32)) -> World {
    let mut world = World::new();
    (0..3).for_each(|display| world.join(display, sizes.0, sizes.1));
    steps.iter().for_each(|(display, step)| take(&mut world, *display, step, sizes));
    world.settle();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_message_can_be_handled_and_shows_what_was_drawn(
        steps in steps(false),
        images in 0_i64..6,
        window in 0_i32..6,
    ) {
        let world = after(&steps, (images * PIXELS, window * PIXELS as i32));
        for number in 0..9 {
            let id = number + 1;
            prop_assert_eq!(world.has(id), world.is_kept(id), "image {}", id);
        }
    }

    #[test]
    fn displays_that_leave_take_nothing_along_that_is_sent_later(
        steps in steps(true),
        images in 0_i64..6,
        window in 0_i32..6,
    ) {
        let world = after(&steps, (images * PIXELS, window * PIXELS as i32));
        for number in 0..9 {
            let id = number + 1;
            prop_assert!(world.has(id) || !world.is_kept(id), "image {}", id);
        }
    }
}
