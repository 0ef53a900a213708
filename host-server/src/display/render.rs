//! Draws an operation into a surface of the host.

use canvas::{DrawError, Source, Surfaces};
use image::surface::Surface;
use wire::drawable::Drawable;

use super::picture::Picture;

/// Draws `drawable` on `target`; `others` has the surfaces that are images.
pub fn paint(
    target: &mut Surface,
    drawable: &Drawable<Picture>,
    others: &dyn Surfaces,
) -> Result<(), DrawError> {
    let source = |picture: Picture| -> Result<Source, DrawError> {
        Ok(match picture {
            Picture::Bitmap(image) if image.high_bits_set => Source::HighBitsSet(image.bitmap.clone()),
            Picture::Bitmap(image) if image.widened => Source::Widened(image.bitmap.clone()),
            Picture::Bitmap(image) => Source::Bitmap(image.bitmap.clone()),
            Picture::Surface(id) => Source::Surface(id),
        })
    };
    let drawable = drawable.clone().try_map(source)?;
    canvas::draw(target, &drawable, others)
}
