//! Each kind of wrong command is found, dropped and given back, and the device goes on.
#![allow(clippy::unwrap_used, reason = "a test stops when something fails")]

mod driver;

use driver::{Driver, HEIGHT, RAM_SLOT, WIDTH, copy, fill};
use qxl::chunk::DataChunk;
use qxl::clip::{Clip, ClipKind, ClipRects};
use qxl::code::UnknownCode;
use qxl::command::{Command, CommandKind, Message};
use qxl::cursor::{CursorAction, CursorSet};
use qxl::drawable::{Drawable, DrawableHead, Effect, Operation, OperationKind};
use qxl::geometry::{Point16, Rect};
use qxl::image::{Bitmap, BitmapFault, BitmapFormat, ImageDescriptor, ImageKind, SurfaceImage};
use qxl::ioport::IoPort;
use qxl::memslot::{AddressFaultKind, AddressLayout, AddressParts, PhysAddr};
use qxl::model::Violation;
use qxl::monitors::MonitorsConfig;
use qxl::operation::{CopyBits, Fill, Mask, Rop3, Stroke, Text};
use qxl::path::{Path, PathSegment};
use qxl::ram::{RamHeader, SlotRange};
use qxl::ring::{RingFault, SharedMemory};
use qxl::surface::{ShapeFault, SurfaceCommandKind, SurfaceFormat, SurfaceShape};
use qxl::text::GlyphString;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

const LAYOUT: AddressLayout = AddressLayout::new(8, 8).unwrap();
const UNIT: Rect = Rect::new(0, 0, 1, 1);

fn driver() -> Driver {
    Driver::with_primary(4, SurfaceFormat::Xrgb)
}

fn address(slot: u64, generation: u64, offset: u64) -> PhysAddr {
    LAYOUT.compose(AddressParts { slot, generation, offset }).unwrap()
}

/// The only violation once the device has looked at everything, which goes on afterwards.
fn only_violation(driver: &mut Driver) -> Violation {
    let _ = driver.device.poll();
    let [violation] = driver.device.violations() else { panic!("{:?}", driver.device.violations()) };
    let violation = *violation;
    let before = driver.outstanding.len();
    driver.flush_releases();
    assert!(before == 0 || driver.outstanding.len() < before, "the command did not come back");
    driver.fill(UNIT, 0x99);
    let _ = driver.device.poll();
    assert_eq!(driver.device.pixels(0).unwrap().pixels[0], 0x99);
    violation
}

/// What the device says of this drawing.
fn drawn(driver: &mut Driver, operation: &Operation) -> Violation {
    driver.draw(0, UNIT, Effect::Opaque, operation);
    only_violation(driver)
}

fn address_kind(violation: Violation) -> AddressFaultKind {
    let Violation::Address(fault) = violation else { panic!("{violation:?}") };
    fault.kind
}

#[test]
fn commands_at_bad_addresses() {
    let ram_bytes = 1 << 20;
    let out_of_range = AddressFaultKind::OutOfRange { slot_len: ram_bytes };
    let cases = [
        (PhysAddr::NULL, AddressFaultKind::Vacant(0)),
        (address(2, 0, 0), AddressFaultKind::Vacant(2)),
        (address(8, 0, 0), AddressFaultKind::Slot(8)),
        (address(u64::from(RAM_SLOT), 1, 0), AddressFaultKind::Generation { found: 1, expected: 0 }),
        (address(u64::from(RAM_SLOT), 0, ram_bytes - 7), out_of_range),
        (address(u64::from(RAM_SLOT), 0, LAYOUT.max_offset()), out_of_range),
    ];
    for (address, kind) in cases {
        let mut driver = driver();
        driver.push_raw(&Command::new(CommandKind::Draw, address));
        assert_eq!(address_kind(only_violation(&mut driver)), kind);
    }
}

#[test]
fn a_drawing_across_the_end_of_its_slot() {
    let mut driver = driver();
    let place = (1 << 20) - 16;
    driver.ram.put(place as usize, &U64::new(77)).unwrap();
    driver.outstanding.insert(77, CommandKind::Draw);
    driver.push_raw(&Command::new(CommandKind::Draw, address(u64::from(RAM_SLOT), 0, place)));
    let _ = driver.device.poll();
    let out_of_range = AddressFaultKind::OutOfRange { slot_len: 1 << 20 };
    assert_eq!(address_kind(driver.device.violations()[0]), out_of_range);
}

#[test]
fn commands_of_the_wrong_kind() {
    for kind in [0, 3, 6, u32::MAX] {
        let mut driver = driver();
        let wrong = Command { kind: U32::new(kind), ..Command::default() };
        // The cursor kind goes to the command ring here.
        let _ = driver.rings.commands.push(&wrong).unwrap();
        assert_eq!(only_violation(&mut driver), Violation::CommandKind(kind));
    }
    let mut driver = driver();
    let _ = driver.rings.cursor.push(&Command::new(CommandKind::Draw, PhysAddr::NULL)).unwrap();
    assert_eq!(only_violation(&mut driver), Violation::CommandKind(CommandKind::Draw.code()));
}

#[test]
fn a_command_without_an_id() {
    let mut driver = driver();
    let nameless = Drawable::new(DrawableHead::new(0, 0, UNIT, Effect::Opaque), &fill(0));
    let at = driver.place(nameless.as_bytes());
    driver.push_raw(&Command::new(CommandKind::Draw, at));
    assert_eq!(only_violation(&mut driver), Violation::ReleaseId);
}

#[test]
fn impossible_ring_indices() {
    let mut driver = driver();
    let prod = core::mem::offset_of!(RamHeader, command_ring) + 4;
    driver.device.ram_header().store(prod, 100);
    assert_eq!(driver.device.poll(), Err(Violation::Ring(RingFault { prod: 100, cons: 0 })));
}

#[test]
fn unknown_operations_surfaces_and_boxes() {
    let mut unknown = driver();
    let drawable = Drawable::new(DrawableHead::new(1, 0, UNIT, Effect::Opaque), &Operation::Nop);
    let head = DrawableHead { kind: 15, ..drawable.head };
    unknown.push(CommandKind::Draw, Drawable { head, ..drawable }.as_bytes());
    assert_eq!(only_violation(&mut unknown), Violation::UnknownOperation(15));

    for surface in [1, 1024, u32::MAX] {
        let mut driver = driver();
        driver.draw(surface, UNIT, Effect::Opaque, &fill(1));
        assert_eq!(only_violation(&mut driver), Violation::UnknownSurface(surface));
    }

    let (right, bottom) = (WIDTH.cast_signed(), HEIGHT.cast_signed());
    for bbox in [
        Rect::new(-1, 0, 1, 1),
        Rect::new(0, -1, 1, 1),
        Rect::new(0, 0, right + 1, 1),
        Rect::new(0, 0, 1, bottom + 1),
        Rect::new(0, 0, i32::MAX, i32::MAX),
        Rect::new(i32::MIN, i32::MIN, i32::MAX, i32::MAX),
    ] {
        let mut driver = driver();
        driver.fill(bbox, 1);
        assert_eq!(only_violation(&mut driver), Violation::BoundingBox(bbox));
    }
}

#[test]
fn copies_from_outside() {
    let source = Rect::new(1, 0, 3, 1);
    let mut picture = driver();
    let image = picture.bitmap(2, 1, &[0; 2], false);
    picture.copy(Rect::new(0, 0, 2, 1), image, source);
    assert_eq!(only_violation(&mut picture), Violation::SourceArea(source));

    for (x, y) in [(-1, 0), (0, -1), (WIDTH.cast_signed(), 0), (0, HEIGHT.cast_signed())] {
        let mut driver = driver();
        driver.copy_bits(UNIT, x, y);
        let area = Rect::new(x, y, x + 1, y + 1);
        assert_eq!(only_violation(&mut driver), Violation::SourceArea(area));
    }
    let beyond = Operation::CopyBits(CopyBits { source: qxl::geometry::Point::new(i32::MAX, 0) });
    assert_eq!(drawn(&mut driver(), &beyond), Violation::SourceArea(UNIT));

    let mut undeclared = driver();
    let descriptor = ImageDescriptor { kind: ImageKind::Surface.code(), ..Default::default() };
    let body = SurfaceImage { surface_id: U32::new(9) };
    let image = undeclared.place(&[descriptor.as_bytes(), body.as_bytes(), &[0; 26]].concat());
    undeclared.copy(UNIT, image, UNIT);
    assert_eq!(only_violation(&mut undeclared), Violation::UndeclaredDependency(9));
}

#[test]
fn bad_images() {
    assert_eq!(drawn(&mut driver(), &copy(PhysAddr::NULL, UNIT)), Violation::NoImage);

    let mut wire_only = driver();
    let descriptor = ImageDescriptor { kind: ImageKind::Lz4.code(), ..Default::default() };
    let image = wire_only.place(&[descriptor.as_bytes(), &[0; 30]].concat());
    assert_eq!(drawn(&mut wire_only, &copy(image, UNIT)), Violation::ImageKind(ImageKind::Lz4.code()));

    let good = Bitmap {
        format: BitmapFormat::Bit32.code(),
        flags: Bitmap::DIRECT,
        width: U32::new(1),
        height: U32::new(1),
        stride: U32::new(4),
        ..Bitmap::default()
    };
    for (bitmap, fault) in [
        (Bitmap { format: 0, ..good }, BitmapFault::Format(0)),
        (Bitmap { width: U32::new(0), ..good }, BitmapFault::Empty),
        (Bitmap { stride: U32::new(3), ..good }, BitmapFault::Stride(3)),
        (Bitmap { format: BitmapFormat::Bit8.code(), ..good }, BitmapFault::NoPalette),
        (Bitmap { height: U32::new(u32::MAX), ..good }, BitmapFault::TooLarge),
    ] {
        let mut driver = driver();
        let image = driver.image(&bitmap);
        assert_eq!(drawn(&mut driver, &copy(image, UNIT)), Violation::Bitmap(fault));
    }

    let mut no_pixels = driver();
    let image = no_pixels.image(&good);
    assert_eq!(address_kind(drawn(&mut no_pixels, &copy(image, UNIT))), AddressFaultKind::Vacant(0));
}

#[test]
fn bad_chunk_lists() {
    let chunked = |driver: &mut Driver, data| {
        let bitmap = Bitmap {
            format: BitmapFormat::Bit32.code(),
            width: U32::new(2),
            height: U32::new(1),
            stride: U32::new(8),
            data,
            ..Bitmap::default()
        };
        let image = driver.image(&bitmap);
        drawn(driver, &copy(image, UNIT))
    };
    for (size, found) in [(4, 4), (12, 12), (0, 0)] {
        let mut driver = driver();
        let data = driver.chunk(&vec![0; size], PhysAddr::NULL);
        assert_eq!(chunked(&mut driver, data), Violation::ChunkBytes { expected: 8, found });
    }

    let mut circle = driver();
    let first = circle.chunk(&[0; 4], PhysAddr::NULL);
    let second = circle.chunk(&[], first);
    let next = circle.offset(first) + core::mem::offset_of!(DataChunk, next_chunk);
    circle.ram.put(next, &second).unwrap();
    assert_eq!(chunked(&mut circle, first), Violation::CircularChunks);

    let mut huge = driver();
    let first = huge.chunk(&[0; 4], PhysAddr::NULL);
    huge.ram.put(huge.offset(first), &U32::new(u32::MAX)).unwrap();
    assert_eq!(chunked(&mut huge, first), Violation::TooManyBytes);

    let mut astray = driver();
    let first = astray.chunk(&[0; 4], address(3, 0, 0));
    assert_eq!(address_kind(chunked(&mut astray, first)), AddressFaultKind::Vacant(3));
}

#[test]
fn bad_clips() {
    let clipped = |count: u32, bytes: &[u8]| {
        let mut driver = driver();
        let chunk =
            DataChunk { data_size: U32::new(u32::try_from(bytes.len()).unwrap()), ..Default::default() };
        let rects = ClipRects { count: U32::new(count), chunk };
        let data = driver.place(&[rects.as_bytes(), bytes].concat());
        let clip = Clip { kind: U32::new(ClipKind::Rects.code()), data };
        let head = DrawableHead { clip, ..DrawableHead::new(1, 0, UNIT, Effect::Opaque) };
        driver.push(CommandKind::Draw, Drawable::new(head, &fill(1)).as_bytes());
        only_violation(&mut driver)
    };
    assert_eq!(clipped(2, &[0; 16]), Violation::ChunkBytes { expected: 32, found: 16 });
    assert_eq!(
        clipped(u32::MAX, &[0; 16]),
        Violation::ChunkBytes { expected: 16 * u64::from(u32::MAX), found: 16 }
    );
}

#[test]
fn bad_paths_and_glyphs() {
    let mut path = driver();
    let segment = PathSegment { flags: U32::new(PathSegment::BEGIN), count: U32::new(u32::MAX) };
    let chunk = DataChunk { data_size: U32::new(16), ..Default::default() };
    let header = Path { data_size: U32::new(16), chunk };
    let at = path.place(&[header.as_bytes(), segment.as_bytes(), &[0; 8]].concat());
    let stroke = Operation::Stroke(Stroke { path: at, ..Default::default() });
    assert_eq!(drawn(&mut path, &stroke), Violation::Path);

    for (flags, length, bytes) in [(0, 1, 20u32), (1, 2, 20), (1, 1, 21), (4, 0, 1), (4, 1, 19)] {
        let mut driver = driver();
        let chunk = DataChunk { data_size: U32::new(bytes), ..Default::default() };
        let string = GlyphString {
            data_size: U32::new(bytes),
            length: U16::new(length),
            flags: U16::new(flags),
            chunk,
        };
        let at = driver.place(&[string.as_bytes(), &vec![0; bytes as usize]].concat());
        let text = Operation::Text(Text { string: at, ..Default::default() });
        assert_eq!(drawn(&mut driver, &text), Violation::Glyphs, "{flags} {length} {bytes}");
    }
}

#[test]
fn what_the_model_does_not_draw() {
    let or = Operation::Fill(Fill { rop: U16::new(qxl::operation::rop::OR), ..Fill::default() });
    assert_eq!(drawn(&mut driver(), &or), Violation::NotDrawn(OperationKind::Fill));

    let mut masked = driver();
    let bitmap = masked.bitmap(1, 1, &[0], false);
    let mask = Mask { bitmap, ..Mask::default() };
    assert_eq!(drawn(&mut masked, &Operation::Invers(mask)), Violation::NotDrawn(OperationKind::Invers));

    let mut scaled = driver();
    let source = scaled.bitmap(2, 1, &[0; 2], false);
    let stretched = copy(source, Rect::new(0, 0, 2, 1));
    assert_eq!(drawn(&mut scaled, &stretched), Violation::NotDrawn(OperationKind::Copy));

    let mut ternary = driver();
    let source = ternary.bitmap(1, 1, &[0], false);
    let rop3 = Operation::Rop3(Rop3 { source, ..Rop3::default() });
    assert_eq!(drawn(&mut ternary, &rop3), Violation::NotDrawn(OperationKind::Rop3));
}

#[test]
fn bad_surfaces() {
    let shape = |format: SurfaceFormat, stride: i32| SurfaceShape {
        format: U32::new(format.code()),
        width: U32::new(2),
        height: U32::new(2),
        stride: stride.into(),
        data: address(u64::from(RAM_SLOT), 0, 0x2_0000),
    };
    let create = |number, shape| {
        let mut driver = driver();
        driver.surface(number, SurfaceCommandKind::Create, shape);
        only_violation(&mut driver)
    };
    let good = shape(SurfaceFormat::Xrgb, 8);
    assert_eq!(create(0, good), Violation::SurfaceExists(0));
    assert_eq!(create(1024, good), Violation::UnknownSurface(1024));
    let narrow = Violation::Shape(ShapeFault::Stride(7));
    assert_eq!(create(1, shape(SurfaceFormat::Xrgb, 7)), narrow);
    let outside = SurfaceShape { height: U32::new(1 << 20), ..good };
    assert!(matches!(create(1, outside), Violation::Address(_)));

    let mut absent = driver();
    absent.surface(1, SurfaceCommandKind::Destroy, good);
    assert_eq!(only_violation(&mut absent), Violation::UnknownSurface(1));
}

#[test]
fn bad_cursors_and_messages() {
    let set = |shape| CursorAction::Set(CursorSet { position: Point16::default(), visible: 1, shape });
    let mut short = driver();
    let shape = short.cursor_shape(1, 15);
    short.cursor(set(shape));
    assert_eq!(only_violation(&mut short), Violation::CursorShape { kind: 0, found: 15 });

    let mut absent = driver();
    absent.cursor(set(PhysAddr::NULL));
    assert_eq!(address_kind(only_violation(&mut absent)), AddressFaultKind::Vacant(0));

    let mut endless = driver();
    let text = [Message::default().as_bytes(), &[b'x'; 100_001]].concat();
    endless.push(CommandKind::Message, &text);
    assert_eq!(only_violation(&mut endless), Violation::Message);
}

#[test]
fn bad_ports() {
    let mut driver = Driver::new(0);
    assert_eq!(driver.device.write_port(25, 0), Err(Violation::UnknownPort(25)));
    assert_eq!(driver.port(IoPort::UpdateArea, 0), Err(Violation::NoPrimary(IoPort::UpdateArea)));
    assert_eq!(driver.port(IoPort::SetMode, 0), Err(Violation::NotModelled(IoPort::SetMode)));
    assert_eq!(driver.port(IoPort::CreatePrimary, 0), Err(Violation::Shape(ShapeFault::Format(0))));
    assert_eq!(driver.port(IoPort::MemslotAdd, 8), Err(Violation::SlotNumber(8)));
    for (start, end) in [(0, 1), (0xf400_0001, 0xf400_0000), (0xf400_0000, 0xf410_0001), (0, u64::MAX)] {
        let range = SlotRange { start: U64::new(start), end: U64::new(end) };
        driver.put_header(core::mem::offset_of!(RamHeader, mem_slot), &range);
        assert_eq!(driver.port(IoPort::MemslotAdd, 2), Err(Violation::SlotRange { start, end }));
    }
}

#[test]
fn bad_port_arguments() {
    let mut driver = driver();
    assert_eq!(driver.port(IoPort::CreatePrimary, 0), Err(Violation::PrimaryExists));
    let empty = Rect::new(3, 3, 3, 4);
    driver.put_header(core::mem::offset_of!(RamHeader, update_area), &empty);
    assert_eq!(driver.port(IoPort::UpdateArea, 0), Err(Violation::UpdateArea(empty)));
    assert_eq!(driver.port(IoPort::DestroySurfaceWait, 3), Err(Violation::UnknownSurface(3)));

    let field = core::mem::offset_of!(RamHeader, monitors_config);
    for (count, max_allowed) in [(0, 1), (2, 1)] {
        let config = MonitorsConfig { count: U16::new(count), max_allowed: U16::new(max_allowed) };
        let at = driver.place(&[config.as_bytes(), &[0; 56]].concat());
        driver.put_header(field, &at);
        let refused = Violation::Monitors { count, max_allowed };
        assert_eq!(driver.port(IoPort::MonitorsConfigAsync, 0), Err(refused));
        let _ = driver.device.poll();
    }
}

#[test]
fn codes_that_mean_nothing() {
    assert_eq!(IoPort::try_from(25), Err(UnknownCode(25)));
    assert!((0..25).all(|port| IoPort::try_from(port).map(IoPort::code) == Ok(port)));
    assert_eq!(SurfaceFormat::try_from(2), Err(UnknownCode(2)));
    assert_eq!(UnknownCode(2).to_string(), "unknown code 2");
}
