//! What all Wayland compositors do with a picture: two buffers in turn, into the hidden one goes what has changed since it
//! was shown last, and the flip tells what has changed since the last flip.

use anyhow::Result;
use drm::control::dumbbuffer::DumbMapping;
use drm::control::{AtomicCommitFlags, Device as _, PageFlipFlags};
use drm_ffi::drm_mode_rect;

use crate::canvas::{Area, Canvas};
use crate::kms::{Framebuffer, Output, PATIENCE, Request};
use crate::scenes::SIZE;

/// A lit display and its two buffers.
pub(super) struct Compositor<'card> {
    output: &'card Output<'card>,
    front: Buffer<'card>,
    back: Buffer<'card>,
    /// What the hidden buffer has not got of the frame that is shown.
    missed: Vec<Area>,
    tells_damage: bool,
}

/// A framebuffer and its pixels.
struct Buffer<'card> {
    framebuffer: Framebuffer<'card>,
    pixels: DumbMapping<'static>,
}

impl<'card> Compositor<'card> {
    /// Lights the display with `canvas` in both buffers.
    pub(super) fn start(output: &'card Output<'card>, canvas: &Canvas) -> Result<Self> {
        let (width, height) = (u16::try_from(SIZE.width)?, u16::try_from(SIZE.height)?);
        let buffer = || -> Result<Buffer<'card>> {
            let framebuffer = Framebuffer::new(output.card, width.into(), height.into())?;
            let mut buffer = Buffer { pixels: framebuffer.keep_mapped()?, framebuffer };
            buffer.copy(canvas, &[whole()])?;
            Ok(buffer)
        };
        let (front, back) = (buffer()?, buffer()?);
        output.enabling(output.mode(width, height)?, &front.framebuffer)?.commit()?;
        let tells_damage = output.property(output.primary.into(), "FB_DAMAGE_CLIPS").is_some();
        output.flip(&back.framebuffer)?;
        Ok(Compositor { output, front: back, back: front, missed: Vec::new(), tells_damage })
    }

    /// Puts a picture into the hidden buffer.
    pub(super) fn fill_back(&mut self, canvas: &Canvas) -> Result<()> {
        self.back.copy(canvas, &[whole()])
    }

    /// Shows `canvas`, of which `damage` has changed since the last time.
    pub(super) fn show(&mut self, canvas: &Canvas, damage: Vec<Area>) -> Result<()> {
        self.back.copy(canvas, &self.missed)?;
        self.back.copy(canvas, &damage)?;
        self.swap(&damage)?;
        self.missed = damage;
        Ok(())
    }

    /// Shows the hidden buffer and waits until it is shown.
    pub(super) fn swap(&mut self, damage: &[Area]) -> Result<()> {
        let mut request =
            Request::new(self.output).set(self.output.primary, "FB_ID", self.back.framebuffer.id());
        let mut blob = None;
        if self.tells_damage {
            if !damage.is_empty() {
                let clips = damage.iter().map(rectangle).collect::<Result<Vec<_>>>()?;
                blob = Some(u64::from(self.output.card.create_property_blob(clips.as_slice())?));
            }
            request = request.set(self.output.primary, "FB_DAMAGE_CLIPS", blob.unwrap_or(0));
        }
        request.try_commit(AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT)??;
        if let Some(blob) = blob {
            self.output.card.destroy_property_blob(blob)?;
        }
        self.output.card.flipped(PATIENCE)?;
        std::mem::swap(&mut self.front, &mut self.back);
        Ok(())
    }

    /// Shows the hidden buffer without waiting for a vertical blank: the event comes when the other one is free.
    pub(super) fn swap_at_once(&mut self) -> Result<()> {
        let flags = PageFlipFlags::EVENT | PageFlipFlags::ASYNC;
        self.output.card.page_flip(self.output.crtc, self.back.framebuffer.handle, flags, None)?;
        self.output.card.flipped(PATIENCE)?;
        std::mem::swap(&mut self.front, &mut self.back);
        Ok(())
    }
}

fn whole() -> Area {
    Area { left: 0, top: 0, right: SIZE.width, bottom: SIZE.height }
}

fn rectangle(area: &Area) -> Result<drm_mode_rect> {
    let [x1, y1, x2, y2] = [area.left, area.top, area.right, area.bottom].map(i32::try_from);
    Ok(drm_mode_rect { x1: x1?, y1: y1?, x2: x2?, y2: y2? })
}

impl Buffer<'_> {
    fn copy(&mut self, canvas: &Canvas, areas: &[Area]) -> Result<()> {
        let pitch = self.framebuffer.pitch()?;
        for area in areas {
            for y in area.top..area.bottom {
                let row = canvas.row(y, area.left, area.right);
                let start = y * pitch + area.left * 4;
                self.pixels[start..start + row.len()].copy_from_slice(row);
            }
        }
        Ok(())
    }
}
