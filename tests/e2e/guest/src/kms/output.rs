//! One display: a connector, the CRTC that can drive it, and that CRTC's planes.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use drm::control::{
    AtomicCommitFlags, Device, Mode, RawResourceHandle, ResourceHandle, connector, crtc, plane, property,
};
use rustix::io::Errno;

use crate::kms::card::PATIENCE;
use crate::kms::{Card, Framebuffer, Request};

/// `DRM_PLANE_TYPE_PRIMARY` and `DRM_PLANE_TYPE_CURSOR` of the kernel's interface.
const PRIMARY: u64 = 1;
const CURSOR: u64 = 2;

/// A display of an atomic device.
pub(crate) struct Output<'card> {
    pub(crate) card: &'card Card,
    pub(crate) connector: connector::Handle,
    pub(crate) crtc: crtc::Handle,
    /// The CRTC's position in the device's list.
    pub(crate) pipe: u32,
    pub(crate) primary: plane::Handle,
    pub(crate) cursor: Option<plane::Handle>,
    properties: HashMap<(RawResourceHandle, String), (property::Handle, u64)>,
}

impl<'card> Output<'card> {
    /// The first connected display.
    pub(crate) fn first(card: &'card Card) -> Result<Self> {
        Self::all(card)?.into_iter().next().context("no display is connected")
    }

    /// Every connected display.
    pub(crate) fn all(card: &'card Card) -> Result<Vec<Self>> {
        let resources = card.resource_handles().context("the device has no displays")?;
        let mut outputs = Vec::new();
        for connector in resources.connectors() {
            let connector = card.get_connector(*connector, true)?;
            if connector.state() != connector::State::Connected {
                continue;
            }
            let encoder = connector.encoders().first().context("a connector has no encoder")?;
            let possible = resources.filter_crtcs(card.get_encoder(*encoder)?.possible_crtcs());
            let taken =
                |crtc: &&crtc::Handle| outputs.iter().any(|output: &Output<'_>| output.crtc == **crtc);
            let crtc = possible.iter().find(|crtc| !taken(crtc)).context("a connector has no CRTC")?;
            let pipe = resources.crtcs().iter().position(|other| other == crtc).unwrap_or_default();
            outputs.push(Self::of(card, connector.handle(), *crtc, pipe.try_into()?)?);
        }
        Ok(outputs)
    }

    fn of(card: &'card Card, connector: connector::Handle, crtc: crtc::Handle, pipe: u32) -> Result<Self> {
        let mut properties = HashMap::new();
        collect(card, connector, &mut properties)?;
        collect(card, crtc, &mut properties)?;
        let (mut primary, mut cursor) = (None, None);
        let resources = card.resource_handles()?;
        for plane in card.plane_handles()? {
            if !resources.filter_crtcs(card.get_plane(plane)?.possible_crtcs()).contains(&crtc) {
                continue;
            }
            collect(card, plane, &mut properties)?;
            match properties.get(&(plane.into(), "type".to_owned())) {
                Some((_, PRIMARY)) => primary = Some(plane),
                Some((_, CURSOR)) => cursor = Some(plane),
                _ => {}
            }
        }
        let primary = primary.context("the CRTC has no primary plane")?;
        Ok(Output { card, connector, crtc, pipe, primary, cursor, properties })
    }

    /// A property by its name.
    pub(crate) fn property(&self, object: RawResourceHandle, name: &str) -> Option<property::Handle> {
        Some(self.properties.get(&(object, name.to_owned()))?.0)
    }

    /// A property's value as the device has it now.
    pub(crate) fn value(&self, object: impl ResourceHandle, name: &str) -> Result<u64> {
        let property = self.property(object.into(), name).with_context(|| format!("no property {name}"))?;
        let values = self.card.get_properties(object)?;
        let found = values.iter().find(|(handle, _)| **handle == property).map(|(_, value)| *value);
        found.with_context(|| format!("no value of {name}"))
    }

    /// The display's modes, the preferred one first as the kernel sorts them.
    pub(crate) fn modes(&self) -> Result<Vec<Mode>> {
        Ok(self.card.get_connector(self.connector, true)?.modes().to_vec())
    }

    /// The mode of this size.
    pub(crate) fn mode(&self, width: u16, height: u16) -> Result<Mode> {
        let found = self.modes()?.into_iter().find(|mode| mode.size() == (width, height));
        found.with_context(|| format!("the display has no mode {width}x{height}"))
    }

    /// What switches the display to `mode`, showing `framebuffer`'s upper left corner.
    pub(crate) fn enabling(&self, mode: Mode, framebuffer: &Framebuffer<'_>) -> Result<Request<'_>> {
        self.enabling_part(mode, framebuffer, (0, 0))
    }

    /// The same, with the part of `framebuffer` that begins at a place.
    pub(crate) fn enabling_part(
        &self,
        mode: Mode,
        framebuffer: &Framebuffer<'_>,
        corner: (u64, u64),
    ) -> Result<Request<'_>> {
        let blob = u64::from(self.card.create_property_blob(&mode)?);
        let (width, height) = mode.size();
        let request = Request::new(self)
            .set(self.connector, "CRTC_ID", number(self.crtc))
            .set(self.crtc, "MODE_ID", blob)
            .set(self.crtc, "ACTIVE", 1);
        Ok(self.placing_part(request, framebuffer, corner, (width.into(), height.into())))
    }

    /// Adds the primary plane over the whole CRTC to `request`.
    pub(crate) fn placing<'output>(
        &self,
        request: Request<'output>,
        framebuffer: &Framebuffer<'_>,
        size: (u64, u64),
    ) -> Request<'output> {
        self.placing_part(request, framebuffer, (0, 0), size)
    }

    /// The same, with the part of `framebuffer` that begins at `left`, `top`.
    pub(crate) fn placing_part<'output>(
        &self,
        request: Request<'output>,
        framebuffer: &Framebuffer<'_>,
        (left, top): (u64, u64),
        (width, height): (u64, u64),
    ) -> Request<'output> {
        request
            .set(self.primary, "FB_ID", framebuffer.id())
            .set(self.primary, "CRTC_ID", number(self.crtc))
            .set(self.primary, "SRC_X", left << 16)
            .set(self.primary, "SRC_Y", top << 16)
            .set(self.primary, "SRC_W", width << 16)
            .set(self.primary, "SRC_H", height << 16)
            .set(self.primary, "CRTC_X", 0)
            .set(self.primary, "CRTC_Y", 0)
            .set(self.primary, "CRTC_W", width)
            .set(self.primary, "CRTC_H", height)
    }

    /// What switches the display off.
    pub(crate) fn disabling(&self) -> Request<'_> {
        let mut request = Request::new(self)
            .set(self.connector, "CRTC_ID", 0)
            .set(self.crtc, "MODE_ID", 0)
            .set(self.crtc, "ACTIVE", 0);
        for plane in [Some(self.primary), self.cursor].into_iter().flatten() {
            request = request.set(plane, "FB_ID", 0).set(plane, "CRTC_ID", 0);
        }
        request
    }

    /// Shows another framebuffer of the same size and waits until it is shown.
    pub(crate) fn flip(&self, framebuffer: &Framebuffer<'_>) -> Result<drm::control::PageFlipEvent> {
        let flags = AtomicCommitFlags::NONBLOCK | AtomicCommitFlags::PAGE_FLIP_EVENT;
        let request = || Request::new(self).set(self.primary, "FB_ID", framebuffer.id());
        let first = request().try_commit(flags)?;
        if first.as_ref().err().and_then(Errno::from_io_error) == Some(Errno::BUSY) {
            // The one before was without an event: wait for it, as compositors do at a start.
            request().try_commit(AtomicCommitFlags::PAGE_FLIP_EVENT)??;
        } else {
            first?;
        }
        let event = self.card.flipped(PATIENCE)?;
        ensure!(event.crtc == self.crtc, "the event is about another CRTC");
        Ok(event)
    }
}

/// An object's number, as properties hold it.
pub(crate) fn number(object: impl ResourceHandle) -> u64 {
    let object: RawResourceHandle = object.into();
    object.get().into()
}

fn collect(
    card: &Card,
    object: impl ResourceHandle,
    properties: &mut HashMap<(RawResourceHandle, String), (property::Handle, u64)>,
) -> Result<()> {
    for (handle, value) in card.get_properties(object)?.iter() {
        let name = card.get_property(*handle)?.name().to_string_lossy().into_owned();
        properties.insert((object.into(), name), (*handle, *value));
    }
    Ok(())
}
