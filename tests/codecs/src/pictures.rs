//! Pictures that are computed, the same in every run: a page of code, and what has the statistics of a photograph.

use anyhow::Result;
use image::bitmap::{Bitmap, BitmapFormat, Layout};
use image::geometry::Size;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// A picture, and what it is called in tables and requests.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) bitmap: Bitmap,
}

/// A bitmap of pixels 0x00RRGGBB.
pub(crate) fn bitmap(size: Size, pixel: impl Fn(u32, u32) -> u32) -> Result<Bitmap> {
    let layout = Layout::packed(BitmapFormat::Xrgb32, size)?;
    let rows = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    let data: Vec<u8> = rows.flat_map(|(x, y)| pixel(x, y).to_le_bytes()).collect();
    Ok(Bitmap::new(layout, None, data.into())?)
}

const PAPER: u32 = 0x00fd_fdf8;
const INK: [u32; 4] = [0x0020_2428, 0x00a0_2060, 0x0000_6090, 0x0080_8880];
const WORDS: &[&str] = &[
    "let",
    "match",
    "region",
    "if",
    "surface",
    "return",
    "(rect)",
    "self.pipe",
    "==",
    "for",
    "image",
    "0x1f",
    "{",
    "}",
    "stride",
    "as",
    "u32",
    "client",
    "&mut",
    "window",
    "fn",
    "->",
    "Some(",
    ");",
    "cursor",
    "break",
    "mut",
    "offset",
];

/// A page of code in several colours, anti-aliased, on paper.
pub(crate) fn text(size: Size) -> Result<Bitmap> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut page = vec![PAPER; width * height];
    let (advance, line_height) = (get_raster_width(FontWeight::Regular, RasterHeight::Size16), 20);
    let mut random = Random(1);
    for top in (4..height.saturating_sub(line_height)).step_by(line_height) {
        let mut left = 8 + advance * 4 * (random.next() % 4) as usize;
        for _ in 0..4 + random.next() % 20 {
            let word = WORDS[random.next() as usize % WORDS.len()];
            let ink = INK[random.next() as usize % INK.len()];
            for letter in word.chars() {
                draw(&mut page, width, left, top, letter, ink);
                left += advance;
            }
            left += advance;
        }
    }
    bitmap(size, |x, y| page[y as usize * width + x as usize])
}

fn draw(page: &mut [u32], width: usize, left: usize, top: usize, letter: char, ink: u32) {
    let Some(raster) = get_raster(letter, FontWeight::Regular, RasterHeight::Size16) else { return };
    for (y, row) in raster.rows().enumerate() {
        for (x, cover) in row.iter().enumerate() {
            if let Some(pixel) = page.get_mut((top + y) * width + left + x).filter(|_| left + x < width) {
                *pixel = mixed(PAPER, ink, f32::from(*cover) / 255.0);
            }
        }
    }
}

fn mixed(from: u32, to: u32, part: f32) -> u32 {
    let channel = |shift: u32| {
        let (from, to) = ((from >> shift & 255) as f32, (to >> shift & 255) as f32);
        ((from + (to - from) * part) as u32) << shift
    };
    channel(16) | channel(8) | channel(0)
}

/// A landscape as a camera and JPEG leave it: a smooth sky, hills, grass with detail at all scales, things with edges;
/// grain that grows with detail; colour that varies more slowly than brightness.
pub(crate) fn photo(size: Size) -> Result<Bitmap> {
    let blobs: Vec<Blob> = Blob::some(60, size);
    bitmap(size, |x, y| {
        let (at_x, at_y) = (x as f32, y as f32);
        let down = at_y / size.height as f32;
        let horizon = 0.30 + 0.12 * octaves(at_x, 0.0, 700.0, 3, 11);
        let ground = ((down - horizon) * 40.0).clamp(0.0, 1.0);
        let detail = ground * (octaves(at_x, at_y, 300.0, 2, 21) + 0.35).clamp(0.0, 1.0);
        let sky = 200.0 - 60.0 * down + 8.0 * octaves(at_x, at_y * 2.0, 900.0, 2, 31);
        let grass = 92.0
            + 60.0 * octaves(at_x, at_y, 240.0, 3, 41)
            + 30.0 * detail * octaves(at_x, at_y, 24.0, 3, 51);
        let mut bright = sky + (grass - sky) * ground;
        let mut tint = [-30.0, 4.0, 34.0].map(|sky: f32| sky * (1.0 - ground));
        for (tint, grass) in tint.iter_mut().zip([-4.0, 14.0, -28.0]) {
            *tint += grass * ground * (1.0 + 0.6 * octaves(at_x, at_y, 200.0, 2, 61));
        }
        for blob in &blobs {
            blob.paint(at_x, at_y, &mut bright, &mut tint);
        }
        let grain = grain(x, y) * (0.9 + 3.4 * detail);
        let value = |channel: u32| {
            let shimmer = 1.6 * octaves(at_x, at_y, 7.0, 1, 100 + channel)
                + 9.0 * octaves(at_x, at_y, 160.0, 2, 110 + 4 * channel);
            (bright + tint[channel as usize] + shimmer + grain).clamp(0.0, 255.0) as u32
        };
        value(0) << 16 | value(1) << 8 | value(2)
    })
}

/// The same picture after a little time: one pixel in a hundred, in small spots, is another.
pub(crate) fn changed(of: &Bitmap) -> Result<Bitmap> {
    let pixels = of.data().as_chunks::<4>().0;
    let width = of.width();
    bitmap(of.size(), |x, y| {
        let pixel = pixels[(y * width + x) as usize];
        let spot = hash(x / 8, y / 8, 71).is_multiple_of(100);
        u32::from_le_bytes(pixel) ^ if spot { hash(x, y, 72) & 0x000f_0f0f } else { 0 }
    })
}

/// A round thing with an edge, lit from one side.
struct Blob {
    x: f32,
    y: f32,
    radius: f32,
    bright: f32,
    tint: [f32; 3],
}

impl Blob {
    fn some(count: u32, size: Size) -> Vec<Self> {
        let mut random = Random(9);
        let mut part = move || (random.next() % 1000) as f32 / 1000.0;
        let blob = |_| Self {
            x: part() * size.width as f32,
            y: (0.35 + 0.65 * part()) * size.height as f32,
            radius: 8.0 + 70.0 * part() * part(),
            bright: 60.0 + 140.0 * part(),
            tint: [60.0 * part() - 20.0, 30.0 * part() - 15.0, 60.0 * part() - 40.0],
        };
        (0..count).map(blob).collect()
    }

    fn paint(&self, x: f32, y: f32, bright: &mut f32, tint: &mut [f32; 3]) {
        let (dx, dy) = (x - self.x, y - self.y);
        let distance = (dx * dx + dy * dy).sqrt();
        // Two pixels of blur, as of a lens.
        let cover = ((self.radius - distance) / 2.0).clamp(0.0, 1.0);
        if cover > 0.0 {
            let lit =
                self.bright - 40.0 * (dx + dy) / self.radius.max(1.0) + 6.0 * octaves(x, y, 30.0, 2, 81);
            *bright += (lit - *bright) * cover;
            for (tint, own) in tint.iter_mut().zip(self.tint) {
                *tint += (own - *tint) * cover;
            }
        }
    }
}

/// Smooth noise from -1 to 1: octaves of the wavelength, its half, and so on, each half as strong.
fn octaves(x: f32, y: f32, wavelength: f32, count: u32, seed: u32) -> f32 {
    (0..count)
        .map(|octave| {
            let scale = (1 << octave) as f32;
            smooth(x * scale / wavelength, y * scale / wavelength, seed + octave) / scale
        })
        .sum::<f32>()
        / 1.5
}

/// Random values at whole places, and what lies smoothly between them.
fn smooth(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |part: f32| part * part * (3.0 - 2.0 * part);
    let (across, down) = (ease(x - left), ease(y - top));
    let value =
        |dx: u32, dy: u32| (hash(left as u32 + dx, top as u32 + dy, seed) & 0xffff) as f32 / 32768.0 - 1.0;
    let row = |dy: u32| value(0, dy) + (value(1, dy) - value(0, dy)) * across;
    row(0) + (row(1) - row(0)) * down
}

/// About normal, from -1 to 1.
fn grain(x: u32, y: u32) -> f32 {
    let bits = hash(x, y, 91);
    let sum: u32 = (0..4).map(|part| bits >> (8 * part) & 255).sum();
    sum as f32 / 510.0 - 1.0
}

fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut mixed =
        x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
    mixed = (mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39);
    mixed ^ mixed >> 15
}

/// Pseudo-random numbers.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 >> 3
    }
}
