//! What has changed, without an end to its detail: a region that grows coarser rather than longer.

use image::geometry::Rect;
use image::region::Region;

/// Pixels that have changed, and perhaps some more.
#[derive(Clone, Debug, Default)]
pub struct Damage {
    region: Region,
}

impl Damage {
    /// Rectangles beyond which all is replaced by the smallest one around them. Scattered drawing would
    /// otherwise make every further rectangle dearer than the one before.
    const MAX_RECTS: usize = 64;

    /// All of `rect` has changed.
    pub fn of(rect: Rect) -> Self {
        Self { region: Region::from_rect(rect) }
    }

    /// `rect` has changed.
    pub fn add_rect(&mut self, rect: &Rect) {
        self.region.union_rect(rect);
        self.coarsen();
    }

    /// `region` has changed.
    pub fn add(&mut self, region: &Region) {
        self.region.union(region);
        self.coarsen();
    }

    /// Takes out what is inside `area`, or everything.
    pub fn take(&mut self, area: Option<&Rect>) -> Region {
        let Some(area) = area else { return std::mem::take(&mut self.region) };
        let mut taken = self.region.clone();
        taken.intersect_rect(area);
        self.region.subtract_rect(area);
        self.coarsen();
        taken
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.region.clear();
    }

    /// At most `limit` rectangles around all that has changed.
    pub fn rects(&self, limit: usize) -> Vec<Rect> {
        let rects = self.region.as_slice();
        match limit {
            0 => Vec::new(),
            _ if rects.len() <= limit => rects.to_vec(),
            _ => vec![self.region.bounds()],
        }
    }

    fn coarsen(&mut self) {
        if self.region.as_slice().len() > Self::MAX_RECTS {
            self.region = Region::from_rect(self.region.bounds());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_changes_stay_few_rectangles_and_none_is_lost() {
        let mut damage = Damage::default();
        let dots: Vec<_> = (0..1000)
            .map(|i| Rect::new(i * 7 % 500, i * 13 % 300, i * 7 % 500 + 1, i * 13 % 300 + 1))
            .collect();
        dots.iter().for_each(|dot| damage.add_rect(dot));
        assert!(damage.rects(usize::MAX).len() <= Damage::MAX_RECTS);
        let all = damage.take(None);
        assert!(dots.iter().all(|dot| all.contains_rect(dot)));
        assert!(damage.take(None).is_empty());
    }

    #[test]
    fn an_area_is_taken_once() {
        let mut damage = Damage::of(Rect::new(0, 0, 10, 10));
        assert_eq!(damage.take(Some(&Rect::new(5, 5, 20, 20))).bounds(), Rect::new(5, 5, 10, 10));
        assert!(damage.take(Some(&Rect::new(5, 5, 20, 20))).is_empty());
        assert_eq!(damage.rects(1), [Rect::new(0, 0, 10, 10)]);
    }
}
