//! How a check ends, and the line that tells it.

use std::io;

use anyhow::{Result, bail};
use rustix::io::Errno;

/// A check that has not failed.
pub(super) enum Outcome {
    Passed,
    /// The driver does not offer what is asked about, and may do so.
    Skipped(String),
}

/// The check's line for the host. None: it hangs.
pub(super) fn describe(name: &str, outcome: Option<Result<Outcome>>, complaints: &[String]) -> String {
    match (outcome, complaints) {
        (None, _) => format!("CHECK fail {name} it hangs"),
        (Some(Err(error)), _) => format!("CHECK fail {name} {error:#}"),
        (Some(Ok(_)), [first, ..]) => format!("CHECK fail {name} the kernel complained: {first}"),
        (Some(Ok(Outcome::Skipped(reason))), []) => format!("CHECK skip {name} {reason}"),
        (Some(Ok(Outcome::Passed)), []) => format!("CHECK ok {name}"),
    }
}

/// Whether the kernel refused with one of these errors; an error of ours when it did anything else.
pub(super) fn refused<T>(what: &str, result: io::Result<T>, with: &[Errno]) -> Result<()> {
    match result {
        Ok(_) => bail!("{what} was accepted"),
        Err(error) if Errno::from_io_error(&error).is_some_and(|errno| with.contains(&errno)) => Ok(()),
        Err(error) => bail!("{what} was refused with the wrong error: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_the_kernel_fails_a_check_that_passed() {
        let complaints = ["WARNING: at ttm_bo.c:612".to_owned()];
        assert_eq!(describe("flip", Some(Ok(Outcome::Passed)), &[]), "CHECK ok flip");
        assert!(
            describe("flip", Some(Ok(Outcome::Passed)), &complaints)
                .starts_with("CHECK fail flip the kernel")
        );
        assert_eq!(describe("flip", None, &[]), "CHECK fail flip it hangs");
    }

    #[test]
    fn only_the_right_error_counts_as_refused() {
        assert!(refused("it", Err::<(), _>(Errno::INVAL.into()), &[Errno::INVAL]).is_ok());
        assert!(refused("it", Err::<(), _>(Errno::NOMEM.into()), &[Errno::INVAL]).is_err());
        assert!(refused("it", Ok(()), &[Errno::INVAL]).is_err());
    }
}
