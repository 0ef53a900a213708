//! Noise all over, drawn into what is shown without a pause: more than any device takes.

use anyhow::Result;
use rustix::io::Errno;

use crate::canvas::{Area, Canvas, Size};
use crate::screen::Screen;

/// Runs until the device is taken away, telling `report` after the first picture and after that.
pub(crate) fn run(screen: &mut Screen, report: fn(&str)) -> Result<()> {
    let Size { width, height } = screen.size();
    let whole = Area { left: 0, top: 0, right: width, bottom: height };
    let mut canvas = Canvas::painted(&Canvas::pixmap(screen.size())?)?;
    let mut seed = 1_u32;
    for frame in 0_u64.. {
        canvas.paint(whole, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, red, green, blue] = seed.to_le_bytes();
            [red, green, blue]
        });
        let shown = screen.show(&canvas, &[]);
        if let Err(error) = &shown
            && error.root_cause().downcast_ref().and_then(Errno::from_io_error) == Some(Errno::NODEV)
        {
            report("DEVICE-GONE");
            break;
        }
        shown?;
        if frame == 0 {
            report("DRAWN noise");
        }
    }
    Ok(())
}
