//! One virtual machine: stock QEMU without KVM, with a chosen libspice-server.

use std::fs::File;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::client::StockClient;
use crate::deadline::Deadline;
use crate::exclusive::Exclusive;
use crate::firmware::Firmware;
use crate::guest::Guest;
use crate::hardware::{Display, Machine, Pointer, SpiceAddress};
use crate::initramfs::GuestImage;
use crate::library::ServerLibrary;
use crate::picture::Picture;
use crate::process::{Ender, Process, tied_to_us};
use crate::qmp::Qmp;
use crate::run_folder::RunFolder;
use crate::warnings;

const QEMU: &str = "qemu-system-x86_64";

/// Without these the kernel boots slower, or blinks its cursor so that no two pictures are equal. The last console is
/// the one that the init script gets.
const KERNEL_ARGUMENTS: &str =
    "mitigations=off nokaslr vt.global_cursor_default=0 console=tty0 console=ttyS0";

/// What to start. The defaults are a PC with a QXL device, a tablet, and SPICE on a unix socket without a ticket.
pub struct VmBuilder {
    machine: Machine,
    display: Display,
    pointer: Pointer,
    library: ServerLibrary,
    spice: Option<SpiceAddress>,
    ticket: Option<String>,
    agent: bool,
    quiet: bool,
    memory: u32,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    kernel_arguments: String,
    traced: Vec<String>,
    firmware: Option<Firmware>,
}

/// A running QEMU. Ended by its process handle when dropped. Belongs to the thread that started it: when that thread
/// ends, the kernel ends QEMU.
pub struct Vm {
    process: Process,
    /// QEMU's monitor.
    pub qmp: Qmp,
    /// The inside.
    pub guest: Guest,
    spice: SpiceAddress,
    ticket: Option<String>,
    /// How many bytes of QEMU's standard error were expected.
    expected_complaints: usize,
    folder: RunFolder,
    _exclusive: Exclusive,
}

impl VmBuilder {
    /// A machine that loads `library`.
    pub fn new(library: ServerLibrary) -> Self {
        VmBuilder {
            machine: Machine::Pc,
            display: Display::Qxl,
            pointer: Pointer::Tablet,
            library,
            spice: None,
            ticket: None,
            agent: false,
            quiet: true,
            memory: 512,
            environment: Vec::new(),
            arguments: Vec::new(),
            kernel_arguments: String::new(),
            traced: Vec::new(),
            firmware: None,
        }
    }

    /// Chooses QEMU's machine type.
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machine = machine;
        self
    }

    /// Chooses the display device.
    pub fn display(mut self, display: Display) -> Self {
        self.display = display;
        self
    }

    /// Chooses the pointing device.
    pub fn pointer(mut self, pointer: Pointer) -> Self {
        self.pointer = pointer;
        self
    }

    /// Chooses where the SPICE server listens.
    pub fn spice(mut self, address: SpiceAddress) -> Self {
        self.spice = Some(address);
        self
    }

    /// Asks SPICE clients for this ticket.
    pub fn ticket(mut self, ticket: &str) -> Self {
        self.ticket = Some(ticket.to_owned());
        self
    }

    /// Lets the kernel write its boot messages to the screen.
    pub fn talkative_kernel(mut self) -> Self {
        self.quiet = false;
        self
    }

    /// Gives the guest this many MiB of memory.
    pub fn memory(mut self, mebibytes: u32) -> Self {
        self.memory = mebibytes;
        self
    }

    /// Sets a variable in QEMU's environment.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds the port of the guest's agent: stock clients ask for screens only where there is one. A tablet keeps the
    /// pointer.
    pub fn agent_port(mut self) -> Self {
        self.agent = true;
        self.arguments(&[
            "-chardev",
            "spicevmc,id=agent,name=vdagent",
            "-device",
            "virtserialport,chardev=agent,name=com.redhat.spice.0",
        ])
    }

    /// Adds arguments to QEMU's command line.
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// Begins with what [`Qmp::migrate`] has written into `file` instead of a boot.
    pub fn incoming(self, file: &Path) -> Self {
        self.arguments(&["-incoming", &format!("exec:cat '{}'", file.display())])
    }

    /// Adds an argument to the kernel's command line.
    pub fn kernel_argument(mut self, argument: &str) -> Self {
        self.kernel_arguments.push_str(&format!(" {argument}"));
        self
    }

    /// Lets the firmware start the kernel, by what is signed, instead of QEMU. Takes a PC with PCI Express.
    pub fn firmware(mut self, firmware: Firmware) -> Self {
        self.machine = Machine::Q35;
        self.firmware = Some(firmware);
        self
    }

    /// Writes QEMU's trace events of this name to [`Vm::trace`].
    pub fn traced(mut self, event: &str) -> Self {
        self.traced.push(event.to_owned());
        self
    }

    /// Starts it, after every other virtual machine of this user has ended. The guest has not booted yet when this
    /// returns: see [`Guest::booted`].
    pub fn start(self, image: &GuestImage) -> Result<Vm> {
        let exclusive = Exclusive::wait()?;
        let folder = RunFolder::create()?;
        let spice = self.spice.clone().unwrap_or_else(|| SpiceAddress::Unix(folder.file("spice")));
        let listen =
            |name| UnixListener::bind(folder.file(name)).with_context(|| format!("cannot listen on {name}"));
        let (monitor, console, control) = (listen("monitor")?, listen("console")?, listen("control")?);
        let mut process = Process::start("QEMU", &mut self.command(&folder, &spice, image)?)?;
        let mut accept = |listener| connection(listener, &mut process, &folder);
        let (monitor, console, control) = (accept(&monitor)?, accept(&console)?, accept(&control)?);
        let mut qmp = Qmp::greet(monitor).with_context(|| standard_error(&folder))?;
        if let Some(ticket) = &self.ticket {
            qmp.set_spice_password(ticket)?;
        }
        let guest = Guest::new(console, control);
        let mut vm = Vm {
            process,
            qmp,
            guest,
            spice,
            ticket: self.ticket,
            expected_complaints: 0,
            folder,
            _exclusive: exclusive,
        };
        vm.check_library(&self.library)?;
        Ok(vm)
    }

    fn command(&self, folder: &RunFolder, spice: &SpiceAddress, image: &GuestImage) -> Result<Command> {
        let mut qemu = tied_to_us(QEMU);
        self.library.apply(&mut qemu);
        qemu.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // A second virtual processor under software emulation makes the 6.1 kernel panic now and then while it boots.
        // Secure Boot keeps its variables in a mode of the processor that systems cannot enter.
        let smm = if self.firmware.is_some() { ",smm=on" } else { "" };
        qemu.args(["-accel", "tcg", "-smp", "1", "-machine"]).arg(format!("{}{smm}", self.machine.name()));
        qemu.arg("-m").arg(self.memory.to_string());
        qemu.args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-vga",
            self.display.vga_argument(),
        ]);
        if self.pointer == Pointer::Tablet {
            qemu.args(["-device", "virtio-tablet-pci"]);
        }
        let ticketing = if self.ticket.is_some() { "off" } else { "on" };
        let tablet_first = self.agent && self.pointer == Pointer::Tablet;
        let agent = if tablet_first { ",agent-mouse=off" } else { "" };
        qemu.arg("-spice").arg(format!("{},disable-ticketing={ticketing}{agent}", spice.spice_argument()));
        for name in ["monitor", "console", "control"] {
            qemu.arg("-chardev").arg(format!("socket,id={name},path={}", folder.file(name).display()));
        }
        qemu.args(["-mon", "chardev=monitor,mode=control", "-serial", "chardev:console"]);
        // Not a second UART: on a busy machine the guest's 8250 driver lost bytes of a command now and then.
        qemu.args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=control,name=control"]);
        if let Some(disk) = &image.disk {
            // What the guest writes is forgotten when the machine ends.
            let drive = format!("file={},if=virtio,format=raw,snapshot=on", disk.display());
            qemu.arg("-drive").arg(drive);
        }
        let quiet = if self.quiet { " quiet" } else { "" };
        let line = format!("{KERNEL_ARGUMENTS}{quiet}{}", self.kernel_arguments);
        match &self.firmware {
            Some(firmware) => {
                qemu.args(firmware.arguments(folder.path(), image, &line)?);
            }
            None => {
                qemu.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(&image.initramfs);
                qemu.arg("-append").arg(line);
            }
        }
        qemu.args(self.traced.iter().flat_map(|event| ["-trace", event]));
        if !self.traced.is_empty() {
            qemu.arg("-D").arg(folder.file("trace"));
        }
        qemu.args(&self.arguments);
        let errors = File::create(folder.file("stderr")).context("cannot keep QEMU's messages")?;
        qemu.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors);
        Ok(qemu)
    }
}

impl Vm {
    /// Where SPICE clients connect.
    pub fn spice(&self) -> &SpiceAddress {
        &self.spice
    }

    /// Ends QEMU from another thread. Whatever waits for the guest then fails soon.
    pub fn ender(&self) -> Result<Ender> {
        self.process.ender()
    }

    /// A path in a folder that is removed with the machine.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Connects a stock client, with the machine's first ticket if it has one.
    pub fn connect(&self) -> Result<StockClient> {
        StockClient::connect(&self.spice, self.ticket.as_deref(), self.folder.path())
    }

    /// Connects a stock client that shows this ticket.
    pub fn connect_with_ticket(&self, ticket: &str) -> Result<StockClient> {
        StockClient::connect(&self.spice, Some(ticket), self.folder.path())
    }

    /// What QEMU itself takes for the picture.
    pub fn screendump(&mut self) -> Result<Picture> {
        let file = self.folder.file("screendump.ppm");
        self.qmp.screendump(&file)
    }

    /// Waits until QEMU's own picture satisfies `condition`.
    pub fn screen_where(
        &mut self,
        what: &str,
        deadline: Deadline,
        condition: impl Fn(&Picture) -> bool,
    ) -> Result<Picture> {
        deadline.until(what, || Ok(Some(self.screendump()?).filter(&condition)))
    }

    /// Waits until `client` shows exactly what QEMU itself takes for the picture, and gives that.
    pub fn same_picture(&mut self, client: &mut StockClient, deadline: Deadline) -> Result<Picture> {
        let mut difference = String::new();
        let equal = deadline.until("the client's picture equal to QEMU's", || {
            let (theirs, ours) = (self.screendump()?, client.picture()?);
            let pixels = theirs.differing_pixels(&ours);
            difference = format!("{pixels} of {}x{} pixels differ", theirs.width, theirs.height);
            Ok((pixels == 0).then_some(theirs))
        });
        equal.context(difference)
    }

    /// QEMU's standard error so far.
    pub fn standard_error(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.file("stderr"))?)
    }

    /// What [`VmBuilder::traced`] asked for, so far.
    pub fn trace(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.file("trace"))?)
    }

    /// The processor time that QEMU has used, in seconds, the guest's included.
    pub fn processor_seconds(&mut self) -> Result<f64> {
        const TICKS_A_SECOND: f64 = 100.0;
        let stat = self.proc_file("stat")?;
        let fields = stat.rsplit_once(')').context("an odd /proc/PID/stat")?.1;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(times.sum::<Result<f64, _>>()? / TICKS_A_SECOND)
    }

    /// What QEMU wrote to its standard error and is not known to be harmless.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.folder.file("stderr"))?;
        Ok(warnings::complaints(text.get(self.expected_complaints..).unwrap_or_default()))
    }

    /// Takes all complaints so far for expected: after a test has misbehaved on purpose.
    pub fn forget_complaints(&mut self) -> Result<()> {
        self.expected_complaints = std::fs::read_to_string(self.folder.file("stderr"))?.len();
        Ok(())
    }

    /// Whether QEMU still runs; an error with its last words when it does not.
    pub fn check_alive(&mut self) -> Result<()> {
        match self.process.ended()? {
            None => Ok(()),
            Some(status) => bail!("QEMU ended with {status}: {}", standard_error(&self.folder)),
        }
    }

    /// Waits until QEMU ends by itself: the guest switches its machine off.
    pub fn ended(&mut self, deadline: Deadline) -> Result<()> {
        self.process.wait(deadline).map(drop)
    }

    /// Ends QEMU in order and checks that it ended well and without complaints.
    pub fn quit(mut self, deadline: Deadline) -> Result<()> {
        self.qmp.quit()?;
        let status = self.process.wait(deadline)?;
        let complaints = self.complaints()?;
        if !status.success() || !complaints.is_empty() {
            bail!("QEMU ended with {status} and complained: {complaints:#?}");
        }
        Ok(())
    }

    /// The bytes of memory that QEMU has resident, for bounds.
    pub fn resident_bytes(&mut self) -> Result<u64> {
        let status = self.proc_file("status")?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<u64>()? * 1024)
    }

    fn check_library(&mut self, library: &ServerLibrary) -> Result<()> {
        let maps = self.proc_file("maps")?;
        if !library.is_mapped(&maps) {
            bail!("QEMU did not load the libspice-server it was given: {library:?}");
        }
        Ok(())
    }

    fn proc_file(&mut self, name: &str) -> Result<String> {
        let path = format!("/proc/{}/{name}", self.process.child().id());
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }
}

impl Drop for Vm {
    /// A failing test wants to see what the machine said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- QEMU's standard error ---\n{}", standard_error(&self.folder));
            eprintln!("--- the guest's console ---\n{}", self.guest.console().text());
        }
    }
}

/// Waits for QEMU to connect to one of our sockets.
fn connection(listener: &UnixListener, process: &mut Process, folder: &RunFolder) -> Result<UnixStream> {
    const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    let deadline = Deadline::seconds(60);
    loop {
        let left = deadline.left("QEMU's connection to us");
        let mut ready = [PollFd::new(listener, PollFlags::IN)];
        if poll(&mut ready, Some(&LOOK))? > 0 {
            return Ok(listener.accept()?.0);
        }
        if let Some(status) = process.ended()? {
            bail!("QEMU ended at once with {status}: {}", standard_error(folder));
        }
        left?;
    }
}

fn standard_error(folder: &RunFolder) -> String {
    let text = std::fs::read_to_string(Path::new(&folder.file("stderr"))).unwrap_or_default();
    if text.trim().is_empty() { "it said nothing".into() } else { text.trim().to_owned() }
}
