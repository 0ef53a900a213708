//! Moving the machine to another host: `spice-migration.h`. Clients do not move with it yet, but the host's own
//! migration goes on, and its calls return what those of the original do.

use std::ffi::c_int;

use host_server::session::migration::End;
use wire::main::MigrationTarget;

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
    /// Names the host that clients would go to: 0, or -1 without a name or a port. Clients do not connect there: the
    /// host is told at once that they are done, as in the original when none of them can.
    fn spice_server_migrate_connect(
        server: Held<SpiceServer>,
        dest: Text,
        port: c_int,
        secure_port: c_int,
        cert_subject: Text,
    ) -> c_int, or FAILED => {
        not_yet("client migration", INSTEAD);
        with_server(server, FAILED, |face| {
            let target = target(dest, port, secure_port, cert_subject);
            let named = face.server.migrate(|migration, clients| migration.connect(target, clients));
            tell(face, |interface| interface.migrate_connect_complete);
            result(named)
        })
    }

    /// Names the host that clients would switch to: 0, or -1 without a name or a port. Clients are not told.
    fn spice_server_migrate_info(
        server: Held<SpiceServer>,
        dest: Text,
        port: c_int,
        secure_port: c_int,
        cert_subject: Text,
    ) -> c_int, or FAILED => {
        not_yet("client migration", INSTEAD);
        with_server(server, FAILED, |face| {
            let target = target(dest, port, secure_port, cert_subject);
            result(face.server.migrate(|migration, _| migration.set_target(target)))
        })
    }

    /// Whether a target has been named that is still to be used: 0, otherwise -1, with which hosts go on.
    fn spice_server_migrate_start(server: Held<SpiceServer>) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| result(face.server.migrate(|migration, _| migration.has_target())))
    }

    /// Tells the host that clients are done, but not when they stay with a machine that stays. When it has moved they
    /// are disconnected: 0, or -1 when no target was named for them.
    fn spice_server_migrate_end(server: Held<SpiceServer>, completed: c_int) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            let end = face.server.migrate(|migration, clients| migration.end(completed != 0, clients));
            if matches!(end, End::Moved | End::Astray) {
                face.server.disconnect_clients("the machine has moved to another host");
            }
            if end != End::Stay {
                tell(face, |interface| interface.migrate_end_complete);
            }
            result(end != End::Astray)
        })
    }

    /// Clients are to switch to the target now. They are not told and stay, and the target is forgotten. Always 0.
    fn spice_server_migrate_switch(server: Held<SpiceServer>) -> c_int, or OK => {
        not_yet("client migration", INSTEAD);
        with_server(server, OK, |face| {
            face.server.migrate(|migration, clients| migration.switch(clients));
            OK
        })
    }

    /// Nothing follows, as clients do not migrate.
    fn spice_server_set_seamless_migration(_server: Held<SpiceServer>, enable: c_int), or () => {
        if enable != 0 {
            not_yet("seamless client migration", INSTEAD);
        }
    }
}

const fn result(succeeded: bool) -> c_int {
    if succeeded { OK } else { FAILED }
}

/// The target as clients are to be told it. A port that cannot be is none.
fn target(
    host: Text,
    plain_port: c_int,
    tls_port: c_int,
    certificate_subject: Text,
) -> Option<MigrationTarget> {
    let text = |text: Text| text.bytes().map(|bytes| [bytes.as_slice(), b"\0"].concat().into());
    let host = text(host).filter(|_| (plain_port, tls_port) != (NO_PORT, NO_PORT))?;
    let port = |port| u16::try_from(port).unwrap_or_default();
    let certificate_subject = text(certificate_subject);
    Some(MigrationTarget { port: port(plain_port), secure_port: port(tls_port), host, certificate_subject })
}

type Told = unsafe extern "C" fn(*mut crate::layout::migration::SpiceMigrateInstance);

fn tell(face: &Face, function: impl FnOnce(SpiceMigrateInterface) -> Option<Told>) {
    let Some(instance) = face.registered().migration else { return };
    if let Some(function) = instance.interface().and_then(function) {
        // SAFETY: the host's function with its own instance, in a call of the host's on its main loop.
        unsafe { function(instance.pointer()) };
    }
}
