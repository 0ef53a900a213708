//! The inside of the guest, as seen from outside: markers on its console, commands through a virtio port.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::deadline::Deadline;
use crate::picture::Fingerprint;
use crate::pointer::PointerShape;
use crate::serial::SerialLog;

/// Ends an answer, before the exit status; the guest's init script writes it.
const END_OF_ANSWER: u8 = 0x1e;

/// How long to wait for an answer before looking whether the guest still lives.
const LOOK_AT_CONSOLE: Duration = Duration::from_secs(1);

/// A booting or running guest.
pub struct Guest {
    console: SerialLog,
    control: UnixStream,
    /// How far the console has been read.
    position: usize,
    /// Where the current boot's lines begin.
    boot: usize,
}

impl Guest {
    pub(crate) fn new(console: UnixStream, control: UnixStream) -> Self {
        Guest { console: SerialLog::reading(console), control, position: 0, boot: 0 }
    }

    /// The console's text so far.
    pub fn console(&self) -> &SerialLog {
        &self.console
    }

    /// Waits until the guest has booted, counting from what was last read: after a reset, for the next boot.
    pub fn booted(&mut self, deadline: Deadline) -> Result<()> {
        self.boot = self.position;
        self.marker("GUEST-READY", deadline).map(drop)
    }

    /// Waits for the next console line that contains `marker`.
    pub fn marker(&mut self, marker: &str, deadline: Deadline) -> Result<String> {
        let (line, after) = self.console.line_after(self.position, marker, deadline)?;
        self.position = after;
        Ok(line)
    }

    /// Fails when the kernel has warned since it booted.
    pub fn no_splat(&mut self) -> Result<()> {
        const LINE: &str =
            "dmesg | grep -E -A 40 -m 1 'WARNING:|BUG:|Oops|general protection|INFO: task' || true";
        let splats = self.run(LINE, Deadline::seconds(10))?;
        ensure!(splats.is_empty(), "the kernel complained: {splats}");
        Ok(())
    }

    /// Takes everything on the console so far for read.
    pub fn forget_console(&mut self) {
        self.position = self.console.position();
        self.boot = self.position;
    }

    /// Waits for an input event that the guest's kernel reports: for example `key 30 1` for A pressed.
    pub fn input(&mut self, event: &str, deadline: Deadline) -> Result<()> {
        self.marker(&format!("INPUT {event}"), deadline).map(drop)
    }

    /// Runs one line of shell and gives what it printed. An error when it exits with a failure.
    pub fn run(&mut self, line: &str, deadline: Deadline) -> Result<String> {
        self.begin(line)?;
        self.finish(line, deadline)
    }

    /// Sends a line of shell in whose midst the machine stops; [`Guest::finish`] takes the answer.
    pub fn begin(&mut self, line: &str) -> Result<()> {
        self.send(line).with_context(|| format!("guest command `{line}`"))
    }

    /// Takes the answer to a line that was begun, perhaps in a machine before this one.
    pub fn finish(&mut self, line: &str, deadline: Deadline) -> Result<String> {
        let what = format!("guest command `{line}`");
        let answer = self.answer(&what, deadline)?;
        let status = self.status(&what, deadline)?;
        if status != "0" {
            bail!("{what} ended with status {status}: {answer}");
        }
        Ok(answer)
    }

    /// Waits until the events of an input device are followed whose name begins like this.
    pub fn input_device(&mut self, name: &str, deadline: Deadline) -> Result<()> {
        self.console.line_after(self.boot, &format!("INPUT-DEVICE {name}"), deadline).map(drop)
    }

    /// Shows the test card, through KMS, in a mode of this size in pixels, until [`Guest::stop_drawing`]. Gives the picture's
    /// fingerprint.
    pub fn draw_still(&mut self, width: usize, height: usize, deadline: Deadline) -> Result<Fingerprint> {
        self.draw(&format!("still --size {width}x{height}"), deadline)?;
        Fingerprint::told(&self.marker("DRAWN still", deadline)?)
    }

    /// The same in the display's preferred mode, or with other options of the guest's program.
    pub fn draw_still_with(&mut self, options: &str, deadline: Deadline) -> Result<Fingerprint> {
        self.draw(&format!("still {options}"), deadline)?;
        Fingerprint::told(&self.marker("DRAWN still", deadline)?)
    }

    /// Shows pictures on several displays, as `guest-program heads` takes them. Gives what a client should show of them all.
    pub fn draw_heads(&mut self, options: &str, deadline: Deadline) -> Result<Fingerprint> {
        self.start(&format!("heads {options}"), deadline)?;
        Fingerprint::told(&self.marker("DRAWN still", deadline)?)
    }

    /// What the displays that [`Guest::draw_heads`] has shown pictures on show after the first was changed.
    pub fn drawn_again(&mut self, deadline: Deadline) -> Result<Fingerprint> {
        Fingerprint::told(&self.marker("DRAWN still", deadline)?)
    }

    /// Shows our pointer, pointing to a place in pixels.
    pub fn show_pointer(&mut self, (x, y): (i32, i32), deadline: Deadline) -> Result<PointerShape> {
        self.start(&format!("pointer {x} {y}"), deadline)?;
        PointerShape::told(&self.marker("POINTER ", deadline)?)
    }

    /// Shows a scene of a desktop and keeps its last picture until [`Guest::stop_drawing`].
    pub fn draw_scene(&mut self, name: &str, deadline: Deadline) -> Result<Fingerprint> {
        self.start(&format!("scene {name} --keep"), deadline)?;
        Fingerprint::told(&self.marker("SHOWN", deadline)?)
    }

    /// Shows moving shapes, for this many frames or for ever; returns when the first is drawn.
    pub fn draw_moving(
        &mut self,
        width: usize,
        height: usize,
        frames: Option<u32>,
        deadline: Deadline,
    ) -> Result<()> {
        let frames = frames.map_or(String::new(), |frames| format!(" --frames {frames}"));
        self.draw(&format!("moving --size {width}x{height}{frames}"), deadline)?;
        self.marker("DRAWN moving", deadline).map(drop)
    }

    /// Draws noise all over, again and again without a pause, until [`Guest::stop_drawing`].
    pub fn draw_noise(&mut self, width: usize, height: usize, deadline: Deadline) -> Result<()> {
        self.draw(&format!("noise --size {width}x{height}"), deadline)?;
        self.marker("DRAWN noise", deadline).map(drop)
    }

    /// Waits until the moving shapes have come to rest.
    pub fn drawn_last(&mut self, deadline: Deadline) -> Result<Fingerprint> {
        Fingerprint::told(&self.marker("DRAWN last", deadline)?)
    }

    /// Shows our own window on the desktop that runs, over its whole screen, until the desktop is stopped. Gives the shape
    /// that its pointer has.
    pub fn show_window(&mut self, deadline: Deadline) -> Result<PointerShape> {
        self.run("show-window", deadline)?;
        PointerShape::told(&self.marker("POINTER ", deadline)?)
    }

    /// Waits until our window has its picture in this size, in pixels.
    pub fn window_drawn(&mut self, width: usize, height: usize, deadline: Deadline) -> Result<Fingerprint> {
        Fingerprint::told(&self.marker(&format!("DRAWN window {width}x{height} "), deadline)?)
    }

    /// What the guest itself holds for its picture: that of "console", "x11", or a file in it.
    pub fn seen(&mut self, source: &str, deadline: Deadline) -> Result<Fingerprint> {
        Fingerprint::told(&self.run(&format!("in-desktop guest-program seen {source}"), deadline)?)
    }

    /// Ends what [`Guest::draw_still`] or [`Guest::draw_moving`] started; the text console comes back.
    pub fn stop_drawing(&mut self, deadline: Deadline) -> Result<()> {
        // A process that is dead but not buried has closed its files.
        const LINE: &str = "p=$(cat /tmp/drawing); kill $p; \
                            while grep -q '^State:.[RSD]' /proc/$p/status 2>/dev/null; do usleep 20000; done";
        self.run(LINE, deadline).map(drop)
    }

    fn draw(&mut self, what: &str, deadline: Deadline) -> Result<()> {
        self.start(&format!("draw {what}"), deadline)
    }

    fn start(&mut self, what: &str, deadline: Deadline) -> Result<()> {
        let line = format!("guest-program {what} >/dev/ttyS0 2>&1 & echo $! >/tmp/drawing");
        self.run(&line, deadline).map(drop)
    }

    fn send(&mut self, line: &str) -> Result<()> {
        if line.contains('\n') {
            bail!("a guest command is one line");
        }
        self.control.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    fn answer(&mut self, what: &str, deadline: Deadline) -> Result<String> {
        self.up_to(END_OF_ANSWER, what, deadline)
    }

    fn status(&mut self, what: &str, deadline: Deadline) -> Result<String> {
        self.up_to(b'\n', what, deadline)
    }

    fn up_to(&mut self, end: u8, what: &str, deadline: Deadline) -> Result<String> {
        let mut bytes = Vec::new();
        let mut byte = [0];
        loop {
            self.control.set_read_timeout(Some(deadline.left(what)?.min(LOOK_AT_CONSOLE)))?;
            match self.control.read(&mut byte) {
                Ok(0) => bail!("{what}: the guest's control port is closed"),
                Ok(_) if byte == [end] => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Ok(_) => bytes.extend_from_slice(&byte),
                Err(error) if timed_out(&error) => {
                    self.console.check_alive(self.boot).with_context(|| what.to_owned())?;
                }
                Err(error) => return Err(error).with_context(|| what.to_owned()),
            }
        }
    }
}

fn timed_out(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest_and_its_control() -> (Guest, UnixStream) {
        let (console, _) = UnixStream::pair().unwrap();
        let (control, inside) = UnixStream::pair().unwrap();
        (Guest::new(console, control), inside)
    }

    #[test]
    fn an_answer_is_taken_apart_from_its_status() {
        let (mut guest, mut inside) = guest_and_its_control();
        inside.write_all(b"one\ntwo\n\x1e0\n\x1e3\n").unwrap();
        assert_eq!(guest.run("list", Deadline::seconds(5)).unwrap(), "one\ntwo\n");
        assert!(guest.run("fail", Deadline::seconds(5)).unwrap_err().to_string().contains("status 3"));
    }

    #[test]
    fn a_silent_guest_ends_in_an_error() {
        let (mut guest, inside) = guest_and_its_control();
        assert!(guest.run("hang", Deadline::seconds(0)).is_err());
        drop(inside);
        assert!(guest.run("gone", Deadline::seconds(5)).is_err());
    }
}
