//! A display, its guest and its clock, and the steps that tests take with them.

use std::sync::Arc;
use std::time::Duration;

use host_server::display::handle::{Call, Handle};
use host_server::display::settings::DisplaySettings;
use host_server::display::{Next, Pool, Worker};
use host_server::settings::video_codecs::CodecOrder;
use host_server::settings::{Compression, ImageCompression, StreamingVideo};
use image::geometry::{Rect, Size};
use qxl::drawable::{Effect, Operation};
use qxl::image::{BitmapFormat, ImageDescriptor, ImageKind};
use qxl::memslot::PhysAddr;
use qxl::operation::{Brush, Copy, CopyBits, Fill, Mask, Paint, rop};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

use crate::client::Client;
use crate::clock::SimulatedClock;
use crate::guest::{Guest, LIMITS};

const fn settings(compression: Compression, streaming: StreamingVideo) -> DisplaySettings {
    DisplaySettings { compression, streaming, video_codecs: CodecOrder::MJPEG }
}

/// A display with a running guest.
pub struct Scene {
    /// The guest.
    pub guest: Guest,
    /// The display, from outside.
    pub handle: Handle,
    /// Its time.
    pub clock: SimulatedClock,
    worker: Worker,
    cookie: u64,
}

impl Scene {
    /// A running guest with a primary surface of `size`.
    pub fn new(size: Size) -> Self {
        Self::with_video(size, StreamingVideo::Off)
    }

    /// The same, with so many threads that encode.
    pub fn with_threads(size: Size, threads: usize) -> Self {
        let compression = ImageCompression::Lz.into();
        Self::set_up(size, settings(compression, StreamingVideo::Off), threads)
    }

    /// The same, on a host that sends such pictures as video.
    pub fn with_video(size: Size, streaming: StreamingVideo) -> Self {
        Self::set_up(size, settings(ImageCompression::Lz.into(), streaming), 0)
    }

    fn set_up(size: Size, settings: DisplaySettings, threads: usize) -> Self {
        let guest = Guest::new(64 << 20);
        let clock = SimulatedClock::default();
        let time = clock.clone();
        let (worker, handle) = Worker::new(
            0,
            guest.device(),
            LIMITS,
            settings,
            Arc::new(Pool::new(threads)),
            Arc::new(|_| ()),
            Box::new(move || time.now()),
        )
        .expect("sensible limits");
        let mut scene = Self { guest, handle, clock, worker, cookie: 0 };
        let slot = scene.guest.slot();
        scene.call(Call::AddSlot(slot));
        let primary = scene.guest.primary(size.width, size.height);
        scene.call(Call::CreatePrimary(primary));
        scene.handle.start();
        scene.settle();
        scene
    }

    /// Makes a call and takes turns until it is done. Returns its cookie.
    pub fn call(&mut self, call: Call) -> u64 {
        self.cookie += 1;
        self.handle.call_async(call, self.cookie);
        self.settle();
        assert_eq!(self.guest.completed().last(), Some(&self.cookie), "a call is completed, in order");
        self.cookie
    }

    /// Takes one turn.
    pub fn turn(&mut self) -> Next {
        self.worker.turn()
    }

    /// Wakes the display and takes turns until nothing happens any more without time passing.
    pub fn settle(&mut self) {
        self.handle.wakeup();
        for _ in 0..100_000 {
            if self.turn() != Next::Turn {
                assert_eq!(self.worker.internal_errors(), 0, "nothing panics inside");
                return;
            }
        }
        panic!("the display never rests");
    }

    /// Takes turns and lets the clients read until nobody has anything to do at this time.
    pub fn settle_with(&mut self, clients: &mut [&mut Client]) {
        for _ in 0..10_000 {
            self.settle();
            let read: usize = clients.iter_mut().map(|client| client.read()).sum();
            if read == 0 {
                return;
            }
        }
        panic!("the display never rests");
    }

    /// Lets time pass as it would for the display's thread, a deadline at a time.
    pub fn pass(&mut self, time: Duration) {
        let until = self.clock.now() + time;
        while self.clock.now() < until {
            if let Next::Wait(deadline) = self.turn() {
                self.clock.advance_to(deadline.min(until));
            }
        }
        self.settle();
    }

    /// The guest fills a rectangle of the primary surface.
    pub fn fill(&self, rect: Rect, color: u32) {
        self.fill_with(rect, color, rop::PUT, Effect::Opaque);
    }

    /// The guest fills a rectangle with any raster operation.
    pub fn fill_with(&self, rect: Rect, color: u32, rop: u16, effect: Effect) {
        let fill = Fill { brush: Brush::new(Paint::Solid(color)), rop: U16::new(rop), mask: Mask::default() };
        self.guest.draw(0, rect, effect, &Operation::Fill(fill));
    }

    /// The guest moves pixels of the primary surface.
    pub fn copy_bits(&self, rect: Rect, x: i32, y: i32) {
        let operation = Operation::CopyBits(CopyBits { source: qxl::geometry::Point::new(x, y) });
        self.guest.draw(0, rect, Effect::Opaque, &operation);
    }

    /// The guest copies pixels (0x00RRGGBB, row by row) to the primary surface; with an id, clients may keep
    /// them. Returns where the pixels are in its memory.
    pub fn copy(&self, rect: Rect, pixels: &[u32], id: Option<u64>) -> PhysAddr {
        let data = self.guest.store(pixels.as_bytes());
        let image = self.image(Size::new(rect.width(), rect.height()), data, id);
        self.copy_image(rect, image, rop::PUT, Effect::Opaque);
        data
    }

    /// The guest describes an image of pixels that are in its memory.
    pub fn image(&self, size: Size, data: PhysAddr, id: Option<u64>) -> PhysAddr {
        let Size { width, height } = size;
        let descriptor = ImageDescriptor {
            id: U64::new(id.unwrap_or(0)),
            kind: ImageKind::Bitmap.code(),
            flags: if id.is_some() { ImageDescriptor::CACHE } else { 0 },
            width: U32::new(width),
            height: U32::new(height),
        };
        let bitmap = qxl::image::Bitmap {
            format: BitmapFormat::Bit32.code(),
            flags: qxl::image::Bitmap::DIRECT | qxl::image::Bitmap::TOP_DOWN,
            width: U32::new(width),
            height: U32::new(height),
            stride: U32::new(width * 4),
            palette: PhysAddr::NULL,
            data,
        };
        self.guest.store(&[descriptor.as_bytes(), bitmap.as_bytes()].concat())
    }

    /// The guest copies an image of the size of `rect` to the primary surface by any raster operation.
    pub fn copy_image(&self, rect: Rect, image: PhysAddr, rop: u16, effect: Effect) {
        let area = Rect::of_size(rect.size());
        let copy = Copy {
            source: image,
            source_area: qxl::geometry::Rect::new(area.left, area.top, area.right, area.bottom),
            rop: U16::new(rop),
            ..Copy::default()
        };
        self.guest.draw(0, rect, effect, &Operation::Copy(copy));
    }
}
