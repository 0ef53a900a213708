//! What a drawing operation costs on its way to the wire and back.
#![allow(missing_docs, reason = "the macros of criterion make functions without docs")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use image::geometry::{Rect, Size};
use wire::display::ServerMessage;
use wire::drawable::{Brush, Clip, Copy, Drawable, Fill, Mask, Operation, Rop, ScaleMode, SurfaceId};
use wire::image::{Image, ImageBody, ImageFlags};

fn drawable(operation: Operation<Image>) -> Drawable<Image> {
    Drawable { surface: SurfaceId::PRIMARY, bbox: Rect::new(10, 20, 110, 120), clip: Clip::None, operation }
}

fn fill() -> Drawable<Image> {
    drawable(Operation::Fill(Fill { brush: Brush::Solid(7), rop: Rop::PUT, mask: Mask::default() }))
}

fn copy() -> Drawable<Image> {
    let size = Size::new(100, 100);
    let body = ImageBody::LzRgb(Bytes::from(vec![0; 10_000]));
    drawable(Operation::Copy(Copy {
        source: Image { id: 1, flags: ImageFlags::NONE, size, body },
        area: Rect::of_size(size),
        rop: Rop::PUT,
        scale: ScaleMode::Interpolate,
        mask: Mask::default(),
    }))
}

fn drawables(criterion: &mut Criterion) {
    for (name, drawable) in [("fill", fill()), ("copy", copy())] {
        criterion.bench_function(&format!("encode {name}"), |bencher| {
            bencher.iter(|| black_box(&drawable).encode());
        });
        let frame = drawable.encode();
        let body = frame.to_body();
        criterion.bench_function(&format!("decode {name}"), |bencher| {
            bencher.iter(|| ServerMessage::decode(frame.kind(), black_box(&body).clone()));
        });
    }
}

criterion_group!(benches, drawables);
criterion_main!(benches);
