//! One display as the client has it: surfaces, monitors, and what is drawn on them.

use std::collections::BTreeMap;

use canvas::Surfaces;
use image::geometry::Size;
use image::surface::{Surface, SurfaceFormat};
use wire::display::{MonitorsConfig, ServerMessage, StreamCreate, SurfaceCreate};
use wire::drawable::{Drawable, SurfaceId};
use wire::image::Image;

use crate::images::ImageCaches;
use crate::picture::Picture;

/// Most pixels of one surface.
const MAX_PIXELS: u64 = 1 << 27;

/// One display.
#[derive(Debug, Default)]
pub struct Screen {
    surfaces: BTreeMap<SurfaceId, Surface>,
    caches: ImageCaches,
    /// Whether the server said that the primary surface can be shown.
    pub marked: bool,
    /// How many times a primary surface began.
    pub primaries_created: u32,
    /// How many times one ended.
    pub primaries_destroyed: u32,
    /// How many operations were drawn.
    pub drawn: u64,
    /// The monitors that show the primary surface.
    pub monitors: MonitorsConfig,
    /// The videos that have begun, whether or not they have ended. Their frames are not decoded.
    pub videos: Vec<StreamCreate>,
}

impl Screen {
    /// The primary surface's columns and rows, when there is one.
    #[must_use]
    pub fn size(&self) -> Option<Size> {
        self.surfaces.get(&SurfaceId::PRIMARY).map(Surface::size)
    }

    /// Numbers of the surfaces there are.
    pub fn surfaces(&self) -> impl Iterator<Item = SurfaceId> {
        self.surfaces.keys().copied()
    }

    /// How many images are kept.
    #[must_use]
    pub fn cached_images(&self) -> usize {
        self.caches.len()
    }

    /// The primary surface's pixels.
    #[must_use]
    pub fn picture(&self) -> Option<Picture> {
        self.surface_picture(SurfaceId::PRIMARY)
    }

    /// The pixels of any surface.
    #[must_use]
    pub fn surface_picture(&self, surface: SurfaceId) -> Option<Picture> {
        self.surfaces.get(&surface).and_then(Picture::of)
    }

    /// Does what a message says. The error is the server's fault, or something that the probe does not do.
    pub(crate) fn apply(&mut self, message: ServerMessage) -> Result<(), String> {
        match message {
            ServerMessage::Draw(drawable) => return self.draw(drawable),
            ServerMessage::Mode(mode) => {
                let (width, height) = (mode.width, mode.height);
                let format = if mode.bits == 16 { SurfaceFormat::Rgb555 } else { SurfaceFormat::Xrgb32 };
                let surface = SurfaceId::PRIMARY;
                return self.create(SurfaceCreate {
                    surface,
                    width,
                    height,
                    format,
                    flags: Default::default(),
                });
            }
            ServerMessage::SurfaceCreate(create) => return self.create(create),
            ServerMessage::SurfaceDestroy(destroy) => return self.destroy(destroy.surface),
            ServerMessage::Mark => self.marked = true,
            ServerMessage::Reset => {
                let Self { surfaces, caches, marked, .. } = self;
                surfaces.clear();
                *caches = ImageCaches::default();
                *marked = false;
            }
            ServerMessage::InvalList(list) => {
                list.resources.iter().for_each(|resource| self.caches.forget_image(resource.id));
            }
            ServerMessage::InvalAllPixmaps(_) => self.caches.forget_all_images(),
            ServerMessage::InvalPalette(palette) => self.caches.forget_palette(palette.id),
            ServerMessage::InvalAllPalettes => self.caches.forget_all_palettes(),
            ServerMessage::MonitorsConfig(monitors) => self.monitors = monitors,
            ServerMessage::StreamCreate(stream) => {
                let fault = format!("video in {:?} is not decoded", stream.codec);
                self.videos.push(stream);
                return Err(fault);
            }
            ServerMessage::Base(_)
            | ServerMessage::StreamData(_)
            | ServerMessage::StreamDataSized(_)
            | ServerMessage::StreamClip(_)
            | ServerMessage::StreamDestroy(_)
            | ServerMessage::StreamDestroyAll
            | ServerMessage::StreamActivateReport(_)
            | ServerMessage::GlScanoutUnix(_)
            | ServerMessage::GlScanout2Unix(_)
            | ServerMessage::GlDraw(_)
            | ServerMessage::QualityIndicator(_) => {}
        }
        Ok(())
    }

    fn create(&mut self, create: SurfaceCreate) -> Result<(), String> {
        let SurfaceCreate { surface, width, height, format, .. } = create;
        let size = Size::new(width, height);
        if size.area() > MAX_PIXELS {
            return Err(format!("surface {} of {width}x{height} is too large", surface.0));
        }
        let fresh = Surface::new(format, size).map_err(|error| error.to_string())?;
        if surface == SurfaceId::PRIMARY {
            self.primaries_created += 1;
        }
        match self.surfaces.insert(surface, fresh) {
            Some(_) => Err(format!("surface {} was created while it existed", surface.0)),
            None => Ok(()),
        }
    }

    fn destroy(&mut self, surface: SurfaceId) -> Result<(), String> {
        if surface == SurfaceId::PRIMARY {
            self.primaries_destroyed += 1;
            self.marked = false;
        }
        match self.surfaces.remove(&surface) {
            Some(_) => Ok(()),
            None => Err(format!("surface {} was destroyed and does not exist", surface.0)),
        }
    }

    fn draw(&mut self, drawable: Drawable<Image>) -> Result<(), String> {
        let id = drawable.surface;
        let caches = &mut self.caches;
        let drawable = drawable.try_map(|image| caches.source(&image)).map_err(|fault| fault.to_string())?;
        // The target is taken out, so that it can change while the others are read.
        let Some(mut target) = self.surfaces.remove(&id) else {
            return Err(format!("surface {} is drawn on and does not exist", id.0));
        };
        let result = canvas::draw(&mut target, &drawable, &self.surfaces as &dyn Surfaces);
        self.surfaces.insert(id, target);
        self.drawn += 1;
        result.map_err(|error| error.to_string())
    }
}
