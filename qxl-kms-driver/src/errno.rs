//! Errors and progress as the kernel wants to hear them.

use guest_display::{CursorError, Dead, Progress, ScreenError, StartError};

const EIO: i32 = -5;
const ENOMEM: i32 = -12;
const ENODEV: i32 = -19;
pub(crate) const EINVAL: i32 = -22;
const ENOSPC: i32 = -28;
const EPROTO: i32 = -71;

/// `QXL_CORE_PENDING`.
const PENDING: i32 = 1;

/// A negative errno value that says best what went wrong.
pub(crate) trait Errno: core::fmt::Display {
    fn errno(&self) -> i32;
}

impl Errno for StartError {
    fn errno(&self) -> i32 {
        match self {
            Self::RomMagic(_) | Self::RamMagic(_) | Self::Revision(_) => ENODEV,
            Self::RamHeader { .. } | Self::NoRoom { .. } | Self::Slots { .. } | Self::Changed => EINVAL,
            Self::Ring(_) => EPROTO,
            Self::OutOfMemory => ENOMEM,
        }
    }
}

impl Errno for Dead {
    fn errno(&self) -> i32 {
        match self {
            Self::Ring(_) | Self::UnknownRelease(_) => EPROTO,
            Self::Restart(error) => error.errno(),
            Self::TooManyErrors => EIO,
            Self::Suspended => ENODEV,
        }
    }
}

impl Errno for ScreenError {
    fn errno(&self) -> i32 {
        match self {
            Self::TooManyHeads(_) | Self::EmptyHead(_) => EINVAL,
            Self::TooLarge { .. } => ENOSPC,
            Self::OutOfMemory => ENOMEM,
            Self::Dead(dead) => dead.errno(),
        }
    }
}

impl Errno for CursorError {
    fn errno(&self) -> i32 {
        match self {
            Self::Size(_) => EINVAL,
            Self::Dead(dead) => dead.errno(),
        }
    }
}

/// What a function of the C interface returns.
pub(crate) fn code<E: Errno>(outcome: Result<Progress, E>) -> i32 {
    match outcome {
        Ok(Progress::Done) => 0,
        Ok(Progress::Pending) => PENDING,
        Err(error) => error.errno(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_faults_are_told_apart() {
        assert_eq!(code::<Dead>(Ok(Progress::Done)), 0);
        assert_eq!(code::<Dead>(Ok(Progress::Pending)), 1);
        assert_eq!(code(Err(Dead::Suspended)), -19);
        assert_eq!(code(Err(ScreenError::TooLarge { width: 1, height: 1, available: 0 })), -28);
    }
}
