//! Pixman's operators, by what the result has of the source and of the destination.

use super::narrow;
use super::wide::{self, Floats};
use crate::error::DrawError;

/// How much of one of the two layers the result has, by the alpha of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    Zero,
    One,
    SourceAlpha,
    DestinationAlpha,
    LessSource,
    LessDestination,
    /// These assume that the layers cover different parts of a pixel (disjoint) or the same ones (conjoint).
    SourceOverDestination,
    DestinationOverSource,
    LessSourceOverDestination,
    LessDestinationOverSource,
    OneLessSourceOverDestination,
    OneLessDestinationOverSource,
    OneLessRoomOverSource,
    OneLessRoomOverDestination,
}

/// How the colours of two layers mix channel by channel where they overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Multiply,
    Screen,
    Overlay,
    Darken,
    Lighten,
    ColorDodge,
    ColorBurn,
    HardLight,
    SoftLight,
    Difference,
    Exclusion,
}

/// Which of hue, saturation and luminosity come from the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tint {
    Hue,
    Saturation,
    Color,
    Luminosity,
}

/// What combines two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// The source times the first factor plus the destination times the second.
    Sum(Factor, Factor),
    Mix(Mode),
    Tint(Tint),
}

impl Operator {
    /// Changes nothing.
    pub(super) const DESTINATION: Self = Self::Sum(Factor::Zero, Factor::One);

    /// Replaces the destination.
    pub(super) const SOURCE: Self = Self::Sum(Factor::One, Factor::Zero);

    /// The operator of pixman's number, or what pixman takes instead when all of the source is opaque. Others that
    /// it replaces then give the same bytes. Numbers that are left out between others clear.
    pub(super) fn from_code(code: u32, opaque_source: bool) -> Result<Self, DrawError> {
        Ok(match code {
            // Saturate and over.
            0x0d if opaque_source => Self::Sum(Factor::LessDestination, Factor::One),
            0x03 if opaque_source => Self::SOURCE,
            // And what keeps as much of the destination as the source covers.
            0x06 if opaque_source => Self::DESTINATION,
            0x30 => Self::Mix(Mode::Multiply),
            0x31 => Self::Mix(Mode::Screen),
            0x32 => Self::Mix(Mode::Overlay),
            0x33 => Self::Mix(Mode::Darken),
            0x34 => Self::Mix(Mode::Lighten),
            0x35 => Self::Mix(Mode::ColorDodge),
            0x36 => Self::Mix(Mode::ColorBurn),
            0x37 => Self::Mix(Mode::HardLight),
            0x38 => Self::Mix(Mode::SoftLight),
            0x39 => Self::Mix(Mode::Difference),
            0x3a => Self::Mix(Mode::Exclusion),
            0x3b => Self::Tint(Tint::Hue),
            0x3c => Self::Tint(Tint::Saturation),
            0x3d => Self::Tint(Tint::Color),
            0x3e => Self::Tint(Tint::Luminosity),
            _ => {
                let (source, destination) = factors(code)?;
                Self::Sum(source, destination)
            }
        })
    }

    /// Whether the result is computed in floating point.
    pub(super) const fn divides(self) -> bool {
        match self {
            Self::Sum(source, destination) => source.divides() || destination.divides(),
            Self::Mix(mode) => matches!(mode, Mode::ColorDodge | Mode::ColorBurn | Mode::SoftLight),
            Self::Tint(_) => true,
        }
    }

    /// Whether the destination's alpha has a say only in the result's alpha.
    pub(super) const fn is_local(self) -> bool {
        use Factor::{LessSource, One, SourceAlpha, Zero};
        matches!(self, Self::Sum(Zero | One, Zero | One | SourceAlpha | LessSource))
    }

    /// The result of an operator that does not divide.
    pub(super) fn on_bytes(self, input: &narrow::Input, destination: u32) -> u32 {
        match self {
            Self::Sum(source, below) => narrow::sum(input, destination, source, below),
            Self::Mix(Mode::Multiply) => narrow::multiplied(input, destination),
            Self::Mix(mode) => narrow::mixed(input, destination, mode),
            Self::Tint(_) => destination,
        }
    }

    /// The result of any operator.
    pub(super) fn on_floats(
        self,
        source: Floats,
        mask: Option<Floats>,
        by_component: bool,
        destination: Floats,
    ) -> Floats {
        let by_component = by_component && mask.is_some();
        let input = || wide::Input::new(source, mask, by_component);
        match self {
            Self::Sum(source, below) => wide::sum(&input(), destination, source, below),
            Self::Mix(mode) => wide::mixed(&input(), destination, mode),
            // Pixman finds that channels of their own make no sense here.
            Self::Tint(_) if by_component => destination,
            Self::Tint(tint) => wide::tinted(&wide::Input::for_tint(source, mask), destination, tint),
        }
    }
}

impl Factor {
    const fn divides(self) -> bool {
        !matches!(
            self,
            Self::Zero
                | Self::One
                | Self::SourceAlpha
                | Self::DestinationAlpha
                | Self::LessSource
                | Self::LessDestination
        )
    }
}

/// The factors of source and destination for the number of an operator.
fn factors(code: u32) -> Result<(Factor, Factor), DrawError> {
    use Factor::{
        DestinationAlpha, DestinationOverSource, LessDestination, LessDestinationOverSource, LessSource,
        LessSourceOverDestination, One, OneLessDestinationOverSource, OneLessRoomOverDestination,
        OneLessRoomOverSource, OneLessSourceOverDestination, SourceAlpha, SourceOverDestination, Zero,
    };
    Ok(match code {
        0x00 | 0x10 | 0x20 | 0x0e | 0x0f | 0x1c..=0x1f | 0x2c..=0x2f => (Zero, Zero),
        0x01 | 0x11 | 0x21 => (One, Zero),
        0x02 | 0x12 | 0x22 => (Zero, One),
        0x03 => (One, LessSource),
        0x04 => (LessDestination, One),
        0x05 => (DestinationAlpha, Zero),
        0x06 => (Zero, SourceAlpha),
        0x07 => (LessDestination, Zero),
        0x08 => (Zero, LessSource),
        0x09 => (DestinationAlpha, LessSource),
        0x0a => (LessDestination, SourceAlpha),
        0x0b => (LessDestination, LessSource),
        0x0c => (One, One),
        0x0d => (LessDestinationOverSource, One),
        0x13 => (One, LessSourceOverDestination),
        0x14 => (LessDestinationOverSource, One),
        0x15 => (OneLessRoomOverSource, Zero),
        0x16 => (Zero, OneLessRoomOverDestination),
        0x17 => (LessDestinationOverSource, Zero),
        0x18 => (Zero, LessSourceOverDestination),
        0x19 => (OneLessRoomOverSource, LessSourceOverDestination),
        0x1a => (LessDestinationOverSource, OneLessRoomOverDestination),
        0x1b => (LessDestinationOverSource, LessSourceOverDestination),
        0x23 => (One, OneLessSourceOverDestination),
        0x24 => (OneLessDestinationOverSource, One),
        0x25 => (DestinationOverSource, Zero),
        0x26 => (Zero, SourceOverDestination),
        0x27 => (OneLessDestinationOverSource, Zero),
        0x28 => (Zero, OneLessSourceOverDestination),
        0x29 => (DestinationOverSource, OneLessSourceOverDestination),
        0x2a => (OneLessDestinationOverSource, SourceOverDestination),
        0x2b => (OneLessDestinationOverSource, OneLessSourceOverDestination),
        _ => return Err(DrawError::Unsupported("composites by an unknown operator")),
    })
}
