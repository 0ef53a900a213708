//! Operators on bytes: each product is rounded to the nearest 255th, and sums are held at 255.

use super::operator::{Factor, Mode};
use crate::alpha_blend::{add_bytes, scale_bytes};

/// The source behind the mask: its colours, and for each channel the alpha that it covers with.
pub(super) struct Input {
    color: u32,
    alpha: u32,
}

impl Input {
    pub(super) fn new(source: u32, mask: Option<u32>, by_component: bool) -> Self {
        match mask {
            Some(mask) if by_component => {
                Self { color: multiply(source, mask), alpha: scale_bytes(mask, alpha_of(source)) }
            }
            Some(mask) => {
                let color = scale_bytes(source, alpha_of(mask));
                Self { color, alpha: everywhere(alpha_of(color)) }
            }
            None => Self { color: source, alpha: everywhere(alpha_of(source)) },
        }
    }
}

/// The source times one factor plus the destination times another.
pub(super) fn sum(input: &Input, destination: u32, source: Factor, below: Factor) -> u32 {
    let part = |layer: u32, factor: Factor| match factor {
        Factor::Zero => 0,
        Factor::SourceAlpha => multiply(layer, input.alpha),
        Factor::DestinationAlpha => scale_bytes(layer, alpha_of(destination)),
        Factor::LessSource => multiply(layer, !input.alpha),
        Factor::LessDestination => scale_bytes(layer, 255 - alpha_of(destination)),
        _ => layer,
    };
    add_bytes(part(input.color, source), part(destination, below))
}

/// [`Mode::Multiply`], of which each product is rounded by itself.
pub(super) fn multiplied(input: &Input, destination: u32) -> u32 {
    let apart =
        add_bytes(scale_bytes(input.color, 255 - alpha_of(destination)), multiply(destination, !input.alpha));
    add_bytes(apart, multiply(destination, input.color))
}

/// Any other mode, of which the sum of all products is rounded.
pub(super) fn mixed(input: &Input, destination: u32, mode: Mode) -> u32 {
    let color = input.color.to_le_bytes().map(i32::from);
    let alpha = input.alpha.to_le_bytes().map(i32::from);
    let below = destination.to_le_bytes().map(i32::from);
    let (source_alpha, below_alpha) = (color[3], below[3]);
    u32::from_le_bytes(core::array::from_fn(|channel| {
        if channel == 3 {
            return divided(255 * below_alpha + 255 * source_alpha - source_alpha * below_alpha);
        }
        let (s, a, d) = (color[channel], alpha[channel], below[channel]);
        let apart = (255 - a) * d + (255 - below_alpha) * s;
        divided(apart + overlap(mode, (d, below_alpha), (s, a)))
    }))
}

/// What a mode makes of the part where both layers are, with colours and alphas of destination and source.
fn overlap(mode: Mode, (d, below): (i32, i32), (s, alpha): (i32, i32)) -> i32 {
    match mode {
        Mode::Screen => s * below + d * alpha - s * d,
        Mode::Overlay if 2 * d < below => 2 * s * d,
        Mode::HardLight if 2 * s < alpha => 2 * s * d,
        Mode::Overlay | Mode::HardLight => alpha * below - 2 * (below - d) * (alpha - s),
        Mode::Darken => (below * s).min(alpha * d),
        Mode::Lighten => (below * s).max(alpha * d),
        Mode::Difference => (below * s - alpha * d).abs(),
        Mode::Exclusion => s * below + d * alpha - 2 * d * s,
        Mode::Multiply | Mode::ColorDodge | Mode::ColorBurn | Mode::SoftLight => s * d,
    }
}

/// A sum of products / 255, rounded, of one that is held between 0 and 255.
fn divided(sum: i32) -> u8 {
    let sum = sum.clamp(0, 255 * 255).unsigned_abs() + 0x80;
    // At most 255.
    ((sum + (sum >> 8)) >> 8) as u8
}

fn alpha_of(pixel: u32) -> u8 {
    pixel.to_le_bytes()[3]
}

fn everywhere(alpha: u8) -> u32 {
    u32::from_le_bytes([alpha; 4])
}

/// Each byte times the other's at the same place / 255, rounded.
fn multiply(pixel: u32, factors: u32) -> u32 {
    let (pixel, factors) = (pixel.to_le_bytes(), factors.to_le_bytes());
    u32::from_le_bytes(core::array::from_fn(|channel| {
        let product = u32::from(pixel[channel]) * u32::from(factors[channel]) + 0x80;
        // At most 255.
        ((product + (product >> 8)) >> 8) as u8
    }))
}
