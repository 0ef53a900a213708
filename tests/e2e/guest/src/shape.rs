//! The pointer's shape: every pixel another colour, transparent and half-transparent ones among them, and a hot spot that
//! is not in its corner.

/// Width and height, in pixels.
pub(crate) const SIZE: u16 = 24;
/// The pixel that points.
pub(crate) const HOT_X: u16 = 5;
pub(crate) const HOT_Y: u16 = 7;

/// Blue, green, red and alpha of each pixel, colours multiplied by alpha, as X11, Wayland and the kernel take them.
pub(crate) fn pixels() -> Vec<u8> {
    let places = (0..SIZE).flat_map(|y| (0..SIZE).map(move |x| (x, y)));
    places.flat_map(|(x, y)| pixel(x, y)).collect()
}

fn pixel(x: u16, y: u16) -> [u8; 4] {
    let part = |value: u16| u8::try_from(value * 10).unwrap_or(u8::MAX);
    match (x + y) % 4 {
        0 if x > y => [0, 0, 0, 0],
        1 if x > y => [part(x) / 2, part(y) / 2, 64, 128],
        _ => [part(x), part(y), 200, 255],
    }
}

/// What the host compares: FNV-1a over red, green, blue and alpha of the pixels.
pub(crate) fn fingerprint() -> u64 {
    let pixels = pixels();
    let bytes =
        pixels.as_chunks::<4>().0.iter().flat_map(|[blue, green, red, alpha]| [*red, *green, *blue, *alpha]);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What the host waits for.
pub(crate) fn described() -> String {
    format!("POINTER {SIZE}x{SIZE} {HOT_X},{HOT_Y} {:016x}", fingerprint())
}
