//! From a ring element to a [`Command`]: structures are copied out of the guest's memory and checked.

mod glyphs;
mod operation;
mod path;

use image::geometry::{Point, Rect};
use image::surface::SurfaceFormat;
use qxl::clip::{ClipKind, ClipRects};
use qxl::command::{CommandKind, CompatUpdateCommand, Message, UpdateCommand};
use qxl::cursor::{Cursor, CursorAction, CursorShapeKind};
use qxl::drawable::{CompatDrawable, DrawableHead};
use qxl::memslot::PhysAddr;
use qxl::surface::{KEEP_DATA, SurfaceCommand, SurfaceCommandKind, checked_shape};
use wire::drawable::{Clip, Drawable, SurfaceId};

use super::command::{Command, CursorCommand, CursorShape, Draw, SurfaceShape};
use super::device::{CommandExt, PrimarySurface};
use super::memory::{GroupMemory, GuestMemory};
use crate::fault::GuestFault;
pub(super) use operation::color_16_to_32;

/// Rectangles that a clip may have.
const MAX_CLIP_RECTS: u32 = 1 << 16;

/// Reads a command of the display ring.
pub fn command(memory: &GuestMemory, ext: CommandExt) -> Result<Command, GuestFault> {
    let memory = memory.group(ext.group);
    let address = PhysAddr::new(ext.address);
    let compat = ext.flags & qxl::command::CommandExt::COMPAT != 0;
    let kind = CommandKind::try_from(ext.kind)
        .map_err(|_| GuestFault::new(format_args!("unknown display command {}", ext.kind)))?;
    match kind {
        CommandKind::Draw => drawing(memory, address, ext.flags).map(Command::Draw),
        CommandKind::Update if compat => {
            let CompatUpdateCommand { release: _, area, update_id } = memory.read(address)?;
            Ok(Command::Update { surface: SurfaceId::PRIMARY, area: rect(area), id: update_id.get() })
        }
        CommandKind::Update => {
            let UpdateCommand { release: _, area, update_id, surface_id } = memory.read(address)?;
            Ok(Command::Update {
                surface: SurfaceId(surface_id.get()),
                area: rect(area),
                id: update_id.get(),
            })
        }
        CommandKind::Message => message(memory, address).map(Command::Message),
        CommandKind::Surface => surface(memory, address),
        other => Err(GuestFault::new(format_args!("command {other:?} in the display ring"))),
    }
}

/// Reads a command of the cursor ring.
pub fn cursor_command(memory: &GuestMemory, ext: CommandExt) -> Result<CursorCommand, GuestFault> {
    let memory = memory.group(ext.group);
    if CommandKind::try_from(ext.kind) != Ok(CommandKind::Cursor) {
        return Err(GuestFault::new(format_args!("command {} in the cursor ring", ext.kind)));
    }
    let command: qxl::cursor::CursorCommand = memory.read(PhysAddr::new(ext.address))?;
    let action = command
        .action()
        .ok_or_else(|| GuestFault::new(format_args!("unknown cursor command {}", command.kind)))?;
    Ok(match action {
        CursorAction::Set(set) => CursorCommand::Set {
            position: Point::new(set.position.x.get().into(), set.position.y.get().into()),
            visible: set.visible != 0,
            shape: cursor_shape(memory, set.shape)?,
        },
        CursorAction::Move(to) => CursorCommand::Move(Point::new(to.x.get().into(), to.y.get().into())),
        CursorAction::Hide => CursorCommand::Hide,
        CursorAction::Trail(trail) => {
            CursorCommand::Trail { length: trail.length.get(), frequency: trail.frequency.get() }
        }
    })
}

/// Checks the shape of a primary surface.
pub fn primary_shape(surface: &PrimarySurface) -> Result<SurfaceShape, GuestFault> {
    let PrimarySurface { width, height, stride, format, flags, address, group: _, hardware_cursor: _ } =
        *surface;
    surface_shape(format, width, height, stride, PhysAddr::new(address), flags)
}

fn drawing(
    memory: GroupMemory<'_>,
    address: PhysAddr,
    flags: u32,
) -> Result<Draw<super::command::ImageAddress>, GuestFault> {
    let colors_are_16_bit = flags & qxl::command::CommandExt::COMPAT_16BPP != 0;
    let (head, operation) = if flags & qxl::command::CommandExt::COMPAT != 0 {
        let compat: CompatDrawable = memory.read(address)?;
        let operation = compat.operation().map_err(unknown_operation)?;
        (compat.to_head(&operation), operation)
    } else {
        let drawable: qxl::drawable::Drawable = memory.read(address)?;
        (drawable.head, drawable.operation().map_err(unknown_operation)?)
    };
    let DrawableHead { surface_id, self_bitmap, self_bitmap_area, bbox, clip, .. } = head;
    let drawable = Drawable {
        surface: SurfaceId(surface_id.get()),
        bbox: rect(bbox),
        clip: read_clip(memory, clip)?,
        operation: operation::read(memory, &operation, colors_are_16_bit)?,
    };
    let self_bitmap = (self_bitmap != 0).then(|| rect(self_bitmap_area));
    Ok(Draw { drawable, self_bitmap, colors_are_16_bit })
}

fn unknown_operation(code: qxl::code::UnknownCode) -> GuestFault {
    GuestFault::new(format_args!("unknown drawing operation {}", code.0))
}

fn read_clip(memory: GroupMemory<'_>, clip: qxl::clip::Clip) -> Result<Clip, GuestFault> {
    if ClipKind::try_from(clip.kind.get()) != Ok(ClipKind::Rects) {
        return Ok(Clip::None);
    }
    let ClipRects { count, chunk: _ } = memory.read(clip.data)?;
    let count = count.get();
    if count > MAX_CLIP_RECTS {
        return Err(GuestFault::new(format_args!("clip of {count} rectangles")));
    }
    let bytes = count as usize * size_of::<qxl::geometry::Rect>();
    let data = memory.chunks(clip.data, std::mem::offset_of!(ClipRects, chunk) as u64, bytes)?;
    if data.len() != bytes {
        return Err(GuestFault::new(format_args!("clip of {count} rectangles in {} bytes", data.len())));
    }
    let rects = data
        .chunks_exact(size_of::<qxl::geometry::Rect>())
        .filter_map(|one| <qxl::geometry::Rect as zerocopy::FromBytes>::read_from_bytes(one).ok().map(rect));
    Ok(Clip::Rects(rects.collect()))
}

fn message(memory: GroupMemory<'_>, address: PhysAddr) -> Result<String, GuestFault> {
    let available = memory.bytes_after(address)?.saturating_sub(size_of::<Message>() as u64);
    let length = usize::try_from(available.min(qxl::command::MAX_MESSAGE_BYTES)).unwrap_or(0);
    let bytes: Vec<u8> = memory.read_all(address, size_of::<Message>() as u64, length)?;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(text).chars().take(1024).collect())
}

fn surface(memory: GroupMemory<'_>, address: PhysAddr) -> Result<Command, GuestFault> {
    let SurfaceCommand { release: _, surface_id, kind, flags, shape } = memory.read(address)?;
    let surface = SurfaceId(surface_id.get());
    match SurfaceCommandKind::try_from(kind) {
        Ok(SurfaceCommandKind::Create) => {
            let qxl::surface::SurfaceShape { format, width, height, stride, data } = shape;
            let shape =
                surface_shape(format.get(), width.get(), height.get(), stride.get(), data, flags.get())?;
            Ok(Command::CreateSurface { surface, shape })
        }
        Ok(SurfaceCommandKind::Destroy) => Ok(Command::DestroySurface(surface)),
        Err(_) => Err(GuestFault::new(format_args!("unknown surface command {kind}"))),
    }
}

fn surface_shape(
    format: u32,
    width: u32,
    height: u32,
    stride: i32,
    data: PhysAddr,
    flags: u32,
) -> Result<SurfaceShape, GuestFault> {
    let (_, bytes) = checked_shape(format, width, height, stride).map_err(|fault| {
        GuestFault::new(format_args!("surface of {width}x{height}, stride {stride}: {fault:?}"))
    })?;
    if width == 0 || height == 0 {
        return Err(GuestFault::new(format_args!("surface of {width}x{height}")));
    }
    let format = SurfaceFormat::try_from(format).map_err(GuestFault::new)?;
    Ok(SurfaceShape { format, width, height, stride, bytes, data, keep_data: flags & KEEP_DATA != 0 })
}

fn cursor_shape(memory: GroupMemory<'_>, address: PhysAddr) -> Result<CursorShape, GuestFault> {
    let Cursor { header, data_size: _, chunk: _ } = memory.read(address)?;
    let (width, height) = (header.width.get(), header.height.get());
    let needed = cursor_bytes(header.kind.get(), width, height)?;
    // Some drivers send more than the shape needs.
    let limit = needed.saturating_mul(2).saturating_add(4096);
    let mut data = memory.chunks(address, std::mem::offset_of!(Cursor, chunk) as u64, limit)?;
    if data.len() < needed {
        return Err(GuestFault::new(format_args!(
            "cursor of {width}x{height} in {} bytes in place of {needed}",
            data.len()
        )));
    }
    data.truncate(needed);
    Ok(CursorShape {
        unique: header.unique.get(),
        kind: header.kind.get(),
        width,
        height,
        hot_spot: (header.hot_spot_x.get(), header.hot_spot_y.get()),
        data: data.into(),
    })
}

/// Bytes of a shape: pixels, then the palette, then the mask.
fn cursor_bytes(kind: u16, width: u16, height: u16) -> Result<usize, GuestFault> {
    const MAX_SIDE: u16 = 1024;
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(GuestFault::new(format_args!("cursor of {width}x{height}")));
    }
    let kind = CursorShapeKind::try_from(kind)
        .map_err(|_| GuestFault::new(format_args!("unknown kind of cursor {kind}")))?;
    let (width, height) = (usize::from(width), usize::from(height));
    let mask = width.div_ceil(8) * height;
    Ok(match kind {
        CursorShapeKind::Alpha => width * height * 4,
        CursorShapeKind::Mono => mask * 2,
        CursorShapeKind::Color4 => width.div_ceil(2) * height + 16 * 4 + mask,
        CursorShapeKind::Color8 => width * height + 256 * 4 + mask,
        CursorShapeKind::Color16 => width * height * 2 + mask,
        CursorShapeKind::Color24 => width * height * 3 + mask,
        CursorShapeKind::Color32 => width * height * 4 + mask,
    })
}

pub(super) fn rect(rect: qxl::geometry::Rect) -> Rect {
    let qxl::geometry::Rect { top, left, bottom, right } = rect;
    Rect::new(left.get(), top.get(), right.get(), bottom.get())
}
