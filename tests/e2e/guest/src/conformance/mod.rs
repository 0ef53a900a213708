//! `guest-program conformance`: what a program may ask of a display driver, each question a check. The host's tests run
//! it under the kernel's own driver first and then under ours; the questions are those of the kernel's documentation
//! (drm-kms) and cover what the Intel GPU Tools ask of a driver of this kind.
//!
//! Every check opens the device anew and leaves it to the console. One line for each: `CHECK ok NAME`, `CHECK fail NAME
//! REASON`, `CHECK skip NAME REASON`, and `CHECK end` after the last. A kernel warning fails the check that caused it.

mod at_once;
mod atomic;
mod buffers;
mod checksums;
mod cursor;
mod damage;
mod flips;
mod framebuffers;
mod kernel_log;
mod leases;
mod modes;
mod outcome;
mod properties;
mod sharing;
mod transitions;
mod vblank;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::Result;

use crate::conformance::kernel_log::KernelLog;
use crate::conformance::outcome::{Outcome, describe};

/// A check that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A question to the driver, by its name.
type Check = (&'static str, fn() -> Result<Outcome>);

const GROUPS: &[&[Check]] = &[
    properties::CHECKS,
    modes::CHECKS,
    buffers::CHECKS,
    framebuffers::CHECKS,
    sharing::CHECKS,
    damage::CHECKS,
    atomic::CHECKS,
    transitions::CHECKS,
    flips::CHECKS,
    at_once::CHECKS,
    vblank::CHECKS,
    cursor::CHECKS,
    leases::CHECKS,
    checksums::CHECKS,
];

/// Runs every check whose name contains `filter`, telling `report` of each.
pub(crate) fn run(filter: &str, report: fn(&str)) -> Result<()> {
    let mut log = KernelLog::from_now_on()?;
    let mut hanging = None;
    for (name, check) in GROUPS.iter().copied().flatten().filter(|(name, _)| name.contains(filter)) {
        if let Some(hanging) = hanging {
            report(&format!("CHECK skip {name} {hanging} still hangs"));
            continue;
        }
        let outcome = ask(*check);
        if outcome.is_none() {
            hanging = Some(*name);
        }
        let complaints = log.complaints()?;
        report(&describe(name, outcome, &complaints));
    }
    report("CHECK end");
    Ok(())
}

/// Runs one check on a thread of its own: a panic or a call that does not return is an answer too. None: it hangs.
fn ask(check: fn() -> Result<Outcome>) -> Option<Result<Outcome>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(check()));
    match receiver.recv_timeout(PATIENCE) {
        Ok(outcome) => Some(outcome),
        Err(RecvTimeoutError::Disconnected) => Some(Err(anyhow::anyhow!("the check panicked"))),
        Err(RecvTimeoutError::Timeout) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_one_word() {
        let names: Vec<&str> = GROUPS.iter().copied().flatten().map(|(name, _)| *name).collect();
        let unique: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().all(|name| !name.contains(' ')));
    }
}
