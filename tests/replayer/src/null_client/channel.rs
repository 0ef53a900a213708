//! One channel: reads frames, answers what has to be answered, counts the rest.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use wire::base;
use wire::channel::ChannelType;
use wire::display::{self, ServerMessage};
use wire::frame::{FrameReader, HeaderKind, MINI_HEADER_SIZE, Received};
use wire::{Frame, main};

use super::{Seen, Tally, link};
use crate::session::END_MARKER;

/// No message of a recording comes near this many bytes.
const LARGEST_MESSAGE: u32 = 512 << 20;

/// Caches as spice-gtk has them: 80 MB of images and 16 MB of dictionary, in pixels of 4 bytes.
const CACHES: display::Init = display::Init {
    pixmap_cache_id: 1,
    pixmap_cache_size: (80 << 20) / 4,
    glz_dictionary_id: 1,
    glz_dictionary_window_size: (16 << 20) / 4,
};

pub(super) struct Channel {
    kind: ChannelType,
    stream: TcpStream,
    tally: Arc<Mutex<Tally>>,
    tell: Sender<Seen>,
    /// Messages between two acknowledgements; 0 for none.
    window: u32,
    unacknowledged: u32,
    marker_shown: bool,
}

impl Channel {
    /// Links a channel and reads it from now on.
    pub(super) fn open(
        server: SocketAddr,
        kind: ChannelType,
        session: u32,
        tally: Arc<Mutex<Tally>>,
        tell: Sender<Seen>,
    ) -> Result<()> {
        let stream = link::link(server, kind, session)?;
        let mut channel =
            Self { kind, stream, tally, tell, window: 0, unacknowledged: 0, marker_shown: false };
        if kind == ChannelType::DISPLAY {
            channel.send(&display::ClientMessage::Init(CACHES).encode())?;
        }
        std::thread::spawn(move || {
            if let Err(error) = channel.read() {
                // Whoever waits is gone only with the client.
                let _ = channel.tell.send(Seen::Failed(error));
            }
        });
        Ok(())
    }

    fn send(&mut self, frame: &Frame) -> Result<()> {
        let mut bytes = frame.mini_header().to_vec();
        frame.parts().for_each(|part| bytes.extend_from_slice(part));
        self.stream.write_all(&bytes).context("the server closed a channel")
    }

    /// Reads until the server closes the channel.
    fn read(&mut self) -> Result<()> {
        let mut frames = FrameReader::new(HeaderKind::Mini, LARGEST_MESSAGE);
        let mut bytes = vec![0; 1 << 18];
        loop {
            let count = match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(()),
                read => read?,
            };
            frames.feed(bytes.get(..count).unwrap_or_default());
            while let Some(frame) = frames.next()? {
                self.handle(frame)?;
            }
        }
    }

    fn handle(&mut self, frame: Received) -> Result<()> {
        {
            let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.bytes += (MINI_HEADER_SIZE + frame.body.len()) as u64;
            tally.messages += 1;
        }
        self.acknowledge()?;
        match base::ServerMessage::decode(frame.kind, frame.body.clone()) {
            Ok(base::ServerMessage::SetAck(ack)) => {
                (self.window, self.unacknowledged) = (ack.window, 0);
                let sync = base::AckSync { generation: ack.generation };
                self.send(&base::ClientMessage::AckSync(sync).encode())
            }
            Ok(base::ServerMessage::Ping(ping)) => {
                let pong = base::Pong { id: ping.id, timestamp: ping.timestamp };
                self.send(&base::ClientMessage::Pong(pong).encode())
            }
            Ok(_) => Ok(()),
            Err(_) if self.kind == ChannelType::MAIN => self.handle_main(frame),
            Err(_) if self.kind == ChannelType::DISPLAY => self.handle_display(frame),
            Err(_) => Ok(()),
        }
    }

    fn acknowledge(&mut self) -> Result<()> {
        if self.window == 0 {
            return Ok(());
        }
        self.unacknowledged += 1;
        if self.unacknowledged < self.window {
            return Ok(());
        }
        self.unacknowledged = 0;
        self.send(&base::ClientMessage::Ack.encode())
    }

    fn tell(&self, seen: Seen) {
        // Nobody waits any more once the client is dropped.
        let _ = self.tell.send(seen);
    }

    fn handle_main(&mut self, frame: Received) -> Result<()> {
        if let main::ServerMessage::Init(init) = main::ServerMessage::decode(frame.kind, frame.body)? {
            self.send(&main::ClientMessage::AttachChannels.encode())?;
            self.tell(Seen::Session(init.session_id));
        }
        Ok(())
    }

    fn handle_display(&mut self, frame: Received) -> Result<()> {
        match ServerMessage::decode(frame.kind, frame.body) {
            Err(_) => self.tally.lock().unwrap_or_else(PoisonError::into_inner).undecodable += 1,
            Ok(ServerMessage::Mark) => self.tell(Seen::Shown),
            Ok(ServerMessage::SurfaceCreate(surface)) => {
                self.marker_shown = (surface.width, surface.height) == END_MARKER;
            }
            Ok(ServerMessage::SurfaceDestroy(_)) if self.marker_shown => self.tell(Seen::EndMarker),
            Ok(message) => self.tally.lock().unwrap_or_else(PoisonError::into_inner).count_images(message),
        }
        Ok(())
    }
}
