//! A device that draws, refuses, forgets, and counts.

use std::collections::HashMap;

use guest_display::damage::{Refused, Sink};
use guest_display::geometry::{Point, Rect};

use crate::frame::Frame;

/// What the device has where nobody has drawn, or where it has lost what was drawn.
const GARBAGE: u32 = 0xDEAD_BEEF;

/// What a command takes beside its pixels, in bytes.
const COMMAND: usize = 250;

/// What has been drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub fills: usize,
    pub copies: usize,
    pub images: usize,
    pub tiles: usize,
    /// Bytes of pixels; tiles that are resident have none.
    pub pixel_bytes: usize,
}

impl Cost {
    pub fn commands(&self) -> usize {
        self.fills + self.copies + self.images + self.tiles
    }

    pub fn bytes(&self) -> usize {
        self.commands() * COMMAND + self.pixel_bytes
    }
}

pub struct Device {
    pub picture: Frame,
    pub cost: Cost,
    /// How many drawings it still takes.
    pub room: usize,
    /// As many pixels as an image may have.
    pub most_pixels: usize,
    resident: HashMap<u64, (Rect, Vec<u32>)>,
}

impl Device {
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            picture: Frame::new(width, height, GARBAGE),
            cost: Cost::default(),
            room: usize::MAX,
            most_pixels: usize::MAX,
            resident: HashMap::new(),
        }
    }

    /// What has been drawn since it was last asked.
    pub fn take_cost(&mut self) -> Cost {
        std::mem::take(&mut self.cost)
    }

    /// Forgets what was drawn there.
    pub fn lose(&mut self, area: Rect) {
        let lost = area.intersection(&self.picture.area());
        if !lost.is_empty() {
            self.picture.fill(lost, GARBAGE);
        }
    }

    fn take(&mut self, area: Rect) -> Result<(), Refused> {
        assert!(!area.is_empty(), "a drawing of nothing: {area:?}");
        self.check_inside(area);
        self.room = self.room.checked_sub(1).ok_or(Refused::Full)?;
        Ok(())
    }

    fn check_inside(&self, area: Rect) {
        let screen = Rect::new(0, 0, self.picture.width, self.picture.height);
        assert_eq!(area.intersection(&screen), area, "a drawing outside of the screen");
    }

    fn put<'a>(&mut self, area: Rect, rows: impl Iterator<Item = &'a [u32]>) -> Vec<u32> {
        let rows: Vec<&[u32]> = rows.collect();
        assert!(rows.len() * area.width() as usize <= self.most_pixels(), "an image of too many pixels");
        assert_eq!(rows.len(), area.height() as usize, "rows of an image");
        for (y, row) in (area.top..).zip(&rows) {
            assert_eq!(row.len(), area.width() as usize, "pixels of a row");
            assert!(row.iter().all(|pixel| *pixel <= 0x00FF_FFFF), "a pixel that no frame had");
            self.picture.row_mut(y, area.left, area.right).copy_from_slice(row);
        }
        rows.concat()
    }
}

impl Sink for Device {
    fn most_pixels(&self) -> usize {
        self.most_pixels.max(self.picture.width as usize)
    }

    fn fill(&mut self, area: Rect, color: u32) -> Result<(), Refused> {
        self.take(area)?;
        self.picture.fill(area, color);
        self.cost.fills += 1;
        Ok(())
    }

    fn copy_bits(&mut self, area: Rect, from: Point) -> Result<(), Refused> {
        let source = Rect::new(from.x, from.y, from.x + area.width(), from.y + area.height());
        self.check_inside(source);
        self.take(area)?;
        let copy = self.picture.cut(source);
        assert!(!copy.pixels.contains(&GARBAGE), "copied what the device does not have");
        self.picture.paste(&copy, area.left, area.top);
        self.cost.copies += 1;
        Ok(())
    }

    fn image<'a>(
        &mut self,
        area: Rect,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused> {
        self.take(area)?;
        self.cost.pixel_bytes += self.put(area, rows).len() * 4;
        self.cost.images += 1;
        Ok(())
    }

    fn tile<'a>(
        &mut self,
        area: Rect,
        content: u64,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Result<(), Refused> {
        self.take(area)?;
        let pixels = self.put(area, rows);
        let size = Rect::new(0, 0, area.width(), area.height());
        if self.resident.get(&content) != Some(&(size, pixels.clone())) {
            self.cost.pixel_bytes += pixels.len() * 4;
            self.resident.insert(content, (size, pixels));
        }
        self.cost.tiles += 1;
        Ok(())
    }
}
