//! The palettes that a client keeps for one display.

use std::collections::VecDeque;
use std::sync::Arc;

use image::bitmap::Palette;
use wire::image::{Bitmap, ImageBody, LzPalette, PaletteSource};

/// The palettes by the guest's names for them, the one that was used last at the end.
#[derive(Debug, Default)]
pub struct PaletteCache(VecDeque<Arc<Palette>>);

impl PaletteCache {
    /// Palettes that a client keeps, as the original has it.
    const CAPACITY: usize = 128;

    /// Puts a palette's name into an image in the palette's place, if the client has it; otherwise the client keeps it from then on.
    /// Returns the name of the palette that it must forget before.
    pub fn place(&mut self, body: &mut ImageBody) -> Option<u64> {
        let (ImageBody::Bitmap(Bitmap { palette: source, .. })
        | ImageBody::LzPalette(LzPalette { palette: source, .. })) = body
        else {
            return None;
        };
        let PaletteSource::Inline { palette, cache } = source else { return None };
        // The guest has no name for it.
        if palette.unique == 0 {
            return None;
        }
        let known = self.0.iter().rposition(|known| known.unique == palette.unique);
        let known = known.and_then(|index| self.0.remove(index));
        self.0.push_back(palette.clone());
        match known {
            // A guest that gives another palette the same name gets what it drew.
            Some(known) if known.entries == palette.entries => *source = PaletteSource::Cached(known.unique),
            _ => *cache = true,
        }
        let forgotten = (self.0.len() > Self::CAPACITY).then(|| self.0.pop_front()).flatten();
        forgotten.map(|palette| palette.unique)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// How a palette of this name and colour goes out, and what is forgotten before.
    fn placed(cache: &mut PaletteCache, unique: u64, color: u32) -> (PaletteSource, Option<u64>) {
        let palette = Arc::new(Palette { unique, entries: vec![color] });
        let palette = PaletteSource::Inline { palette, cache: false };
        let mut body = ImageBody::LzPalette(LzPalette { top_down: true, palette, data: Bytes::new() });
        let forgotten = cache.place(&mut body);
        let ImageBody::LzPalette(LzPalette { palette, .. }) = body else { panic!("another kind of image") };
        (palette, forgotten)
    }

    const fn kept(source: &PaletteSource) -> bool {
        matches!(source, PaletteSource::Inline { cache: true, .. })
    }

    #[test]
    fn a_palette_is_sent_once_and_then_its_name() {
        let mut cache = PaletteCache::default();
        assert!(kept(&placed(&mut cache, 7, 1).0));
        assert_eq!(placed(&mut cache, 7, 1), (PaletteSource::Cached(7), None));
        cache.clear();
        assert!(kept(&placed(&mut cache, 7, 1).0));
    }

    #[test]
    fn without_a_name_it_is_sent_each_time_and_with_other_colours_anew() {
        let mut cache = PaletteCache::default();
        for _ in 0..2 {
            assert!(matches!(placed(&mut cache, 0, 1).0, PaletteSource::Inline { cache: false, .. }));
        }
        placed(&mut cache, 7, 1);
        assert!(kept(&placed(&mut cache, 7, 2).0));
        assert_eq!(placed(&mut cache, 7, 2).0, PaletteSource::Cached(7));
    }

    #[test]
    fn the_least_recently_used_of_129_makes_room() {
        let mut cache = PaletteCache::default();
        for unique in 1..=128 {
            assert_eq!(placed(&mut cache, unique, 0).1, None);
        }
        assert_eq!(placed(&mut cache, 1, 0), (PaletteSource::Cached(1), None));
        let (source, forgotten) = placed(&mut cache, 129, 0);
        assert!(kept(&source));
        assert_eq!(forgotten, Some(2));
        assert!(kept(&placed(&mut cache, 2, 0).0));
        assert_eq!(placed(&mut cache, 1, 0).0, PaletteSource::Cached(1));
    }
}
