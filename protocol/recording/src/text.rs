//! The words of a recording, written: the counterpart of [`input`](crate::input).

use std::fmt::Display;
use std::io::Write;

use qxl::geometry::{Point, Point16, Rect};

/// The text of an event.
#[derive(Debug, Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn line(&mut self, words: impl Display) {
        // Writing to memory does not fail.
        let _ = writeln!(self.0, "{words}");
    }

    pub(crate) fn field(&mut self, key: &str, value: impl Display) {
        self.line(format_args!("{key} {value}"));
    }

    /// A field of 32 bits without sign, which the format has with one.
    pub(crate) fn u32(&mut self, key: &str, value: u32) {
        self.field(key, value.cast_signed());
    }

    /// Whether something follows.
    pub(crate) fn flag(&mut self, key: &str, there: bool) {
        self.field(key, u8::from(there));
    }

    pub(crate) fn rect(&mut self, name: &str, rect: Rect) {
        let Rect { top, left, bottom, right } = rect;
        self.line(format_args!("rect {name} {top} {left} {bottom} {right}"));
    }

    pub(crate) fn point(&mut self, point: Point) {
        let Point { x, y } = point;
        self.line(format_args!("point {x} {y}"));
    }

    pub(crate) fn point16(&mut self, key: &str, point: Point16) {
        let Point16 { x, y } = point;
        self.line(format_args!("{key} {x} {y}"));
    }

    pub(crate) fn block(&mut self, name: &str, bytes: &[u8]) {
        let _ = write!(self.0, "binary 0 {name} {}:", bytes.len());
        self.0.extend_from_slice(bytes);
        self.0.push(b'\n');
    }

    /// A block of `length` bytes that somebody else appends.
    pub(crate) fn block_with<E>(
        &mut self,
        name: &str,
        length: usize,
        append: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let _ = write!(self.0, "binary 0 {name} {length}:");
        append(&mut self.0)?;
        self.0.push(b'\n');
        Ok(())
    }
}
