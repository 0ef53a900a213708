//! What a monitor would say of itself: an EDID for each head.
//!
//! Drivers hand the bytes to the operating system, which takes name, size and preferred mode from there. The base block
//! is E-EDID 1.4 of VESA. What its detailed timing cannot say, more than 4095 pixels or 655.35 MHz, is in an
//! [extension](displayid) of its own.

mod displayid;
mod timing;

pub use timing::Timing;

/// Bytes of a block.
pub const BLOCK: usize = 128;

/// The device's maker, Red Hat.
const MAKER: [u8; 3] = *b"RHT";

/// The number of this kind of monitor.
const PRODUCT: u16 = 1;

/// The year in which it was made.
const YEAR: u16 = 2026;

/// Red, green, blue and white of sRGB, as section 3.7 of the standard packs them.
const SRGB: [u8; 10] = [0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54];

/// 640, 800 and 1024 pixels at 60 Hz.
const ESTABLISHED: [u8; 3] = [0x21, 0x08, 0x00];

/// Widths and shapes of further usual modes at 60 Hz.
const STANDARD: [(u16, Aspect); 8] = [
    (1280, Aspect::FiveToFour),
    (1280, Aspect::SixteenToNine),
    (1280, Aspect::SixteenToTen),
    (1440, Aspect::SixteenToTen),
    (1600, Aspect::FourToThree),
    (1680, Aspect::SixteenToTen),
    (1920, Aspect::SixteenToNine),
    (1920, Aspect::SixteenToTen),
];

#[derive(Clone, Copy)]
enum Aspect {
    SixteenToTen = 0,
    FourToThree = 1,
    FiveToFour = 2,
    SixteenToNine = 3,
}

/// A monitor to be described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Monitor<'a> {
    /// At most 13 printable characters of ASCII; others are left out.
    pub name: &'a str,
    /// Which monitor of this device it is.
    pub serial: u32,
    /// The preferred width in pixels.
    pub width: u32,
    /// The preferred height in pixels.
    pub height: u32,
    /// Width and height of the picture in millimetres, or nothing for 96 pixels an inch.
    pub millimetres: Option<(u32, u32)>,
}

/// One block, or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edid {
    base: [u8; BLOCK],
    extension: Option<[u8; BLOCK]>,
}

impl Edid {
    /// The description of a monitor that is refreshed 60 times a second.
    pub fn new(monitor: &Monitor<'_>) -> Self {
        let wanted = Timing::reduced(monitor.width, monitor.height);
        let detailed = wanted.filter(Timing::is_detailed);
        let extension = wanted
            .filter(|_| detailed.is_none())
            .and_then(|timing| displayid::block(monitor.serial, &timing));
        // A monitor must have a detailed timing.
        let detailed = detailed.or_else(|| Timing::reduced(1920, 1080));
        let size = monitor.millimetres.unwrap_or((at_96_dpi(monitor.width), at_96_dpi(monitor.height)));
        let mut block = Writer { block: [0; BLOCK], at: 0 };
        block.put(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
        block.put(&letters(MAKER));
        block.put(&PRODUCT.to_le_bytes());
        block.put(&monitor.serial.to_le_bytes());
        // The week is not said.
        block.put(&[0, since(1990), 1, 4]);
        // Digital, 8 bits a colour.
        block.put(&[0xa0]);
        block.put(&centimetres(size));
        // Gamma 2.2; sRGB, any mode within the limits is taken, and the detailed one is the preferred one, if it is.
        block.put(&[120, if extension.is_none() { 0x07 } else { 0x05 }]);
        block.put(&SRGB);
        block.put(&ESTABLISHED);
        for (width, aspect) in STANDARD {
            block.put(&[u8::try_from((width / 8).saturating_sub(31)).unwrap_or(1), (aspect as u8) << 6]);
        }
        block.put(&detailed.map(|timing| timing.descriptor(size)).unwrap_or_default());
        block.put(&text(0xfc, monitor.name.bytes()));
        block.put(&limits());
        block.put(&text(0xff, decimal(monitor.serial).into_iter().skip_while(|digit| *digit == b'0')));
        block.put(&[u8::from(extension.is_some())]);
        Self { base: block.with_checksum(), extension }
    }

    /// The blocks' bytes.
    pub fn blocks(&self) -> impl Iterator<Item = &[u8; BLOCK]> {
        core::iter::once(&self.base).chain(&self.extension)
    }
}

/// A block that is filled from the front.
struct Writer {
    block: [u8; BLOCK],
    at: usize,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        for (place, byte) in self.block.iter_mut().skip(self.at).zip(bytes) {
            *place = *byte;
        }
        self.at = self.at.saturating_add(bytes.len());
    }

    /// The block with a last byte that makes the sum of all 0.
    fn with_checksum(mut self) -> [u8; BLOCK] {
        self.at = BLOCK - 1;
        let sum = checksum(&self.block);
        self.put(&[sum]);
        self.block
    }
}

/// What makes the sum of some bytes 0.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}

/// Years from another one to that of the monitors.
const fn since(year: u16) -> u8 {
    YEAR.saturating_sub(year).to_le_bytes()[0]
}

/// Three capital letters in 15 bits, the first ones highest.
const fn letters([first, second, third]: [u8; 3]) -> [u8; 2] {
    const fn five_bits(letter: u8) -> u16 {
        (letter - b'A' + 1) as u16
    }
    (five_bits(first) << 10 | five_bits(second) << 5 | five_bits(third)).to_be_bytes()
}

/// Millimetres of so many pixels.
fn at_96_dpi(pixels: u32) -> u32 {
    u32::try_from(u64::from(pixels) * 254 / 960).unwrap_or(u32::MAX)
}

/// Both sides in whole centimetres; 0 for both when one cannot be said.
fn centimetres((width, height): (u32, u32)) -> [u8; 2] {
    let byte = |side: u32| u8::try_from(side.div_ceil(10)).ok();
    match (byte(width), byte(height)) {
        (Some(width), Some(height)) => [width, height],
        _ => [0, 0],
    }
}

/// A descriptor of text: printable characters, a line end, spaces.
fn text(tag: u8, characters: impl Iterator<Item = u8>) -> [u8; 18] {
    let mut descriptor = [b' '; 18];
    let printable = characters.filter(|byte| (b' '..=b'~').contains(byte));
    let bytes = [0, 0, 0, tag, 0].into_iter().chain(printable.take(13).chain([b'\n']));
    for (place, byte) in descriptor.iter_mut().zip(bytes) {
        *place = byte;
    }
    descriptor
}

/// A number in ten digits.
fn decimal(mut number: u32) -> [u8; 10] {
    let mut digits = [b'0'; 10];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    digits
}

/// The descriptor of what the monitor takes: 50 to 75 pictures and 30000 to 255000 lines a second, 2.55 GHz, and no more
/// about timings.
fn limits() -> [u8; 18] {
    let mut descriptor = [b' '; 18];
    let bytes = [0, 0, 0, 0xfd, 0, 50, 75, 30, 255, 255, 0x01, b'\n'];
    for (place, byte) in descriptor.iter_mut().zip(bytes) {
        *place = byte;
    }
    descriptor
}

#[cfg(test)]
mod tests;
