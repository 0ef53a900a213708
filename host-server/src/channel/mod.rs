//! What all channels share: the connection and the window of acknowledged messages.

pub mod connection;
pub mod parcel;
pub mod throughput;
pub mod window;
