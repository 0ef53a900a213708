//! Drawings as a client gets them: each image in the shortest form that the client can take, which may be the name of what it has.

use std::convert::Infallible;
use std::sync::Arc;

use image::geometry::{Rect, Size};
use wire::display::{CacheId, ServerMessage};
use wire::drawable::{Clip, Copy, Drawable, Mask, Operation, Rop, ScaleMode, SurfaceId};
use wire::image::{ImageBody, ImageFlags};

use super::DisplayClient;
use crate::display::caches::{Kept, PaletteCache, Share, Turn};
use crate::display::encode::{Encoder, Taker};
use crate::display::item::images;
use crate::display::picture::{Image, Picture};

/// The images of one message.
struct Imaging<'a> {
    encoder: &'a mut Encoder,
    taker: &'a Taker,
    turn: Turn<'a>,
    palettes: &'a mut PaletteCache,
    /// Palettes that the client must forget before.
    forgotten: Vec<u64>,
    /// Whether the next image need not be exact.
    may_lose: bool,
}

impl DisplayClient {
    /// With `may_lose`, the first image of the operation need not be exact.
    pub(super) fn encode_draw(&mut self, drawable: Drawable<Picture>, may_lose: bool, encoder: &mut Encoder) {
        if images(&drawable.operation).all(|picture| picture.bitmap().is_none()) {
            let Ok(drawable) = drawable.try_map(|picture| {
                let surface = picture.surface().unwrap_or(SurfaceId::PRIMARY);
                Ok::<_, Infallible>(of_surface(surface))
            });
            return self.ready.push_back(ServerMessage::Draw(drawable).encode().into());
        }
        // Another display that has gone may have ended it.
        self.taker.has_dictionary &= self.share.as_ref().is_some_and(Share::has_dictionary);
        self.prepare(&drawable, may_lose, encoder);
        let next = self.next_serial();
        let Self { share: Some(share), taker, palettes, ready, .. } = self else { return };
        let mut imaging =
            Imaging { encoder, taker, turn: share.turn(), palettes, forgotten: Vec::new(), may_lose };
        let Ok(drawable) = drawable.try_map(|picture| Ok::<_, Infallible>(imaging.image(&picture)));
        let Imaging { turn, forgotten, .. } = imaging;
        let next = next + forgotten.len() as u64;
        let forgotten = forgotten.into_iter().map(|id| ServerMessage::InvalPalette(CacheId { id }));
        let before = forgotten.chain(turn.finish(next));
        let messages = before.chain([ServerMessage::Draw(drawable)]);
        ready.extend(messages.map(|message| message.encode().into()));
    }

    /// Makes the client forget all images.
    pub(super) fn forget_images(&mut self) {
        let next = self.next_serial();
        let Some(share) = &self.share else { return };
        let mut turn = share.turn();
        turn.empty();
        self.ready.extend(turn.finish(next).into_iter().map(|message| message.encode().into()));
    }

    /// Serial of the message that is queued next.
    fn next_serial(&self) -> u64 {
        self.window.sent() + self.ready.len() as u64 + 1
    }

    /// Encodes before the turn what can be encoded before it: the client's other displays wait for turns.
    fn prepare(&self, drawable: &Drawable<Picture>, may_lose: bool, encoder: &mut Encoder) {
        let Some(share) = self.share.as_ref().filter(|share| share.is_shared()) else { return };
        for (index, image) in images(&drawable.operation).filter_map(Picture::bitmap).enumerate() {
            if !image.cacheable || !share.has(image.id) {
                encoder.prepare(image, &self.taker, may_lose && index == 0);
            }
        }
    }
}

impl Imaging<'_> {
    fn image(&mut self, picture: &Picture) -> wire::image::Image {
        let may_lose = std::mem::take(&mut self.may_lose);
        let image = match picture {
            Picture::Bitmap(image) => image,
            Picture::Surface(id) => return of_surface(*id),
        };
        let (cached, mut body) = self.body(image, may_lose);
        let flags = if image.high_bits_set { cached.with(ImageFlags::HIGH_BITS_SET) } else { cached };
        self.forgotten.extend(self.palettes.place(&mut body));
        wire::image::Image { id: image.id, flags, size: image.bitmap.size(), body }
    }

    /// How the image meets the client's cache, and what it is made of.
    fn body(&mut self, image: &Arc<Image>, may_lose: bool) -> (ImageFlags, ImageBody) {
        if !image.cacheable {
            return (ImageFlags::NONE, self.encode(image, may_lose));
        }
        let flags = match self.turn.hit(image.id) {
            Some(Kept::Exactly) => {
                let may_be_lossy = self.encoder.may_lose(self.taker) || self.turn.has_lost();
                let body = if may_be_lossy { ImageBody::FromCacheLossless } else { ImageBody::FromCache };
                return (ImageFlags::NONE, body);
            }
            Some(Kept::WithLoss) if may_lose => return (ImageFlags::NONE, ImageBody::FromCache),
            Some(Kept::WithLoss) => {
                self.turn.replace(image.id);
                ImageFlags::CACHE_REPLACE_ME
            }
            None if self.turn.insert(image.id, image.bitmap.size().area()) => ImageFlags::CACHE_ME,
            None => ImageFlags::NONE,
        };
        let body = self.encode(image, may_lose);
        self.turn.sent(image.id, if is_lossy(&body) { Kept::WithLoss } else { Kept::Exactly });
        (flags, body)
    }

    fn encode(&mut self, image: &Arc<Image>, may_lose: bool) -> ImageBody {
        let body = self.encoder.encode(image, self.taker, self.turn.dictionary(), may_lose);
        if matches!(body, ImageBody::GlzRgb(_) | ImageBody::ZlibGlz { .. }) {
            self.turn.note_stream();
        }
        body
    }
}

/// The image that is a surface.
const fn of_surface(surface: SurfaceId) -> wire::image::Image {
    let (size, body) = (Size::new(0, 0), ImageBody::Surface(surface));
    wire::image::Image { id: 0, flags: ImageFlags::NONE, size, body }
}

const fn is_lossy(body: &ImageBody) -> bool {
    matches!(body, ImageBody::Jpeg(_) | ImageBody::JpegAlpha { .. })
}

/// Replaces `area` of a surface by an image of its size.
pub fn copy_of(surface: SurfaceId, area: Rect, image: Arc<Image>) -> Drawable<Picture> {
    let copy = Copy {
        area: image.bitmap.bounds(),
        source: Picture::Bitmap(image),
        rop: Rop::PUT,
        scale: ScaleMode::Nearest,
        mask: Mask::default(),
    };
    Drawable { surface, bbox: area, clip: Clip::None, operation: Operation::Copy(copy) }
}
