//! Child processes that never outlive us.
//!
//! Dropping one kills it by its handle. When we are killed, or end by Ctrl-C, nobody drops anything: therefore the
//! child is started through setpriv(1), which asks the kernel to kill it when the thread that started it ends, and
//! then becomes it.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::deadline::Deadline;

/// A running program, killed when dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
}

/// Ends a program from any thread, and no other one that has got its number since.
pub struct Ender {
    process: OwnedFd,
}

impl Ender {
    /// Ends it at once. Nothing happens when it has already ended.
    pub fn end(&self) {
        pidfd_send_signal(&self.process, Signal::KILL).ok();
    }
}

/// A command that runs `program` under the rule above. Start it on a thread that lives as long as it should.
pub fn tied_to_us(program: impl AsRef<Path>) -> Command {
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

    /// A handle that ends it while others wait for it.
    pub(crate) fn ender(&self) -> Result<Ender> {
        let process = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty())
            .with_context(|| format!("cannot hold on to {}", self.name))?;
        Ok(Ender { process })
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
    fn a_process_can_be_ended_while_it_is_awaited() {
        let mut process = Process::start("sleep", tied_to_us("sleep").arg("600")).unwrap();
        let ender = process.ender().unwrap();
        let ending = std::thread::spawn(move || ender.end());
        assert!(!process.wait(Deadline::seconds(10)).unwrap().success());
        ending.join().unwrap();
    }

    #[test]
    fn the_end_of_a_process_is_seen() {
        let mut process = Process::start("false", &mut tied_to_us("false")).unwrap();
        assert!(!process.wait(Deadline::seconds(10)).unwrap().success());
    }
}
