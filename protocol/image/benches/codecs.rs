//! Throughput of the image encoders and decoders on what desktops show.

#![allow(missing_docs, reason = "criterion generates public functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::Size;
use image::{jpeg, lz, lz4, quic, zlib};

const SIZE: Size = Size::new(1024, 768);

/// Pseudo-random numbers, the same in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}

fn bitmap(mut pixel: impl FnMut(u32, u32) -> u32) -> Bitmap {
    let layout = Layout::packed(BitmapFormat::Xrgb32, SIZE).expect("a small size");
    let mut data = Vec::new();
    for y in 0..SIZE.height {
        for x in 0..SIZE.width {
            data.extend_from_slice(&pixel(x, y).to_le_bytes());
        }
    }
    Bitmap::new(layout, None, data.into()).expect("a packed bitmap")
}

/// One colour.
fn flat() -> Bitmap {
    bitmap(|_, _| 0x0030_6090)
}

/// Rows of small dark shapes on white, most of them from an alphabet.
fn text() -> Bitmap {
    let mut noise = Noise(1);
    let alphabet: Vec<u32> = (0..64).map(|_| noise.next()).collect();
    let line: Vec<u32> = (0..8192).map(|_| noise.next()).collect();
    bitmap(|x, y| {
        let (column, row) = (x / 8, y / 16);
        let letter = line.get((row * 128 + column) as usize).map_or(0, |noise| noise % 80);
        let shape = alphabet.get(letter as usize).copied().unwrap_or(0);
        let (bit_x, bit_y) = (x % 8, y % 16);
        let inside = bit_x < 6 && (3..13).contains(&bit_y);
        if inside && shape >> ((bit_y * 3 + bit_x) % 32) & 1 == 1 { 0x0020_2020 } else { 0x00ff_ffff }
    })
}

/// Smooth shades with noise in the lowest bits.
fn photo() -> Bitmap {
    let mut noise = Noise(7);
    bitmap(|x, y| {
        let channel = |a: u32, b: u32, noise: u32| (x * a / 8 + y * b / 8 + noise % 5) & 0xff;
        let n = noise.next();
        channel(3, 1, n) | channel(1, 2, n >> 8) << 8 | channel(2, 3, n >> 16) << 16
    })
}

fn codecs(criterion: &mut Criterion) {
    for (name, bitmap) in [("flat", flat()), ("text", text()), ("photo", photo())] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(bitmap.layout().data_bytes()));
        let mut out = Vec::new();

        let mut encoder = lz::Encoder::new();
        group.bench_function("lz encode", |b| {
            b.iter(|| {
                out.clear();
                encoder.encode(black_box(&bitmap), &mut out)
            });
        });
        let stream = std::mem::take(&mut out);
        println!("{name}: lz ratio {:.2}", bitmap.data().len() as f64 / stream.len() as f64);
        group.bench_function("lz decode", |b| b.iter(|| lz::decode(black_box(&stream), None, u64::MAX)));

        let mut deflater = zlib::Deflater::new();
        group.bench_function("zlib around lz", |b| {
            b.iter(|| {
                out.clear();
                deflater.deflate(black_box(&stream), &mut out)
            });
        });
        println!("{name}: zlib around lz ratio {:.2}", stream.len() as f64 / out.len() as f64);

        let mut encoder = lz4::Encoder::new();
        group.bench_function("lz4 encode", |b| {
            b.iter(|| {
                out.clear();
                encoder.encode(black_box(&bitmap), &mut out)
            });
        });
        let stream = std::mem::take(&mut out);
        println!("{name}: lz4 ratio {:.2}", bitmap.data().len() as f64 / stream.len() as f64);
        group.bench_function("lz4 decode", |b| b.iter(|| lz4::decode(black_box(&stream), SIZE, u64::MAX)));

        let mut encoder = quic::Encoder::new();
        group.bench_function("quic encode", |b| {
            b.iter(|| {
                out.clear();
                encoder.encode(black_box(&bitmap), &mut out)
            });
        });
        let stream = std::mem::take(&mut out);
        println!("{name}: quic ratio {:.2}", bitmap.data().len() as f64 / stream.len() as f64);
        group.bench_function("quic decode", |b| b.iter(|| quic::decode(black_box(&stream), u64::MAX)));

        let mut encoder = jpeg::Encoder::new();
        group.bench_function("jpeg encode", |b| {
            b.iter(|| {
                out.clear();
                encoder.encode(black_box(&bitmap), 85, &mut out)
            });
        });
        let stream = std::mem::take(&mut out);
        println!("{name}: jpeg ratio {:.2}", bitmap.data().len() as f64 / stream.len() as f64);
        group.bench_function("jpeg decode", |b| b.iter(|| jpeg::decode(black_box(&stream), u64::MAX)));
        group.finish();
    }
}

criterion_group!(benches, codecs);
criterion_main!(benches);
