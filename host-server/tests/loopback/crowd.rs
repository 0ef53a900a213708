//! More sockets than a server serves.

use std::io::Read;
use std::sync::{Arc, Mutex, OnceLock};

use host_server::session::ChannelEvent;
use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::client::{begin, pair, tcp};
use crate::rig::{Rig, listen};

/// Sockets of strangers that a server serves at once.
const LIMIT: usize = 512;

/// Warnings that speak of too many connections, of all threads: the network's thread writes them.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Vec<String>>>);

impl Refusals {
    /// Begins to keep them.
    fn keep() -> Self {
        static KEPT: OnceLock<Refusals> = OnceLock::new();
        let kept = KEPT.get_or_init(|| {
            let refusals = Self::default();
            tracing::subscriber::set_global_default(refusals.clone()).unwrap();
            refusals
        });
        kept.clone()
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Visit for Refusals {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" && text.contains("connections already") {
            self.0.lock().unwrap().push(text);
        }
    }
}

impl Subscriber for Refusals {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Both ends of every socket are in this process.
fn allow_descriptors(count: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        limit.current = Some(count);
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}

#[test]
fn the_513th_socket_is_refused_until_one_leaves() {
    allow_descriptors(2048);
    let refusals = Refusals::keep();
    let mut address = None;
    let rig = Rig::new(|server| {
        address = Some(listen(server));
        server.disable_ticketing();
        server.configure_session(|session| session.allow_multiple_clients = true);
    });
    let address = address.unwrap();
    let mut clients: Vec<_> = (0..LIMIT).map(|_| begin(tcp(address), b"").0).collect();
    assert_eq!(refusals.lines(), [""; 0]);

    let mut refused = tcp(address);
    assert_eq!(refused.read(&mut [0]).unwrap(), 0, "hung up on");
    let own = refused.local_addr().unwrap();
    assert_eq!(refusals.lines(), [format!("refused {own}: there are 512 connections already")]);
    assert_eq!(rig.server.client_count(), LIMIT, "nobody had to go for it");
    let (ours, theirs) = pair();
    rig.server.add_client(theirs, true).unwrap();
    begin(ours, b"");

    drop(clients.pop());
    rig.main_loop.wait_for(2, |notice| notice.event == ChannelEvent::Disconnected);
    clients.push(begin(tcp(address), b"").0);
    assert_eq!(refusals.lines().len(), 1);
    assert_eq!(tcp(address).read(&mut [0]).unwrap(), 0, "full again");
}
