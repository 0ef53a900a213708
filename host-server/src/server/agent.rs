//! The guest's agent's port as the host lends it, and the moving of its bytes.
//!
//! The host calls [`Agent`] on the main loop's thread or while it holds whatever keeps that thread out; the port is
//! called there and then, because some hosts have bytes to read only while they say so. Never with the server's state
//! locked, and never from within a call of its own.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::{Server, Shared};
use crate::agent::PortStep;
use crate::fault::HostError;
use crate::session::Session;
use crate::session::inbox::Inbound;

/// The port that the guest's agent has opened.
pub trait AgentPort: Send + Sync {
    /// The port is served from now on, or not any more.
    fn set_open(&self, open: bool);
    /// Takes bytes for the guest; how many it has taken.
    fn write(&self, bytes: &[u8]) -> usize;
    /// Gives bytes of the guest; how many it has given.
    fn read(&self, bytes: &mut [u8]) -> usize;
    /// Whether the host says so ([`Agent::wake`]) when it has room again after it took nothing. Otherwise it is asked
    /// now and then.
    fn announces_room(&self) -> bool;
}

/// An attached port.
#[derive(Clone)]
pub struct Agent {
    id: u64,
    shared: Weak<Shared>,
}

/// The place of the one port that there can be.
#[derive(Default)]
pub(super) struct AgentSlot {
    port: Option<Arc<dyn AgentPort>>,
    /// Which of all ports it is.
    id: u64,
    announces_room: bool,
    /// It has not begun.
    is_new: bool,
    /// Bytes are being moved: nobody else begins to.
    is_busy: bool,
}

/// Bytes that are read before the main loop has its turn again, from a guest that never stops.
const MOST_AT_ONCE: usize = 1 << 20;

impl Server {
    /// Attaches the port that the guest's agent has opened. It is left alone until [`Agent::begin`]. A port that is of no
    /// use any more makes way.
    ///
    /// # Errors
    /// When there is an agent already.
    pub fn attach_agent(&self, port: Arc<dyn AgentPort>) -> Result<Agent, HostError> {
        let announces_room = port.announces_room();
        let mut state = self.shared.lock();
        if state.session.has_agent() || state.agent.is_new {
            return Err(HostError::new("there is an agent already"));
        }
        let id = state.agent.id + 1;
        let is_busy = state.agent.is_busy;
        state.agent = AgentSlot { port: Some(port), id, announces_room, is_new: true, is_busy };
        drop(state);
        Ok(Agent { id, shared: Arc::downgrade(&self.shared) })
    }
}

impl Agent {
    /// The host is ready to be called: the port is opened, and clients hear of the agent.
    pub fn begin(&self) {
        self.with(|shared| {
            shared.change(|state| {
                if state.agent.id == self.id && std::mem::take(&mut state.agent.is_new) {
                    state.session.attach_agent(state.agent.announces_room);
                }
            });
        });
    }

    /// The host has bytes of the guest, or room for some.
    pub fn wake(&self) {
        self.with(|shared| {
            shared.change(|state| {
                if state.agent.id == self.id {
                    state.session.wake_agent();
                }
            });
        });
    }

    /// The guest has closed the port.
    pub fn detach(&self) {
        self.with(|shared| {
            let is_it = shared.change(|state| {
                let is_it = state.agent.id == self.id;
                if is_it {
                    state.session.detach_agent();
                }
                is_it
            });
            if is_it {
                // Only now: it has been told.
                shared.lock().agent.forget(self.id);
            }
        });
    }

    fn with(&self, call: impl FnOnce(&Shared)) {
        super::with(&self.shared, call);
    }
}

impl Shared {
    pub(super) fn open_agent_port(&self, open: bool) {
        let port = self.lock().agent.port.clone();
        port.inspect(|port| port.set_open(open));
    }

    /// Moves bytes between the port and the session until neither goes on; whether something may follow from it.
    pub(super) fn move_agent_bytes(&self) -> bool {
        let Some(mut turn) = Turn::begin(self) else { return false };
        let mut read = 0;
        let mut buffer = Vec::new();
        let mut moved = false;
        while read <= MOST_AT_ONCE {
            match turn.step() {
                PortStep::Write(bytes) => {
                    let count = turn.port.write(&bytes).min(bytes.len());
                    turn.tell(|session, now| session.agent_wrote(count, now));
                }
                PortStep::Read(size) => {
                    buffer.resize(size, 0);
                    let count = turn.port.read(&mut buffer).min(size);
                    let bytes = buffer.get(..count).unwrap_or_default();
                    turn.tell(|session, now| session.agent_read(bytes, now));
                    read += count;
                }
                PortStep::Rest => return moved,
            }
            moved = true;
        }
        self.reception.inbox.post(Inbound::AgentGoesOn);
        moved
    }
}

impl AgentSlot {
    fn forget(&mut self, id: u64) {
        if self.id == id {
            self.port = None;
            self.is_new = false;
        }
    }
}

/// The right to call the port, until it is dropped.
struct Turn<'a> {
    shared: &'a Shared,
    port: Arc<dyn AgentPort>,
    id: u64,
    is_over: bool,
}

impl<'a> Turn<'a> {
    /// None while there is no port, or somebody else has a turn. Who wakes us meanwhile has made the session look again.
    fn begin(shared: &'a Shared) -> Option<Self> {
        let mut state = shared.lock();
        if state.agent.is_busy || !state.session.has_agent() {
            return None;
        }
        let (port, id) = (state.agent.port.clone()?, state.agent.id);
        state.agent.is_busy = true;
        Some(Self { shared, port, id, is_over: false })
    }

    /// What is to be done next. The turn ends together with what is to be done, so that nobody who wakes us in between
    /// is passed over.
    fn step(&mut self) -> PortStep {
        let mut state = self.shared.lock();
        let step = state.session.agent_step();
        self.is_over = step == PortStep::Rest;
        state.agent.is_busy = !self.is_over;
        step
    }

    /// Tells the session what the port did, unless another port has taken its place meanwhile.
    fn tell(&self, tell: impl FnOnce(&mut Session, Instant)) {
        let mut state = self.shared.lock();
        if state.agent.id == self.id {
            tell(&mut state.session, Instant::now());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.lock().agent.is_busy = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Mutex, OnceLock};

    use super::*;

    /// A port whose host is a test: what it gives, what it has taken, and what it does while it is called.
    #[derive(Default)]
    struct FakePort {
        gives: Mutex<VecDeque<u8>>,
        /// A guest that never stops.
        endless: bool,
        calls: Mutex<Vec<String>>,
        /// Wakes the server from within each call, as a careless host does.
        agent: OnceLock<Agent>,
    }

    impl FakePort {
        fn note(&self, call: String) {
            self.calls.lock().unwrap().push(call);
            if let Some(agent) = self.agent.get() {
                agent.wake();
            }
        }

        fn calls(&self) -> Vec<String> {
            std::mem::take(&mut self.calls.lock().unwrap())
        }
    }

    impl AgentPort for FakePort {
        fn set_open(&self, open: bool) {
            self.note(format!("open {open}"));
        }

        fn write(&self, bytes: &[u8]) -> usize {
            self.note(format!("write {}", bytes.len()));
            usize::MAX
        }

        fn read(&self, bytes: &mut [u8]) -> usize {
            if self.endless {
                // Chunks of the server's, which go nowhere.
                bytes.copy_from_slice(if bytes.len() == 8 { &[2, 0, 0, 0, 0, 8, 0, 0] } else { &[0; 2048] });
                return usize::MAX;
            }
            let mut gives = self.gives.lock().unwrap();
            let count = bytes.len().min(gives.len());
            for (place, byte) in bytes.iter_mut().zip(gives.drain(..count)) {
                *place = byte;
            }
            drop(gives);
            if count > 0 {
                self.note(format!("read {count}"));
            }
            count
        }

        fn announces_room(&self) -> bool {
            true
        }
    }

    fn attached(port: FakePort) -> (Server, Arc<FakePort>, Agent) {
        let server = Server::new().unwrap();
        let port = Arc::new(port);
        let agent = server.attach_agent(Arc::clone(&port) as Arc<dyn AgentPort>).unwrap();
        assert_eq!(port.calls(), Vec::<String>::new(), "not yet");
        assert!(server.attach_agent(Arc::new(FakePort::default())).is_err());
        agent.wake();
        agent.begin();
        agent.begin();
        (server, port, agent)
    }

    #[test]
    fn a_port_is_told_read_and_told_again() {
        let (server, port, agent) = attached(FakePort::default());
        assert_eq!(port.calls(), ["open true"]);
        port.gives.lock().unwrap().extend([2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]);
        agent.wake();
        assert_eq!(port.calls(), ["read 8", "read 3"]);
        let second = server.attach_agent(Arc::clone(&port) as Arc<dyn AgentPort>);
        assert!(second.is_err_and(|error| error.to_string().contains("already")));
        agent.detach();
        agent.detach();
        agent.wake();
        assert_eq!(port.calls(), ["open false"]);
        assert!(server.shared.lock().agent.port.is_none());
    }

    #[test]
    fn a_port_of_no_use_is_closed_and_makes_way() {
        let (server, port, agent) = attached(FakePort::default());
        port.gives.lock().unwrap().extend([9; 100]);
        agent.wake();
        assert_eq!(port.calls(), ["open true", "read 8", "open false"]);
        agent.wake();
        assert_eq!(port.calls(), Vec::<String>::new());
        let next = Arc::new(FakePort::default());
        server.attach_agent(Arc::clone(&next) as Arc<dyn AgentPort>).unwrap().begin();
        agent.detach();
        assert_eq!(next.calls(), ["open true"], "the old one's end is not the new one's");
        assert!(server.shared.lock().agent.port.is_some());
    }

    #[test]
    fn a_host_may_wake_from_within_its_calls() {
        let (_server, port, agent) = attached(FakePort::default());
        assert!(port.agent.set(agent.clone()).is_ok());
        port.gives.lock().unwrap().extend([2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3].repeat(2));
        agent.wake();
        assert_eq!(port.calls(), ["open true", "read 8", "read 3", "read 8", "read 3"]);
        agent.detach();
        assert_eq!(port.calls(), ["open false"]);
    }

    #[test]
    fn a_guest_that_never_stops_lets_the_main_loop_have_its_turn() {
        let (server, _port, _agent) = attached(FakePort { endless: true, ..FakePort::default() });
        let goes_on = || {
            let events = server.shared.reception.inbox.take();
            events.iter().any(|event| matches!(event, Inbound::AgentGoesOn))
        };
        assert!(goes_on());
        server.shared.on_readable();
        assert!(goes_on(), "and so on");
    }

    #[test]
    fn a_panic_in_a_call_leaves_the_port_usable() {
        struct Panics;

        impl AgentPort for Panics {
            fn set_open(&self, _: bool) {}

            fn write(&self, bytes: &[u8]) -> usize {
                bytes.len()
            }

            fn read(&self, _: &mut [u8]) -> usize {
                panic!("on purpose")
            }

            fn announces_room(&self) -> bool {
                true
            }
        }

        let server = Server::new().unwrap();
        let agent = server.attach_agent(Arc::new(Panics)).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| agent.begin()));
        assert!(panicked.is_err() && !server.shared.lock().agent.is_busy);
    }
}
