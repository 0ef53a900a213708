//! `spice-migration.h`: moving the machine to another host.

use std::ffi::c_void;

use super::core::{SpiceBaseInstance, SpiceBaseInterface};

/// What the host is told of a migration.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceMigrateInterface {
    /// "migration".
    pub base: SpiceBaseInterface,
    /// Clients are connected to the target, or never will be.
    pub migrate_connect_complete: Option<unsafe extern "C" fn(*mut SpiceMigrateInstance)>,
    /// Clients have moved.
    pub migrate_end_complete: Option<unsafe extern "C" fn(*mut SpiceMigrateInstance)>,
}

/// A host that migrates.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SpiceMigrateInstance {
    /// Its interface.
    pub base: SpiceBaseInstance,
    /// Ours.
    pub st: *mut c_void,
}

const _: () = {
    assert!(size_of::<SpiceMigrateInterface>() == 40);
    assert!(size_of::<SpiceMigrateInstance>() == 16);
};
