//! Clients that are slow, paused, gone, or back.

use std::time::Duration;

use host_server::display::Next;
use image::geometry::{Rect, Size};
use suite::client::Client;
use suite::scene::Scene;
use wire::base;
use wire::display::{ClientMessage, Init, ServerMessage};

const SIZE: Size = Size::new(320, 200);

/// Small rectangles that do not cover each other.
fn dots(count: i32) -> impl Iterator<Item = Rect> {
    (0..count).map(|index| {
        let (x, y) = (index % 80 * 4, index / 80 % 50 * 4);
        Rect::new(x, y, x + 4, y + 4)
    })
}

fn pixel(client: &Client, x: usize, y: usize) -> u32 {
    let screen = client.screen().expect("a primary surface");
    screen.longs().expect("32 bits a pixel").rows().nth(y).expect("a row")[x]
}

#[test]
fn joining_clients_get_surface_pixels_monitors_and_mark() {
    let mut scene = Scene::new(SIZE);
    scene.fill(Rect::of_size(SIZE), 0x12_3456);
    scene.settle();
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let names: Vec<_> = client.received().iter().map(ServerMessage::name).collect();
    assert_eq!(names, ["SetAck", "InvalAllPalettes", "SurfaceCreate", "DrawCopy", "MonitorsConfig", "Mark"]);
    assert_eq!(pixel(&client, 5, 5), 0x12_3456);
}

#[test]
fn nothing_is_sent_before_the_first_message_of_the_client() {
    let mut scene = Scene::new(SIZE);
    let (connection, outlet) =
        host_server::channel::connection::Connection::open(wire::frame::HeaderKind::Mini);
    let _events = scene.handle.attach(host_server::display::handle::ClientChannel {
        client: host_server::display::handle::ClientId(9),
        kind: wire::channel::ChannelType::DISPLAY,
        connection,
        capabilities: wire::capability::Capabilities::default(),
        is_local: false,
        media_clock: host_server::media_clock::MediaClock::new(std::time::Instant::now()),
        caches: host_server::display::caches::ClientCaches::default(),
    });
    scene.fill(Rect::of_size(SIZE), 1);
    scene.settle();
    let mut parcels = Vec::new();
    outlet.take(&mut parcels);
    let kinds: Vec<_> = parcels.iter().map(|parcel| parcel.frame.kind()).collect();
    assert_eq!(kinds, [3], "SET_ACK alone");
}

#[test]
fn a_healthy_client_makes_the_guest_wait_a_little() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    for rect in dots(1000) {
        scene.fill(rect, 7);
    }
    scene.settle();
    assert!(scene.guest.waiting() > 0, "the ring fills up");
    scene.settle_with(&mut [&mut client]);
    assert_eq!(scene.guest.waiting(), 0);
    assert_eq!(client.drawings(), 1001, "every drawing arrives, after the first picture");
}

#[test]
fn the_guest_goes_on_as_soon_as_an_acknowledgement_makes_room() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    for rect in dots(4000) {
        scene.fill(rect, 7);
    }
    let start = scene.clock.now();
    scene.settle_with(&mut [&mut client]);
    assert_eq!((scene.guest.waiting(), client.drawings()), (0, 4001));
    assert_eq!(scene.clock.now(), start, "no time has to pass for it");
}

#[test]
fn a_display_with_commands_left_does_not_sleep() {
    // More than is read at once, of which little is seen, but that is large: the pipe fills by bytes, and the
    // client gets too few messages to acknowledge them. Nobody wakes the display but itself.
    let size = Size::new(512, 512);
    let mut scene = Scene::new(size);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    let data = scene.guest.store(&vec![0; 512 * 512 * 4]);
    let image = scene.image(size, data, None);
    let all = Rect::of_size(size);
    (0..244).for_each(|color| scene.fill(all, color));
    for _ in 0..12 {
        scene.copy_image(all, image, qxl::operation::rop::XOR, qxl::drawable::Effect::Blend);
    }
    (0..44).for_each(|color| scene.fill(all, color));
    scene.handle.wakeup();
    loop {
        while scene.turn() == Next::Turn {}
        // The display sleeps now, until somebody tells it something.
        let told = client.told();
        client.read();
        if client.told() == told {
            break;
        }
    }
    assert_eq!(scene.guest.waiting(), 0);
}

#[test]
fn a_paused_client_stalls_the_guest_for_less_than_a_second_and_catches_up() {
    let mut scene = Scene::new(SIZE);
    let mut paused = Client::join(&scene.handle, 1);
    let mut healthy = Client::join(&scene.handle, 2);
    scene.settle_with(&mut [&mut paused, &mut healthy]);
    let start = scene.clock.now();
    let mut color = 0;
    for _ in 0..50 {
        color += 1;
        for rect in dots(400) {
            scene.fill(rect, color);
        }
        while scene.guest.waiting() > 0 {
            scene.settle_with(&mut [&mut healthy]);
            if scene.guest.waiting() > 0 {
                scene.pass(Duration::from_millis(5));
            }
        }
    }
    let stalled = scene.clock.now() - start;
    assert!(stalled < Duration::from_secs(1), "the guest was stalled for {stalled:?}");
    assert_eq!(scene.guest.released().len(), scene.guest.submitted().len());
    scene.settle_with(&mut [&mut paused, &mut healthy]);
    for client in [&paused, &healthy] {
        assert_eq!((pixel(client, 1, 1), pixel(client, 300, 15)), (color, color));
    }
    assert!(paused.drawings() < healthy.drawings() / 4, "a paused client skips what it missed");
}

/// Pixels of the whole surface would be dearer than the drawings that they replace.
#[test]
fn a_client_that_is_behind_by_a_few_thousand_small_drawings_gets_them_all() {
    let mut scene = Scene::new(SIZE);
    let mut paused = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut paused]);
    for color in 1..=10 {
        for rect in dots(400) {
            scene.fill(rect, color);
        }
    }
    while scene.guest.waiting() > 0 {
        scene.pass(Duration::from_millis(5));
    }
    let before = paused.drawings();
    scene.settle_with(&mut [&mut paused]);
    assert_eq!(pixel(&paused, 1, 1), 10);
    // Drawings that others cover are not sent; a snapshot would be one.
    assert!(paused.drawings() - before >= 400, "{} drawings came", paused.drawings() - before);
}

#[test]
fn a_client_that_reads_a_little_at_a_time_does_not_slow_the_guest_down_for_long() {
    let mut scene = Scene::new(SIZE);
    let mut slow = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut slow]);
    let start = scene.clock.now();
    let mut read_at = start;
    for _ in 0..20 {
        for rect in dots(400) {
            scene.fill(rect, 1);
        }
        while scene.guest.waiting() > 0 {
            scene.pass(Duration::from_millis(5));
            // Five messages a second, each acknowledged.
            if scene.clock.now() - read_at > Duration::from_millis(200) {
                read_at = scene.clock.now();
                slow.read_some(1);
            }
        }
    }
    let stalled = scene.clock.now() - start;
    assert!(stalled < Duration::from_secs(1), "the guest was stalled for {stalled:?}");
}

#[test]
fn a_frozen_client_is_dropped_after_half_a_minute() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    for rect in dots(500) {
        scene.fill(rect, 3);
    }
    scene.pass(Duration::from_secs(20));
    assert!(!client.is_closed());
    for rect in dots(100) {
        scene.fill(rect, 4);
    }
    scene.pass(Duration::from_secs(20));
    assert!(client.is_closed());
}

#[test]
fn an_idle_client_stays() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    scene.settle_with(&mut [&mut client]);
    scene.pass(Duration::from_secs(3600));
    assert!(!client.is_closed());
}

#[test]
fn clients_come_and_go_while_the_guest_draws() {
    let mut scene = Scene::new(SIZE);
    let mut clients: Vec<Client> = Vec::new();
    for round in 0..100_u32 {
        for rect in dots(37) {
            scene.fill(rect, round);
        }
        match round % 5 {
            0 | 2 => clients.push(Client::join(&scene.handle, round)),
            1 => {
                if let Some(client) = clients.pop() {
                    client.leave();
                }
            }
            _ => {}
        }
        scene.settle_with(&mut clients.iter_mut().collect::<Vec<_>>());
    }
    assert!(clients.iter().all(|client| pixel(client, 1, 1) == 99));
    assert_eq!(scene.guest.released().len(), scene.guest.submitted().len());
}

#[test]
fn what_clients_can_do_reaches_the_guest() {
    let mut scene = Scene::new(SIZE);
    assert_eq!(scene.guest.capabilities(), None);
    let client = Client::join(&scene.handle, 1);
    scene.settle();
    assert_eq!(scene.guest.capabilities().map(|(present, bits)| (present, bits[0])), Some((true, 0b1110)));
    client.leave();
    scene.settle();
    assert_eq!(scene.guest.capabilities(), Some((false, [0; 58])));
}

#[test]
fn a_client_that_breaks_the_protocol_is_dropped_and_others_stay() {
    let second_init = ClientMessage::Init(Init::default()).encode();
    let too_short = (101, bytes::Bytes::from_static(&[1, 2]));
    let unknown = (999, bytes::Bytes::new());
    for (kind, body) in [(second_init.kind(), second_init.to_body()), too_short, unknown] {
        let mut scene = Scene::new(SIZE);
        let mut bad = Client::join(&scene.handle, 1);
        let mut good = Client::join(&scene.handle, 2);
        scene.settle_with(&mut [&mut bad, &mut good]);
        bad.send_raw(kind, body);
        scene.settle();
        assert!(bad.is_closed());
        scene.fill(Rect::of_size(SIZE), 5);
        scene.settle_with(&mut [&mut good]);
        assert_eq!(pixel(&good, 0, 0), 5);
    }
}

#[test]
fn acknowledgements_out_of_turn_do_no_harm() {
    let mut scene = Scene::new(SIZE);
    let mut client = Client::join(&scene.handle, 1);
    for _ in 0..1000 {
        client.send(&ClientMessage::Base(base::ClientMessage::Ack));
    }
    client.send(&ClientMessage::Base(base::ClientMessage::AckSync(base::AckSync { generation: 77 })));
    client.acknowledges = false;
    scene.settle_with(&mut [&mut client]);
    for rect in dots(500) {
        scene.fill(rect, 3);
    }
    scene.settle();
    assert!(client.read() <= 50, "the window holds");
}
