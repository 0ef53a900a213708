//! Every question of the guest's conformance program. What the kernel's own driver is known to fail or not to offer is
//! listed here; anything else that it fails says something about the test. Ours has to answer all.

use anyhow::{Result, ensure};
use e2e::{Deadline, Suite};

use crate::answers::{Answer, read};
use crate::session::Session;

/// Checks that upstream's qxl fails, on the kernels named, and why.
const KNOWN_OF_UPSTREAM: &[(&str, &[Suite], &str)] = &[
    ("primary-has-damage-clips", &Suite::ALL, "whatever a compositor says has changed, all is sent"),
    ("damage-clips", &Suite::ALL, "no FB_DAMAGE_CLIPS"),
    ("damage-odd-clips", &Suite::ALL, "no FB_DAMAGE_CLIPS"),
    ("connector-has-edid", &Suite::ALL, "no EDID"),
    ("mode-highest-clock", &Suite::ALL, "only the size of a mode is looked at"),
    ("mode-overflowing-refresh", &Suite::ALL, "only the size of a mode is looked at"),
    (
        "dirtyfb-odd-clips",
        &Suite::ALL,
        "an empty clip becomes a bitmap without area, which the server warns of",
    ),
    ("atomic-primary-scaled", &Suite::ALL, "no check of the plane's size"),
    ("atomic-primary-moved", &Suite::ALL, "no check of the plane's place"),
    ("atomic-rgb565", &[Suite::Bookworm], "a framebuffer is made that no plane takes"),
    ("cursor-too-large", &Suite::ALL, "no check of the pointer's size"),
    ("flip-paced-by-refresh", BEFORE_VBLANK, "a flip completes at once"),
    ("flip-timestamps", BEFORE_VBLANK, "every flip is in frame 0"),
    ("vblank-query", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-wait", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-event", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-rate", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-of-idle-crtc", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-of-no-crtc", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-counts-on-after-dpms", BEFORE_VBLANK, "no vertical blanks"),
    ("vblank-forked", BEFORE_VBLANK, "no vertical blanks"),
];

/// Linux 7 gave upstream's driver a timer for them.
const BEFORE_VBLANK: &[Suite] = &[Suite::Bookworm, Suite::Trixie];

/// What ours does not have to offer: skipped checks, and why that is right.
const NOT_OFFERED: &[(&str, &str)] = &[
    ("legacy-gamma-or-none", "the device has no gamma table"),
    ("cursor-hotspot", "the property is younger than Linux 6.1"),
];

pub(crate) fn answers_all(session: &mut Session) -> Result<()> {
    let filter = std::env::var("KMS_FILTER").unwrap_or_default();
    // A second display, as if a client had asked for one.
    session.vm.guest.run("echo on | tee /sys/class/drm/card*-Virtual-2/status", Deadline::seconds(10))?;
    let line = format!("guest-program conformance {filter} >/dev/ttyS0 2>&1 &");
    session.vm.guest.run(&line, Deadline::seconds(10))?;
    let mut surprises = Vec::new();
    let (mut passed, mut known) = (0, 0);
    loop {
        let line = session.vm.guest.marker("CHECK ", Deadline::seconds(90))?;
        let Some((name, answer)) = read(&line)? else { break };
        let expected_to_fail = fails_upstream(session, &name);
        match answer {
            Answer::Ok if expected_to_fail => {
                surprises.push(format!("{name} is listed as failing, and passes"));
            }
            Answer::Ok => passed += 1,
            Answer::Fail(_) if expected_to_fail => known += 1,
            Answer::Fail(reason) => surprises.push(format!("{name}: {reason}")),
            Answer::Skip(reason) => {
                let allowed = !session.is_ours() || NOT_OFFERED.iter().any(|(known, _)| *known == name);
                println!("      {name} skipped: {reason}");
                if !allowed {
                    surprises.push(format!("{name} skipped: {reason}"));
                }
            }
        }
    }
    session.vm.guest.run("echo detect | tee /sys/class/drm/card*-Virtual-2/status", Deadline::seconds(10))?;
    if !session.is_ours() {
        // See dirtyfb-odd-clips above.
        session.vm.forget_complaints()?;
    }
    println!("      {passed} passed, {known} known failures");
    ensure!(surprises.is_empty(), "{}", surprises.join("\n"));
    Ok(())
}

fn fails_upstream(session: &Session, name: &str) -> bool {
    !session.is_ours()
        && KNOWN_OF_UPSTREAM
            .iter()
            .any(|(known, suites, _)| *known == name && suites.contains(&session.suite))
}
