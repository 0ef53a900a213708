//! Modes of any size, with the reduced blanking of flat panels: what `cvt -r` gives, roughly.

use anyhow::Result;
use drm_ffi::drm_mode_modeinfo;

const HORIZONTAL_BLANK: u16 = 160;
const VERTICAL_BLANK: u16 = 30;
const REFRESH: u32 = 60;

/// A mode of this size at 60 Hz.
pub(crate) fn timing(width: u16, height: u16) -> Result<drm_mode_modeinfo> {
    let (total_width, total_height) = (width + HORIZONTAL_BLANK, height + VERTICAL_BLANK);
    let mut mode = drm_mode_modeinfo {
        clock: u32::from(total_width) * u32::from(total_height) * REFRESH / 1000,
        hdisplay: width,
        hsync_start: width + 48,
        hsync_end: width + 80,
        htotal: total_width,
        vdisplay: height,
        vsync_start: height + 3,
        vsync_end: height + 9,
        vtotal: total_height,
        vrefresh: REFRESH,
        ..drm_mode_modeinfo::default()
    };
    for (place, letter) in mode.name.iter_mut().zip(format!("{width}x{height}").bytes()) {
        *place = i8::try_from(letter)?;
    }
    Ok(mode)
}
