//! Takes one socket from its arrival through its link to its frames.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::Instant;
use wire::channel::ChannelType;
use wire::frame::FrameReader;
use wire::link::LinkError;

use super::half_open::LinkPlace;
use super::network::Reception;
use super::peer::Peer;
use super::pump;
use super::stream::Stream;
use crate::channel::connection::Connection;
use crate::link::handshake::{Handshake, LinkRequest, Step};
use crate::link::refusal::Refusal;
use crate::link::ticket::TicketKey;
use crate::session::inbox::{Inbound, Linked, Verdict};

/// Largest body that a client may send on a channel, in bytes.
///
/// Main carries agent messages of at most 2 KiB; a list of keys or an acknowledgement is far smaller.
const fn message_limit(channel_type: ChannelType) -> u32 {
    match channel_type {
        ChannelType::MAIN => 64 * 1024,
        ChannelType::INPUTS => 2048,
        _ => 16 * 1024,
    }
}

/// Serves one socket to its end.
pub(super) async fn serve(
    stream: Box<dyn Stream>,
    peer: Arc<Peer>,
    trusted: bool,
    reception: Arc<Reception>,
) {
    reception.inbox.post(Inbound::Arrived(Arc::clone(&peer)));
    if let Err(refusal) = link_and_pump(stream, &peer, trusted, &reception).await {
        reception.refused(&peer, &refusal);
    }
    reception.inbox.post(Inbound::Left(peer.id));
}

async fn link_and_pump(
    mut stream: Box<dyn Stream>,
    peer: &Arc<Peer>,
    trusted: bool,
    reception: &Arc<Reception>,
) -> Result<(), Refusal> {
    let mut handshake = Handshake::new(trusted, Instant::now().into_std());
    let deadline = handshake.deadline().into();
    let linking = link(&mut stream, &mut handshake, reception);
    let linking = tokio::time::timeout_at(deadline, linking);
    let linked =
        if trusted { linking.await } else { while_there_is_room(linking, reception.begin_link()).await? };
    let request = linked.map_err(|_| Refusal::TooSlow)??;

    let (connection, outlet) = Connection::open(request.header);
    let mut reader = FrameReader::new(request.header, message_limit(request.channel.channel_type));
    reader.feed(&handshake.into_rest());

    let (answer, verdict) = oneshot::channel();
    reception.inbox.post(Inbound::Linked(Linked { peer: Arc::clone(peer), request, connection, answer }));
    let (code, accepted) = match verdict.await {
        Ok(Verdict::Accept(sink)) => (LinkError::OK, Ok(sink)),
        Ok(Verdict::Refuse(refusal)) => (LinkError::from(&refusal), Err(refusal)),
        Err(_) => (LinkError::ERROR, Err(Refusal::Host("the server is shutting down".to_owned()))),
    };
    // A result always fits into the socket's buffer: nothing but the reply has been written before it. A
    // failure shows up again on the first read.
    let _ = stream.write_all(&code.0.to_le_bytes()).await;
    pump::run(stream, outlet, reader, accepted?).await;
    Ok(())
}

/// Awaits a stranger's link, unless it has to make way for newer ones first.
async fn while_there_is_room<T>(
    linking: impl Future<Output = T>,
    mut place: LinkPlace,
) -> Result<T, Refusal> {
    let mut linking = pin!(linking);
    let mut lost = pin!(place.lost());
    poll_fn(|context| match (linking.as_mut().poll(context), lost.as_mut().poll(context)) {
        (Poll::Ready(linked), _) => Poll::Ready(Ok(linked)),
        (Poll::Pending, Poll::Ready(())) => Poll::Ready(Err(Refusal::MadeWay)),
        (Poll::Pending, Poll::Pending) => Poll::Pending,
    })
    .await
}

async fn link(
    stream: &mut Box<dyn Stream>,
    handshake: &mut Handshake,
    reception: &Arc<Reception>,
) -> Result<LinkRequest, Refusal> {
    let mut buffer = [0; Handshake::read_limit()];
    loop {
        let step = {
            let policy = reception.policy();
            handshake.advance(&policy, Instant::now().into_std())
        };
        let output = handshake.take_output();
        if !output.is_empty() {
            stream.write_all(&output).await.map_err(left)?;
        }
        match step {
            Step::Read => match stream.read(&mut buffer).await.map_err(left)? {
                0 => return Err(Refusal::Left("closed by the peer".to_owned())),
                count => handshake.feed(buffer.get(..count).unwrap_or_default()),
            },
            Step::NeedKey => handshake.provide_key(key(reception).await?),
            Step::Linked(request) => return Ok(request),
            Step::Refused(refusal) => {
                let _ = stream.shutdown().await;
                return Err(refusal);
            }
        }
    }
}

/// A key of its own for a link whose ticket is checked; otherwise one that is there already.
async fn key(reception: &Arc<Reception>) -> Result<Arc<TicketKey>, Refusal> {
    let fresh = reception.policy().authentication.checks_tickets();
    if !fresh && let Some(key) = reception.spare_key.get() {
        return Ok(Arc::clone(key));
    }
    // Making a key takes long enough to be felt by clients whose frames wait on this thread.
    let made = tokio::task::spawn_blocking(TicketKey::generate).await;
    let key = made
        .map_err(|error| Refusal::Host(error.to_string()))?
        .map_err(|error| Refusal::Host(error.to_string()))?;
    let key = Arc::new(key);
    if !fresh {
        // Another link may have been faster; either key is good.
        let _ = reception.spare_key.set(Arc::clone(&key));
    }
    Ok(key)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn left(error: std::io::Error) -> Refusal {
    Refusal::Left(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::DuplexStream;
    use tokio::task::JoinHandle;
    use tokio::time::sleep;
    use wire::capability::{Capabilities, base};
    use wire::channel::ChannelId;
    use wire::link::{HEADER_SIZE, LinkHeader, LinkMess, LinkReply};

    use super::*;
    use crate::link::policy::Authentication;
    use crate::link::ticket::tests::encrypt;
    use crate::session::inbox::Inbox;
    use crate::transport::peer::{Address, PeerId};

    const MAIN: ChannelId = ChannelId { channel_type: ChannelType::MAIN, id: 0 };

    /// A server's end of one socket, in a time that passes when nothing else happens.
    struct Rig {
        reception: Arc<Reception>,
        stream: DuplexStream,
        serving: JoinHandle<Result<(), Refusal>>,
        begun: Instant,
    }

    impl Rig {
        fn new(trusted: bool) -> Self {
            let inbox = Arc::new(Inbox::new().unwrap());
            let reception = Arc::new(Reception::new(inbox, Instant::now().into_std()));
            reception.policy().authentication = Authentication::Disabled;
            reception.policy().channels = vec![MAIN];
            let peer = Peer { id: PeerId(1), local: Address::Unknown, remote: Address::Unknown };
            let (stream, theirs) = tokio::io::duplex(4096);
            let serving = tokio::spawn({
                let reception = Arc::clone(&reception);
                async move { link_and_pump(Box::new(theirs), &Arc::new(peer), trusted, &reception).await }
            });
            Self { reception, stream, serving, begun: Instant::now() }
        }

        /// Sends all of the link but its last byte.
        async fn link_almost(&mut self) -> u8 {
            self.stream.write_all(&hello()).await.unwrap();
            let mut header = [0; HEADER_SIZE];
            self.stream.read_exact(&mut header).await.unwrap();
            let mut reply = vec![0; LinkHeader::decode(&header).unwrap().size as usize];
            self.stream.read_exact(&mut reply).await.unwrap();
            let ticket = encrypt(&LinkReply::decode(&reply).unwrap().public_key, b"");
            let (last, others) = ticket.split_last().unwrap();
            self.stream.write_all(&1_u32.to_le_bytes()).await.unwrap();
            self.stream.write_all(others).await.unwrap();
            *last
        }

        /// How long the link has taken when the server ends it, and why it does.
        async fn end(self) -> (Duration, Result<(), Refusal>) {
            let outcome = self.serving.await.unwrap();
            (self.begun.elapsed(), outcome)
        }
    }

    fn hello() -> Vec<u8> {
        let common = Capabilities::of([base::AUTH_SELECTION, base::MINI_HEADER]);
        LinkMess { connection_id: 0, channel: MAIN, common, specific: Capabilities::default() }.encode()
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    }

    /// Whether this is the deadline, to the runtime's tick.
    fn is_deadline(time: Duration) -> bool {
        (Handshake::PATIENCE..=Handshake::PATIENCE + Duration::from_millis(1)).contains(&time)
    }

    #[test]
    fn a_link_takes_ten_seconds_and_no_more_however_little_is_missing() {
        assert_eq!(Handshake::PATIENCE, Duration::from_secs(10));
        runtime().block_on(async {
            for trusted in [false, true] {
                let silent = Rig::new(trusted);
                let mut almost = Rig::new(trusted);
                almost.link_almost().await;
                for rig in [silent, almost] {
                    let (time, outcome) = rig.end().await;
                    assert_eq!(outcome, Err(Refusal::TooSlow));
                    assert!(is_deadline(time), "{time:?}");
                }
            }
        });
    }

    #[test]
    fn a_byte_now_and_then_does_not_prolong_a_link() {
        runtime().block_on(async {
            let mut rig = Rig::new(false);
            for byte in hello() {
                sleep(Duration::from_millis(900)).await;
                if rig.stream.write_all(&[byte]).await.is_err() {
                    break;
                }
            }
            assert!(rig.begun.elapsed() < Handshake::PATIENCE + Duration::from_secs(1), "it was hung up on");
            assert_eq!(rig.serving.await.unwrap(), Err(Refusal::TooSlow));
        });
    }

    #[test]
    fn a_link_that_is_complete_in_time_is_served_without_a_deadline() {
        runtime().block_on(async {
            let mut rig = Rig::new(false);
            let last = rig.link_almost().await;
            sleep(Handshake::PATIENCE - Duration::from_millis(100)).await;
            rig.stream.write_all(&[last]).await.unwrap();
            sleep(Duration::from_millis(10)).await;
            let linked = rig.reception.inbox.take();
            assert!(matches!(linked.as_slice(), [Inbound::Linked(_)]), "{linked:?}");
            sleep(Duration::from_secs(60)).await;
            assert!(!rig.serving.is_finished(), "waits for the session's verdict");
        });
    }
}
