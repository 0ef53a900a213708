//! The thread of one channel: reads, answers, and hands messages to the view.

use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wire::WireError;
use wire::channel::{ChannelId, ChannelType};
use wire::frame::{Frame, HeaderKind, Received};
use wire::image::ImageBody;

use crate::address::Stream;
use crate::connection::Connection;
use crate::pace::Pace;
use crate::statistics::ChannelStatistics;
use crate::view::View;

/// Bytes of one read.
const READ_SIZE: usize = 256 << 10;

/// The type of a drawing message, by far the most frequent one with an image.
const DRAW_COPY: u16 = 304;

/// What all threads of a client share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    view: Mutex<View>,
    pub(crate) changed: Condvar,
    pub(crate) pace: Pace,
    /// Bytes a second of each display; `None` for all that come.
    pub(crate) rate: Option<u32>,
    /// Whether messages are only counted.
    pub(crate) null: bool,
}

impl Shared {
    pub(crate) fn new(rate: Option<u32>, null: bool) -> Self {
        Self { rate, null, ..Self::default() }
    }

    pub(crate) fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The direction to the server.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: Stream,
    header: HeaderKind,
    serial: u64,
}

impl Writer {
    pub(crate) const fn new(stream: Stream, header: HeaderKind) -> Self {
        Self { stream, header, serial: 0 }
    }

    pub(crate) fn send(&mut self, frames: &[Frame]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for frame in frames {
            self.serial += 1;
            match self.header {
                HeaderKind::Mini => bytes.extend_from_slice(&frame.mini_header()),
                HeaderKind::Full => bytes.extend_from_slice(&frame.full_header(self.serial)),
            }
            frame.parts().for_each(|part| bytes.extend_from_slice(part));
        }
        self.stream.write_all(&bytes)
    }

    pub(crate) fn shutdown(&self) {
        self.stream.shutdown();
    }
}

/// A channel that is read.
pub(crate) struct Reader {
    pub(crate) channel: ChannelId,
    pub(crate) stream: Stream,
    pub(crate) connection: Connection,
    pub(crate) writer: Arc<Mutex<Writer>>,
    pub(crate) shared: Arc<Shared>,
}

impl Reader {
    /// Reads until either end closes.
    pub(crate) fn run(mut self) {
        let reason = match self.read() {
            Ok(()) => "end of file".to_owned(),
            Err(reason) => reason,
        };
        self.shared.view().closed.insert(self.channel, reason);
        self.shared.changed.notify_all();
        lock(&self.writer).shutdown();
    }

    fn read(&mut self) -> Result<(), String> {
        let mut buffer = vec![0; READ_SIZE];
        let rate = self.shared.rate.filter(|_| self.channel.channel_type == ChannelType::DISPLAY);
        let most = rate.map_or(READ_SIZE, |rate| (rate as usize / 20).clamp(1, READ_SIZE));
        while self.shared.pace.wait(self.channel.channel_type) {
            let room = buffer.get_mut(..most).unwrap_or_default();
            let size = self.stream.read(room).map_err(|error| error.to_string())?;
            if size == 0 {
                break;
            }
            self.connection.feed(buffer.get(..size).unwrap_or_default());
            self.handle(size)?;
            let answers = self.connection.take_answers();
            if !answers.is_empty() {
                lock(&self.writer).send(&answers).map_err(|error| error.to_string())?;
            }
            self.shared.pace.spend(size, rate);
        }
        Ok(())
    }

    /// Handles all messages that are complete. Counts are merged once for all of them.
    fn handle(&mut self, size: usize) -> Result<(), String> {
        let mut counts = ChannelStatistics { bytes: size as u64, ..Default::default() };
        let mut view = (!self.shared.null).then(|| self.shared.view());
        while let Some(received) = self.connection.next().map_err(|error| error.to_string())? {
            counts.message(received.kind, received.body.len());
            if let Some(view) = &mut view {
                apply(view, self.channel, received);
            } else {
                self.notice(&received, &mut counts);
            }
        }
        let mut view = view.unwrap_or_else(|| self.shared.view());
        view.statistics.entry(self.channel).or_default().merge(&counts);
        drop(view);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// In a session that only counts, what is needed to link and to end is noticed all the same.
    fn notice(&self, received: &Received, counts: &mut ChannelStatistics) {
        if self.channel.channel_type == ChannelType::DISPLAY && received.kind == DRAW_COPY {
            // The peer's fault, if any, is for a client that decodes.
            if let Ok(name) = copied_image(&received.body) {
                counts.image(name, received.body.len());
            }
        }
        let is_rare = match self.channel.channel_type {
            ChannelType::MAIN => true,
            // Surfaces that begin and end.
            ChannelType::DISPLAY => matches!(received.kind, 314 | 315),
            _ => false,
        };
        if is_rare {
            apply(&mut self.shared.view(), self.channel, received.clone());
        }
    }
}

/// The kind of image that a copy draws, without decoding the rest.
fn copied_image(body: &Bytes) -> Result<&'static str, WireError> {
    let mut from = wire::Reader::new(body);
    from.bytes(20, "surface and box")?;
    if from.array::<1>("clip type")? == [1] {
        let count = u32::from_le_bytes(from.array("count of clip rectangles")?);
        from.bytes(u64::from(count) * 16, "clip rectangles")?;
    }
    let mut image = from.required_pointer("image")?;
    image.bytes(8, "image id")?;
    let [kind] = image.array("image type")?;
    Ok(ImageBody::name_of(kind).unwrap_or("unknown"))
}

fn apply(view: &mut View, channel: ChannelId, received: Received) {
    let before = received.sub_messages();
    match before {
        Ok(messages) => {
            for (kind, body) in messages {
                if let Err(fault) = view.apply(channel, kind, body) {
                    view.fault(channel, fault);
                }
            }
        }
        Err(error) => view.fault(channel, error),
    }
    if let Err(fault) = view.apply(channel, received.kind, received.body) {
        view.fault(channel, fault);
    }
}

pub(crate) fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}
