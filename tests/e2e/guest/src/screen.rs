//! A display of the first graphics device, driven as simple compositors do it: one dumb buffer, legacy mode setting,
//! and dirty rectangles for what changed.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::dumbbuffer::DumbBuffer;
use drm::control::{ClipRect, Device as ControlDevice, Mode, ResourceHandles, connector, framebuffer};

use crate::canvas::{Area, Canvas, Size};
use crate::kms::timing;

const DEVICE: &str = "/dev/dri/card0";

struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Card {}
impl ControlDevice for Card {}

/// How a pixel lies in the buffer.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Depth {
    /// 4 bytes: blue, green, red, unused.
    Xrgb8888,
    /// 2 bytes.
    Rgb565,
}

/// A display that shows our buffer.
pub(crate) struct Screen {
    card: Card,
    driver: String,
    size: Size,
    depth: Depth,
    buffer: DumbBuffer,
    framebuffer: framebuffer::Handle,
}

impl Screen {
    /// Takes the display and sets a mode of this size, or the preferred one.
    pub(crate) fn open(size: Option<Size>, depth: Depth) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(DEVICE);
        let card = Card(file.with_context(|| format!("cannot open {DEVICE}"))?);
        let driver = drm::Device::get_driver(&card)?.name().to_string_lossy().into_owned();
        let resources = card.resource_handles().context("the device has no displays")?;
        let connector = connected(&card, &resources)?;
        let mode = mode(&connector, size)?;
        let (width, height) = mode.size();
        let pixels = (u32::from(width), u32::from(height));
        let (format, significant, bits) = match depth {
            Depth::Xrgb8888 => (DrmFourcc::Xrgb8888, 24, 32),
            Depth::Rgb565 => (DrmFourcc::Rgb565, 16, 16),
        };
        let buffer = card.create_dumb_buffer(pixels, format, bits).context("no memory for a picture")?;
        let framebuffer = card.add_framebuffer(&buffer, significant, bits)?;
        let crtc = *resources.crtcs().first().context("the device has no CRTC")?;
        card.set_crtc(crtc, Some(framebuffer), (0, 0), &[connector.handle()], Some(mode))
            .with_context(|| format!("cannot set the mode {width}x{height}"))?;
        Ok(Screen {
            card,
            driver,
            size: Size { width: width.into(), height: height.into() },
            depth,
            buffer,
            framebuffer,
        })
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// The kernel driver's name, for example "qxl".
    pub(crate) fn driver(&self) -> &str {
        &self.driver
    }

    /// Copies `areas` of `canvas` to the display, all of it when there are none, and announces them.
    pub(crate) fn show(&mut self, canvas: &Canvas, areas: &[Area]) -> Result<()> {
        let whole = [self.size.whole()];
        let areas = if areas.is_empty() { &whole } else { areas };
        let pitch = usize::try_from(self.buffer.pitch())?;
        let mut mapping = self.card.map_dumb_buffer(&mut self.buffer)?;
        for area in areas {
            for y in area.top..area.bottom {
                let row = canvas.row(y, area.left, area.right);
                let (row, pixel) = match self.depth {
                    Depth::Xrgb8888 => (Cow::Borrowed(row), 4),
                    Depth::Rgb565 => (Cow::Owned(narrowed(row)), 2),
                };
                let start = y * pitch + area.left * pixel;
                mapping.as_mut()[start..start + row.len()].copy_from_slice(&row);
            }
        }
        drop(mapping);
        let clips = areas.iter().map(clip).collect::<Result<Vec<_>>>()?;
        match self.card.dirty_framebuffer(self.framebuffer, &clips) {
            // Plain VGA's driver: the device looks at the buffer by itself.
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
            announced => announced.context("the driver refused dirty rectangles"),
        }
    }
}

/// 16 bits for each pixel.
fn narrowed(row: &[u8]) -> Vec<u8> {
    let pixel = |[blue, green, red, _]: &[u8; 4]| {
        let [blue, green, red] = [blue >> 3, green >> 2, red >> 3].map(u16::from);
        (red << 11 | green << 5 | blue).to_le_bytes()
    };
    row.as_chunks::<4>().0.iter().flat_map(pixel).collect()
}

fn clip(area: &Area) -> Result<ClipRect> {
    let [left, top, right, bottom] = [area.left, area.top, area.right, area.bottom].map(u16::try_from);
    Ok(ClipRect::new(left?, top?, right?, bottom?))
}

fn connected(card: &Card, resources: &ResourceHandles) -> Result<connector::Info> {
    let mut connectors = resources.connectors().iter().flat_map(|handle| card.get_connector(*handle, true));
    connectors
        .find(|connector| connector.state() == connector::State::Connected)
        .context("no display is connected")
}

fn mode(connector: &connector::Info, size: Option<Size>) -> Result<Mode> {
    let Some(size) = size else {
        return connector.modes().first().copied().context("the display has no modes");
    };
    let wanted =
        |mode: &&Mode| (usize::from(mode.size().0), usize::from(mode.size().1)) == (size.width, size.height);
    match connector.modes().iter().find(wanted) {
        Some(mode) => Ok(*mode),
        // Displays of virtual machines take others, too.
        None => Ok(timing(size.width.try_into()?, size.height.try_into()?)?.into()),
    }
}
