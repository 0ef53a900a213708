//! A client that shows nothing: it links the main, display and cursor channels without a ticket, keeps
//! their flow control going, and counts what comes. It is never what a server waits for.
//!
//! Each channel is read by a thread of its own until the server closes it.

mod channel;
mod link;
mod tally;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use wire::channel::ChannelType;

use self::channel::Channel;
pub use self::tally::Tally;

/// How long the server may take for what the client waits for.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the channels tell the client.
#[derive(Debug)]
enum Seen {
    /// The session has this number; other channels can be linked.
    Session(u32),
    /// The display shows its first picture.
    Shown,
    /// The display showed the end marker, and it is gone again: nothing follows.
    EndMarker,
    /// A channel failed.
    Failed(anyhow::Error),
}

/// A connected client.
pub struct NullClient {
    seen: Receiver<Seen>,
    display: Arc<Mutex<Tally>>,
}

impl NullClient {
    /// Connects to a server and waits until the display shows a picture.
    ///
    /// # Errors
    /// The server refuses, fails or shows nothing.
    pub fn connect(server: SocketAddr) -> Result<Self> {
        let (tell, seen) = channel();
        let display = Arc::new(Mutex::new(Tally::default()));
        let unheeded = || Arc::new(Mutex::new(Tally::default()));
        let open = |kind, session, tally| Channel::open(server, kind, session, tally, tell.clone());
        open(ChannelType::MAIN, 0, unheeded())?;
        let client = Self { seen, display: Arc::clone(&display) };
        let session = client.wait("the session", |seen| match seen {
            Seen::Session(session) => Some(session),
            _ => None,
        })?;
        open(ChannelType::DISPLAY, session, display)?;
        open(ChannelType::CURSOR, session, unheeded())?;
        client.wait("the first picture", |seen| matches!(seen, Seen::Shown).then_some(()))?;
        Ok(client)
    }

    /// Waits until the end marker has come and gone.
    ///
    /// # Errors
    /// It does not come.
    pub fn wait_for_end(&self) -> Result<()> {
        self.wait("the end marker", |seen| matches!(seen, Seen::EndMarker).then_some(()))
    }

    /// Waits until something has come on the display channel, and then nothing for `time`; returns when the last of it came.
    ///
    /// # Errors
    /// A channel fails, or nothing comes.
    pub fn wait_for_silence(&self, time: Duration) -> Result<Instant> {
        /// How exactly the moment is known.
        const STEP: Duration = Duration::from_micros(500);
        let begin = Instant::now();
        let (mut bytes, mut last) = (0, begin);
        while bytes == 0 || last.elapsed() < time {
            if bytes == 0 && begin.elapsed() > PATIENCE {
                bail!("no picture came within {PATIENCE:?}");
            }
            let now = self.display().bytes;
            if now != bytes {
                (bytes, last) = (now, Instant::now());
            }
            if let Ok(Seen::Failed(error)) = self.seen.recv_timeout(STEP) {
                return Err(error.context("waiting for a picture"));
            }
        }
        Ok(last)
    }

    /// What has come on the display channel so far.
    pub fn display(&self) -> Tally {
        self.display.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait<T>(&self, what: &str, wanted: impl Fn(Seen) -> Option<T>) -> Result<T> {
        loop {
            match self.seen.recv_timeout(PATIENCE) {
                Ok(Seen::Failed(error)) => return Err(error.context(format!("waiting for {what}"))),
                Ok(seen) => {
                    if let Some(found) = wanted(seen) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => bail!("{what} did not come within {PATIENCE:?}"),
                Err(RecvTimeoutError::Disconnected) => bail!("the server closed all channels before {what}"),
            }
        }
    }
}
