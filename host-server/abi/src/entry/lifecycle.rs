//! A server's life: `spice-server.h`, from `new` to `destroy`, and its clients.

use std::env;
use std::ffi::{c_int, c_void};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use host_server::fault::HostError;
use host_server::recorder::Recorder;
use host_server::server::Server;
use tracing::{error, warn};

use super::{FAILED, OK, outcome, with_server};
use crate::boundary::refused;
#[cfg(feature = "gstreamer")]
use crate::gstreamer;
use crate::layout::core::SpiceCoreInterface;
use crate::log;
use crate::main_loop::HostLoop;
use crate::pointer::{Held, In};
use crate::server::{Face, SpiceServer};

/// The major version of the core interface.
const CORE_MAJOR: u32 = 1;

/// Set in the environment to let several clients in, as for the original.
const ALLOW_MULTIPLE_CLIENTS: &str = "SPICE_DEBUG_ALLOW_MC";

/// How many threads compress images beside those of the displays, 0 for none; usually one less than there are cores, and 4 at the
/// most.
const ENCODER_THREADS: &str = "SPICE_ENCODER_THREADS";
/// Names the file that displays are recorded in, and the program that the recording goes through, as for the
/// original.
const RECORD_FILE: &str = "SPICE_WORKER_RECORD_FILENAME";
const RECORD_FILTER: &str = "SPICE_WORKER_RECORD_FILTER";

entries! {
    /// Makes a server that does nothing yet. Null when the process has no descriptor left.
    fn spice_server_new() -> Held<SpiceServer>, or Held::NULL => {
        log::install();
        #[cfg(feature = "gstreamer")]
        gstreamer::tame();
        match Server::new() {
            Ok(server) => {
                record(&server);
                Held::give(SpiceServer { face: Arc::new(Face::new(server)) })
            }
            Err(error) => {
                error!("cannot make a server: {error}");
                Held::NULL
            }
        }
    }

    /// Begins to serve: 0, or -1 when the listener cannot be opened or the interface is of another version.
    fn spice_server_init(server: Held<SpiceServer>, core: In<SpiceCoreInterface>) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| outcome("cannot start the server", init(face, core)))
    }

    /// Ends a server, its threads and its clients' connections.
    fn spice_server_destroy(server: Held<SpiceServer>), or () => {
        drop(server.take());
    }

    /// Serves a socket that the host has accepted: 0, or -1 when it cannot be served.
    fn spice_server_add_client(server: Held<SpiceServer>, socket: c_int, skip_auth: c_int) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            outcome("cannot serve the client", add_client(face, socket, skip_auth != 0))
        })
    }

    /// Not yet: -1, and the socket stays the caller's.
    fn spice_server_add_ssl_client(_server: Held<SpiceServer>, _socket: c_int, _skip_auth: c_int) -> c_int, or FAILED => {
        refused("TLS", "the client was not added");
        FAILED
    }

    /// Clients that are connected.
    fn spice_server_get_num_clients(server: Held<SpiceServer>) -> c_int, or 0 => {
        with_server(server, 0, |face| c_int::try_from(face.server.client_count()).unwrap_or(c_int::MAX))
    }

    /// Always -1, as in the original: several clients have several sockets.
    fn spice_server_get_sock_info(_server: Held<SpiceServer>, _sa: *mut c_void, _salen: *mut u32) -> c_int, or FAILED => {
        FAILED
    }

    /// Always -1, as in the original: several clients have several sockets.
    fn spice_server_get_peer_info(_server: Held<SpiceServer>, _sa: *mut c_void, _salen: *mut u32) -> c_int, or FAILED => {
        FAILED
    }

    /// The machine runs.
    fn spice_server_vm_start(server: Held<SpiceServer>), or () => {
        with_server(server, (), |face| face.server.start_machine());
    }

    /// The machine stops. Returns when all that the guest has drawn is in its memory.
    fn spice_server_vm_stop(server: Held<SpiceServer>), or () => {
        with_server(server, (), |face| face.server.stop_machine());
    }

    /// 1 while the guest draws the pointer, 0 while clients do.
    fn spice_server_is_server_mouse(server: Held<SpiceServer>) -> c_int, or 1 => {
        with_server(server, 1, |face| face.server.is_server_mouse().into())
    }

    /// Only the current protocol (1) is spoken: 0 for it, -1 for others.
    fn spice_server_set_compat_version(_server: Held<SpiceServer>, version: c_int) -> c_int, or FAILED => {
        if version == CURRENT_COMPAT_VERSION { OK } else { FAILED }
    }

    /// Always 1.
    fn spice_get_current_compat_version() -> c_int, or CURRENT_COMPAT_VERSION => {
        CURRENT_COMPAT_VERSION
    }
}

/// `SPICE_COMPAT_VERSION_0_6`.
const CURRENT_COMPAT_VERSION: c_int = 1;

/// Begins the recording that the environment asks for.
fn record(server: &Server) {
    let Some(file) = env::var_os(RECORD_FILE) else { return };
    match Recorder::to_file(Path::new(&file), env::var_os(RECORD_FILTER).as_deref()) {
        Ok(recorder) => server.record(recorder),
        Err(error) => error!("nothing is recorded: {error}"),
    }
}

fn init(face: &Face, core: In<SpiceCoreInterface>) -> Result<(), HostError> {
    let core = core.read().ok_or_else(|| HostError::new("there is no core interface"))?;
    if core.base.major_version != CORE_MAJOR {
        let version = core.base.major_version;
        return Err(HostError::new(format_args!(
            "the core interface has version {version}, not {CORE_MAJOR}"
        )));
    }
    let several = env::var_os(ALLOW_MULTIPLE_CLIENTS).is_some();
    face.server.configure_session(|session| session.allow_multiple_clients = several);
    if let Some(threads) = env::var_os(ENCODER_THREADS) {
        match threads.to_str().and_then(|threads| threads.parse().ok()) {
            Some(threads) => face.server.configure(|settings| settings.encoder_threads = Some(threads)),
            None => warn!("{ENCODER_THREADS} is no number of threads: {}", threads.display()),
        }
    }
    face.server.init(Arc::new(HostLoop::new(core)?))
}

/// The socket is ours only when this succeeds.
fn add_client(face: &Face, socket: c_int, trusted: bool) -> Result<(), HostError> {
    if socket < 0 {
        return Err(HostError::new(format_args!("{socket} is no descriptor")));
    }
    // SAFETY: the host passes an open descriptor.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(socket) };
    let ours = borrowed.try_clone_to_owned().map_err(|error| HostError::new(format_args!("{error}")))?;
    face.server.add_client(ours, trusted)?;
    // SAFETY: the host has given the descriptor away with this call, which succeeds.
    drop(unsafe { OwnedFd::from_raw_fd(socket) });
    Ok(())
}
