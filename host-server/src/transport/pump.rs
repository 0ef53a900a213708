//! Moves bytes between one socket and one [`Connection`](crate::channel::connection::Connection).
//!
//! A task of the network thread runs it from the end of the link to the end of the connection. All frames
//! that wait are written with one call; reading stops while the owner has too many messages unprocessed.
//! It knows nothing of what messages mean, and never calls into the owner but through its sink.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, Sleep};
use wire::frame::FrameReader;

use super::batch::{Batch, MAX_SLICES};
use super::shortcut::Shortcut;
use super::stream::Stream;
use crate::channel::connection::{ConnectionEvent, Demand, EventSink, Outlet};
use crate::channel::parcel::Parcel;

/// How long a closed connection may take to write what is queued.
const LINGER: Duration = Duration::from_secs(5);

/// Room for one read, in bytes.
const READ_SIZE: usize = 4096;

/// Why a connection has ended; `None` is good order.
type End = Option<String>;

/// Runs until either end has had enough, then tells the sink.
pub(super) async fn run(stream: Box<dyn Stream>, outlet: Outlet, reader: FrameReader, sink: EventSink) {
    let batch = Arc::new(Mutex::new(Batch::new(outlet.header())));
    if let Some(socket) = stream.socket() {
        outlet.set_shortcut(Box::new(Shortcut::new(Arc::clone(&batch), socket)));
    }
    let mut pump =
        Pump { stream, outlet, reader, sink, batch, taken: Vec::new(), draining: None, read_blocked: false };
    let end = poll_fn(|context| pump.poll(context)).await;
    (pump.sink)(ConnectionEvent::Closed(end));
}

struct Pump {
    stream: Box<dyn Stream>,
    outlet: Outlet,
    reader: FrameReader,
    sink: EventSink,
    /// Held from the moment when frames leave the queue: what is queued later must not overtake them.
    batch: Arc<Mutex<Batch>>,
    /// Empty between calls; kept for its room.
    taken: Vec<Parcel>,
    /// Set once the owner has closed: when patience ends.
    draining: Option<Pin<Box<Sleep>>>,
    /// Whether whole messages may wait in `reader` for a credit.
    read_blocked: bool,
}

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        self.outlet.register(context.waker());
        if let Poll::Ready(end) = self.poll_write(context) {
            return Poll::Ready(end);
        }
        if self.draining.is_some() {
            return Poll::Pending;
        }
        let read = self.poll_read(context);
        // What the owner queued while it was called goes out now, without another round through the runtime.
        match (read, self.poll_write(context)) {
            (Poll::Ready(end), _) | (Poll::Pending, Poll::Ready(end)) => Poll::Ready(end),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
        }
    }

    /// Writes until nothing is left or the kernel takes no more. Ready when the connection is over.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let batch = Arc::clone(&self.batch);
        let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
        if self.outlet.is_aborted() {
            return Poll::Ready(None);
        }
        loop {
            if batch.is_empty() && self.refill(&mut batch) == Demand::Close {
                self.draining
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + LINGER)));
            }
            if batch.is_empty() {
                return match &self.draining {
                    Some(_) => self.poll_shutdown(context),
                    None => Poll::Pending,
                };
            }
            match self.poll_write_once(&mut batch, context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Some(describe(&error))),
                Poll::Pending => return self.poll_patience(context),
            }
        }
    }

    fn refill(&mut self, batch: &mut Batch) -> Demand {
        let demand = self.outlet.take(&mut self.taken);
        self.taken.drain(..).for_each(|parcel| batch.push(parcel));
        demand
    }

    fn poll_write_once(&mut self, batch: &mut Batch, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = if let Some(descriptor) = batch.descriptor() {
            ready!(self.stream.poll_send_descriptor(context, descriptor.as_fd()))?
        } else {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = batch.slices(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        batch.advance(written);
        if self.outlet.written(written, Instant::now().into_std()) {
            (self.sink)(ConnectionEvent::Writable);
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when a closed connection has not got rid of its bytes in time.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<End> {
        match &mut self.draining {
            Some(sleep) => sleep.as_mut().poll(context).map(|()| Some("the peer did not read".to_owned())),
            None => Poll::Pending,
        }
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<End> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => self.poll_patience(context),
        }
    }

    /// Reads and delivers until the socket is empty or the owner has enough. Ready when the peer is gone or
    /// has broken the framing.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Err(error) = self.deliver() {
                return Poll::Ready(Some(error));
            }
            if self.read_blocked {
                return Poll::Pending;
            }
            let buffer = self.reader.buffer();
            buffer.reserve(READ_SIZE);
            match ready!(pin!(self.stream.read_buf(buffer)).poll(context)) {
                Ok(0) if self.reader.pending() == 0 => return Poll::Ready(None),
                Ok(0) => return Poll::Ready(Some("the peer left in the middle of a message".to_owned())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(describe(&error))),
            }
        }
    }

    fn deliver(&mut self) -> Result<(), String> {
        loop {
            let Some(credit) = self.outlet.credit() else {
                self.read_blocked = true;
                return Ok(());
            };
            self.read_blocked = false;
            let Some(message) = self.reader.next().map_err(|error| error.to_string())? else {
                return Ok(());
            };
            (self.sink)(ConnectionEvent::Message { kind: message.kind, body: message.body, credit });
        }
    }
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the peer has gone".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use bytes::Bytes;
    use tokio::io::AsyncWriteExt;
    use wire::frame::{Frame, HeaderKind};

    use super::*;
    use crate::channel::connection::Connection;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    }

    struct Rig {
        connection: Connection,
        events: mpsc::Receiver<ConnectionEvent>,
        peer: tokio::io::DuplexStream,
        task: tokio::task::JoinHandle<()>,
    }

    fn rig(pipe: usize) -> Rig {
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let (ours, peer) = tokio::io::duplex(pipe);
        let (events_in, events) = mpsc::channel();
        let sink: EventSink = Box::new(move |event| events_in.send(event).unwrap_or_default());
        let reader = FrameReader::new(HeaderKind::Mini, 1000);
        let task = tokio::spawn(run(Box::new(ours), outlet, reader, sink));
        Rig { connection, events, peer, task }
    }

    fn bytes(frame: &Frame) -> Vec<u8> {
        [frame.mini_header().as_slice(), &frame.to_body()].concat()
    }

    async fn settle() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn messages_cross_in_both_directions_in_pieces_of_any_size() {
        runtime().block_on(async {
            for pipe in [1, 5, 4096] {
                let mut rig = rig(pipe);
                let frame = Frame::new(77, Bytes::from_static(b"hello"));
                rig.connection.send(frame.clone());
                let mut got = vec![0; bytes(&frame).len()];
                rig.peer.read_exact(&mut got).await.unwrap();
                assert_eq!(got, bytes(&frame));

                rig.peer.write_all(&bytes(&frame)).await.unwrap();
                drop(rig.peer);
                rig.task.await.unwrap();
                let Ok(ConnectionEvent::Message { kind: 77, body, .. }) = rig.events.recv() else {
                    panic!("no message")
                };
                assert_eq!(body, "hello");
                assert!(matches!(rig.events.recv(), Ok(ConnectionEvent::Closed(None))));
            }
        });
    }

    #[test]
    fn a_message_over_the_limit_ends_the_connection() {
        runtime().block_on(async {
            let mut rig = rig(4096);
            rig.peer.write_all(&[1, 0, 0xff, 0xff, 0xff, 0x7f]).await.unwrap();
            rig.task.await.unwrap();
            let Ok(ConnectionEvent::Closed(Some(reason))) = rig.events.recv() else { panic!("not closed") };
            assert!(reason.contains("limit"), "{reason}");
        });
    }

    #[test]
    fn half_a_message_and_then_the_end_is_said_so() {
        runtime().block_on(async {
            let mut rig = rig(4096);
            rig.peer.write_all(&[1, 0, 3]).await.unwrap();
            drop(rig.peer);
            rig.task.await.unwrap();
            assert!(matches!(rig.events.recv(), Ok(ConnectionEvent::Closed(Some(_)))));
        });
    }

    #[test]
    fn reading_stops_until_messages_are_processed() {
        runtime().block_on(async {
            let mut rig = rig(1 << 16);
            for _ in 0..100 {
                rig.peer.write_all(&[1, 0, 0, 0, 0, 0]).await.unwrap();
            }
            settle().await;
            let held: Vec<_> = rig.events.try_iter().collect();
            assert_eq!(held.len(), 32);
            drop(held);
            settle().await;
            assert_eq!(rig.events.try_iter().count(), 32);
        });
    }

    #[test]
    fn a_peer_that_reads_again_makes_the_connection_writable() {
        runtime().block_on(async {
            let mut rig = rig(1024);
            rig.connection.send(Frame::new(1, Bytes::from(vec![0; Connection::HIGH_WATER])));
            settle().await;
            assert!(rig.events.try_recv().is_err());
            let mut sink = vec![0; Connection::HIGH_WATER];
            rig.peer.read_exact(&mut sink).await.unwrap();
            settle().await;
            assert!(matches!(rig.events.try_recv(), Ok(ConnectionEvent::Writable)));
        });
    }

    /// Frames that tell their number, of many sizes, to a peer that reads slowly at times.
    #[test]
    fn frames_stay_in_order_whoever_writes_them() {
        const FRAMES: u32 = 20_000;
        let (ours, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let (connection, outlet) = Connection::open(HeaderKind::Mini);
        let pumping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let stream = tokio::net::UnixStream::from_std(ours).unwrap();
                let reader = FrameReader::new(HeaderKind::Mini, 1000);
                run(Box::new(stream), outlet, reader, Box::new(|_| ())).await;
            });
        });
        let reading = std::thread::spawn(move || {
            let mut frames = FrameReader::new(HeaderKind::Mini, 1 << 20);
            let (mut next, mut piece) = (0, [0; 30_000]);
            loop {
                // Small reads fill the socket, large ones empty it.
                let room = if next / 500 % 2 == 0 { 300 } else { piece.len() };
                match std::io::Read::read(&mut peer, &mut piece[..room]).unwrap() {
                    0 => return next,
                    count => frames.feed(&piece[..count]),
                }
                while let Some(frame) = frames.next().unwrap() {
                    assert_eq!(frame.body[..4], u32::to_le_bytes(next));
                    next += 1;
                }
            }
        });
        for number in 0..FRAMES {
            let mut body = vec![0; 4 + (number as usize * 7919) % 5000];
            body[..4].copy_from_slice(&number.to_le_bytes());
            connection.queue(Frame::new(1, Bytes::from(body)));
            if number % 3 == 0 {
                connection.flush();
            }
            while connection.backlog() > Connection::HIGH_WATER {
                std::thread::yield_now();
            }
        }
        connection.flush();
        connection.close();
        assert_eq!(reading.join().unwrap(), FRAMES);
        pumping.join().unwrap();
    }

    #[test]
    fn a_close_writes_what_is_queued_first() {
        runtime().block_on(async {
            let mut rig = rig(16);
            let frame = Frame::new(1, Bytes::from(vec![5; 500]));
            rig.connection.send(frame.clone());
            rig.connection.close();
            let mut got = Vec::new();
            rig.peer.read_to_end(&mut got).await.unwrap();
            assert_eq!(got, bytes(&frame));
            rig.task.await.unwrap();
        });
    }

    #[test]
    fn an_abort_writes_nothing_more() {
        runtime().block_on(async {
            let mut rig = rig(16);
            rig.connection.send(Frame::new(1, Bytes::from(vec![5; 500])));
            settle().await;
            rig.connection.abort();
            rig.task.await.unwrap();
            let mut got = Vec::new();
            rig.peer.read_to_end(&mut got).await.unwrap();
            assert_eq!(got.len(), 16, "what the pipe held");
            assert!(matches!(rig.events.try_recv(), Ok(ConnectionEvent::Closed(None))));
        });
    }

    #[test]
    fn a_close_does_not_wait_for_ever() {
        runtime().block_on(async {
            let rig = rig(16);
            rig.connection.send(Frame::new(1, Bytes::from(vec![5; 500])));
            rig.connection.close();
            rig.task.await.unwrap();
            assert!(matches!(rig.events.try_recv(), Ok(ConnectionEvent::Closed(Some(_)))));
        });
    }
}
