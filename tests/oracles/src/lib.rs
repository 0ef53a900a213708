//! Properties that must hold for any bytes: what a peer or a guest can send.
//!
//! Each is a function of bytes that panics when the property does not hold. A fuzz target of the same name
//! calls it (one line, in `fuzz/fuzz_targets`), `tests/corpus.rs` runs it over the corpus that fuzzing left
//! (`fuzz/corpus/<name>`), and property tests may call it as well. So a bug that fuzzing found once stays
//! found in the ordinary tests.
//!
//! A component has one module with its oracles and a list of them, and an entry in [`all`].

pub mod agent;
pub mod canvas;
pub mod display;
pub mod guest;
pub mod image;
pub mod qxl;
pub mod recording;
pub mod vdagent;
pub mod wire;

/// A property with the name of its fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Oracle {
    /// The file name of the fuzz target, and of the folder of its corpus.
    pub name: &'static str,
    /// Panics when the property does not hold for these bytes.
    pub check: fn(&[u8]),
}

/// Every oracle of every component.
pub fn all() -> impl Iterator<Item = Oracle> {
    [
        agent::ORACLES,
        canvas::ORACLES,
        display::ORACLES,
        guest::ORACLES,
        image::ORACLES,
        qxl::ORACLES,
        recording::ORACLES,
        vdagent::ORACLES,
        wire::ORACLES,
    ]
    .into_iter()
    .flatten()
    .copied()
}
