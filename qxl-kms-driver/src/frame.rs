//! Pixels that a program draws into, perhaps at this very moment.

use core::ptr;

use guest_display::damage::{Framebuffer, RUN, Run, run_of};

use crate::layout::CoreFrame;

/// A pixel of the shadow: the rest of the word is not shown.
const COLOR: u32 = 0x00ff_ffff;
const COLORS: u64 = 0x00ff_ffff_00ff_ffff;

/// How pixels are kept, by their DRM fourcc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// XRGB8888 and ARGB8888: what is below a primary plane is black, so its alpha says nothing.
    Rgb32,
    /// RGB565.
    Rgb16,
    /// No pixels: all black.
    Black,
}

/// A program's framebuffer.
///
/// # Invariants
/// - `height` rows of `width` pixels of this format are mapped, `pitch` bytes apart, as long as it is used.
/// - Nobody needs them to hold still: each pixel is read once, volatile.
#[derive(Debug)]
pub(crate) struct Frame {
    pixels: *const u8,
    pitch: usize,
    width: u32,
    height: u32,
    format: Format,
}

impl Frame {
    /// Takes a mapped framebuffer; nothing when its format or its pitch cannot be.
    ///
    /// # Safety
    /// Unless `pixels` is null, `height` rows of `width` pixels of this format are mapped, `pitch` bytes apart, as long
    /// as the frame is used.
    pub(crate) unsafe fn new(mapped: &CoreFrame) -> Option<Self> {
        let format = if mapped.pixels.is_null() { Format::Black } else { format(mapped.format)? };
        let row = usize::try_from(mapped.width).ok()?.checked_mul(format.bytes())?;
        let pitch = usize::try_from(mapped.pitch).ok()?;
        let usable = format == Format::Black || row <= pitch;
        let (pixels, width, height) = (mapped.pixels.cast(), mapped.width, mapped.height);
        usable.then_some(Self { pixels, pitch, width, height, format })
    }

    /// The pixel at `x` and `y`, and how many of `most` there are from it on in its row.
    fn row(&self, x: u32, y: u32, most: usize) -> Option<(*const u8, usize)> {
        if y >= self.height {
            return None;
        }
        let there = usize::try_from(self.width.checked_sub(x)?).ok()?.min(most);
        let row = usize::try_from(y).ok()?.checked_mul(self.pitch)?;
        let column = usize::try_from(x).ok()?.checked_mul(self.format.bytes())?;
        Some((self.pixels.wrapping_add(row).wrapping_add(column), there))
    }
}

impl Framebuffer for Frame {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.height
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        let Some((first, count)) = self.row(x, y, pixels.len()) else { return };
        for (index, pixel) in pixels.iter_mut().take(count).enumerate() {
            *pixel = match self.format {
                Format::Black => 0,
                // SAFETY: `count` pixels from here on are inside the row, by `row`.
                Format::Rgb16 => unsafe { rgb16(first, index) },
                // SAFETY: as above.
                Format::Rgb32 => unsafe { rgb32(first, index) },
            };
        }
    }

    fn read_runs(&self, x: u32, y: u32, count: usize, mut take: impl FnMut(Run)) {
        let most = count.saturating_mul(RUN);
        match self.row(x, y, most) {
            Some((first, there)) if self.format == Format::Rgb32 && there == most && is_aligned(first) => {
                for index in 0..count {
                    // SAFETY: `count` runs of pixels from here on are inside the row, by `row`, and aligned.
                    take(unsafe { run32(first.cast::<Pair>().wrapping_add(index * RUN / 2)) });
                }
            }
            _ => {
                for x in (x..).step_by(RUN).take(count) {
                    let mut pixels = [0; RUN];
                    self.read(x, y, &mut pixels);
                    take(run_of(&pixels));
                }
            }
        }
    }
}

impl Format {
    fn bytes(self) -> usize {
        match self {
            Self::Rgb32 => 4,
            Self::Rgb16 => 2,
            Self::Black => 0,
        }
    }
}

fn format(fourcc: u32) -> Option<Format> {
    match &fourcc.to_le_bytes() {
        b"XR24" | b"AR24" => Some(Format::Rgb32),
        b"RG16" => Some(Format::Rgb16),
        _ => None,
    }
}

/// Two pixels, which need not be aligned to their size.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Pair(u64);

fn is_aligned(first: *const u8) -> bool {
    first.cast::<Pair>().is_aligned()
}

/// A run of pixels.
///
/// # Safety
/// Half as many pairs are mapped from `first` on, and aligned.
unsafe fn run32(first: *const Pair) -> Run {
    core::array::from_fn(|index| {
        // SAFETY: by this function's contract.
        let Pair(word) = unsafe { ptr::read_volatile(first.wrapping_add(index)) };
        u64::from_le(word) & COLORS
    })
}

/// # Safety
/// Four bytes of that pixel are mapped.
unsafe fn rgb32(first: *const u8, index: usize) -> u32 {
    let bytes: [u8; 4] = core::array::from_fn(|byte| {
        // SAFETY: by this function's contract.
        unsafe { ptr::read_volatile(first.wrapping_add(index * 4 + byte)) }
    });
    u32::from_le_bytes(bytes) & COLOR
}

/// A pixel of RGB565; its highest bits become the lowest ones too, so that white is white.
///
/// # Safety
/// Two bytes of that pixel are mapped.
unsafe fn rgb16(pixels: *const u8, index: usize) -> u32 {
    let bytes: [u8; 2] = core::array::from_fn(|byte| {
        // SAFETY: by this function's contract.
        unsafe { ptr::read_volatile(pixels.wrapping_add(index * 2 + byte)) }
    });
    let pixel = u32::from(u16::from_le_bytes(bytes));
    let (red, green, blue) = (pixel >> 11, pixel >> 5 & 0x3f, pixel & 0x1f);
    (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | blue << 3 | blue >> 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn frame(bytes: &[u8], pitch: u32, width: u32, height: u32, fourcc: &[u8; 4]) -> Option<Frame> {
        let format = u32::from_le_bytes(*fourcc);
        let mapped = CoreFrame { pixels: bytes.as_ptr().cast(), pitch, width, height, format };
        // SAFETY: the tests' rows are inside `bytes`, which outlive the frame.
        unsafe { Frame::new(&mapped) }
    }

    #[test]
    fn pixels_are_read_at_every_alignment() {
        let words: [u64; 24] = core::array::from_fn(|index| 0xff00_0001_aa00_0000 | index as u64);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for shift in 0..9 {
            let frame = frame(&bytes[shift..], 128, 32, 1, b"XR24").expect("a format");
            let expected: Vec<u32> = (0..32)
                .map(|index| &bytes[shift + index * 4..shift + index * 4 + 4])
                .map(|pixel| u32::from_le_bytes(pixel.try_into().expect("four")) & COLOR)
                .collect();
            for x in 0..32 {
                let mut pixels = [9; 32];
                frame.read(x, 0, &mut pixels);
                let (read, rest) = pixels.split_at(32 - x as usize);
                assert_eq!(read, &expected[x as usize..]);
                assert!(rest.iter().all(|pixel| *pixel == 9));
                let mut runs = Vec::new();
                frame.read_runs(x, 0, 2, |run| runs.push(run));
                let mut padded = expected[x as usize..].to_vec();
                padded.resize(32, 0);
                let chunks = padded.as_chunks().0.iter().map(run_of).collect::<Vec<_>>();
                assert_eq!(runs, chunks);
            }
        }
    }

    #[test]
    fn sixteen_bits_become_twenty_four() {
        let frame =
            frame(&[0xff, 0xff, 0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00], 8, 4, 1, b"RG16").expect("a format");
        let mut pixels = [0; 4];
        frame.read(0, 0, &mut pixels);
        assert_eq!(pixels, [0xff_ffff, 0xff_0000, 0x00_ff00, 0x00_00ff]);
        let mut runs = Vec::new();
        frame.read_runs(2, 0, 1, |run| runs.push(run));
        assert_eq!(runs, [[0x0000_00ff_0000_ff00, 0, 0, 0, 0, 0, 0, 0]]);
    }

    #[test]
    fn what_is_outside_is_left_alone() {
        let frame = frame(&[1; 32], 16, 4, 2, b"XR24").expect("a format");
        let mut pixels = [7; 4];
        frame.read(0, 2, &mut pixels);
        frame.read(5, 0, &mut pixels);
        assert_eq!(pixels, [7; 4]);
        frame.read(3, 1, &mut pixels);
        assert_eq!(pixels, [0x01_0101, 7, 7, 7]);
    }

    #[test]
    fn impossible_frames_are_none() {
        assert!(frame(&[], 15, 4, 0, b"XR24").is_none());
        assert!(frame(&[], 16, 4, 0, b"NV12").is_none());
        assert!(frame(&[], u32::MAX, u32::MAX, 0, b"RG16").is_none());
    }

    #[test]
    fn no_pixels_are_black() {
        let mapped = CoreFrame { pixels: ptr::null(), pitch: 0, width: 2, height: 1, format: 0 };
        // SAFETY: there are no pixels.
        let frame = unsafe { Frame::new(&mapped) }.expect("black");
        let mut pixels = [1, 0];
        frame.read(0, 0, &mut pixels);
        assert_eq!(pixels, [0, 0]);
        frame.read_runs(0, 0, 1, |run| assert_eq!(run, [0; RUN / 2]));
    }
}
