//! The translator from damage to drawings, as a device and its viewer see it.
//!
//! [`device`] applies drawings and counts what they cost. [`properties`] say that its picture is right whatever
//! happens; [`scenes`] that what people do on screens is cheap.

mod device;
mod frame;
mod paint;
mod properties;
mod scenes;
