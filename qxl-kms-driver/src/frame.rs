//! Pixels that a program draws into, perhaps at this very moment.

use core::ops::Range;
use core::ptr;

use guest_display::damage::Framebuffer;

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

    fn merge_row(&self, x: u32, y: u32, shadow: &mut [u32]) -> Option<Range<usize>> {
        let (pixels, count) = self.row(x, y, shadow.len())?;
        let shadow = shadow.get_mut(..count)?;
        match self.format {
            Format::Black => merge(shadow, |_| 0),
            // SAFETY: `count` pixels from here on are inside the row, by `row`.
            Format::Rgb16 => merge(shadow, |index| unsafe { rgb16(pixels, index) }),
            // SAFETY: as above.
            Format::Rgb32 => unsafe { merge32(pixels, shadow) },
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

/// Puts pixels where others were, and says from where to where they differ.
fn merge(shadow: &mut [u32], pixel: impl Fn(usize) -> u32) -> Option<Range<usize>> {
    let mut changed = None;
    for (index, old) in shadow.iter_mut().enumerate() {
        let new = pixel(index);
        if *old != new {
            *old = new;
            note(&mut changed, index);
        }
    }
    changed
}

fn note(changed: &mut Option<Range<usize>>, index: usize) {
    match changed {
        Some(range) => range.end = index + 1,
        none => *none = Some(index..index + 1),
    }
}

/// [`merge`] of words, two at a time where they are aligned to that.
///
/// # Safety
/// As many pixels as `shadow` has are mapped from `pixels` on.
unsafe fn merge32(pixels: *const u8, shadow: &mut [u32]) -> Option<Range<usize>> {
    if !pixels.cast::<u32>().is_aligned() {
        // SAFETY: by this function's contract.
        return merge(shadow, |index| unsafe { rgb32_unaligned(pixels, index) });
    }
    let pixels = pixels.cast::<u32>();
    let single = usize::from(!pixels.cast::<u64>().is_aligned()).min(shadow.len());
    let mut changed = None;
    let (first, rest) = shadow.split_at_mut(single);
    for old in first {
        // SAFETY: `shadow` has a first pixel here, and it is aligned.
        let new = unsafe { ptr::read_volatile(pixels) } & COLOR;
        if *old != new {
            *old = new;
            note(&mut changed, 0);
        }
    }
    let (pairs, last) = rest.as_chunks_mut::<2>();
    let last_index = single + pairs.len() * 2;
    for (number, pair) in pairs.iter_mut().enumerate() {
        let index = single + number * 2;
        // SAFETY: `shadow` has this pixel and the next, and the pair is aligned because the first one was.
        let new =
            u64::from_le(unsafe { ptr::read_volatile(pixels.wrapping_add(index).cast::<u64>()) }) & COLORS;
        let [left, right] = *pair;
        let old = u64::from(left) | u64::from(right) << 32;
        let differs = old ^ new;
        if differs != 0 {
            *pair = [low(new), low(new >> 32)];
            let begin = index + usize::from(low(differs) == 0);
            note(&mut changed, begin);
            if low(differs >> 32) != 0 {
                note(&mut changed, index + 1);
            }
        }
    }
    for old in last {
        // SAFETY: `shadow` has a last pixel here, and it is aligned.
        let new = unsafe { ptr::read_volatile(pixels.wrapping_add(last_index)) } & COLOR;
        if *old != new {
            *old = new;
            note(&mut changed, last_index);
        }
    }
    changed
}

fn low(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// # Safety
/// Four bytes of that pixel are mapped.
unsafe fn rgb32_unaligned(pixels: *const u8, index: usize) -> u32 {
    let bytes: [u8; 4] = core::array::from_fn(|byte| {
        // SAFETY: by this function's contract.
        unsafe { ptr::read_volatile(pixels.wrapping_add(index * 4 + byte)) }
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
    fn only_what_differs_is_told_at_every_alignment() {
        let words: [u64; 16] = core::array::from_fn(|index| 0xff00_0001_aa00_0000 | index as u64);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        for shift in 0..9 {
            for width in 1..8u32 {
                let frame = frame(&bytes[shift..], 64, width, 1, b"XR24").expect("a format");
                let mut plain = [u32::MAX; 8];
                assert!(frame.merge_row(0, 0, &mut plain).is_some());
                let count = usize::try_from(width).expect("small");
                for (index, pixel) in plain.iter().take(count).enumerate() {
                    let at = shift + index * 4;
                    let expected = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four")) & COLOR;
                    assert_eq!(*pixel, expected);
                }
                assert_eq!(frame.merge_row(0, 0, &mut plain), None);
                for index in 0..count {
                    let mut one = plain;
                    one[index] ^= 0x10;
                    assert_eq!(frame.merge_row(0, 0, &mut one), Some(index..index + 1));
                    assert_eq!(one, plain);
                }
            }
        }
    }

    #[test]
    fn sixteen_bits_become_twenty_four() {
        let frame =
            frame(&[0xff, 0xff, 0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00], 8, 4, 1, b"RG16").expect("a format");
        let mut pixels = [0; 4];
        assert_eq!(frame.merge_row(0, 0, &mut pixels), Some(0..4));
        assert_eq!(pixels, [0xff_ffff, 0xff_0000, 0x00_ff00, 0x00_00ff]);
    }

    #[test]
    fn what_is_outside_is_left_alone() {
        let frame = frame(&[1; 32], 16, 4, 2, b"XR24").expect("a format");
        let mut pixels = [7; 4];
        assert_eq!(frame.merge_row(0, 2, &mut pixels), None);
        assert_eq!(frame.merge_row(5, 0, &mut pixels), None);
        assert_eq!(pixels, [7; 4]);
        assert_eq!(frame.merge_row(3, 1, &mut pixels), Some(0..1));
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
        assert_eq!(frame.merge_row(0, 0, &mut pixels), Some(0..1));
        assert_eq!(pixels, [0, 0]);
    }
}
