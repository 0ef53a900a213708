//! The words of a recording, written: the counterpart of [`input`](crate::input).

use std::fmt::Display;

use qxl::geometry::{Point, Point16, Rect};

/// The text of an event.
#[derive(Debug, Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn line(&mut self, words: impl Display) {
        self.0.extend_from_slice(words.to_string().as_bytes());
        self.0.push(b'\n');
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
        self.0.extend_from_slice(format!("binary 0 {name} {}:", bytes.len()).as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.push(b'\n');
    }
}
