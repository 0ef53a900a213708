//! The virtual hardware, and what is looked at on which.

use crate::session::{Check, Last};
use crate::{conformance, end, heads, lifecycle, limits, migration, pixels, pointer, power};

/// A machine with a QXL device.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    /// For QEMU's command line.
    pub(crate) arguments: &'static [&'static str],
    /// Whether it has a disk, which is empty.
    pub(crate) has_disk: bool,
    pub(crate) checks: &'static [Check],
    /// Ends the machine.
    pub(crate) last: Option<Last>,
}

pub(crate) const MACHINES: &[Machine] = &[
    Machine {
        name: "a machine as QEMU makes it",
        arguments: &[],
        has_disk: false,
        checks: &[
            ("text console", pixels::console),
            ("modes", pixels::modes),
            ("16 bits a pixel", pixels::sixteen_bits),
            ("moving picture", pixels::moving),
            ("scenes", pixels::scenes),
            ("pointer", pointer::arrives),
            ("resized by the client", pixels::resized_by_client),
            ("two displays", heads::two),
            ("a display that moves", heads::moved),
            ("one picture on two displays", heads::shared),
            ("suspend to RAM", power::suspended),
            ("savevm and loadvm", pixels::saved_and_loaded),
            ("mode changes", lifecycle::modes_leave_nothing),
            // It leaves a second display to the console: nothing that looks at whole pictures may come after it without a
            // boot.
            ("conformance", conformance::answers_all),
            ("unbind and bind", lifecycle::bound_again),
            ("module unloaded and loaded", lifecycle::loaded_again),
            ("system_reset", pixels::reset),
            ("panic", end::panicked),
        ],
        last: None,
    },
    // QEMU draws VGA's text over the driver's picture, and garbles both, once it was asked for a picture of that: none of
    // these does.
    Machine {
        name: "a machine of which no picture was taken",
        // What a guest that switched itself off has left on the screen stays to be seen.
        arguments: &["-no-shutdown"],
        has_disk: false,
        checks: &[("device removed and found", lifecycle::removed), ("switched off", end::switched_off)],
        last: None,
    },
    Machine {
        name: "a machine with much video memory",
        arguments: &["-global", "qxl-vga.vgamem_mb=64"],
        has_disk: false,
        checks: &[("3840x2160", limits::four_k), ("four displays", heads::four)],
        last: Some(("migrated", migration::migrated)),
    },
    Machine {
        name: "a machine with little video memory",
        arguments: &["-global", "qxl-vga.vgamem_mb=8", "-global", "qxl-vga.ram_size_mb=16"],
        has_disk: true,
        checks: &[
            ("scenes with little memory", pixels::scenes),
            ("a mode that is too large", limits::too_large),
            ("a display too many", limits::too_many),
            ("more drawn than the device takes", limits::flooded),
            ("unbound under pressure", lifecycle::unbound_under_pressure),
            ("memory pressure", limits::pressed),
        ],
        last: Some(("suspend to disk", power::hibernated)),
    },
];
