//! A test card: every kind of content that codecs and drawing get wrong. Smooth and stepped gradients, saturated bars,
//! one-pixel lines, antialiased curves, text.

use anyhow::{Context, Result};
use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, PathBuilder, Pixmap, Point, RadialGradient, Rect,
    Shader, SpreadMode, Stroke, Transform,
};

use crate::canvas::{Canvas, Colour, Size, Text};

const BARS: [Colour; 7] =
    [[192, 192, 192], [192, 192, 0], [0, 192, 192], [0, 192, 0], [192, 0, 192], [192, 0, 0], [0, 0, 192]];
const GREYS: u8 = 11;

/// Paints it in this size, with the name of the display's kernel driver.
pub(crate) fn paint(size: Size, driver: &str) -> Result<Canvas> {
    let mut pixmap = background(size)?;
    let extent = Extent::of(size);
    grid(&mut pixmap, extent)?;
    bars(&mut pixmap, extent)?;
    greys(&mut pixmap, extent)?;
    ramps(&mut pixmap, extent)?;
    gratings(&mut pixmap, extent)?;
    rings(&mut pixmap, extent)?;
    let mut canvas = Canvas::painted(&pixmap)?;
    centred(&mut canvas, size, "SPICE guest suite", Text::Title, extent.height * 0.045);
    let line = format!("{} x {}   {driver}", size.width, size.height);
    centred(&mut canvas, size, &line, Text::Body, extent.height * 0.90);
    Ok(canvas)
}

/// A smooth dark background with soft lights, which the moving picture uses too.
pub(crate) fn background(size: Size) -> Result<Pixmap> {
    let mut pixmap = Canvas::pixmap(size)?;
    let extent = Extent::of(size);
    let whole = extent.part(0.0, 0.0, 1.0, 1.0)?;
    let stops = [(0.0, [9, 12, 34]), (0.55, [28, 26, 74]), (1.0, [8, 56, 74])];
    fill(
        &mut pixmap,
        whole,
        gradient(stops.map(opaque).to_vec(), extent.point(0.0, 0.0), extent.point(0.3, 1.0))?,
    );
    for (x, y, radius, colour) in [
        (0.18, 0.22, 0.55, [120, 40, 160]),
        (0.85, 0.30, 0.50, [20, 120, 190]),
        (0.55, 1.0, 0.60, [20, 150, 120]),
    ] {
        fill(&mut pixmap, whole, glow(extent.point(x, y), extent.width * radius, colour)?);
    }
    Ok(pixmap)
}

/// The card's size as the painting library counts.
#[derive(Clone, Copy)]
struct Extent {
    width: f32,
    height: f32,
}

impl Extent {
    fn of(size: Size) -> Self {
        let pixels = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
        Extent { width: pixels(size.width), height: pixels(size.height) }
    }

    fn point(self, x: f32, y: f32) -> Point {
        Point::from_xy(self.width * x, self.height * y)
    }

    /// A rectangle by its corner and size, in parts of the whole, on whole pixels.
    fn part(self, x: f32, y: f32, width: f32, height: f32) -> Result<Rect> {
        let (left, top) = ((self.width * x).round(), (self.height * y).round());
        let (right, bottom) = ((self.width * (x + width)).round(), (self.height * (y + height)).round());
        Rect::from_ltrb(left, top, right, bottom).context("the screen is too small for a test card")
    }
}

fn grid(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    const CELLS: u8 = 16;
    let light = Color::from_rgba8(255, 255, 255, 26);
    for step in 1..CELLS {
        let at = f32::from(step) / f32::from(CELLS);
        let (x, y) = ((extent.width * at).round(), (extent.height * at).round());
        fill(
            pixmap,
            Rect::from_xywh(x, 0.0, 1.0, extent.height).context("no column")?,
            Shader::SolidColor(light),
        );
        fill(
            pixmap,
            Rect::from_xywh(0.0, y, extent.width, 1.0).context("no row")?,
            Shader::SolidColor(light),
        );
    }
    Ok(())
}

fn bars(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    let width = 0.76 / 7.0;
    for (x, colour) in (0_u8..).zip(BARS) {
        let bar = extent.part(0.12 + f32::from(x) * width, 0.14, width, 0.30)?;
        fill(pixmap, bar, Shader::SolidColor(solid(colour)));
    }
    Ok(())
}

fn greys(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    let width = 0.76 / f32::from(GREYS);
    for step in 0..GREYS {
        let level = 255 / (GREYS - 1) * step;
        let patch = extent.part(0.12 + f32::from(step) * width, 0.44, width, 0.09)?;
        fill(pixmap, patch, Shader::SolidColor(solid([level; 3])));
    }
    Ok(())
}

fn ramps(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    for (row, colour) in (0_u8..).zip([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]) {
        let y = 0.55 + f32::from(row) * 0.035;
        let stops = [(0.0, [0, 0, 0]), (1.0, colour)].map(opaque).to_vec();
        let shader = gradient(stops, extent.point(0.12, 0.0), extent.point(0.88, 0.0))?;
        fill(pixmap, extent.part(0.12, y, 0.76, 0.028)?, shader);
    }
    Ok(())
}

/// Lines one, two and four pixels apart, in both directions.
fn gratings(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    for (place, spacing) in (0_u8..).zip([1.0, 2.0, 4.0]) {
        let x = 0.12 + f32::from(place) * 0.10;
        lines(pixmap, extent.part(x, 0.71, 0.09, 0.14)?, spacing, true)?;
        lines(pixmap, extent.part(0.79 - f32::from(place) * 0.10, 0.71, 0.09, 0.14)?, spacing, false)?;
    }
    Ok(())
}

fn lines(pixmap: &mut Pixmap, area: Rect, spacing: f32, upright: bool) -> Result<()> {
    fill(pixmap, area, Shader::SolidColor(Color::BLACK));
    let (start, end) = if upright { (area.left(), area.right()) } else { (area.top(), area.bottom()) };
    let mut at = start;
    while at + spacing <= end {
        let line = if upright {
            Rect::from_xywh(at, area.top(), spacing, area.height())
        } else {
            Rect::from_xywh(area.left(), at, area.width(), spacing)
        };
        fill(pixmap, line.context("a line needs a size")?, Shader::SolidColor(Color::WHITE));
        at += 2.0 * spacing;
    }
    Ok(())
}

fn rings(pixmap: &mut Pixmap, extent: Extent) -> Result<()> {
    let centre = extent.point(0.5, 0.78);
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    for step in 1_u8..=6 {
        paint.set_color_rgba8(255, 255 - step * 24, 90 + step * 24, 235);
        let radius = extent.height * 0.075 * f32::from(step) / 6.0;
        let path = PathBuilder::from_circle(centre.x, centre.y, radius).context("a ring needs a size")?;
        pixmap.stroke_path(
            &path,
            &paint,
            &Stroke { width: 2.0, ..Stroke::default() },
            Transform::identity(),
            None,
        );
    }
    paint.set_color_rgba8(255, 255, 255, 255);
    let dot =
        PathBuilder::from_circle(centre.x, centre.y, extent.height * 0.008).context("a dot needs a size")?;
    pixmap.fill_path(&dot, &paint, FillRule::Winding, Transform::identity(), None);
    Ok(())
}

fn centred(canvas: &mut Canvas, size: Size, text: &str, style: Text, top: f32) {
    let left = size.width.saturating_sub(style.width(text)) / 2;
    // A position on the card: small and not negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let top = top as usize;
    canvas.write(text, style, [240, 244, 255], left, top);
}

fn fill(pixmap: &mut Pixmap, area: Rect, shader: Shader<'_>) {
    let paint = Paint { shader, anti_alias: false, ..Paint::default() };
    pixmap.fill_rect(area, &paint, Transform::identity(), None);
}

fn gradient(stops: Vec<GradientStop>, from: Point, to: Point) -> Result<Shader<'static>> {
    let shader = LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity());
    shader.context("a gradient needs two ends")
}

fn glow(centre: Point, radius: f32, [red, green, blue]: Colour) -> Result<Shader<'static>> {
    let stops = vec![
        GradientStop::new(0.0, Color::from_rgba8(red, green, blue, 150)),
        GradientStop::new(1.0, Color::from_rgba8(red, green, blue, 0)),
    ];
    let shader =
        RadialGradient::new(centre, 0.0, centre, radius, stops, SpreadMode::Pad, Transform::identity());
    shader.context("a glow needs a size")
}

fn opaque((position, colour): (f32, Colour)) -> GradientStop {
    GradientStop::new(position, solid(colour))
}

fn solid([red, green, blue]: Colour) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bars_have_their_exact_colours() {
        let card = paint(Size { width: 1024, height: 768 }, "none").unwrap();
        let bar = card.row(200, 200, 201);
        assert_eq!(bar, [192, 192, 192, 0]);
    }

    #[test]
    fn small_screens_get_a_card_too() {
        paint(Size { width: 320, height: 200 }, "none").unwrap();
    }
}
