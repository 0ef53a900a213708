//! Displays, both ends, in simulated time.

mod bad_input;
mod clients;
mod guest_side;
mod pixels;
