//! A stock SPICE client under remote control: spice-gtk, without a window, in a process of its own
//! (tests/e2e/client/client.py), one JSON object a line in each direction.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::deadline::Deadline;
use crate::hardware::SpiceAddress;
use crate::picture::Picture;
use crate::pointer::ServerPointer;
use crate::process::{Process, tied_to_us};

/// The distribution's, because the bindings are packaged for it.
const PYTHON: &str = "/usr/bin/python3";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/client/client.py");

/// A connected, or connecting, client.
pub struct StockClient {
    _process: Process,
    commands: ChildStdin,
    events: Receiver<Value>,
    picture: PathBuf,
}

/// Who moves the pointer; the client hears it from the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MouseMode {
    /// The guest: the client sends relative movements.
    Server,
    /// The client: it sends positions.
    Client,
}

/// A button of the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Button {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}

impl MouseMode {
    fn name(self) -> &'static str {
        match self {
            MouseMode::Server => "server",
            MouseMode::Client => "client",
        }
    }
}

impl StockClient {
    /// Starts a client of the first display on `address`. Pictures go through a file in `folder`.
    pub fn connect(address: &SpiceAddress, ticket: Option<&str>, folder: &Path) -> Result<Self> {
        Self::connect_displays(address, ticket, folder, 1, None)
    }

    /// Starts a client of so many displays, and with an image cache of so many pixels; without a number, of its own choice.
    pub fn connect_displays(
        address: &SpiceAddress,
        ticket: Option<&str>,
        folder: &Path,
        displays: usize,
        image_cache: Option<u32>,
    ) -> Result<Self> {
        let mut command = tied_to_us(PYTHON);
        command.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start("the stock client", &mut command)?;
        let commands = process.child().stdin.take().context("the client has no input")?;
        let output = process.child().stdout.take().context("the client has no output")?;
        let picture = folder.join(format!("client-{}.ppm", process.child().id()));
        let mut client = StockClient { _process: process, commands, events: events(output), picture };
        let (unix_path, port) = match address {
            SpiceAddress::Unix(path) => (Some(path), None),
            SpiceAddress::Loopback(port) => (None, Some(port)),
        };
        client.send(&json!({
            "do": "connect", "unix-path": unix_path, "port": port, "password": ticket,
            "displays": displays, "image-cache": image_cache,
        }))?;
        Ok(client)
    }

    /// Waits for the first event of this name, and forgets those before it.
    pub fn event(&mut self, name: &str, deadline: Deadline) -> Result<Value> {
        self.event_where(name, deadline, |_| true)
    }

    /// Waits for the first event of this name for which `condition` holds, and forgets those before it.
    pub fn event_where(
        &mut self,
        name: &str,
        deadline: Deadline,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let what = format!("the client's event {name}");
        loop {
            match self.events.recv_timeout(deadline.left(&what)?) {
                Ok(event) if event["event"] == name && condition(&event) => return Ok(event),
                Ok(event) if event["event"] == "failed" => bail!("{what}: the client failed: {event}"),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => bail!("{what}: the client has ended"),
            }
        }
    }

    /// Waits until this channel ("main", "display", "inputs", "cursor") is open.
    pub fn channel_open(&mut self, name: &str, deadline: Deadline) -> Result<()> {
        self.event_where("channel", deadline, |event| event["name"] == name && event["state"] == "opened")
            .map(drop)
    }

    /// Waits until display and inputs are ready for use.
    pub fn ready(&mut self, deadline: Deadline) -> Result<()> {
        self.event("ready", deadline).map(drop)
    }

    /// Waits until the primary surface has this size, in pixels.
    pub fn sized(&mut self, width: usize, height: usize, deadline: Deadline) -> Result<()> {
        let mut seen = (Value::Null, Value::Null);
        let sized = deadline.until(&format!("a client's screen of {width}x{height}"), || {
            let mut state = self.state()?;
            seen = (state["width"].take(), state["height"].take());
            Ok((seen.0 == width && seen.1 == height).then_some(()))
        });
        sized.with_context(|| format!("it is {}x{}", seen.0, seen.1))
    }

    /// Waits until the server has chosen this mouse mode.
    pub fn mouse_mode(&mut self, mode: MouseMode, deadline: Deadline) -> Result<()> {
        let name = mode.name();
        deadline
            .until(&format!("mouse mode {name}"), || Ok((self.state()?["mouse-mode"] == name).then_some(())))
    }

    /// What the client shows now.
    pub fn picture(&mut self) -> Result<Picture> {
        self.picture_of(0)
    }

    /// What the client shows of a display now.
    pub fn picture_of(&mut self, display: usize) -> Result<Picture> {
        self.send(&json!({ "do": "picture", "file": self.picture, "display": display }))?;
        self.event("picture", Deadline::seconds(30))?;
        Picture::read_ppm(&self.picture)
    }

    /// What the client shows once it shows the same twice in a row.
    pub fn settled_picture(&mut self, deadline: Deadline) -> Result<Picture> {
        self.settled_picture_of(0, deadline)
    }

    /// What the client shows of a display once it shows the same twice in a row.
    pub fn settled_picture_of(&mut self, display: usize, deadline: Deadline) -> Result<Picture> {
        let mut last = None;
        deadline.until("a settled picture at the client", || {
            let now = self.picture_of(display)?;
            let settled = last.as_ref() == Some(&now);
            last = Some(now);
            Ok(if settled { last.take() } else { None })
        })
    }

    /// The pointer as the server has told it.
    pub fn pointer(&mut self) -> Result<ServerPointer> {
        let file = self.picture.with_extension("pointer");
        self.send(&json!({ "do": "pointer", "file": file }))?;
        let told = self.event("pointer", Deadline::seconds(30))?;
        ServerPointer::told(&told, &std::fs::read(&file).context("the pointer's pixels are missing")?)
    }

    /// Asks the server for a mouse mode.
    pub fn request_mouse_mode(&mut self, mode: MouseMode) -> Result<()> {
        self.send(&json!({ "do": "mouse-mode", "mode": mode.name() }))
    }

    /// Asks for a screen of this size, as a viewer does when its window is resized.
    pub fn resize(&mut self, width: usize, height: usize) -> Result<()> {
        self.arrange(&[(width, height)])
    }

    /// Asks for as many screens as there are sizes, each to the right of the one before.
    pub fn arrange(&mut self, sizes: &[(usize, usize)]) -> Result<()> {
        self.send(&json!({ "do": "arrange", "sizes": sizes }))
    }

    /// Answers a draw of graphics memory.
    pub fn drawn(&mut self) -> Result<()> {
        self.send(&json!({ "do": "drawn" }))
    }

    /// Presses or releases the key of this PC scan code (set 1; 0x100 added for the extended ones).
    pub fn key(&mut self, scan_code: u32, down: bool) -> Result<()> {
        self.send(&json!({ "do": "key", "code": scan_code, "down": down }))
    }

    /// Moves the pointer to a position, in pixels: client mouse mode.
    pub fn position(&mut self, x: usize, y: usize) -> Result<()> {
        self.send(&json!({ "do": "position", "x": x, "y": y }))
    }

    /// Moves the pointer by a distance, in pixels: server mouse mode.
    pub fn motion(&mut self, dx: i32, dy: i32) -> Result<()> {
        self.send(&json!({ "do": "motion", "dx": dx, "dy": dy }))
    }

    /// Presses or releases a button.
    pub fn button(&mut self, button: Button, down: bool) -> Result<()> {
        let number = match button {
            Button::Left => 1,
            Button::Middle => 2,
            Button::Right => 3,
        };
        self.send(&json!({ "do": "button", "button": number, "down": down }))
    }

    /// Size of the primary surface, mouse mode, and the keyboard's lights.
    pub fn state(&mut self) -> Result<Value> {
        self.send(&json!({ "do": "state" }))?;
        self.event("state", Deadline::seconds(30))
    }

    fn send(&mut self, command: &Value) -> Result<()> {
        let line = format!("{command}\n");
        self.commands.write_all(line.as_bytes()).context("the client has ended")
    }
}

/// Collects the client's lines on a thread of its own, so that it never blocks on us.
fn events(output: ChildStdout) -> Receiver<Value> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let event =
                serde_json::from_str(&line).unwrap_or_else(|_| json!({ "event": "failed", "said": line }));
            if sender.send(event).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Takes a picture with spice-gtk's own command, `spicy-screenshot`.
pub fn screenshot(address: &SpiceAddress, file: &Path, deadline: Deadline) -> Result<Picture> {
    let mut command = tied_to_us("spicy-screenshot");
    command.arg(format!("--uri={}", address.uri())).arg("--out-file").arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = Process::start("spicy-screenshot", &mut command)?.wait(deadline)?;
    if !status.success() {
        bail!("spicy-screenshot ended with {status}");
    }
    Picture::read_ppm(file)
}
