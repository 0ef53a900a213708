//! A server's settings: `spice-server.h`, all that begins with `set`.

use std::ffi::CString;
use std::ffi::{c_char, c_int};
use std::os::fd::{FromRawFd, OwnedFd};
use std::time::Duration;

use host_server::agent::AgentSettings;
use host_server::link::policy::Security;
use host_server::settings::video_codecs::VideoCodecs;
use host_server::settings::{AddressFamily, Compression, ImageCompression, StreamingVideo, WanCompression};
use tracing::warn;
use wire::channel::ChannelType;

use super::{FAILED, OK, outcome, with_server};
use crate::boundary::{not_yet, refused};
use crate::pointer::{Held, In, Text};
use crate::server::{Face, SpiceServer};

/// `SPICE_ADDR_FLAG_*`.
const IPV4_ONLY: c_int = 1;
const IPV6_ONLY: c_int = 2;
const UNIX_ONLY: c_int = 4;

/// `SPICE_CHANNEL_SECURITY_*`.
const SECURITY_NONE: c_int = 1;
const SECURITY_SSL: c_int = 2;

entries! {
    /// The TCP port, from 0 to 65535: 0, or -1 for another number.
    fn spice_server_set_port(server: Held<SpiceServer>, port: c_int) -> c_int, or FAILED => {
        let Ok(port) = u16::try_from(port) else { return FAILED };
        with_server(server, FAILED, |face| {
            face.server.configure(|settings| settings.port = Some(port));
            OK
        })
    }

    /// The address to listen on, or with `SPICE_ADDR_FLAG_UNIX_ONLY` the path of a unix socket.
    fn spice_server_set_addr(server: Held<SpiceServer>, addr: Text, flags: c_int), or () => {
        let address = addr.string();
        with_server(server, (), |face| face.server.configure(|settings| {
            settings.address = address;
            match flags {
                0 => {}
                IPV4_ONLY => settings.family = AddressFamily::V4,
                IPV6_ONLY => settings.family = AddressFamily::V6,
                UNIX_ONLY => settings.family = AddressFamily::Unix,
                other => warn!("unknown address flag {other:#x}"),
            }
        }));
    }

    /// A socket that listens already, which is ours from now on; -1 for none.
    fn spice_server_set_listen_socket_fd(server: Held<SpiceServer>, listen_fd: c_int) -> c_int, or FAILED => {
        // SAFETY: the host passes an open descriptor and leaves it to us.
        let socket = (listen_fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(listen_fd) });
        with_server(server, FAILED, |face| {
            face.server.configure(|settings| settings.listening_socket = socket);
            OK
        })
    }

    /// Whether the process ends with its client.
    fn spice_server_set_exit_on_disconnect(server: Held<SpiceServer>, flag: c_int) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            face.server.configure_session(|session| session.exit_on_disconnect = flag != 0);
            OK
        })
    }

    /// Clients need no ticket.
    fn spice_server_set_noauth(server: Held<SpiceServer>) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            face.server.disable_ticketing();
            OK
        })
    }

    /// The ticket that clients must know: at most 60 bytes, for `lifetime` seconds or, with 0, for ever; null
    /// keeps everybody out. -1 when a client is there and `fail_if_connected`, or the ticket is too long.
    fn spice_server_set_ticket(
        server: Held<SpiceServer>,
        passwd: Text,
        lifetime: c_int,
        fail_if_connected: c_int,
        disconnect_if_connected: c_int,
    ) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            if face.server.client_count() > 0 {
                if fail_if_connected != 0 {
                    return FAILED;
                }
                if disconnect_if_connected != 0 {
                    face.server.disconnect_clients("a new ticket was set");
                }
            }
            let seconds = u64::try_from(lifetime).unwrap_or(0);
            let lifetime = (lifetime != 0).then(|| Duration::from_secs(seconds));
            outcome("no ticket was set", face.server.set_ticket(passwd.bytes().as_deref(), lifetime))
        })
    }

    /// Not yet: -1 when it is switched on.
    fn spice_server_set_sasl(_server: Held<SpiceServer>, enabled: c_int) -> c_int, or FAILED => {
        if enabled == 0 {
            return OK;
        }
        refused("SASL", "clients authenticate with tickets");
        FAILED
    }

    /// Nothing follows while there is no SASL.
    fn spice_server_set_sasl_appname(_server: Held<SpiceServer>, _appname: Text) -> c_int, or FAILED => {
        not_yet("a name for SASL", "clients authenticate with tickets");
        OK
    }

    /// Not yet: -1, and no TLS port is opened.
    fn spice_server_set_tls(
        _server: Held<SpiceServer>,
        _port: c_int,
        _ca_cert_file: Text,
        _certs_file: Text,
        _private_key_file: Text,
        _key_passwd: Text,
        _dh_key_file: Text,
        _ciphersuite: Text,
    ) -> c_int, or FAILED => {
        refused("TLS", "no secure port is opened");
        FAILED
    }

    /// Whether a channel, or with null every other one, may be used without and with TLS.
    fn spice_server_set_channel_security(server: Held<SpiceServer>, channel: Text, security: c_int) -> c_int, or FAILED => {
        let security = Security { plain: security & SECURITY_NONE != 0, tls: security & SECURITY_SSL != 0 };
        let channel_type = match channel.bytes().as_deref().map(channel_type) {
            Some(None) => return FAILED,
            Some(Some(channel_type)) => Some(channel_type),
            None => None,
        };
        with_server(server, FAILED, |face| face.server.configure_policy(|policy| {
            match channel_type {
                Some(channel_type) => drop(policy.security.insert(channel_type, security)),
                None => policy.default_security = security,
            }
            OK
        }))
    }

    /// The machine's name, for clients to show.
    fn spice_server_set_name(server: Held<SpiceServer>, name: Text), or () => {
        with_server(server, (), |face| {
            face.server.configure_session(|session| session.name = Some(name.string()));
        });
    }

    /// The machine's UUID, 16 bytes.
    fn spice_server_set_uuid(server: Held<SpiceServer>, uuid: In<[u8; 16]>), or () => {
        with_server(server, (), |face| {
            face.server.configure_session(|session| session.uuid = uuid.read());
        });
    }

    /// How images are compressed, a `SPICE_IMAGE_COMPRESSION_*`; others change nothing. Always 0.
    fn spice_server_set_image_compression(server: Held<SpiceServer>, comp: u32) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| {
            match ImageCompression::from_number(comp) {
                Some(compression) => face.server.set_compression(|all| all.images = compression),
                None => warn!("there is no image compression {comp}"),
            }
            tell_compression_level(face);
            OK
        })
    }

    /// How images are compressed.
    fn spice_server_get_image_compression(server: Held<SpiceServer>) -> u32, or 0 => {
        with_server(server, 0, |face| face.server.configure(|settings| settings.compression.images.number().into()))
    }

    /// When photographs are sent as JPEG, a `SPICE_WAN_COMPRESSION_*`; -1 for others.
    fn spice_server_set_jpeg_compression(server: Held<SpiceServer>, comp: c_int) -> c_int, or FAILED => {
        set_wan_compression(server, comp, |all, when| all.jpeg = when)
    }

    /// When GLZ images are compressed once more, a `SPICE_WAN_COMPRESSION_*`; -1 for others.
    fn spice_server_set_zlib_glz_compression(server: Held<SpiceServer>, comp: c_int) -> c_int, or FAILED => {
        set_wan_compression(server, comp, |all, when| all.zlib_glz = when)
    }

    /// Which moving regions are sent as video. -1 for another number than `SPICE_STREAM_VIDEO_*`.
    fn spice_server_set_streaming_video(server: Held<SpiceServer>, value: c_int) -> c_int, or FAILED => {
        let video = match value {
            1 => StreamingVideo::Off,
            2 => StreamingVideo::All,
            3 => StreamingVideo::Filter,
            _ => return FAILED,
        };
        with_server(server, FAILED, |face| {
            face.server.set_streaming_video(video);
            tell_compression_level(face);
            OK
        })
    }

    /// The codecs that video may have, the best first, as `encoder:codec` with `;` between them, or `auto`. What there is no such
    /// thing as is left out; -1 when nothing is left, which changes nothing.
    fn spice_server_set_video_codecs(server: Held<SpiceServer>, video_codecs: Text) -> c_int, or FAILED => {
        let Some(codecs) = VideoCodecs::parse(&video_codecs.string()) else { return FAILED };
        with_server(server, FAILED, |face| {
            face.server.set_video_codecs(codecs);
            OK
        })
    }

    /// The codecs that video may have, empty before the server is initialised; to be given to `spice_server_free_video_codecs`.
    fn spice_server_get_video_codecs(server: Held<SpiceServer>) -> *const c_char, or std::ptr::null() => {
        with_server(server, std::ptr::null(), |face| {
            let codecs = face.server.configure(|settings| settings.video_codecs.to_string());
            CString::new(codecs).unwrap_or_default().into_raw().cast_const()
        })
    }

    /// Frees what `spice_server_get_video_codecs` gave.
    fn spice_server_free_video_codecs(_server: Held<SpiceServer>, video_codecs: *mut c_char), or () => {
        if !video_codecs.is_null() {
            // SAFETY: made by `into_raw` in the function above, and freed once.
            drop(unsafe { CString::from_raw(video_codecs) });
        }
    }

    /// Not yet: there is no sound.
    fn spice_server_set_playback_compression(_server: Held<SpiceServer>, _enable: c_int) -> c_int, or FAILED => {
        not_yet("sound", "clients hear nothing");
        OK
    }

    /// Whether the agent may move the pointer.
    fn spice_server_set_agent_mouse(server: Held<SpiceServer>, enable: c_int) -> c_int, or FAILED => {
        configure_agent(server, |settings| settings.pointer = enable != 0)
    }

    /// Whether the clipboard passes between clients and the agent.
    fn spice_server_set_agent_copypaste(server: Held<SpiceServer>, enable: c_int) -> c_int, or FAILED => {
        configure_agent(server, |settings| settings.copy_paste = enable != 0)
    }

    /// Whether files pass between clients and the agent.
    fn spice_server_set_agent_file_xfer(server: Held<SpiceServer>, enable: c_int) -> c_int, or FAILED => {
        configure_agent(server, |settings| settings.file_transfer = enable != 0)
    }

    /// There is one renderer, in software: 0 for "sw", -1 for others.
    fn spice_server_add_renderer(_server: Held<SpiceServer>, name: Text) -> c_int, or FAILED => {
        if name.bytes().as_deref() == Some(b"sw") { OK } else { FAILED }
    }
}

fn configure_agent(server: Held<SpiceServer>, change: impl FnOnce(&mut AgentSettings)) -> c_int {
    with_server(server, FAILED, |face| {
        face.server.configure_agent(change);
        OK
    })
}

fn set_wan_compression(
    server: Held<SpiceServer>,
    number: c_int,
    set: impl FnOnce(&mut Compression, WanCompression),
) -> c_int {
    let Some(when) = u32::try_from(number).ok().and_then(WanCompression::from_number) else { return FAILED };
    with_server(server, FAILED, |face| {
        face.server.set_compression(|all| set(all, when));
        OK
    })
}

/// Guests send images in one piece only for QUIC without video.
pub(super) fn compression_level(face: &Face) -> c_int {
    face.server.configure(|settings| {
        let whole = settings.streaming_video == StreamingVideo::Off
            && settings.compression.images == ImageCompression::Quic;
        whole.into()
    })
}

fn tell_compression_level(face: &Face) {
    let level = compression_level(face);
    let displays = face.registered().displays.clone();
    displays.iter().for_each(|display| display.set_compression_level(level));
}

/// The channel with this name in the host's settings.
fn channel_type(name: &[u8]) -> Option<ChannelType> {
    Some(match name {
        b"main" => ChannelType::MAIN,
        b"display" => ChannelType::DISPLAY,
        b"inputs" => ChannelType::INPUTS,
        b"cursor" => ChannelType::CURSOR,
        b"playback" => ChannelType::PLAYBACK,
        b"record" => ChannelType::RECORD,
        b"smartcard" => ChannelType::SMARTCARD,
        b"usbredir" => ChannelType::USBREDIR,
        b"port" => ChannelType::PORT,
        b"webdav" => ChannelType::WEBDAV,
        _ => return None,
    })
}
