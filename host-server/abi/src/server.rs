//! What C holds of ours: the server, and the state behind each registered instance.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use host_server::server::{Agent, Display, Server};

use crate::device::HostDisplay;
use crate::layout::migration::SpiceMigrateInstance;
use crate::pointer::Instance;

/// `SpiceServer` of the C interface.
pub struct SpiceServer {
    pub(crate) face: Arc<Face>,
}

/// The server with what only the C interface needs.
pub(crate) struct Face {
    pub(crate) server: Server,
    registered: Mutex<Registered>,
}

/// Instances that are called without being asked for.
#[derive(Default)]
pub(crate) struct Registered {
    pub(crate) displays: Vec<HostDisplay>,
    pub(crate) migration: Option<Instance<SpiceMigrateInstance>>,
}

impl Face {
    pub(crate) fn new(server: Server) -> Self {
        Self { server, registered: Mutex::default() }
    }

    /// Not to be held while the host is called.
    pub(crate) fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `SpiceKbdState`, `SpiceMouseState` and `SpiceTabletState`.
pub struct DeviceState {
    pub(crate) face: Weak<Face>,
}

/// `QXLState`.
pub struct DisplayState {
    pub(crate) display: Display,
    pub(crate) face: Weak<Face>,
}

/// `SpiceCharDeviceState`, of the agent's port.
pub struct PortState {
    pub(crate) agent: Agent,
}

impl std::fmt::Debug for PortState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PortState")
    }
}

impl std::fmt::Debug for DeviceState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("DeviceState")
    }
}

impl std::fmt::Debug for DisplayState {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("DisplayState")
    }
}
