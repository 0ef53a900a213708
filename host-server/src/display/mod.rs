//! One QXL device's picture: from its commands to the display and cursor channels of every client.

mod backing;
pub mod caches;
mod client;
mod damage;
mod encode;
pub mod engine;
mod faults;
mod graduality;
pub mod handle;
pub mod item;
mod link;
mod lookahead;
mod loss;
pub mod monitors;
mod patience;
pub mod picture;
mod pipe;
mod render;
mod repaint;
pub mod scanout;
mod scroll;
pub mod settings;
mod stream;
mod surfaces;
mod tree;
mod worker;

pub use encode::pool::Pool;
pub use worker::{Clock, Next, PrimaryHook, PrimaryShape, Worker, spawn};
