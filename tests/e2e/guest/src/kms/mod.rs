//! The kernel's mode setting interface, as compositors use it: a device, one of its displays, atomic requests, and
//! buffers with pixels. The conformance checks and the measured scenes stand on this; nothing here judges the driver.

mod card;
mod framebuffer;
mod output;
mod request;
mod timing;

pub(crate) use card::{Card, PATIENCE};
pub(crate) use framebuffer::Framebuffer;
pub(crate) use output::{Output, number};
pub(crate) use request::Request;
pub(crate) use timing::timing;
