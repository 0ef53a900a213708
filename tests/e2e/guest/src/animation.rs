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
    report("DRAWN last");
    Ok(())
}

struct Animation {
    size: Size,
    background: Canvas,
    canvas: Canvas,
    balls: Vec<Pixmap>,
    /// What the last frame drew over the background: the balls, then the wave's dots, then the counter.
    drawn: Vec<Area>,
}

impl Animation {
    fn new(size: Size, driver: &str) -> Result<Self> {
        let mut background = Canvas::painted(&test_card::background(size)?)?;
        let left = size.width / 16;
        background.write("SPICE guest suite", Text::Title, WHITE, left, size.height / 14);
        let line = format!(
            "drawn in the guest through the kernel's {driver} driver, {}x{}",
            size.width, size.height
        );
        background.write(&line, Text::Small, PALE, left, size.height / 14 + 44);
        let diameter = size.height / 8;
        let balls = BALLS.iter().map(|(colour, ..)| ball(*colour, diameter)).collect::<Result<Vec<_>>>()?;
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
        for (sprite, (_, across, down, start)) in self.balls.iter().zip(BALLS) {
            let turn = |speed: f32| std::f32::consts::TAU * (round * speed + start);
            let left = along(turn(across).sin(), self.size.width, sprite.width());
            let top = along(turn(down).cos(), self.size.height, sprite.height());
            self.drawn.push(self.canvas.blend(sprite, left, top)?);
        }
        let counter = format!("frame {frame:>6}");
        let left = self.size.width.saturating_sub(self.size.width / 16 + Text::Body.width(&counter));
        self.drawn.push(self.canvas.write(&counter, Text::Body, WHITE, left, self.size.height / 14));
        Ok(changed(&before, &self.drawn))
    }

    /// A row of dots on a rolling wave near the lower edge.
    fn wave(&mut self, round: f32) -> Result<Area> {
        let dot = ball([120, 240, 220], (self.size.height / 70).max(4))?;
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

/// Where something of this length lies on a way of `room` pixels when `swing` goes from -1 to 1.
fn along(swing: f32, room: usize, length: u32) -> usize {
    let free = room.saturating_sub(usize::try_from(length).unwrap_or(room));
    let free = f32::from(u16::try_from(free).unwrap_or(u16::MAX));
    // Within the screen: small and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let position = ((swing + 1.0) / 2.0 * free) as usize;
    position
}

/// A shaded ball with a highlight, on a transparent ground.
fn ball([red, green, blue]: Colour, diameter: usize) -> Result<Pixmap> {
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
