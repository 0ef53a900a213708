//! The window as a client of an X server: it asks no window manager, because there is none. Protocol: the X Window System
//! Protocol, and the Rendering Extension for the pointer's shape.

use anyhow::{Context, Result};
use x11rb::connection::Connection;
use x11rb::image::{BitsPerPixel, Image, ImageOrder, ScanlinePad};
use x11rb::protocol::Event;
use x11rb::protocol::render::{ConnectionExt as _, CreatePictureAux, PictType, Pictformat};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, Cursor,
    EventMask, Gcontext, Screen, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use super::{Report, drawn, picture};
use crate::canvas::{Canvas, Size};
use crate::shape;

/// What the picture says of who shows it.
const DESKTOP: &str = "X11";

/// A window over the whole screen.
struct Cover {
    connection: RustConnection,
    window: Window,
    context: Gcontext,
    /// The screen's size.
    wanted: Size,
    /// The window's picture, in the window's size.
    picture: (Size, Canvas),
}

/// Shows the window on `$DISPLAY`.
pub(super) fn show(report: Report) -> Result<()> {
    let (connection, screen) = connect()?;
    // Its size changes with the display's mode.
    let attributes = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    connection.change_window_attributes(screen.root, &attributes)?.check()?;
    let mut cover = Cover::open(connection, &screen)?;
    report(&shape::described());
    let mut event = Some(cover.connection.wait_for_event()?);
    loop {
        let mut exposed = false;
        // All that has come, before painting once.
        while let Some(came) = event {
            match came {
                Event::Expose(_) => exposed = true,
                Event::ConfigureNotify(change) if change.window == screen.root => {
                    cover.wanted = Size { width: change.width.into(), height: change.height.into() };
                }
                _ => {}
            }
            event = cover.connection.poll_for_event()?;
        }
        cover.fit()?;
        if exposed {
            cover.paint(report)?;
        }
        event = Some(cover.connection.wait_for_event()?);
    }
}

/// Moves the pointer to a place on the screen.
pub(crate) fn warp(x: i16, y: i16) -> Result<()> {
    let (connection, screen) = connect()?;
    connection.warp_pointer(x11rb::NONE, screen.root, 0, 0, 0, 0, x, y)?.check()?;
    Ok(())
}

/// The whole screen, windows included, as the server has it.
pub(crate) fn root_picture() -> Result<(Size, Canvas)> {
    let (connection, screen) = connect()?;
    let geometry = connection.get_geometry(screen.root)?.reply()?;
    let size = Size { width: geometry.width.into(), height: geometry.height.into() };
    let (image, _) = Image::get(&connection, screen.root, 0, 0, geometry.width, geometry.height)?;
    let native = image.native(connection.setup())?;
    Ok((size, Canvas::of_bytes(size, native.data())?))
}

fn connect() -> Result<(RustConnection, Screen)> {
    let (connection, number) = x11rb::connect(None).context("no X server takes us")?;
    let screen = connection.setup().roots.get(number).context("the X server has no screen")?.clone();
    Ok((connection, screen))
}

impl Cover {
    fn open(connection: RustConnection, screen: &Screen) -> Result<Self> {
        let (window, context) = (connection.generate_id()?, connection.generate_id()?);
        let pointer = pointer(&connection, screen)?;
        let attributes = CreateWindowAux::new()
            .override_redirect(1)
            .event_mask(EventMask::EXPOSURE)
            .background_pixel(screen.black_pixel)
            .cursor(pointer);
        let geometry = connection.get_geometry(screen.root)?.reply()?;
        let size = Size { width: geometry.width.into(), height: geometry.height.into() };
        let class = WindowClass::INPUT_OUTPUT;
        connection
            .create_window(
                x11rb::COPY_DEPTH_FROM_PARENT,
                window,
                screen.root,
                0,
                0,
                geometry.width,
                geometry.height,
                0,
                class,
                x11rb::COPY_FROM_PARENT,
                &attributes,
            )?
            .check()?;
        connection.create_gc(context, window, &CreateGCAux::new())?.check()?;
        connection.map_window(window)?.check()?;
        Ok(Cover { connection, window, context, wanted: size, picture: (size, picture(size, DESKTOP)?) })
    }

    /// Makes the window as large as the screen; the server then asks for its picture.
    fn fit(&mut self) -> Result<()> {
        if self.wanted == self.picture.0 {
            return Ok(());
        }
        self.picture = (self.wanted, picture(self.wanted, DESKTOP)?);
        let (width, height) = (u32::try_from(self.wanted.width)?, u32::try_from(self.wanted.height)?);
        let wanted = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.window, &wanted)?.check()?;
        Ok(())
    }

    fn paint(&self, report: Report) -> Result<()> {
        let (size, picture) = &self.picture;
        let image = image(*size, 24, picture.bytes())?;
        image.put(&self.connection, self.window, self.context, 0, 0)?;
        // The server has drawn it when it answers anything.
        self.connection.get_input_focus()?.reply()?;
        drawn(report, *size, picture);
        Ok(())
    }
}

/// Makes our pointer.
fn pointer(connection: &RustConnection, screen: &Screen) -> Result<Cursor> {
    let size = Size { width: shape::SIZE.into(), height: shape::SIZE.into() };
    let (pixmap, context) = (connection.generate_id()?, connection.generate_id()?);
    connection.create_pixmap(32, pixmap, screen.root, shape::SIZE, shape::SIZE)?.check()?;
    connection.create_gc(context, pixmap, &CreateGCAux::new())?.check()?;
    image(size, 32, &shape::pixels())?.put(connection, pixmap, context, 0, 0)?;
    let (picture, cursor) = (connection.generate_id()?, connection.generate_id()?);
    let format = format_with_alpha(connection)?;
    connection.render_create_picture(picture, pixmap, format, &CreatePictureAux::new())?.check()?;
    connection.render_create_cursor(cursor, picture, shape::HOT_X, shape::HOT_Y)?.check()?;
    Ok(cursor)
}

/// The format whose pixels are 8 bits each of alpha, red, green and blue.
fn format_with_alpha(connection: &RustConnection) -> Result<Pictformat> {
    let formats = connection.render_query_pict_formats()?.reply()?.formats;
    let found = formats.iter().find(|format| {
        let direct = format.direct;
        let shifts = (direct.alpha_shift, direct.red_shift, direct.green_shift, direct.blue_shift);
        format.type_ == PictType::DIRECT && format.depth == 32 && shifts == (24, 16, 8, 0)
    });
    Ok(found.context("the X server has no pictures with alpha")?.id)
}

fn image(size: Size, depth: u8, bytes: &[u8]) -> Result<Image<'_>> {
    let (width, height) = (u16::try_from(size.width)?, u16::try_from(size.height)?);
    let (bits, order) = (BitsPerPixel::B32, ImageOrder::LsbFirst);
    Ok(Image::new(width, height, ScanlinePad::Pad32, depth, bits, order, bytes.into())?)
}
