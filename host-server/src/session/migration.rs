//! What the host has said of moving its machine to another host: where clients would have to go, and whether they
//! are about to.
//!
//! The host's entry points drive it and do what comes out. Clients are not told the target yet: they stay until
//! the machine has moved, and are disconnected then. Nothing here waits, so that no migration does.

use wire::main::MigrationTarget;

/// See the module.
#[derive(Debug, Default)]
pub struct Migration {
    target: Option<MigrationTarget>,
    /// The host has named a target that clients could have connected to.
    expected: bool,
}

/// What becomes of clients when a migration has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There are none: the host is told that they are done.
    Nobody,
    /// The machine has moved: they are disconnected, and the host is told that they are done.
    Moved,
    /// The machine has moved to where nobody was told: they are disconnected, the host is told that they are done,
    /// and its call has failed.
    Astray,
    /// The machine stays, and they do. As with the original the host is told nothing.
    Stay,
}

impl Migration {
    /// Takes a target in place of the last one; `false` when it is none.
    pub fn set_target(&mut self, target: Option<MigrationTarget>) -> bool {
        self.target = target;
        self.has_target()
    }

    /// Takes a target that clients could connect to before the machine moves. It is kept only for those who are
    /// there.
    pub fn connect(&mut self, target: Option<MigrationTarget>, clients: usize) -> bool {
        let named = self.set_target(target);
        self.expected |= named;
        if clients == 0 {
            self.target = None;
        }
        named
    }

    /// Whether clients would know where to go.
    pub const fn has_target(&self) -> bool {
        self.target.is_some()
    }

    /// Clients were to go to the target now.
    pub fn switch(&mut self, clients: usize) {
        if clients > 0 {
            self.expected = false;
            self.target = None;
        }
    }

    /// The machine has moved (`completed`), or it stays.
    pub fn end(&mut self, completed: bool, clients: usize) -> End {
        let expected = std::mem::take(&mut self.expected);
        if clients == 0 {
            return End::Nobody;
        }
        if completed && !expected {
            return End::Astray;
        }
        self.target = None;
        if completed { End::Moved } else { End::Stay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there() -> Option<MigrationTarget> {
        Some(MigrationTarget { port: 5900, ..MigrationTarget::default() })
    }

    #[test]
    fn a_target_is_kept_for_those_who_are_there_until_the_machine_has_moved_or_stays() {
        for (completed, end) in [(true, End::Moved), (false, End::Stay)] {
            let mut migration = Migration::default();
            assert!(migration.connect(there(), 1) && migration.has_target());
            assert_eq!(migration.end(completed, 1), end);
            assert!(!migration.has_target());
            assert_eq!(migration.end(true, 1), End::Astray, "a second end is of no migration");
        }
    }

    #[test]
    fn nobody_is_waited_for_when_nobody_is_there() {
        let mut migration = Migration::default();
        assert!(migration.connect(there(), 0) && !migration.has_target());
        assert_eq!((migration.end(true, 0), migration.end(false, 0)), (End::Nobody, End::Nobody));
    }

    #[test]
    fn clients_that_were_to_switch_are_not_expected_to_move_again() {
        let mut migration = Migration::default();
        migration.connect(there(), 1);
        migration.switch(1);
        assert!(!migration.has_target());
        assert_eq!(migration.end(true, 1), End::Astray);
    }

    #[test]
    fn no_target_takes_the_place_of_the_last_one() {
        let mut migration = Migration::default();
        assert!(migration.set_target(there()));
        migration.switch(0);
        assert!(migration.has_target(), "there was nobody to switch");
        assert!(!migration.set_target(None) && !migration.has_target());
    }
}
