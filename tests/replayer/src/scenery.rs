//! What generated desktops show: something like text, something like a photograph, and commands that paint it.

use std::io::Write;

use anyhow::Result;
use recording::{CommandKind, EventKind, Recording};

use crate::source::{SURFACES, Step};

/// The edge of the photograph, in pixels.
pub(crate) const WORLD: usize = 1024;

/// Something like text: the pixel in a column and a row.
pub(crate) fn text(x: usize, y: usize) -> u32 {
    let letter = (x / 8 * 31 + y / 16 * 17) % 23;
    let ink = x % 8 < 6 && y % 16 < 11 && (letter * 7 + x % 8 * 3 + y % 16 * 5).is_multiple_of(4);
    if ink { 0x20_2020 } else { 0xf4_f4f0 }
}

/// A copy of whole rows of a screen of `width` columns.
pub(crate) fn copy(screen: &[u32], width: usize, top: usize, height: usize) -> Result<Option<Step>> {
    let (bottom, stride) = (top + height, width * 4);
    let nowhere = "surfaces_dest -1\nrect surfaces_rects 0 0 0 0\n".repeat(3);
    let rows = screen.get(top * width..bottom * width).unwrap_or_default();
    let mut words = Vec::with_capacity(rows.len() * 4 + 1024);
    write!(
        words,
        "SPICE_REPLAY 1\nevent 0 0 1 0\ndrawable\nrect bbox {top} 0 {bottom} {width}\ntype 0\neffect 1\n\
         mm_time 0\nself_bitmap 0\nrect self_bitmap_area 0 0 0 0\nsurface_id 0\n{nowhere}type 3\nimage 1\n\
         descriptor.id 0\ndescriptor.type 0\ndescriptor.flags 0\ndescriptor.width {width}\n\
         descriptor.height {height}\nbitmap.format 8\nbitmap.flags 4\nbitmap.x {width}\nbitmap.y {height}\n\
         bitmap.stride {stride}\nhas_palette 0\ndata_chunks 0 {size}\nbinary 0 bitmap.data {size}:",
        size = rows.len() * 4
    )?;
    words.extend(rows.iter().flat_map(|pixel| pixel.to_le_bytes()));
    write!(
        words,
        "\nrect src_area 0 0 {height} {width}\nrop_descriptor 8\nscale_mode 0\nflags 0\npoint 0 0\nimage 0\n"
    )?;
    command(&words)
}

/// The command that the words of a recording are.
pub(crate) fn command(words: &[u8]) -> Result<Option<Step>> {
    let event = Recording::open(words, SURFACES)?.next_event()?;
    Ok(event.and_then(|event| match event.kind {
        EventKind::Command(command) => {
            Some(Step::Command { kind: CommandKind::Draw, layout: command.layout, destroys: None })
        }
        EventKind::Message(_) => None,
    }))
}

/// SplitMix64.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A picture with detail of every size, as photographs have it: sums of smooth noise, each finer and fainter than the one before.
pub(crate) fn world() -> Vec<u32> {
    let mut noise = Noise(42);
    let mut sums = vec![[0.0_f32; 3]; WORLD * WORLD];
    let mut strength = 70.0;
    for cell in [256, 128, 64, 32, 16, 8, 4] {
        let side = WORLD / cell;
        let knots: Vec<[f32; 3]> = (0..side * side)
            .map(|_| [0, 16, 32].map(|shift| (noise.next() >> shift & 0xffff) as f32 / 65_536.0 - 0.5))
            .collect();
        let knot = |x: usize, y: usize| knots.get(y % side * side + x % side).copied().unwrap_or_default();
        for (index, sum) in sums.iter_mut().enumerate() {
            let (x, y) = (index % WORLD, index / WORLD);
            let (fx, fy) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
            let (left, top) = (x / cell, y / cell);
            let corners =
                [knot(left, top), knot(left + 1, top), knot(left, top + 1), knot(left + 1, top + 1)];
            let [a, b, c, d] = corners;
            for (channel, sum) in sum.iter_mut().enumerate() {
                let of = |knot: [f32; 3]| knot.get(channel).copied().unwrap_or(0.0);
                let upper = of(a) + (of(b) - of(a)) * fx;
                let lower = of(c) + (of(d) - of(c)) * fx;
                *sum += (upper + (lower - upper) * fy) * strength * 2.0;
            }
        }
        strength *= 0.62;
    }
    let byte = |value: f32| (128.0 + value).clamp(0.0, 255.0) as u32;
    sums.into_iter().map(|[r, g, b]| byte(r) << 16 | byte(g) << 8 | byte(b)).collect()
}
