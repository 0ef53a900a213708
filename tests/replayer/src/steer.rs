//! A replayer in a process of its own, steered through its standard input.
//!
//! A process for each run keeps the libraries apart, shows what a run costs, and survives their crashes
//! as a test failure.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::Counts;
use crate::usage::Usage;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// How to start the replayer's program.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is started.
    pub path: PathBuf,
    /// Arguments in front of the replayer's own.
    pub arguments: Vec<OsString>,
    /// Variables of its environment.
    pub environment: Vec<(&'static str, OsString)>,
}

/// A running replayer.
pub struct Replayer {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    address: SocketAddr,
}

/// The line `reached`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Reached {
    /// Commands taken since the start.
    pub commands: u64,
    /// Whether nothing follows.
    pub end: bool,
}

/// The line `surface`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Seen {
    /// Which one.
    pub surface: u32,
    /// `SPICE_SURFACE_FMT_*`.
    pub format: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The MD5 of its rows.
    pub md5: String,
}

/// The line `video_codecs`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct VideoCodecs {
    /// What the call that set the list returned.
    pub result: i32,
    /// The list that the library has now.
    pub list: String,
}

/// The line `cost`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Cost {
    /// What happened since the start.
    #[serde(flatten)]
    pub counts: Counts,
    /// What it cost since measuring began.
    #[serde(flatten)]
    pub usage: Usage,
}

/// An address of the loopback on which nothing listens.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("the loopback has no free port")?;
    Ok(listener.local_addr()?)
}

impl Replayer {
    /// Starts a replayer that listens on a port of the loopback; `arguments` are the source and further
    /// options. It is not a unix socket because the original compresses nothing that it draws there.
    ///
    /// # Errors
    /// It cannot be started, or does not get ready.
    pub fn start(
        program: &Program,
        library: &Path,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self> {
        let address = free_address()?;
        Self::start_at(program, library, address, &format!("tcp:{address}"), arguments)
    }

    /// Starts a replayer that listens on a unix socket; [`Replayer::address`] then means nothing.
    ///
    /// # Errors
    /// It cannot be started, or does not get ready.
    pub fn start_here(
        program: &Program,
        library: &Path,
        socket: &Path,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self> {
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self::start_at(program, library, nowhere, &format!("unix:{}", socket.display()), arguments)
    }

    fn start_at(
        program: &Program,
        library: &Path,
        address: SocketAddr,
        listen: &str,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self> {
        let mut command = Command::new(&program.path);
        command.envs(program.environment.iter().map(|(name, value)| (name, value)));
        command.args(&program.arguments).arg("--library").arg(library).arg("--listen").arg(listen);
        command.arg("--control").args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", program.path.display()))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut stderr = child.stderr.take().context("no standard error")?;
        let (send, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is still worth showing.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut replayer = Self { child, input, lines, errors: Some(errors), address };
        replayer.expect::<Value>("ready")?;
        Ok(replayer)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the line of this name. Other lines are passed over.
    ///
    /// # Errors
    /// The replayer ended or says nothing.
    pub fn expect<T: DeserializeOwned>(&mut self, event: &str) -> Result<T> {
        let is_it = |line: &Value| line.get("event").and_then(Value::as_str) == Some(event);
        let line = self.lines_until(event, is_it)?.pop().unwrap_or_default();
        serde_json::from_value(line).with_context(|| format!("the line `{event}`"))
    }

    /// The lines from here to the first one that `last` holds for, which `what` names.
    ///
    /// # Errors
    /// The replayer ended or says nothing.
    pub fn lines_until(&mut self, what: &str, last: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(text) => {
                    let line: Value = serde_json::from_str(&text).context(text)?;
                    let found = last(&line);
                    lines.push(line);
                    if found {
                        return Ok(lines);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the replayer did not print `{what}` within {PATIENCE:?}{}", self.end())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the replayer ended before `{what}`{}", self.end())
                }
            }
        }
    }

    /// Ends the process, if it has not ended, and gives what it wrote to its standard error.
    fn end(&mut self) -> String {
        // It may have ended on its own.
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        format!(" ({status})\n{errors}")
    }

    fn say(&mut self, verb: &str) -> Result<()> {
        writeln!(self.input, "{verb}").with_context(|| format!("cannot say `{verb}`{}", self.end()))
    }

    /// Has the library take commands until it took `commands` since the start, and makes the calls that
    /// follow them.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn go(&mut self, commands: u64) -> Result<Reached> {
        self.say(&format!("go {commands}"))?;
        self.expect("reached")
    }

    /// Has the library take all commands that are left.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn go_to_the_end(&mut self) -> Result<Reached> {
        self.say("go all")?;
        self.expect("reached")
    }

    /// Cost counts from here.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn measure(&mut self) -> Result<()> {
        self.say("measure")?;
        self.expect::<Value>("measuring").map(drop)
    }

    /// Destroys the primary surface and shows the end marker.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn finish(&mut self) -> Result<Counts> {
        self.say("finish")?;
        self.expect("finished")
    }

    /// What it cost since measuring began.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn cost(&mut self) -> Result<Cost> {
        self.say("report")?;
        self.expect("cost")
    }

    /// What every surface shows after the commands so far. Pixels go to the folder, if there is one.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn look(&mut self, folder: Option<&Path>) -> Result<Vec<Seen>> {
        match folder {
            None => self.say("look")?,
            Some(folder) => self.say(&format!("look {}", folder.display()))?,
        }
        let is_last = |line: &Value| line.get("event").and_then(Value::as_str) == Some("done");
        let mut lines = self.lines_until("done", is_last)?;
        lines.retain(|line| line.get("event").and_then(Value::as_str) == Some("surface"));
        lines.into_iter().map(|line| Ok(serde_json::from_value(line)?)).collect()
    }

    /// Has the library's own replayer read a recording and take all of its commands.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn replay(&mut self, file: &Path) -> Result<Reached> {
        self.say(&format!("replay {}", file.display()))?;
        self.expect("reached")
    }

    /// Makes a step of a migration; gives the lines from there to what the call returned.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn migrate(&mut self, step: &str) -> Result<Vec<Value>> {
        self.say(&format!("migrate {step}"))?;
        self.lines_until("migration", |line| line.get("event").and_then(Value::as_str) == Some("migration"))
    }

    /// Lets the guest's agent do something; gives the lines from there to its end.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn agent(&mut self, step: &str) -> Result<Vec<Value>> {
        self.say(&format!("agent {step}"))?;
        self.lines_until("done", |line| line.get("event").and_then(Value::as_str) == Some("done"))
    }

    /// Sets the list of video codecs.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn set_video_codecs(&mut self, list: &str) -> Result<VideoCodecs> {
        self.say(&format!("codecs {list}"))?;
        self.expect("video_codecs")
    }

    /// The host draws graphics memory; the line `drawn` follows when the library waits for nobody.
    ///
    /// # Errors
    /// The replayer has ended.
    pub fn draw(&mut self, area: &str) -> Result<()> {
        self.say(&format!("gl draw {area}"))
    }

    /// The host shows graphics memory, or none.
    ///
    /// # Errors
    /// As [`Replayer::expect`].
    pub fn scanout(&mut self, step: &str) -> Result<()> {
        self.say(&format!("gl {step}"))?;
        self.expect::<Value>("done").map(drop)
    }

    /// Destroys the server; gives the last counts and what was written to the standard error.
    ///
    /// # Errors
    /// As [`Replayer::expect`], and if the process fails.
    pub fn quit(mut self) -> Result<(Counts, String)> {
        self.say("quit")?;
        let counts = self.expect("closed")?;
        let status = self.child.wait()?;
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        if !status.success() {
            bail!("the replayer failed ({status})\n{errors}");
        }
        Ok((counts, errors))
    }
}

impl Drop for Replayer {
    fn drop(&mut self) {
        if self.errors.is_some() {
            self.end();
        }
    }
}
