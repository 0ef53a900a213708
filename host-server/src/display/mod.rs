//! One QXL device's picture: from its commands to the display and cursor channels of every client.

pub mod handle;
