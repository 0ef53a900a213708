//! The virtual hardware that the tests choose between.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// QEMU's machine type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Machine {
    /// i440FX, QEMU's default.
    Pc,
    /// The PCI Express one, which libvirt chooses for new guests.
    Q35,
}

impl Machine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Machine::Pc => "pc",
            Machine::Q35 => "q35",
        }
    }
}

/// The display device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Display {
    /// The paravirtual device that sends drawing commands.
    Qxl,
    /// Plain VGA: QEMU makes drawing commands of what changed.
    Std,
    /// virtio-gpu without 3D.
    Virtio,
}

impl Display {
    pub(crate) fn vga_argument(self) -> &'static str {
        match self {
            Display::Qxl => "qxl",
            Display::Std => "std",
            Display::Virtio => "virtio",
        }
    }
}

/// How the guest gets the pointer. The keyboard is always a PS/2 one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pointer {
    /// A PS/2 mouse: relative movements, the server's mouse mode.
    Mouse,
    /// A virtio tablet: absolute positions, the client's mouse mode.
    Tablet,
}

/// Where the SPICE server listens.
#[derive(Clone, Debug, PartialEq)]
pub enum SpiceAddress {
    /// A unix socket at this path.
    Unix(PathBuf),
    /// This port on 127.0.0.1.
    Loopback(u16),
}

impl SpiceAddress {
    /// A port on 127.0.0.1 that was free a moment ago.
    pub fn free_loopback_port() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
        Ok(SpiceAddress::Loopback(listener.local_addr()?.port()))
    }

    /// The address as SPICE clients take it on their command line.
    pub fn uri(&self) -> String {
        match self {
            SpiceAddress::Unix(path) => format!("spice+unix://{}", path.display()),
            SpiceAddress::Loopback(port) => format!("spice://127.0.0.1:{port}"),
        }
    }

    pub(crate) fn spice_argument(&self) -> String {
        match self {
            SpiceAddress::Unix(path) => format!("unix=on,addr={}", path.display()),
            SpiceAddress::Loopback(port) => format!("addr=127.0.0.1,port={port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_for_both_sides() {
        let unix = SpiceAddress::Unix("/run/s".into());
        assert_eq!(
            (unix.uri().as_str(), unix.spice_argument().as_str()),
            ("spice+unix:///run/s", "unix=on,addr=/run/s")
        );
        assert_eq!(SpiceAddress::Loopback(5900).uri(), "spice://127.0.0.1:5900");
    }
}
