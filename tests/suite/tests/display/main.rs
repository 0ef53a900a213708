//! Displays, both ends, in simulated time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod bad_images;
mod bad_input;
mod clients;
mod ended_surfaces;
mod guest_side;
mod log;
mod loss;
mod parallel;
mod pixels;
mod recording;
mod repaint;
mod scanouts;
mod video;
