//! A host whose machine can move: prints what it is told.

use std::ffi::{c_char, c_int};

use super::Host;
use super::abi::{BaseInstance, BaseInterface, InputInstance, MigrationInterface};
use super::library::Server;
use crate::migration::{MigrationCall, Target};
use crate::report::{self, Line};

/// The interface and its instance, which has the shape of an input device's. They stay where they are until the
/// library is gone.
pub(super) struct Migration {
    interface: MigrationInterface,
    instance: InputInstance,
}

impl Migration {
    pub(super) fn new() -> Box<Self> {
        let (kind, description) = (c"migration".as_ptr(), c"replayer migration".as_ptr());
        let base = BaseInterface { kind, description, major: 1, minor: 1 };
        let interface = MigrationInterface { base, connect_complete, end_complete };
        let base = BaseInstance { interface: std::ptr::null() };
        let mut migration =
            Box::new(Self { interface, instance: InputInstance { base, state: std::ptr::null_mut() } });
        migration.instance.base.interface = &raw const migration.interface.base;
        migration
    }

    /// What `spice_server_add_interface` takes.
    pub(super) fn instance(&mut self) -> *mut BaseInstance {
        &raw mut self.instance.base
    }
}

extern "C" fn connect_complete(_: *mut InputInstance) {
    report::print(&Line::MigrateConnectComplete);
}

extern "C" fn end_complete(_: *mut InputInstance) {
    report::print(&Line::MigrateEndComplete);
}

type Names = unsafe extern "C" fn(Server, *const c_char, c_int, c_int, *const c_char) -> c_int;

impl Host {
    /// Makes a call, and gives what it returns.
    pub fn migrate(&self, call: &MigrationCall) -> c_int {
        let (entry, server) = (&self.entry, self.server);
        match call {
            MigrationCall::Info(target) => self.name_target(entry.spice_server_migrate_info, target),
            MigrationCall::Connect(target) => self.name_target(entry.spice_server_migrate_connect, target),
            // SAFETY: the server is valid.
            MigrationCall::Start => unsafe { (entry.spice_server_migrate_start)(server) },
            // SAFETY: the server is valid.
            MigrationCall::End { completed } => unsafe {
                (entry.spice_server_migrate_end)(server, (*completed).into())
            },
            // SAFETY: the server is valid.
            MigrationCall::Switch => unsafe { (entry.spice_server_migrate_switch)(server) },
        }
    }

    fn name_target(&self, name: Names, target: &Target) -> c_int {
        let host = target.host.as_ref().map_or(std::ptr::null(), |host| host.as_ptr());
        // SAFETY: the server is valid, and the library copies the name.
        unsafe { name(self.server, host, target.port, target.tls_port, std::ptr::null()) }
    }
}
