//! Pictures that several threads encode: the same pixels in the same order.

use std::time::{Duration, Instant};

use image::geometry::{Rect, Size};
use suite::client::Client;
use suite::scene::Scene;
use wire::display::ServerMessage;

const SIZE: Size = Size::new(1280, 1024);

/// Takes turns until a client has read something that `is_last`. Other threads are at work, so this takes time.
fn read_until(scene: &mut Scene, client: &mut Client, is_last: impl Fn(&Client) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_last(client) {
        assert!(Instant::now() < deadline, "what is encoded elsewhere arrives");
        scene.settle();
        if client.read() == 0 {
            std::thread::yield_now();
        }
    }
}

fn pixel(client: &Client, x: usize, y: usize) -> Option<u32> {
    client.screen()?.longs()?.rows().nth(y)?.get(x).copied()
}

#[test]
fn large_pictures_are_encoded_by_several_threads_and_stay_in_order() {
    for threads in [0, 1, 3] {
        let mut scene = Scene::with_threads(SIZE, threads);
        let mut client = Client::join(&scene.handle, 1);
        read_until(&mut scene, &mut client, |client| client.screen().is_some());
        client.forget();
        let picture = |number: u32| -> Vec<u32> {
            (0..SIZE.area() as u32)
                .map(|index| ((index / 7).wrapping_mul(index % 1280) ^ number) & 0xff_ffff)
                .collect()
        };
        for number in 1..4 {
            scene.copy(Rect::of_size(SIZE), &picture(number), None);
            scene.fill(Rect::new(0, 0, 10, 10), number);
        }
        read_until(&mut scene, &mut client, |client| {
            pixel(client, 5, 5) == Some(3)
                && client.screen().unwrap().longs().unwrap().pixels()[13_000..] == picture(3)[13_000..]
        });
        let tops: Vec<i32> = client
            .received()
            .iter()
            .filter_map(|message| match message {
                ServerMessage::Draw(drawable) if drawable.bbox.width() == SIZE.width => {
                    Some(drawable.bbox.top)
                }
                _ => None,
            })
            .collect();
        let in_order = tops.windows(2).all(|pair| pair[0] < pair[1] || pair[1] == 0);
        assert!(in_order, "{tops:?}");
        assert_eq!(tops.len() > 1, threads > 0, "{threads} threads: {tops:?}");
    }
}

#[test]
fn a_client_that_leaves_and_a_surface_that_ends_leave_nothing_to_wait_for() {
    let mut scene = Scene::with_threads(SIZE, 2);
    let mut client = Client::join(&scene.handle, 1);
    read_until(&mut scene, &mut client, |client| client.screen().is_some());
    for number in 0..4 {
        let picture: Vec<u32> = (0..SIZE.area() as u32).map(|index| index.wrapping_mul(number)).collect();
        scene.copy(Rect::of_size(SIZE), &picture, None);
    }
    scene.settle();
    client.leave();
    scene.settle();
    let mut other = Client::join(&scene.handle, 2);
    scene.call(host_server::display::handle::Call::DestroyPrimary);
    read_until(&mut scene, &mut other, |client| client.screen().is_none());
}
