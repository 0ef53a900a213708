//! Videos: found whatever a compositor paints around them, sent as frames, and without loss when they have ended.

use std::time::Duration;

use host_server::settings::StreamingVideo;
use image::geometry::{Rect, Size};
use suite::client::Client;
use suite::scene::Scene;
use wire::capability::display as capability;
use wire::display::{ClientMessage, ServerMessage, StreamReport};

const SCREEN: Size = Size::new(640, 400);
const VIDEO: Rect = Rect::new(160, 100, 480, 300);
/// From one frame to the next: 25 a second.
const PERIOD: Duration = Duration::from_millis(40);

/// A desktop with a video on it.
struct Desktop {
    scene: Scene,
    pixels: Vec<u32>,
    frame: u32,
}

impl Desktop {
    fn new(streaming: StreamingVideo) -> Self {
        let scene = Scene::with_video(SCREEN, streaming);
        let width = SCREEN.width;
        let pixels =
            (0..SCREEN.area() as u32).map(|i| if (i % width / 3).is_multiple_of(2) { 0xff_ffff } else { 0 });
        let mut desktop = Self { scene, pixels: pixels.collect(), frame: 0 };
        desktop.paint(Rect::of_size(SCREEN));
        desktop.scene.settle();
        desktop
    }

    /// Another smooth picture where the video is.
    fn next_picture(&mut self) {
        self.frame += 1;
        for y in VIDEO.top..VIDEO.bottom {
            for x in VIDEO.left..VIDEO.right {
                let (x, y, t) = (x as u32, y as u32, self.frame * 5);
                let color = ((x / 2 + t) & 0xff) << 16 | ((y / 2 + t) & 0xff) << 8 | ((x + y) / 4 + t) & 0xff;
                self.pixels[(y * SCREEN.width + x) as usize] = color;
            }
        }
    }

    /// The compositor paints a part of the desktop.
    fn paint(&mut self, area: Rect) {
        let width = SCREEN.width as usize;
        let rows = self.pixels.chunks(width).skip(area.top as usize).take(area.height() as usize);
        let part: Vec<u32> =
            rows.flat_map(|row| &row[area.left as usize..area.right as usize]).copied().collect();
        self.scene.copy(area, &part, None);
    }

    /// Plays frames; `damage` says what is painted for each.
    fn play(&mut self, frames: u32, clients: &mut [&mut Client], damage: impl Fn(u32) -> Rect) {
        for _ in 0..frames {
            self.next_picture();
            self.paint(damage(self.frame));
            self.scene.settle_with(clients);
            self.scene.pass(PERIOD);
        }
    }

    fn is_shown_by(&self, client: &Client) -> bool {
        shown(client) == self.pixels
    }
}

fn shown(client: &Client) -> Vec<u32> {
    client.screen().unwrap().longs().unwrap().pixels().to_vec()
}

/// All rows of the screen that the video is in: what compositors paint that know rows only.
fn rows(_: u32) -> Rect {
    Rect::new(0, VIDEO.top, SCREEN.width as i32, VIDEO.bottom)
}

/// The video itself, and in turn with it the whole screen.
fn alternating(frame: u32) -> Rect {
    if frame.is_multiple_of(2) { VIDEO } else { Rect::of_size(SCREEN) }
}

/// Pixels of the drawings that a client has read.
fn drawn_pixels(client: &Client) -> u64 {
    let area = |message: &ServerMessage| match message {
        ServerMessage::Draw(drawable) => drawable.bbox.size().area(),
        _ => 0,
    };
    client.received().iter().map(area).sum()
}

#[test]
fn a_video_is_found_within_half_a_second_in_whatever_is_painted() {
    for damage in [rows, alternating, |_| VIDEO] {
        let mut desktop = Desktop::new(StreamingVideo::Filter);
        let mut client = Client::join(&desktop.scene.handle, 1);
        desktop.scene.settle_with(&mut [&mut client]);
        desktop.play(13, &mut [&mut client], damage);
        assert_eq!(client.videos(), [VIDEO], "to the pixel");
        client.forget();
        desktop.play(25, &mut [&mut client], damage);
        assert_eq!((client.frames(), client.drawings()), (25, 0));
    }
}

#[test]
fn what_is_drawn_beside_a_video_has_no_loss() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut client = Client::join(&desktop.scene.handle, 1);
    desktop.play(20, &mut [&mut client], rows);
    client.forget();
    // A clock moves on, in the rows of the video.
    for y in 150..158 {
        desktop.pixels[y * SCREEN.width as usize + 10..][..30].fill(0x12_3456);
    }
    desktop.play(1, &mut [&mut client], rows);
    assert_eq!(client.drawings(), 1);
    assert!(drawn_pixels(&client) <= 64 * 16, "{}", drawn_pixels(&client));
    let outside = |index: usize| {
        let (x, y) = ((index % SCREEN.width as usize) as i32, (index / SCREEN.width as usize) as i32);
        !VIDEO.contains(&Rect::new(x, y, x + 1, y + 1))
    };
    let screen = shown(&client);
    let differs = |index: &usize| outside(*index) && screen[*index] != desktop.pixels[*index];
    assert_eq!((0..screen.len()).find(differs), None);
}

#[test]
fn when_a_video_pauses_its_pixels_come_without_loss() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut client = Client::join(&desktop.scene.handle, 1);
    desktop.play(30, &mut [&mut client], rows);
    assert!(!desktop.is_shown_by(&client), "JPEG files have loss");
    desktop.scene.pass(Duration::from_millis(1100));
    desktop.scene.settle_with(&mut [&mut client]);
    assert_eq!(client.videos(), []);
    assert!(desktop.is_shown_by(&client));
}

#[test]
fn pixels_that_are_moved_out_of_a_video_have_no_loss() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut client = Client::join(&desktop.scene.handle, 1);
    desktop.play(20, &mut [&mut client], rows);
    desktop.scene.copy_bits(Rect::new(0, 0, 100, 50), VIDEO.left, VIDEO.top);
    desktop.scene.settle_with(&mut [&mut client]);
    let (width, screen) = (SCREEN.width as usize, shown(&client));
    let original = (VIDEO.top as usize + 7) * width + VIDEO.left as usize + 9;
    assert_eq!(screen[7 * width + 9], desktop.pixels[original]);
}

#[test]
fn a_client_that_joins_sees_the_video_and_one_without_the_codec_sees_drawings() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut first = Client::join(&desktop.scene.handle, 1);
    desktop.play(20, &mut [&mut first], rows);
    let mut late = Client::join(&desktop.scene.handle, 2);
    let mut without = Client::join_with(&desktop.scene.handle, 3, &[capability::MULTI_CODEC]);
    desktop.scene.settle_with(&mut [&mut first, &mut late, &mut without]);
    desktop.play(5, &mut [&mut first, &mut late, &mut without], rows);
    assert_eq!(late.videos(), [VIDEO]);
    assert_eq!(shown(&late), shown(&first), "they get the same frames");
    assert_eq!((without.videos().len(), without.frames()), (0, 0));
    assert!(desktop.is_shown_by(&without));
}

#[test]
fn a_slow_client_gets_fewer_frames_and_the_newest_and_the_other_all() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut fast = Client::join(&desktop.scene.handle, 1);
    let mut slow = Client::join_with(&desktop.scene.handle, 2, &[capability::SIZED_STREAM]);
    desktop.play(20, &mut [&mut fast, &mut slow], rows);
    fast.forget();
    slow.forget();
    for _ in 0..3 {
        // The slow one reads nothing for a second.
        desktop.play(25, &mut [&mut fast], rows);
        slow.read();
        desktop.scene.settle_with(&mut [&mut fast, &mut slow]);
    }
    assert_eq!(fast.frames(), 75);
    assert!((10..70).contains(&slow.frames()), "{}", slow.frames());
    desktop.scene.pass(Duration::from_millis(1100));
    desktop.scene.settle_with(&mut [&mut fast, &mut slow]);
    assert!(desktop.is_shown_by(&fast) && desktop.is_shown_by(&slow));
}

#[test]
fn a_video_ends_with_its_surface() {
    let mut desktop = Desktop::new(StreamingVideo::All);
    let mut client = Client::join(&desktop.scene.handle, 1);
    desktop.play(20, &mut [&mut client], rows);
    assert_eq!(client.videos().len(), 1);
    desktop.scene.call(host_server::display::handle::Call::DestroyPrimary);
    desktop.scene.settle_with(&mut [&mut client]);
    assert!(client.videos().is_empty() && client.screen().is_none());
    let primary = desktop.scene.guest.primary(SCREEN.width, SCREEN.height);
    desktop.scene.call(host_server::display::handle::Call::CreatePrimary(primary));
    desktop.paint(Rect::of_size(SCREEN));
    desktop.scene.settle_with(&mut [&mut client]);
    assert!(desktop.is_shown_by(&client));
}

#[test]
fn a_client_that_cannot_show_videos_gets_drawings() {
    let mut desktop = Desktop::new(StreamingVideo::Filter);
    let mut client = Client::join_with(&desktop.scene.handle, 1, &[capability::STREAM_REPORT]);
    desktop.play(20, &mut [&mut client], rows);
    let activated = client.received().iter().find_map(|message| match message {
        ServerMessage::StreamActivateReport(activate) => Some(*activate),
        _ => None,
    });
    let activated = activated.expect("reports are asked for");
    let report = StreamReport {
        id: activated.id,
        unique_id: activated.unique_id,
        num_drops: u32::MAX,
        ..StreamReport::default()
    };
    client.send(&ClientMessage::StreamReport(report));
    desktop.scene.settle_with(&mut [&mut client]);
    desktop.play(5, &mut [&mut client], rows);
    assert!(client.videos().is_empty() && desktop.is_shown_by(&client));
}

#[test]
fn scrolling_text_is_no_video_for_a_filter_and_nothing_is_when_videos_are_off() {
    let stripes = |desktop: &mut Desktop, offset: usize| {
        for y in 100..300 {
            for x in 160..480 {
                let ink = (x / 2 + (y + offset) / 3 * 7).is_multiple_of(3);
                desktop.pixels[y * SCREEN.width as usize + x] = if ink { 0 } else { 0xff_ffff };
            }
        }
    };
    for (setting, videos) in [(StreamingVideo::Filter, 0), (StreamingVideo::Off, 0), (StreamingVideo::All, 1)]
    {
        let mut desktop = Desktop::new(setting);
        let mut client = Client::join(&desktop.scene.handle, 1);
        for offset in 0..25 {
            stripes(&mut desktop, offset);
            desktop.paint(rows(0));
            desktop.scene.settle_with(&mut [&mut client]);
            desktop.scene.pass(PERIOD);
        }
        assert_eq!(client.videos().len(), videos, "{setting:?}");
        if videos == 0 {
            assert!(desktop.is_shown_by(&client));
        }
    }
}
