//! Child processes that never outlive us.
//!
//! Dropping one kills it by its handle. When we are killed, or end by Ctrl-C, nobody drops anything: therefore the
//! child is started through setpriv(1), which asks the kernel to kill it when the thread that started it ends, and
//! then becomes it.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result};

use crate::deadline::Deadline;

/// A running program, killed when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
}

/// A command that runs `program` under the rule above. Start it on a thread that lives as long as it should.
pub(crate) fn tied_to_us(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref());
    command
}

impl Process {
    /// Starts `command`, called `name` in messages.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Process { name: name.to_owned(), child })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, when it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.name))
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, deadline: Deadline) -> Result<ExitStatus> {
        let what = format!("end of {}", self.name);
        deadline.until(&what, || self.ended())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_process_is_gone() {
        let mut process = Process::start("sleep", tied_to_us("sleep").arg("600")).unwrap();
        let entry = format!("/proc/{}", process.child().id());
        assert!(Path::new(&entry).exists());
        drop(process);
        assert!(!Path::new(&entry).exists());
    }

    #[test]
    fn the_end_of_a_process_is_seen() {
        let mut process = Process::start("false", &mut tied_to_us("false")).unwrap();
        assert!(!process.wait(Deadline::seconds(10)).unwrap().success());
    }
}
