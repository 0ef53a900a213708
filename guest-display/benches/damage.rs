//! What turning damage into drawings costs the processor, in nanoseconds a pixel of the screen.
//!
//! `cargo bench -p guest-display --bench damage [-- part of a scene's name]`. The sink copies pixels, as the device's does, and does nothing else.
//! The last line of a screen is what cannot be saved: a read, compare and write of each pixel, and one copy.

use std::hint::black_box;
use std::time::Instant;

use guest_display::damage::{Framebuffer, Progress, Refused, Sink, Translator};
use guest_display::geometry::{Point, Rect};

const SCREENS: [(u32, u32); 2] = [(1024, 768), (3840, 2160)];
const ROUNDS: u32 = 15;

struct Frame {
    width: u32,
    pixels: Vec<u32>,
}

impl Frame {
    fn new((width, height): (u32, u32), color: impl Fn(u32, u32) -> u32) -> Self {
        let pixels =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| color(x, y)).collect();
        Self { width, pixels }
    }
}

impl Framebuffer for Frame {
    fn width(&self) -> u32 {
        self.width
    }

    fn height(&self) -> u32 {
        self.pixels.len() as u32 / self.width
    }

    fn read(&self, x: u32, y: u32, pixels: &mut [u32]) {
        let start = y as usize * self.width as usize + x as usize;
        pixels.copy_from_slice(&self.pixels[start..start + pixels.len()]);
    }
}

/// Copies and compares, eight pixels at a time.
fn merge(row: &[u32], shadow: &mut [u32]) -> bool {
    let mut changed = 0;
    for (new, old) in row.chunks(8).zip(shadow.chunks_mut(8)) {
        for (new, old) in new.iter().zip(old) {
            changed |= *new ^ *old;
            *old = *new;
        }
    }
    changed != 0
}

/// Copies what it is given.
struct Memory {
    pixels: Vec<u32>,
    commands: usize,
}

impl Memory {
    fn put<'a>(&mut self, rows: impl Iterator<Item = &'a [u32]>) {
        let mut at = 0;
        for row in rows {
            if let Some(place) = self.pixels.get_mut(at..at + row.len()) {
                place.copy_from_slice(row);
            }
            at += row.len();
        }
        black_box(&self.pixels);
    }
}

impl Sink for Memory {
    fn most_pixels(&self) -> usize {
        self.pixels.len()
    }

    fn fill(&mut self, _: Rect, _: u32) -> Result<(), Refused> {
        self.commands += 1;
        Ok(())
    }

    fn copy_bits(&mut self, _: Rect, _: Point) -> Result<(), Refused> {
        self.commands += 1;
        Ok(())
    }

    fn image<'a>(&mut self, _: Rect, rows: impl Iterator<Item = &'a [u32]> + Clone) -> Result<(), Refused> {
        self.commands += 1;
        self.put(rows);
        Ok(())
    }

    fn tile<'a>(
        &mut self,
        _: Rect,
        _: u64,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused> {
        self.commands += 1;
        self.put(rows);
        Ok(())
    }
}

fn scramble(seed: u32) -> u32 {
    let mut x = seed.wrapping_mul(0x9E37_79B9) ^ seed >> 15;
    x = (x ^ x >> 16).wrapping_mul(0x21F0_AAAD);
    (x ^ x >> 15) & 0x00FF_FFFF
}

/// The least time of some rounds, in nanoseconds a pixel, merging and drawing apart, and the commands of the last.
fn time(size: (u32, u32), frames: &dyn Fn(u32) -> Frame) -> (f64, f64, usize) {
    let mut translator = Translator::new(size.0, size.1, 1).expect("there is memory");
    let mut sink = Memory { pixels: vec![0; 1 << 22], commands: 0 };
    let area = Rect::new(0, 0, size.0, size.1);
    let (mut merging, mut drawing) = (f64::MAX, f64::MAX);
    for round in 0..ROUNDS {
        let frame = frames(round);
        sink.commands = 0;
        let start = Instant::now();
        translator.merge(&frame, Point::default(), &[area]);
        let merged = Instant::now();
        assert_eq!(translator.emit(&mut sink), Ok(Progress::Done));
        let done = Instant::now();
        // The first is drawn on nothing, the second finds neither moves nor tiles that were there before.
        if round > 1 {
            merging = merging.min((merged - start).as_nanos() as f64);
            drawing = drawing.min((done - merged).as_nanos() as f64);
        }
    }
    let pixels = f64::from(size.0) * f64::from(size.1);
    (merging / pixels, drawing / pixels, sink.commands)
}

/// Read, compare, write, and one copy: what cannot be saved.
fn least(size: (u32, u32)) -> f64 {
    let mut shadow = vec![0; size.0 as usize * size.1 as usize];
    let mut memory = shadow.clone();
    let mut least = f64::MAX;
    for round in 0..ROUNDS {
        let frame = Frame::new(size, |x, y| scramble(y << 13 | x ^ round << 26));
        let start = Instant::now();
        for (row, shadow) in frame.pixels.chunks(size.0 as usize).zip(shadow.chunks_mut(size.0 as usize)) {
            black_box(merge(row, shadow));
        }
        memory.copy_from_slice(&shadow);
        black_box(&memory);
        least = least.min(start.elapsed().as_nanos() as f64);
    }
    least / (f64::from(size.0) * f64::from(size.1))
}

fn main() {
    let wishes: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| wishes.is_empty() || wishes.iter().any(|wish| name.contains(wish));
    println!("{:<22} {:>10} {:>8} {:>8} {:>9}", "scene", "screen", "merge", "draw", "commands");
    for size in SCREENS {
        let screen = format!("{}x{}", size.0, size.1);
        let noise = |seed: u32| Frame::new(size, move |x, y| scramble(y << 13 | x ^ seed << 26));
        let text =
            |x: u32, y: u32| if scramble((y << 13) | (x / 3)).is_multiple_of(5) { 0x00FF_FFFF } else { 0 };
        let show = |name: &str, frames: &dyn Fn(u32) -> Frame| {
            if wanted(name) {
                let (merge, draw, commands) = time(size, frames);
                println!("{name:<22} {screen:>10} {merge:>8.2} {draw:>8.2} {commands:>9}");
            }
        };
        show("unchanged", &|_| noise(1));
        show("new noise", &noise);
        show("two frames in turn", &|round| noise(round % 2));
        show("scroll by 16", &|round| Frame::new(size, |x, y| text(x, y + round * 16)));
        show("drag by 9, 5", &|round| {
            let (left, top) = (200 + round * 9, 100 + round * 5);
            Frame::new(size, |x, y| {
                let inside = (left..left + 500).contains(&x) && (top..top + 400).contains(&y);
                if inside { text(x - left, y - top) } else { scramble(y << 13 | x) }
            })
        });
        println!("{:<22} {screen:>10} {:>17.2}", "least for new noise", least(size));
    }
}
