//! Moving the machine to another host: `spice-migration.h`. Not yet: clients do not move with it, but the
//! host's own migration goes on.

use std::ffi::c_int;

use super::{FAILED, OK, with_server};
use crate::boundary::not_yet;
use crate::layout::migration::SpiceMigrateInterface;
use crate::pointer::{Held, Text};
use crate::server::{Face, SpiceServer};

/// What happens in place of a client's migration.
const INSTEAD: &str = "clients have to connect to the new host themselves";

/// What stands for a port that the target does not have.
const NO_PORT: c_int = -1;

entries! {
    /// 0, and tells the host that clients are done: as in the original when none can migrate. -1 without a target.
    fn spice_server_migrate_connect(
        server: Held<SpiceServer>,
        dest: Text,
        port: c_int,
        secure_port: c_int,
        _cert_subject: Text,
    ) -> c_int, or FAILED => {
        not_yet("client migration", INSTEAD);
        with_server(server, FAILED, |face| {
            tell(face, |interface| interface.migrate_connect_complete);
            let has_target = dest.bytes().is_some() && (port, secure_port) != (NO_PORT, NO_PORT);
            if has_target { OK } else { FAILED }
        })
    }

    /// -1.
    fn spice_server_migrate_info(
        _server: Held<SpiceServer>,
        _dest: Text,
        _port: c_int,
        _secure_port: c_int,
        _cert_subject: Text,
    ) -> c_int, or FAILED => {
        not_yet("client migration", INSTEAD);
        FAILED
    }

    /// -1, as in the original when no target was named; hosts go on.
    fn spice_server_migrate_start(_server: Held<SpiceServer>) -> c_int, or FAILED => {
        not_yet("client migration", INSTEAD);
        FAILED
    }

    /// Tells the host that clients are done. When the machine has moved they are disconnected.
    fn spice_server_migrate_end(server: Held<SpiceServer>, completed: c_int) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            if completed != 0 && face.server.client_count() > 0 {
                face.server.disconnect_clients("the machine has moved to another host");
            }
            tell(face, |interface| interface.migrate_end_complete);
            OK
        })
    }

    /// 0, as in the original when no target was named.
    fn spice_server_migrate_switch(_server: Held<SpiceServer>) -> c_int, or OK => {
        not_yet("client migration", INSTEAD);
        OK
    }

    /// Nothing follows, as clients do not migrate.
    fn spice_server_set_seamless_migration(_server: Held<SpiceServer>, enable: c_int), or () => {
        if enable != 0 {
            not_yet("seamless client migration", INSTEAD);
        }
    }
}

type Told = unsafe extern "C" fn(*mut crate::layout::migration::SpiceMigrateInstance);

fn tell(face: &Face, function: impl FnOnce(SpiceMigrateInterface) -> Option<Told>) {
    let Some(instance) = face.registered().migration else { return };
    if let Some(function) = instance.interface().and_then(function) {
        // SAFETY: the host's function with its own instance, in a call of the host's on its main loop.
        unsafe { function(instance.pointer()) };
    }
}
