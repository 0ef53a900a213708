//! A moving picture: glossy balls on crossing orbits, a rolling wave, and a counter. Only what moved is announced, as
//! compositors do it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tiny_skia::{
    Color, GradientStop, Paint, PathBuilder, Pixmap, Point, RadialGradient, SpreadMode, Transform,
};

use crate::canvas::{Area, Canvas, Colour, Size, Text};
use crate::screen::Screen;
use crate::test_card;

const FRAME: Duration = Duration::from_millis(50);
const WHITE: Colour = [240, 244, 255];
const PALE: Colour = [150, 170, 210];

/// A ball's colour, and its path: how many turns it makes across and down in one round of the picture, and where it
/// starts, in parts of a turn.
const BALLS: [(Colour, f32, f32, f32); 7] = [
    ([255, 92, 108], 1.0, 2.0, 0.00),
    ([255, 170, 60], 2.0, 1.0, 0.13),
    ([250, 226, 90], 2.0, 3.0, 0.29),
    ([96, 220, 130], 3.0, 2.0, 0.41),
    ([80, 200, 250], 1.0, 3.0, 0.57),
    ([122, 130, 255], 3.0, 1.0, 0.71),
    ([226, 120, 250], 1.0, 1.0, 0.86),
];
const FRAMES_A_ROUND: f32 = 420.0;

/// A ball's fading trail, farthest first: how many frames behind it, and how solid of 255.
const TRAIL: [(f32, u8); 4] = [(12.0, 20), (9.0, 36), (6.0, 60), (3.0, 96)];

/// The balls stay between these parts of the screen's height, clear of the title and the wave.
const ORBITS_TOP: f32 = 0.19;
const ORBITS_HEIGHT: f32 = 0.66;

/// Runs until `frames` have been shown, or for ever, telling `report` after the first and the last.
pub(crate) fn run(screen: &mut Screen, frames: Option<u32>, report: fn(&str)) -> Result<()> {
    let mut animation = Animation::new(screen.size(), screen.driver())?;
    screen.show(&animation.canvas, &[])?;
    let mut due = Instant::now();
    for frame in 0..frames.unwrap_or(u32::MAX) {
        let areas = animation.draw(frame)?;
        screen.show(&animation.canvas, &areas)?;
        if frame == 0 {
            report("DRAWN moving");
        }
        due += FRAME;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        due = due.max(Instant::now() - FRAME);
    }
    report(&format!("DRAWN last {:016x}", animation.canvas.fingerprint()));
    Ok(())
}

struct Animation {
    size: Size,
    background: Canvas,
    canvas: Canvas,
    balls: Vec<Ball>,
    /// What the last frame drew over the background: the balls, then the wave's dots, then the counter.
    drawn: Vec<Area>,
}

impl Animation {
    fn new(size: Size, driver: &str) -> Result<Self> {
        let mut background = Canvas::painted(&test_card::background(size)?)?;
        let left = size.width / 16;
        background.write("SPICE guest suite", Text::Title, WHITE, left, size.height / 14);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let line = format!("Linux {}, {driver} driver, {}x{}", kernel.trim(), size.width, size.height);
        background.write(&line, Text::Small, PALE, left, size.height / 14 + 44);
        let diameter = size.height / 8;
        let balls =
            BALLS.iter().map(|(colour, ..)| Ball::new(*colour, diameter)).collect::<Result<Vec<_>>>()?;
        Ok(Animation { size, canvas: background.clone(), background, balls, drawn: Vec::new() })
    }

    /// Draws a frame and gives what differs from the one before.
    fn draw(&mut self, frame: u32) -> Result<Vec<Area>> {
        let before = std::mem::take(&mut self.drawn);
        for area in &before {
            self.canvas.restore(*area, &self.background);
        }
        let round = f32::from(u16::try_from(frame % 42_000)?) / FRAMES_A_ROUND;
        let wave = self.wave(round)?;
        self.drawn.push(wave);
        for (ball, (_, across, down, start)) in self.balls.iter().zip(BALLS) {
            let mut covered: Option<Area> = None;
            for (behind, sprite) in &ball.sprites {
                let round = round - behind / FRAMES_A_ROUND;
                let turn = |speed: f32| std::f32::consts::TAU * (round * speed + start);
                let left = along(turn(across).sin(), self.size.width, sprite.width());
                let orbits = part(self.size.height, ORBITS_HEIGHT);
                let top =
                    part(self.size.height, ORBITS_TOP) + along(turn(down).cos(), orbits, sprite.height());
                let area = self.canvas.blend(sprite, left, top)?;
                covered = Some(covered.map_or(area, |covered| covered.around(area)));
            }
            self.drawn.extend(covered);
        }
        let counter = format!("frame {frame:>6}");
        let left = self.size.width.saturating_sub(self.size.width / 16 + Text::Body.width(&counter));
        self.drawn.push(self.canvas.write(&counter, Text::Body, WHITE, left, self.size.height / 14));
        Ok(changed(&before, &self.drawn))
    }

    /// A row of dots on a rolling wave near the lower edge.
    fn wave(&mut self, round: f32) -> Result<Area> {
        let dot = shaded([120, 240, 220], (self.size.height / 70).max(4))?;
        let mut covered: Option<Area> = None;
        for step in 0_u8..48 {
            let phase = std::f32::consts::TAU * (f32::from(step) / 24.0 + round * 6.0);
            let left = self.size.width * usize::from(step) / 48 + self.size.width / 128;
            let height = along(phase.sin(), self.size.height / 10, dot.height());
            let area = self.canvas.blend(&dot, left, self.size.height * 21 / 24 + height)?;
            covered = Some(covered.map_or(area, |covered| covered.around(area)));
        }
        covered.context("a wave has dots")
    }
}

/// Each thing's old and new place; as one rectangle where they lie close, as two where they do not.
fn changed(before: &[Area], now: &[Area]) -> Vec<Area> {
    let mut areas = Vec::new();
    for (position, area) in now.iter().enumerate() {
        match before.get(position) {
            Some(old) if pixels(old.around(*area)) <= pixels(*old) + pixels(*area) => {
                areas.push(old.around(*area));
            }
            Some(old) => areas.extend([*old, *area]),
            None => areas.push(*area),
        }
    }
    areas
}

fn pixels(area: Area) -> usize {
    (area.right - area.left) * (area.bottom - area.top)
}

/// This part of a length in pixels.
fn part(length: usize, part: f32) -> usize {
    along(part * 2.0 - 1.0, length, 0)
}

/// Where something of this length lies on a way of `room` pixels when `swing` goes from -1 to 1.
fn along(swing: f32, room: usize, length: u32) -> usize {
    let free = room.saturating_sub(usize::try_from(length).unwrap_or(room));
    let free = f32::from(u16::try_from(free).unwrap_or(u16::MAX));
    // Within the screen: small and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let position = ((swing + 1.0) / 2.0 * free) as usize;
    position
}

/// A ball and its trail, in the order in which they are drawn: each with the number of frames it is behind.
struct Ball {
    sprites: Vec<(f32, Pixmap)>,
}

impl Ball {
    fn new(colour: Colour, diameter: usize) -> Result<Self> {
        let whole = shaded(colour, diameter)?;
        let mut sprites = Vec::new();
        for (behind, solidity) in TRAIL {
            sprites.push((behind, faded(&whole, solidity)));
        }
        sprites.push((0.0, whole));
        Ok(Ball { sprites })
    }
}

/// The same, but only this solid of 255.
fn faded(sprite: &Pixmap, solidity: u8) -> Pixmap {
    let mut faded = sprite.clone();
    for byte in faded.data_mut() {
        let product = u16::from(*byte) * u16::from(solidity) / 255;
        *byte = u8::try_from(product).unwrap_or(u8::MAX);
    }
    faded
}

/// A shaded ball with a highlight, on a transparent ground.
fn shaded([red, green, blue]: Colour, diameter: usize) -> Result<Pixmap> {
    let mut pixmap = Canvas::pixmap(Size { width: diameter, height: diameter })?;
    let radius = f32::from(u16::try_from(diameter)?) / 2.0;
    let dark = |channel: u8| channel / 4;
    let stops = vec![
        GradientStop::new(0.0, Color::from_rgba8(255, 255, 255, 255)),
        GradientStop::new(0.25, Color::from_rgba8(red, green, blue, 255)),
        GradientStop::new(1.0, Color::from_rgba8(dark(red), dark(green), dark(blue), 255)),
    ];
    let light = Point::from_xy(radius * 0.65, radius * 0.6);
    let reach = radius * 1.5;
    let shader = RadialGradient::new(light, 0.0, light, reach, stops, SpreadMode::Pad, Transform::identity());
    let paint =
        Paint { shader: shader.context("a ball needs a size")?, anti_alias: true, ..Paint::default() };
    let circle = PathBuilder::from_circle(radius, radius, radius - 1.0).context("a ball needs a size")?;
    pixmap.fill_path(&circle, &paint, tiny_skia::FillRule::Winding, Transform::identity(), None);
    Ok(pixmap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_announces_everything_it_changes() {
        let size = Size { width: 640, height: 480 };
        let mut animation = Animation::new(size, "none").unwrap();
        animation.draw(0).unwrap();
        let mut shown = animation.canvas.clone();
        for area in animation.draw(1).unwrap() {
            shown.restore(area, &animation.canvas);
        }
        for y in 0..size.height {
            assert!(shown.row(y, 0, size.width) == animation.canvas.row(y, 0, size.width), "row {y}");
        }
    }

    #[test]
    fn things_stay_on_the_screen() {
        assert_eq!((along(-1.0, 100, 20), along(1.0, 100, 20), along(1.0, 10, 20)), (0, 80, 0));
    }
}
