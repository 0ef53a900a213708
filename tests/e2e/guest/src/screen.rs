//! A display of the first graphics device, driven as simple compositors do it: one dumb buffer, legacy mode setting,
//! and dirty rectangles for what changed.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use drm::buffer::{Buffer, DrmFourcc};
use drm::control::dumbbuffer::DumbBuffer;
use drm::control::{ClipRect, Device as ControlDevice, Mode, ResourceHandles, connector, framebuffer};

use crate::canvas::{Area, Canvas, Size};

const DEVICE: &str = "/dev/dri/card0";

struct Card(File);

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl drm::Device for Card {}
impl ControlDevice for Card {}

/// A display that shows our buffer.
pub(crate) struct Screen {
    card: Card,
    driver: String,
    size: Size,
    buffer: DumbBuffer,
    framebuffer: framebuffer::Handle,
}

impl Screen {
    /// Takes the display and sets the mode of this size, or the preferred one.
    pub(crate) fn open(size: Option<Size>) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(DEVICE);
        let card = Card(file.with_context(|| format!("cannot open {DEVICE}"))?);
        let driver = drm::Device::get_driver(&card)?.name().to_string_lossy().into_owned();
        let resources = card.resource_handles().context("the device has no displays")?;
        let connector = connected(&card, &resources)?;
        let mode = mode(&connector, size)?;
        let (width, height) = mode.size();
        let pixels = (u32::from(width), u32::from(height));
        let buffer =
            card.create_dumb_buffer(pixels, DrmFourcc::Xrgb8888, 32).context("no memory for a picture")?;
        let framebuffer = card.add_framebuffer(&buffer, 24, 32)?;
        let crtc = *resources.crtcs().first().context("the device has no CRTC")?;
        card.set_crtc(crtc, Some(framebuffer), (0, 0), &[connector.handle()], Some(mode))
            .with_context(|| format!("cannot set the mode {width}x{height}"))?;
        Ok(Screen {
            card,
            driver,
            size: Size { width: width.into(), height: height.into() },
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
        let whole = [Area { left: 0, top: 0, right: self.size.width, bottom: self.size.height }];
        let areas = if areas.is_empty() { &whole } else { areas };
        let pitch = usize::try_from(self.buffer.pitch())?;
        let mut mapping = self.card.map_dumb_buffer(&mut self.buffer)?;
        for area in areas {
            for y in area.top..area.bottom {
                let start = y * pitch + area.left * 4;
                let row = canvas.row(y, area.left, area.right);
                mapping.as_mut()[start..start + row.len()].copy_from_slice(row);
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
    let mode = connector.modes().iter().find(wanted).copied();
    mode.with_context(|| format!("the display has no mode {}x{}", size.width, size.height))
}
