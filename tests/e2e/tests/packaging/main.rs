//! Our display driver's package in Debian systems without Rust: installed, upgraded, given other kernels, removed, and booted
//! from. Run by `cargo xtask test packaging`; `KMS_PACKAGE` names the package. Only what boots needs a virtual machine: the
//! rest happens in copies of small systems on this machine, as root and without the network.

mod boot;
mod found;
mod lifecycle;
mod machine;
mod package;
mod secure_boot;
mod source;

use anyhow::Result;
use e2e::Suite;
use machine::InitialBy;

/// Fails with the whole chain of reasons.
fn succeed(outcome: Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

#[test]
fn debian_12() {
    succeed(lifecycle::on(Suite::Bookworm, InitialBy::InitramfsTools));
}

#[test]
fn debian_13() {
    succeed(lifecycle::on(Suite::Trixie, InitialBy::InitramfsTools));
}

#[test]
fn debian_sid() {
    succeed(lifecycle::on(Suite::Sid, InitialBy::InitramfsTools));
}

#[test]
fn debian_sid_with_dracut() {
    succeed(lifecycle::on(Suite::Sid, InitialBy::Dracut));
}

#[test]
fn object_is_what_its_sources_give() {
    succeed(source::reproduced());
}

#[test]
fn object_from_source_on_debian_13() {
    succeed(source::by_dkms(Suite::Trixie));
}

#[test]
fn object_from_source_on_debian_sid() {
    succeed(source::by_dkms(Suite::Sid));
}

#[test]
fn secure_boot() {
    succeed(secure_boot::key_is_enrolled());
}
