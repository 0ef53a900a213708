//! Operators in floating point of 32 bits, each operation of which is rounded as IEEE 754 has it.
//!
//! The order of operations is pixman's: another one gives other last bits, and so now and then another pixel.

use alloc::vec;
use alloc::vec::Vec;

use image::surface::SurfaceFormat;

use super::Layers;
use super::operator::{Factor, Mode, Tint};

/// Blue, green, red and alpha, from 0 to 1.
pub(super) type Floats = [f32; 4];

const ALPHA: usize = 3;

/// A pixel in floating point: channels of 5 and 6 bits count as what they are.
pub(super) fn unpacked(argb: u32, format: SurfaceFormat) -> Floats {
    let bits: [u32; 4] = match format {
        SurfaceFormat::Rgb555 => [5, 5, 5, 0],
        SurfaceFormat::Rgb565 => [5, 6, 5, 0],
        SurfaceFormat::Xrgb32 => [8, 8, 8, 0],
        SurfaceFormat::Argb32 | SurfaceFormat::A8 | SurfaceFormat::A1 => [8; 4],
    };
    let bytes = argb.to_le_bytes();
    core::array::from_fn(|channel| {
        let bits = bits[channel];
        if bits == 0 {
            return 1.0;
        }
        let highest = (1_u8 << (bits - 1)) - 1 + (1 << (bits - 1));
        f32::from(bytes[channel] >> (8 - bits)) * (1.0 / f32::from(highest))
    })
}

/// The pixel of 8 bits a channel.
pub(super) fn packed(floats: Floats) -> u32 {
    u32::from_le_bytes(floats.map(|value| {
        // 256 levels, of which the highest is the one above 255.
        let level = (value.clamp(0.0, 1.0) * 256.0) as u16;
        (level - (level >> 8)).to_le_bytes()[0]
    }))
}

/// The pixels of a row of both layers.
pub(super) struct Rows {
    pub(super) source: Vec<Floats>,
    pub(super) mask: Vec<Floats>,
    fresh: Vec<Floats>,
}

impl Rows {
    pub(super) fn new(width: u32) -> Self {
        let empty = vec![[0.0; 4]; usize::try_from(width).unwrap_or(0)];
        Self { source: empty.clone(), mask: empty.clone(), fresh: empty }
    }

    /// Reads the row from `x`, `y` on. With `keeps_hidden`, source pixels where the mask is empty stay what they were in
    /// the row before, as in pixman, where a tint can still see them.
    pub(super) fn read(&mut self, layers: &Layers<'_>, x: i32, y: i32, keeps_hidden: bool) {
        let Some(mask) = &layers.mask else { return layers.source.wide_row(x, y, &mut self.source) };
        mask.wide_row(x, y, &mut self.mask);
        if !keeps_hidden {
            return layers.source.wide_row(x, y, &mut self.source);
        }
        layers.source.wide_row(x, y, &mut self.fresh);
        for ((to, from), mask) in self.source.iter_mut().zip(&self.fresh).zip(&self.mask) {
            if mask.iter().any(|channel| *channel != 0.0) {
                *to = *from;
            }
        }
    }
}

/// The source behind the mask: its colours, and for each channel the alpha that it covers with.
pub(super) struct Input {
    color: Floats,
    alpha: Floats,
}

impl Input {
    pub(super) fn new(source: Floats, mask: Option<Floats>, by_component: bool) -> Self {
        match mask {
            None => Self { color: source, alpha: [source[ALPHA]; 4] },
            Some(mask) if by_component => {
                let mut color: Floats = core::array::from_fn(|channel| source[channel] * mask[channel]);
                let alpha = mask.map(|channel| channel * source[ALPHA]);
                color[ALPHA] = alpha[ALPHA];
                Self { color, alpha }
            }
            Some(mask) => {
                let color = source.map(|channel| channel * mask[ALPHA]);
                Self { color, alpha: [color[ALPHA]; 4] }
            }
        }
    }
}

impl Input {
    /// The input of a tint. Before it was corrected, which Debian 12's has not been, pixman let the mask hide green twice
    /// and blue not at all.
    pub(super) fn for_tint(source: Floats, mask: Option<Floats>) -> Self {
        let [blue, green, red, alpha] = source;
        let by = mask.map_or(1.0, |mask| mask[ALPHA]);
        let color = [blue, green * by * by, red * by, alpha * by];
        Self { color, alpha: [color[ALPHA]; 4] }
    }
}

/// The source times one factor plus the destination times another.
pub(super) fn sum(input: &Input, below: Floats, source: Factor, destination: Factor) -> Floats {
    core::array::from_fn(|channel| {
        let (covered, present) = (input.alpha[channel], below[ALPHA]);
        let of_source = factor(source, covered, present);
        let of_destination = factor(destination, covered, present);
        (input.color[channel] * of_source + below[channel] * of_destination).min(1.0)
    })
}

fn factor(factor: Factor, source: f32, destination: f32) -> f32 {
    let quotient = |otherwise: f32, divisor: f32, value: &dyn Fn() -> f32| {
        if is_zero(divisor) { otherwise } else { value().clamp(0.0, 1.0) }
    };
    match factor {
        Factor::Zero => 0.0,
        Factor::One => 1.0,
        Factor::SourceAlpha => source,
        Factor::DestinationAlpha => destination,
        Factor::LessSource => 1.0 - source,
        Factor::LessDestination => 1.0 - destination,
        Factor::SourceOverDestination => quotient(1.0, destination, &|| source / destination),
        Factor::DestinationOverSource => quotient(1.0, source, &|| destination / source),
        Factor::LessSourceOverDestination => quotient(1.0, destination, &|| (1.0 - source) / destination),
        Factor::LessDestinationOverSource => quotient(1.0, source, &|| (1.0 - destination) / source),
        Factor::OneLessSourceOverDestination => quotient(0.0, destination, &|| 1.0 - source / destination),
        Factor::OneLessDestinationOverSource => quotient(0.0, source, &|| 1.0 - destination / source),
        Factor::OneLessRoomOverSource => quotient(0.0, source, &|| 1.0 - (1.0 - destination) / source),
        Factor::OneLessRoomOverDestination => {
            quotient(0.0, destination, &|| 1.0 - (1.0 - source) / destination)
        }
    }
}

/// Two layers whose channels mix where both are.
pub(super) fn mixed(input: &Input, below: Floats, mode: Mode) -> Floats {
    let present = below[ALPHA];
    core::array::from_fn(|channel| {
        let (covered, s, d) = (input.alpha[channel], input.color[channel], below[channel]);
        if channel == ALPHA {
            return present + covered - present * covered;
        }
        let apart = (1.0 - covered) * d + (1.0 - present) * s;
        apart + overlap(mode, (covered, s), (present, d))
    })
}

/// What a mode makes of the part where both layers are, with alphas and colours of source and destination.
fn overlap(mode: Mode, (sa, s): (f32, f32), (da, d): (f32, f32)) -> f32 {
    match mode {
        Mode::ColorDodge => {
            if is_zero(d) {
                0.0
            } else if d * sa >= sa * da - s * da || is_zero(sa - s) {
                sa * da
            } else {
                sa * sa * d / (sa - s)
            }
        }
        Mode::ColorBurn => {
            if d >= da {
                sa * da
            } else if sa * (da - d) >= s * da || is_zero(s) {
                0.0
            } else {
                sa * (da - sa * (da - d) / s)
            }
        }
        Mode::SoftLight => soft_light((sa, s), (da, d)),
        // The others do not divide, and are computed on bytes.
        _ => d * s,
    }
}

fn soft_light((sa, s): (f32, f32), (da, d): (f32, f32)) -> f32 {
    if is_zero(da) {
        return d * sa;
    }
    if 2.0 * s <= sa {
        return d * sa - d * (da - d) * (sa - 2.0 * s) / da;
    }
    if 4.0 * d <= da {
        return d * sa + (2.0 * s - sa) * d * ((16.0 * d / da - 12.0) * d / da + 3.0);
    }
    d * sa + (square_root(d * da) - d) * (2.0 * s - sa)
}

/// Two layers whose hue, saturation and luminosity mix where both are.
pub(super) fn tinted(input: &Input, below: Floats, tint: Tint) -> Floats {
    let [blue, green, red, sa] = input.color;
    let source = Rgb { red, green, blue };
    let [blue, green, red, da] = below;
    let destination = Rgb { red, green, blue };
    let mixed = match tint {
        Tint::Hue => source
            .scaled(da)
            .with_saturation(destination.saturation() * sa)
            .with_luminosity(sa * da, destination.luminosity() * sa),
        Tint::Saturation => destination
            .scaled(sa)
            .with_saturation(source.saturation() * da)
            .with_luminosity(sa * da, destination.luminosity() * sa),
        Tint::Color => source.scaled(da).with_luminosity(sa * da, destination.luminosity() * sa),
        Tint::Luminosity => destination.scaled(sa).with_luminosity(sa * da, source.luminosity() * da),
    };
    let part = |s: f32, d: f32, mixed: f32| (1.0 - sa) * d + (1.0 - da) * s + mixed;
    [
        part(source.blue, destination.blue, mixed.blue),
        part(source.green, destination.green, mixed.green),
        part(source.red, destination.red, mixed.red),
        sa + da - sa * da,
    ]
}

#[derive(Clone, Copy)]
struct Rgb {
    red: f32,
    green: f32,
    blue: f32,
}

impl Rgb {
    fn map(self, change: impl Fn(f32) -> f32) -> Self {
        Self { red: change(self.red), green: change(self.green), blue: change(self.blue) }
    }

    fn scaled(self, factor: f32) -> Self {
        self.map(|channel| channel * factor)
    }

    fn least(self) -> f32 {
        self.red.min(self.green).min(self.blue)
    }

    fn most(self) -> f32 {
        self.red.max(self.green).max(self.blue)
    }

    fn luminosity(self) -> f32 {
        self.red * 0.3 + self.green * 0.59 + self.blue * 0.11
    }

    fn saturation(self) -> f32 {
        self.most() - self.least()
    }

    /// The same hue with another distance between the least and the most channel, the least being 0.
    fn with_saturation(self, saturation: f32) -> Self {
        let (least, most) = (self.least(), self.most());
        let span = most - least;
        if is_zero(span) {
            return self.map(|_| 0.0);
        }
        let mut color = self.map(|channel| (channel - least) * saturation / span);
        // One of the largest is set, not computed: the last of them.
        let last = if self.blue == most {
            &mut color.blue
        } else if self.green == most {
            &mut color.green
        } else {
            &mut color.red
        };
        *last = saturation;
        color
    }

    /// The same colour with another luminosity, made duller where it would leave the range up to `limit`.
    fn with_luminosity(self, limit: f32, luminosity: f32) -> Self {
        let change = luminosity - self.luminosity();
        let shifted = self.map(|channel| channel + change);
        let (middle, least, most) = (shifted.luminosity(), shifted.least(), shifted.most());
        let mut color = shifted;
        if least < 0.0 {
            let span = middle - least;
            color = if is_zero(span) {
                color.map(|_| 0.0)
            } else {
                color.map(|channel| middle + (channel - middle) * middle / span)
            };
        }
        if most > limit {
            let span = most - middle;
            color = if is_zero(span) {
                color.map(|_| limit)
            } else {
                color.map(|channel| middle + (channel - middle) * (limit - middle) / span)
            };
        }
        color
    }
}

fn is_zero(value: f32) -> bool {
    value.abs() < f32::MIN_POSITIVE
}

/// The square root, correctly rounded: found to twice the precision by Newton's method, as the core library has none.
fn square_root(value: f32) -> f32 {
    let value = f64::from(value);
    if value <= 0.0 {
        return 0.0;
    }
    // Half the exponent is a first guess.
    let mut root = f64::from_bits((value.to_bits() >> 1) + (1023 << 51));
    for _ in 0..6 {
        root = (root + value / root) * 0.5;
    }
    root as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_those_of_the_machine() {
        let mut bits = 0x1234_5678_u32;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = f32::from_bits(bits >> 1);
            if value.is_finite() {
                assert_eq!(square_root(value).to_bits(), value.sqrt().to_bits(), "{value}");
            }
        }
    }

    #[test]
    fn channels_survive_the_way_to_floating_point_and_back() {
        for format in [SurfaceFormat::Argb32, SurfaceFormat::Xrgb32] {
            for byte in 0..=255 {
                let pixel = u32::from_le_bytes([byte, byte, byte, 255]);
                assert_eq!(packed(unpacked(pixel, format)), pixel);
            }
        }
    }
}
