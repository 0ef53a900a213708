//! The window as a client of a Wayland compositor: a surface that asks for the whole screen. Protocols: wayland, and
//! xdg-shell of wayland-protocols.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use rustix::fs::{MemfdFlags, memfd_create};
use wayland_client::globals::{GlobalListContents, registry_queue_init};
use wayland_client::protocol::{
    wl_buffer::{self, WlBuffer},
    wl_compositor::WlCompositor,
    wl_pointer::{self, WlPointer},
    wl_registry::{self, WlRegistry},
    wl_seat::{self, WlSeat},
    wl_shm::{Format, WlShm},
    wl_shm_pool::WlShmPool,
    wl_surface::WlSurface,
};
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum, delegate_noop};
use wayland_protocols::xdg::shell::client::{
    xdg_surface::{self, XdgSurface},
    xdg_toplevel::{self, XdgToplevel},
    xdg_wm_base::{self, XdgWmBase},
};

use super::{Report, drawn, picture};
use crate::canvas::Size;
use crate::shape;

/// The window's size where the compositor leaves that to us until it has seen a picture.
const FIRST: Size = Size { width: 640, height: 480 };

/// The window and what the compositor has said of it.
struct Cover {
    shm: WlShm,
    surface: WlSurface,
    pointer_surface: WlSurface,
    /// What the compositor asks for next.
    wanted: Size,
    /// What is on the surface.
    shown: Option<Size>,
    report: Report,
    failure: Option<anyhow::Error>,
}

/// Shows the window on `$WAYLAND_DISPLAY`.
pub(super) fn show(report: Report) -> Result<()> {
    let connection = Connection::connect_to_env().context("no compositor takes us")?;
    let (globals, mut events) = registry_queue_init::<Cover>(&connection)?;
    let queue = events.handle();
    let compositor: WlCompositor = globals.bind(&queue, 4..=4, ())?;
    let shell: XdgWmBase = globals.bind(&queue, 1..=1, ())?;
    let _seat: WlSeat = globals.bind(&queue, 1..=5, ())?;
    let surface = compositor.create_surface(&queue, ());
    let mut cover = Cover {
        shm: globals.bind(&queue, 1..=1, ())?,
        pointer_surface: compositor.create_surface(&queue, ()),
        surface: surface.clone(),
        wanted: FIRST,
        shown: None,
        report,
        failure: None,
    };
    let role = shell.get_xdg_surface(&surface, &queue, ());
    let window = role.get_toplevel(&queue, ());
    window.set_title("test card".into());
    window.set_fullscreen(None);
    surface.commit();
    report(&shape::described());
    loop {
        events.blocking_dispatch(&mut cover)?;
        if let Some(failure) = cover.failure.take() {
            return Err(failure);
        }
    }
}

impl Cover {
    /// Paints the window in the size that the compositor wants.
    fn paint(&mut self, queue: &QueueHandle<Self>) -> Result<()> {
        let size = self.wanted;
        if self.shown == Some(size) {
            return Ok(());
        }
        let picture = picture(size, "Wayland")?;
        let buffer = self.buffer(size, Format::Xrgb8888, picture.bytes(), queue)?;
        self.surface.attach(Some(&buffer), 0, 0);
        self.surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        self.surface.commit();
        self.shown = Some(size);
        drawn(self.report, size, &picture);
        Ok(())
    }

    /// Gives the pointer its shape, which it has while it is in the window.
    fn point(&self, pointer: &WlPointer, serial: u32, queue: &QueueHandle<Self>) -> Result<()> {
        let size = Size { width: shape::SIZE.into(), height: shape::SIZE.into() };
        let buffer = self.buffer(size, Format::Argb8888, &shape::pixels(), queue)?;
        pointer.set_cursor(serial, Some(&self.pointer_surface), shape::HOT_X.into(), shape::HOT_Y.into());
        self.pointer_surface.attach(Some(&buffer), 0, 0);
        self.pointer_surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        self.pointer_surface.commit();
        (self.report)("POINTER-ENTERED");
        Ok(())
    }

    /// Memory that the compositor shares, with `bytes` in it.
    fn buffer(
        &self,
        size: Size,
        format: Format,
        bytes: &[u8],
        queue: &QueueHandle<Self>,
    ) -> Result<WlBuffer> {
        let mut file = File::from(memfd_create("picture", MemfdFlags::CLOEXEC)?);
        file.write_all(bytes)?;
        let (width, height) = (i32::try_from(size.width)?, i32::try_from(size.height)?);
        let pool = self.shm.create_pool(file.as_fd(), i32::try_from(bytes.len())?, queue, ());
        let buffer = pool.create_buffer(0, width, height, width * 4, format, queue, ());
        pool.destroy();
        Ok(buffer)
    }

    /// Events cannot fail by themselves.
    fn attempt(&mut self, outcome: Result<()>) {
        if let Err(failure) = outcome {
            self.failure = Some(failure);
        }
    }
}

impl Dispatch<XdgToplevel, ()> for Cover {
    fn event(
        cover: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure { width, height, .. } = event
            && let (Ok(width @ 1..), Ok(height @ 1..)) = (width.try_into(), height.try_into())
        {
            cover.wanted = Size { width, height };
        }
    }
}

impl Dispatch<XdgSurface, ()> for Cover {
    fn event(
        cover: &mut Self,
        surface: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        queue: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            surface.ack_configure(serial);
            let painted = cover.paint(queue);
            cover.attempt(painted);
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Cover {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<WlSeat, ()> for Cover {
    fn event(
        _: &mut Self,
        seat: &WlSeat,
        event: wl_seat::Event,
        (): &(),
        _: &Connection,
        queue: &QueueHandle<Self>,
    ) {
        if let wl_seat::Event::Capabilities { capabilities: WEnum::Value(has) } = event
            && has.contains(wl_seat::Capability::Pointer)
        {
            seat.get_pointer(queue, ());
        }
    }
}

impl Dispatch<WlPointer, ()> for Cover {
    fn event(
        cover: &mut Self,
        pointer: &WlPointer,
        event: wl_pointer::Event,
        (): &(),
        _: &Connection,
        queue: &QueueHandle<Self>,
    ) {
        if let wl_pointer::Event::Enter { serial, .. } = event {
            let pointed = cover.point(pointer, serial, queue);
            cover.attempt(pointed);
        }
    }
}

impl Dispatch<WlBuffer, ()> for Cover {
    fn event(
        _: &mut Self,
        buffer: &WlBuffer,
        event: wl_buffer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_buffer::Event::Release = event {
            buffer.destroy();
        }
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for Cover {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Cover: WlCompositor);
delegate_noop!(Cover: WlShmPool);
delegate_noop!(Cover: ignore WlShm);
delegate_noop!(Cover: ignore WlSurface);
