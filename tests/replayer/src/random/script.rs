//! The words of a recording.

use std::fmt::Display;

/// The text of a command. Writing to memory does not fail.
#[derive(Default)]
pub(super) struct Script(Vec<u8>);

/// Where something is drawn: left, top, width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area(pub(super) i32, pub(super) i32, pub(super) i32, pub(super) i32);

impl Area {
    /// Top, left, bottom, right: the order of the device.
    pub(super) fn edges(self) -> String {
        let Self(x, y, width, height) = self;
        format!("{y} {x} {} {}", y + height, x + width)
    }
}

impl Script {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A line, or several.
    pub(super) fn line(&mut self, words: impl Display) {
        self.0.extend_from_slice(words.to_string().as_bytes());
        self.0.push(b'\n');
    }

    /// A key and a number.
    pub(super) fn field(&mut self, key: &str, value: impl Display) {
        self.line(format_args!("{key} {value}"));
    }

    pub(super) fn rect(&mut self, key: &str, area: Area) {
        self.line(format_args!("rect {key} {}", area.edges()));
    }

    pub(super) fn point(&mut self, x: i32, y: i32) {
        self.line(format_args!("point {x} {y}"));
    }

    pub(super) fn block(&mut self, name: &str, bytes: &[u8]) {
        self.0.extend_from_slice(format!("binary 0 {name} {}:", bytes.len()).as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.push(b'\n');
    }

    /// A chain of one chunk.
    pub(super) fn chunk(&mut self, name: &str, bytes: &[u8]) {
        self.line(format_args!("data_chunks 0 {}", bytes.len()));
        self.block(name, bytes);
    }
}
