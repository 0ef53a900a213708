//! What has come on a channel.

use std::collections::BTreeMap;
use std::ops::Sub;

use serde::{Deserialize, Serialize};
use wire::display::ServerMessage;
use wire::image::ImageBody;

/// Counts of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Bytes, headers included.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
    /// Images in drawing messages by what they are made of, and frames of videos.
    pub images: BTreeMap<String, u64>,
    /// Drawing messages that could not be decoded.
    pub undecodable: u64,
}

impl Tally {
    /// Counts the images of a display message, without looking into them.
    pub(super) fn count_images(&mut self, message: ServerMessage) {
        let drawable = match message {
            ServerMessage::Draw(drawable) => drawable,
            ServerMessage::StreamData(_) | ServerMessage::StreamDataSized(_) => {
                *self.images.entry("frame".to_owned()).or_default() += 1;
                return;
            }
            _ => return,
        };
        let counted: Result<_, std::convert::Infallible> = drawable.try_map(|image| {
            *self.images.entry(name(&image.body).to_owned()).or_default() += 1;
            Ok(())
        });
        match counted {
            Ok(_) => {}
        }
    }
}

fn name(body: &ImageBody) -> &'static str {
    match body {
        ImageBody::Bitmap(_) => "bitmap",
        ImageBody::Quic(_) => "quic",
        ImageBody::LzRgb(_) => "lz",
        ImageBody::LzPalette(_) => "lz_palette",
        ImageBody::GlzRgb(_) => "glz",
        ImageBody::ZlibGlz { .. } => "zlib_glz",
        ImageBody::Jpeg(_) => "jpeg",
        ImageBody::JpegAlpha { .. } => "jpeg_alpha",
        ImageBody::Lz4(_) => "lz4",
        _ => "no_pixels",
    }
}

/// What came since an earlier tally.
impl Sub<&Tally> for Tally {
    type Output = Tally;

    fn sub(mut self, earlier: &Tally) -> Tally {
        self.bytes -= earlier.bytes;
        self.messages -= earlier.messages;
        self.undecodable -= earlier.undecodable;
        for (name, count) in &earlier.images {
            if let Some(images) = self.images.get_mut(name) {
                *images -= count;
            }
        }
        self
    }
}
