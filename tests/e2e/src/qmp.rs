//! QEMU's machine protocol, as far as the tests need it, with types.
//! Commands: QEMU's "QMP Reference Manual"; each method names its own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};

use crate::deadline::Deadline;
use crate::picture::Picture;

/// QEMU answers at once, or it hangs.
const ANSWER_SECONDS: u64 = 60;

/// The block node on which snapshots are kept.
const SNAPSHOTS: &str = "snapshots";

/// A connection to one QEMU's monitor.
pub struct Qmp {
    stream: BufReader<UnixStream>,
    events: VecDeque<Value>,
    jobs: u32,
}

/// Whether a client handed over by [`Qmp::add_spice_client`] still has to show a ticket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SpiceClientAccess {
    /// It has to authenticate as any other.
    Ticket,
    /// It is let in.
    Granted,
}

impl Qmp {
    /// Greets QEMU on a fresh monitor connection.
    pub(crate) fn greet(stream: UnixStream) -> Result<Self> {
        let mut qmp = Qmp { stream: BufReader::new(stream), events: VecDeque::new(), jobs: 0 };
        let greeting = qmp.read(Deadline::seconds(ANSWER_SECONDS))?;
        if greeting.get("QMP").is_none() {
            bail!("the monitor did not greet: {greeting}");
        }
        qmp.execute("qmp_capabilities", &json!({}))?;
        Ok(qmp)
    }

    /// Runs any command and gives what it returns.
    pub fn execute(&mut self, command: &str, arguments: &Value) -> Result<Value> {
        self.execute_with(command, arguments, None)
    }

    /// `system_reset`
    pub fn system_reset(&mut self) -> Result<()> {
        self.execute("system_reset", &json!({})).map(drop)
    }

    /// `stop`: the guest's processors stand still.
    pub fn stop(&mut self) -> Result<()> {
        self.execute("stop", &json!({})).map(drop)
    }

    /// `cont`: they go on.
    pub fn cont(&mut self) -> Result<()> {
        self.execute("cont", &json!({})).map(drop)
    }

    /// `quit`: QEMU ends in order.
    pub fn quit(&mut self) -> Result<()> {
        self.execute("quit", &json!({})).map(drop)
    }

    /// `query-status`: the run state, such as "running" or "paused".
    pub fn run_state(&mut self) -> Result<String> {
        let status = self.execute("query-status", &json!({}))?;
        status["status"].as_str().map(str::to_owned).context("query-status gave no status")
    }

    /// `screendump`: what QEMU itself takes for the picture. `file` is overwritten.
    pub fn screendump(&mut self, file: &Path) -> Result<Picture> {
        self.execute("screendump", &json!({ "filename": file, "format": "ppm" }))?;
        Picture::read_ppm(file)
    }

    /// `screendump` as a PNG file.
    pub fn screendump_png(&mut self, file: &Path) -> Result<()> {
        self.execute("screendump", &json!({ "filename": file, "format": "png" })).map(drop)
    }

    /// `set_password`: the ticket that SPICE clients need from now on.
    pub fn set_spice_password(&mut self, password: &str) -> Result<()> {
        self.execute("set_password", &json!({ "protocol": "spice", "password": password })).map(drop)
    }

    /// `query-spice`
    pub fn spice(&mut self) -> Result<Value> {
        self.execute("query-spice", &json!({}))
    }

    /// `getfd` and `add_client`: QEMU serves `client`, a connected socket, as if it had accepted it.
    pub fn add_spice_client(&mut self, client: OwnedFd, access: SpiceClientAccess) -> Result<()> {
        self.execute_with("getfd", &json!({ "fdname": "client" }), Some(client))?;
        let skip = access == SpiceClientAccess::Granted;
        let arguments = json!({ "protocol": "spice", "fdname": "client", "skipauth": skip });
        self.execute("add_client", &arguments).map(drop)
    }

    /// Waits for an event of this name, past ones that nobody has taken included.
    pub fn event(&mut self, name: &str, deadline: Deadline) -> Result<Value> {
        loop {
            if let Some(position) = self.events.iter().position(|event| event["event"] == name) {
                return self.events.remove(position).context("an event vanished");
            }
            let message = self.read(deadline).with_context(|| format!("event {name}"))?;
            self.keep_event(message)?;
        }
    }

    /// Forgets the events that nobody has taken.
    pub fn forget_events(&mut self) {
        self.events.clear();
    }

    /// `migrate` into a file, from which a machine with [`VmBuilder::incoming`](crate::VmBuilder::incoming) goes on. This one
    /// stands still afterwards.
    pub fn migrate(&mut self, file: &Path, deadline: Deadline) -> Result<()> {
        self.execute("migrate", &json!({ "uri": format!("exec:cat >'{}'", file.display()) }))?;
        deadline.until("the end of the migration", || {
            let state = self.execute("query-migrate", &json!({}))?;
            if state["status"] == "failed" {
                bail!("the migration failed: {state}");
            }
            Ok((state["status"] == "completed").then_some(()))
        })
    }

    /// `blockdev-create` and `blockdev-add`: an empty qcow2 file on which snapshots of the machine can be kept.
    pub fn add_snapshot_storage(&mut self, file: &Path) -> Result<()> {
        const SIZE: u64 = 1 << 20;
        self.job("blockdev-create", json!({ "options": { "driver": "file", "filename": file, "size": 0 } }))?;
        let below = json!({ "driver": "file", "filename": file, "node-name": "snapshots-file" });
        self.execute("blockdev-add", &below)?;
        let image = json!({ "driver": "qcow2", "file": "snapshots-file", "size": SIZE });
        self.job("blockdev-create", json!({ "options": image }))?;
        let node = json!({ "driver": "qcow2", "file": "snapshots-file", "node-name": SNAPSHOTS });
        self.execute("blockdev-add", &node).map(drop)
    }

    /// `snapshot-save`: what the monitor's savevm does. Needs [`Qmp::add_snapshot_storage`].
    pub fn save_snapshot(&mut self, tag: &str) -> Result<()> {
        self.job("snapshot-save", json!({ "tag": tag, "vmstate": SNAPSHOTS, "devices": [SNAPSHOTS] }))
    }

    /// `snapshot-load`: what the monitor's loadvm does.
    pub fn load_snapshot(&mut self, tag: &str) -> Result<()> {
        self.job("snapshot-load", json!({ "tag": tag, "vmstate": SNAPSHOTS, "devices": [SNAPSHOTS] }))
    }

    /// Runs a command that makes a job, and waits for the job's end.
    fn job(&mut self, command: &str, mut arguments: Value) -> Result<()> {
        self.jobs += 1;
        let id = format!("{command}-{}", self.jobs);
        arguments["job-id"] = json!(id);
        self.execute(command, &arguments)?;
        let deadline = Deadline::seconds(ANSWER_SECONDS);
        loop {
            let event = self.event("JOB_STATUS_CHANGE", deadline)?;
            if event["data"]["id"] == *id && event["data"]["status"] == "concluded" {
                break;
            }
        }
        let jobs = self.execute("query-jobs", &json!({}))?;
        self.execute("job-dismiss", &json!({ "id": id }))?;
        let job = jobs.as_array().and_then(|jobs| jobs.iter().find(|job| job["id"] == *id));
        match job.and_then(|job| job["error"].as_str()) {
            Some(error) => bail!("{command} failed: {error}"),
            None => Ok(()),
        }
    }

    fn execute_with(
        &mut self,
        command: &str,
        arguments: &Value,
        descriptor: Option<OwnedFd>,
    ) -> Result<Value> {
        let line = format!("{}\n", json!({ "execute": command, "arguments": arguments }));
        match descriptor {
            None => self.stream.get_mut().write_all(line.as_bytes())?,
            Some(descriptor) => send_with_descriptor(self.stream.get_mut(), line.as_bytes(), &descriptor)?,
        }
        let deadline = Deadline::seconds(ANSWER_SECONDS);
        loop {
            let mut message = self.read(deadline).with_context(|| format!("answer to {command}"))?;
            if let Some(error) = message.get("error") {
                bail!("{command} failed: {}", error["desc"].as_str().unwrap_or("no reason given"));
            }
            match message.get_mut("return") {
                Some(value) => return Ok(value.take()),
                None => self.keep_event(message)?,
            }
        }
    }

    fn keep_event(&mut self, message: Value) -> Result<()> {
        if message.get("event").is_none() {
            bail!("the monitor said something unexpected: {message}");
        }
        self.events.push_back(message);
        Ok(())
    }

    fn read(&mut self, deadline: Deadline) -> Result<Value> {
        self.stream.get_ref().set_read_timeout(Some(deadline.left("the monitor's answer")?))?;
        let mut line = String::new();
        if self.stream.read_line(&mut line).context("the monitor is silent")? == 0 {
            bail!("QEMU closed its monitor");
        }
        serde_json::from_str(&line).with_context(|| format!("the monitor said {line}"))
    }
}

fn send_with_descriptor(stream: &UnixStream, line: &[u8], descriptor: &OwnedFd) -> Result<()> {
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        bail!("no room for a file descriptor");
    }
    let sent = sendmsg(stream, &[IoSlice::new(line)], &mut control, SendFlags::empty())?;
    if sent != line.len() {
        bail!("the monitor took only {sent} bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A monitor that has already said all this.
    fn monitor(said: &str) -> (Result<Qmp>, UnixStream) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(said.as_bytes()).unwrap();
        (Qmp::greet(ours), theirs)
    }

    const GREETING: &str = "{\"QMP\": {}}\n{\"return\": {}}\n";

    #[test]
    fn events_between_answers_are_kept_for_later() {
        let said = format!("{GREETING}{{\"event\": \"STOP\"}}\n{{\"return\": {{\"status\": \"paused\"}}}}\n");
        let (qmp, _theirs) = monitor(&said);
        let mut qmp = qmp.unwrap();
        assert_eq!(qmp.run_state().unwrap(), "paused");
        assert_eq!(qmp.event("STOP", Deadline::seconds(5)).unwrap()["event"], "STOP");
    }

    #[test]
    fn a_refusal_names_the_command_and_the_reason() {
        let (qmp, _theirs) = monitor(&format!("{GREETING}{{\"error\": {{\"desc\": \"no such node\"}}}}\n"));
        let error = qmp.unwrap().stop().unwrap_err().to_string();
        assert_eq!(error, "stop failed: no such node");
    }

    #[test]
    fn something_else_than_qemu_is_noticed() {
        assert!(monitor("HTTP/1.1 400 Bad Request\n").0.is_err());
        assert!(monitor("{\"hello\": 1}\n").0.is_err());
    }
}
