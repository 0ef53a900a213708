//! The clipboard: one end grabs it with a list of types, the other requests one of them.
//!
//! The layout of these messages depends on the capabilities of both ends, so that encoding and decoding take
//! a [`ClipboardLayout`].

use alloc::vec::Vec;

use bytes::Bytes;

use crate::capability::{CLIPBOARD_GRAB_SERIAL, CLIPBOARD_SELECTION, Capabilities};
use crate::error::AgentError;
use crate::fields::Fields;

/// Which optional fields clipboard messages have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClipboardLayout {
    /// Each says its selection.
    pub selection: bool,
    /// A grab has a number.
    pub grab_serial: bool,
}

impl ClipboardLayout {
    /// The layout that two ends use with each other.
    #[must_use]
    pub fn of(ours: &Capabilities, theirs: &Capabilities) -> Self {
        let both = |bit| ours.contains(bit) && theirs.contains(bit);
        Self { selection: both(CLIPBOARD_SELECTION), grab_serial: both(CLIPBOARD_GRAB_SERIAL) }
    }
}

/// Which of a desktop's selections; the clipboard itself where there is only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Selection {
    /// By copy and paste.
    #[default]
    Clipboard,
    /// By marking and the middle button.
    Primary,
    /// The third one of X11.
    Secondary,
}

/// What the clipboard holds; numbers without a name are legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClipboardType(pub u32);

impl ClipboardType {
    /// Nothing: the answer to a request that cannot be met.
    pub const NONE: Self = Self(0);
    /// Text in UTF-8.
    pub const UTF8_TEXT: Self = Self(1);
    /// An image in PNG.
    pub const IMAGE_PNG: Self = Self(2);
    /// An image in BMP.
    pub const IMAGE_BMP: Self = Self(3);
    /// An image in TIFF.
    pub const IMAGE_TIFF: Self = Self(4);
    /// An image in JPEG.
    pub const IMAGE_JPG: Self = Self(5);
    /// `copy` or `cut`, then paths in the shared folder, each with a 0 at its end.
    pub const FILE_LIST: Self = Self(6);
}

/// The clipboard's content: the answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clipboard {
    /// Which selection.
    pub selection: Selection,
    /// What it holds.
    pub content: ClipboardType,
    /// The content.
    pub data: Bytes,
}

/// The sender has content in these types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClipboardGrab {
    /// Which selection.
    pub selection: Selection,
    /// The grab's number, where grabs have one: of two at once the client's holds.
    pub serial: Option<u32>,
    /// The types, the best first.
    pub types: Vec<ClipboardType>,
}

/// The sender wants the content in this type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClipboardRequest {
    /// Which selection.
    pub selection: Selection,
    /// The type.
    pub content: ClipboardType,
}

pub(crate) fn put_selection(to: &mut Vec<u8>, selection: Selection, layout: ClipboardLayout) {
    if layout.selection {
        let number = match selection {
            Selection::Clipboard => 0,
            Selection::Primary => 1,
            Selection::Secondary => 2,
        };
        to.extend_from_slice(&[number, 0, 0, 0]);
    }
}

pub(crate) fn take_selection(
    from: &mut Fields<'_>,
    layout: ClipboardLayout,
) -> Result<Selection, AgentError> {
    if !layout.selection {
        return Ok(Selection::Clipboard);
    }
    let selection = selection(from.u8("selection")?)?;
    from.array::<3>("padding of a selection")?;
    Ok(selection)
}

/// A release is only its selection; the reference agent leaves the padding out.
pub(crate) fn take_release(from: &mut Fields<'_>, layout: ClipboardLayout) -> Result<Selection, AgentError> {
    if !layout.selection {
        return Ok(Selection::Clipboard);
    }
    selection(from.u8("selection")?)
}

fn selection(number: u8) -> Result<Selection, AgentError> {
    match number {
        0 => Ok(Selection::Clipboard),
        1 => Ok(Selection::Primary),
        2 => Ok(Selection::Secondary),
        other => Err(AgentError::BadValue { field: "selection", value: other.into() }),
    }
}

impl Clipboard {
    pub(crate) fn put(&self, to: &mut Vec<u8>, layout: ClipboardLayout) {
        put_selection(to, self.selection, layout);
        to.extend_from_slice(&self.content.0.to_le_bytes());
        to.extend_from_slice(&self.data);
    }

    pub(crate) fn take(from: &mut Fields<'_>, layout: ClipboardLayout) -> Result<Self, AgentError> {
        let selection = take_selection(from, layout)?;
        let content = ClipboardType(from.u32("clipboard type")?);
        Ok(Self { selection, content, data: from.rest() })
    }
}

impl ClipboardGrab {
    pub(crate) fn put(&self, to: &mut Vec<u8>, layout: ClipboardLayout) {
        put_selection(to, self.selection, layout);
        if layout.grab_serial {
            to.extend_from_slice(&self.serial.unwrap_or_default().to_le_bytes());
        }
        for content in &self.types {
            to.extend_from_slice(&content.0.to_le_bytes());
        }
    }

    pub(crate) fn take(from: &mut Fields<'_>, layout: ClipboardLayout) -> Result<Self, AgentError> {
        let selection = take_selection(from, layout)?;
        let serial = layout.grab_serial.then(|| from.u32("grab serial")).transpose()?;
        let types = from.rest_u32().into_iter().map(ClipboardType).collect();
        Ok(Self { selection, serial, types })
    }
}

impl ClipboardRequest {
    pub(crate) fn put(self, to: &mut Vec<u8>, layout: ClipboardLayout) {
        put_selection(to, self.selection, layout);
        to.extend_from_slice(&self.content.0.to_le_bytes());
    }

    pub(crate) fn take(from: &mut Fields<'_>, layout: ClipboardLayout) -> Result<Self, AgentError> {
        let selection = take_selection(from, layout)?;
        Ok(Self { selection, content: ClipboardType(from.u32("clipboard type")?) })
    }
}
