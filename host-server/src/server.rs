//! The server as a host embeds it: the public face of this library, under the C interface.
//!
//! A host makes a [`Server`], says what it wants, lends it its main loop with [`Server::init`], and attaches
//! its devices. Unless a method says otherwise it is to be called on the main loop's thread.
//!
//! The server calls the host only through traits. Those here, and [`QxlFrontend`], are called on the main
//! loop's thread, and never with the server's state locked, so that the host may call back; only a
//! `QxlFrontend` itself is locked while it is called, and is passed over when it is reached again from within
//! such a call. A [`QxlDevice`] belongs to its display's thread and is called there, without a lock.

mod agent;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tracing::warn;
use vdagent::GraphicsDevice;

pub use self::agent::{Agent, AgentPort};

use self::agent::AgentSlot;
use crate::agent::AgentSettings;
use crate::display::handle::{ClientId, Handle};
use crate::display::{self, Pool, PrimaryHook};
use crate::fault::HostError;
use crate::guest::device::{DeviceLimits, QxlDevice, QxlFrontend};
use crate::link::policy::{Authentication, Policy};
use crate::link::ticket::Password;
use crate::recorder::Recorder;
use crate::session::inbox::{Inbound, Inbox};
use crate::session::migration::Migration;
use crate::session::{Action, ChannelNotice, Session, SessionSettings};
use crate::settings::video_codecs::VideoCodecs;
use crate::settings::{Compression, Settings, StreamingVideo};
use crate::transport::listener::Listener;
use crate::transport::network::{Network, Reception};

/// The guest's keyboard.
pub trait Keyboard: Send + Sync {
    /// Takes one byte of AT scan code set 1.
    fn push_scan_code(&self, code: u8);
    /// The lamps that are on: scroll lock 1, num lock 2, caps lock 4.
    fn lamps(&self) -> u8;
}

/// The guest's relative mouse. Buttons are bits: left 1, right 2, middle 4.
pub trait Mouse: Send + Sync {
    /// Moves by pixels and steps of the wheel.
    fn motion(&self, dx: i32, dy: i32, dz: i32, buttons: u32);
    /// Sets the buttons.
    fn buttons(&self, buttons: u32);
}

/// The guest's absolute pointer. Buttons are bits: left 1, right 2, middle 4.
pub trait Tablet: Send + Sync {
    /// Positions are in a display of this size, in pixels.
    fn set_logical_size(&self, width: i32, height: i32);
    /// Moves to a pixel.
    fn position(&self, x: i32, y: i32, buttons: u32);
    /// Turns the wheel by steps.
    fn wheel(&self, steps: i32, buttons: u32);
    /// Sets the buttons.
    fn buttons(&self, buttons: u32);
}

/// Called by the main loop on its thread.
pub type Callback = Arc<dyn Fn() + Send + Sync>;

/// The host's main loop.
pub trait MainLoop: Send + Sync {
    /// Calls `callback` whenever `fd` is readable, until the watch is dropped.
    ///
    /// # Errors
    /// When the host cannot watch it.
    fn watch_readable(&self, fd: BorrowedFd<'_>, callback: Callback) -> Result<Box<dyn Watch>, HostError>;
    /// A timer that is not running.
    ///
    /// # Errors
    /// When the host has none.
    fn timer(&self, callback: Callback) -> Result<Box<dyn Timer>, HostError>;
    /// Something has happened to a client's socket.
    fn channel_event(&self, notice: &ChannelNotice);
}

/// Ends the watching when dropped.
pub trait Watch: Send + Sync {}

/// Calls back once for each start. Ends when dropped.
pub trait Timer: Send + Sync {
    /// Calls back after this time; replaces an earlier start.
    fn start(&self, after: Duration);
    /// Does not call back.
    fn cancel(&self);
}

/// A SPICE server. Dropping it ends its threads and connections.
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    reception: Arc<Reception>,
    state: Mutex<State>,
}

struct State {
    settings: Settings,
    session: Session,
    displays: Vec<AttachedDisplay>,
    keyboard: Option<Arc<dyn Keyboard>>,
    mouse: Option<Arc<dyn Mouse>>,
    tablet: Option<Arc<dyn Tablet>>,
    agent: AgentSlot,
    host: Option<Host>,
    network: Option<Network>,
    running: bool,
    /// Made with the first display.
    pool: Option<Arc<Pool>>,
    recorder: Option<Arc<Recorder>>,
}

/// What the main loop has given.
struct Host {
    main_loop: Arc<dyn MainLoop>,
    timer: Arc<dyn Timer>,
    #[allow(dead_code, reason = "held for its drop")]
    watch: Box<dyn Watch>,
}

/// A device's place in the main loop. The lock is held while the device is called.
type Frontend = Arc<Mutex<Box<dyn QxlFrontend + Send>>>;

struct AttachedDisplay {
    id: u8,
    handle: Handle,
    frontend: Frontend,
}

impl Server {
    /// A server that does nothing yet.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> Result<Self, HostError> {
        let now = Instant::now();
        let inbox = Arc::new(Inbox::new()?);
        let reception = Arc::new(Reception::new(Arc::clone(&inbox), now));
        let session = Session::new(inbox, Box::new(random_number), now);
        reception.policy().channels = session.channels();
        let state = State {
            settings: Settings::default(),
            session,
            displays: Vec::new(),
            keyboard: None,
            mouse: None,
            tablet: None,
            agent: AgentSlot::default(),
            host: None,
            network: None,
            // Hosts that never say so run their machine from the start.
            running: true,
            pool: None,
            recorder: None,
        };
        Ok(Self { shared: Arc::new(Shared { reception, state: Mutex::new(state) }) })
    }

    /// Changes settings.
    pub fn configure<R>(&self, change: impl FnOnce(&mut Settings) -> R) -> R {
        change(&mut self.shared.lock().settings)
    }

    /// Changes settings of the session. They count for clients that join later.
    pub fn configure_session<R>(&self, change: impl FnOnce(&mut SessionSettings) -> R) -> R {
        change(&mut self.shared.lock().session.settings)
    }

    /// Changes what passes between clients and the guest's agent.
    pub fn configure_agent(&self, change: impl FnOnce(&mut AgentSettings)) {
        self.shared.change(|state| {
            let mut settings = state.session.agent_settings();
            change(&mut settings);
            state.session.set_agent_settings(settings);
        });
    }

    /// Changes who may link to what. Counts for links that are under way.
    pub fn configure_policy<R>(&self, change: impl FnOnce(&mut Policy) -> R) -> R {
        change(&mut self.shared.reception.policy())
    }

    /// Begins to serve: watches for events, and opens the listener that the settings ask for, if any.
    ///
    /// # Errors
    /// When the main loop does not take part or the listener cannot be opened.
    pub fn init(&self, main_loop: Arc<dyn MainLoop>) -> Result<(), HostError> {
        let weak = Arc::downgrade(&self.shared);
        let watch = main_loop.watch_readable(
            self.shared.reception.inbox.bell(),
            Arc::new(move || with(&weak, Shared::on_readable)),
        )?;
        let weak = Arc::downgrade(&self.shared);
        let timer = main_loop.timer(Arc::new(move || with(&weak, Shared::on_time)))?.into();
        let mut state = self.shared.lock();
        state.host = Some(Host { main_loop, timer, watch });
        if state.settings.video_codecs.is_empty() {
            state.settings.video_codecs = VideoCodecs::usual();
        }
        let endpoint = state.settings.endpoint();
        let adopted = state.settings.listening_socket.take();
        if let Some(endpoint) = endpoint {
            self.shared.network(&mut state)?.listen(Listener::open(&endpoint)?)?;
        }
        if let Some(socket) = adopted {
            self.shared.network(&mut state)?.listen(Listener::adopt(socket)?)?;
        }
        Ok(())
    }

    /// Serves a client whose connection the host has accepted. `trusted` clients need no ticket.
    ///
    /// # Errors
    /// When the socket is of no kind that can be served.
    pub fn add_client(&self, socket: OwnedFd, trusted: bool) -> Result<(), HostError> {
        let mut state = self.shared.lock();
        self.shared.network(&mut state)?.adopt(socket, trusted)
    }

    /// Sets the ticket that clients must know from now on; `None` keeps everybody out.
    ///
    /// # Errors
    /// When the password is too long; then nobody gets in.
    pub fn set_ticket(&self, password: Option<&[u8]>, lifetime: Option<Duration>) -> Result<(), HostError> {
        let expires = lifetime.map(|lifetime| Instant::now() + lifetime);
        let given = password.filter(|password| !password.is_empty());
        let password = given.map(|given| {
            Password::new(given)
                .ok_or_else(|| HostError::new("a ticket has at most 60 bytes, none of them 0"))
        });
        let (authentication, result) = match password.transpose() {
            Ok(Some(password)) => (Authentication::Ticket { password, expires }, Ok(())),
            Ok(None) => (Authentication::NoTicketYet, Ok(())),
            Err(error) => (Authentication::NoTicketYet, Err(error)),
        };
        let mut policy = self.shared.reception.policy();
        let was_open = !policy.authentication.checks_tickets();
        policy.authentication = authentication;
        drop(policy);
        if was_open {
            self.disconnect_clients("tickets are checked from now on");
        }
        result
    }

    /// Lets everybody in.
    pub fn disable_ticketing(&self) {
        self.shared.reception.policy().authentication = Authentication::Disabled;
    }

    /// Ends all clients' connections, soon. From any thread.
    pub fn disconnect_clients(&self, reason: &'static str) {
        self.shared.reception.inbox.post(Inbound::DisconnectAll(reason));
    }

    /// Takes a step of moving the machine to another host, given how many clients are connected.
    pub fn migrate<R>(&self, step: impl FnOnce(&mut Migration, usize) -> R) -> R {
        let mut state = self.shared.lock();
        let clients = state.session.client_count();
        step(&mut state.session.migration, clients)
    }

    /// Clients that are connected. From any thread.
    pub fn client_count(&self) -> usize {
        self.shared.lock().session.client_count()
    }

    /// Whether the guest draws the pointer. From any thread.
    pub fn is_server_mouse(&self) -> bool {
        self.shared.lock().session.is_server_mouse()
    }

    /// Changes how images are compressed.
    pub fn set_compression(&self, change: impl FnOnce(&mut Compression)) {
        self.configure_displays(|settings| change(&mut settings.compression));
    }

    /// Changes what is sent as video.
    pub fn set_streaming_video(&self, streaming: StreamingVideo) {
        self.configure_displays(|settings| settings.streaming_video = streaming);
    }

    /// Changes what video may be encoded in. Videos that clients watch go on as they are.
    pub fn set_video_codecs(&self, codecs: VideoCodecs) {
        self.configure_displays(|settings| settings.video_codecs = codecs);
    }

    fn configure_displays(&self, change: impl FnOnce(&mut Settings)) {
        let (handles, settings) = {
            let mut state = self.shared.lock();
            change(&mut state.settings);
            (state.handles(), state.settings.display())
        };
        handles.iter().for_each(|handle| handle.configure(settings));
    }

    /// Records what the displays do that are attached from now on. The recording ends with the server.
    pub fn record(&self, recorder: Recorder) {
        self.shared.lock().recorder = Some(Arc::new(recorder));
    }

    /// Attaches a QXL device, with a thread of its own that leaves the device alone until
    /// [`Display::begin`]. `id` is the number of its channels.
    ///
    /// # Errors
    /// When the number is taken, the limits make no sense or no thread can be had.
    pub fn attach_display(
        &self,
        id: u8,
        device: Box<dyn QxlDevice>,
        frontend: Box<dyn QxlFrontend + Send>,
        limits: DeviceLimits,
    ) -> Result<Display, HostError> {
        let (taken, settings, pool, recorder) = {
            let mut state = self.shared.lock();
            let threads = state.settings.encoder_threads.unwrap_or_else(Pool::usual_threads);
            let pool = state.pool.get_or_insert_with(|| Arc::new(Pool::new(threads))).clone();
            let taken = state.displays.iter().any(|display| display.id == id);
            (taken, state.settings.display(), pool, state.recorder.clone())
        };
        if taken {
            return Err(HostError::new(format_args!("display {id} is attached already")));
        }
        let hook = self.primary_hook(id);
        let handle = display::spawn(id.into(), device, limits, settings, pool, hook)?;
        if let Some(recorder) = recorder {
            handle.record(recorder);
        }
        self.shared.change(|state| {
            let frontend = Arc::new(Mutex::new(frontend));
            state.displays.push(AttachedDisplay { id, handle: handle.clone(), frontend });
            state.session.add_display(id, Box::new(handle.clone()));
        });
        Ok(Display { id, handle, shared: Arc::downgrade(&self.shared) })
    }

    /// Tells the session of primary surfaces; called on the display's thread.
    fn primary_hook(&self, display: u8) -> PrimaryHook {
        let inbox = Arc::clone(&self.shared.reception.inbox);
        Arc::new(move |surface| inbox.post(Inbound::Primary { display, surface }))
    }

    /// Attaches the keyboard, or takes it away.
    ///
    /// # Errors
    /// When there is one already.
    pub fn set_keyboard(&self, keyboard: Option<Arc<dyn Keyboard>>) -> Result<(), HostError> {
        let lamps = keyboard.as_ref().map(|keyboard| keyboard.lamps());
        self.shared.change(|state| {
            place(&mut state.keyboard, keyboard, "keyboard")?;
            state.session.set_keyboard(lamps);
            Ok(())
        })
    }

    /// Attaches the mouse, or takes it away.
    ///
    /// # Errors
    /// When there is one already.
    pub fn set_mouse(&self, mouse: Option<Arc<dyn Mouse>>) -> Result<(), HostError> {
        self.shared.change(|state| place(&mut state.mouse, mouse, "mouse"))
    }

    /// Attaches the tablet, or takes it away.
    ///
    /// # Errors
    /// When there is one already.
    pub fn set_tablet(&self, tablet: Option<Arc<dyn Tablet>>) -> Result<(), HostError> {
        self.shared.change(|state| {
            let present = tablet.is_some();
            place(&mut state.tablet, tablet, "tablet")?;
            state.session.set_tablet(present);
            Ok(())
        })
    }

    /// The guest has switched its keyboard's lamps. From any thread.
    pub fn set_lamps(&self, lamps: u8) {
        self.shared.reception.inbox.post(Inbound::Lamps(lamps));
    }

    /// The machine runs.
    pub fn start_machine(&self) {
        let handles = self.shared.set_running(true);
        handles.iter().for_each(Handle::start);
    }

    /// The machine stops. Returns when every display has read and drawn what the guest has sent.
    pub fn stop_machine(&self) {
        let handles = self.shared.set_running(false);
        handles.iter().for_each(Handle::stop);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (host, network, displays, recorder) = {
            let mut state = self.shared.lock();
            let displays = std::mem::take(&mut state.displays);
            (state.host.take(), state.network.take(), displays, state.recorder.take())
        };
        drop(host);
        drop(network);
        displays.iter().for_each(|display| display.handle.shut_down());
        // The last that holds it.
        drop(recorder);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn network<'a>(&self, state: &'a mut State) -> Result<&'a Network, HostError> {
        if state.network.is_none() {
            state.network = Some(Network::start(Arc::clone(&self.reception))?);
        }
        state.network.as_ref().ok_or_else(|| HostError::new("the network thread has not started"))
    }

    fn set_running(&self, running: bool) -> Vec<Handle> {
        self.change(|state| {
            state.running = running;
            state.session.set_machine_runs(running);
            state.handles()
        })
    }

    fn on_readable(&self) {
        let events = self.reception.inbox.take();
        // A client that joins is told the lamps as they are, also by hosts that do not tell of changes.
        let lamps = events.iter().any(|event| matches!(event, Inbound::Linked(_))).then(|| self.lamps());
        self.change(|state| {
            if let Some(lamps) = lamps.flatten() {
                state.session.set_keyboard(Some(lamps));
            }
            events.into_iter().for_each(|event| state.session.handle(event, Instant::now()));
        });
    }

    fn lamps(&self) -> Option<u8> {
        let keyboard = self.lock().keyboard.clone()?;
        Some(keyboard.lamps())
    }

    fn on_time(&self) {
        self.change(|state| state.session.on_time(Instant::now()));
    }

    /// Changes the state, then does what follows from it: on the main loop's thread, without the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.follow_up();
        if self.move_agent_bytes() {
            self.follow_up();
        }
        result
    }

    fn follow_up(&self) {
        let (actions, channels, timer, due) = {
            let mut state = self.lock();
            let timer = state.host.as_ref().map(|host| Arc::clone(&host.timer));
            (state.session.take_actions(), state.session.channels(), timer, state.session.due())
        };
        self.reception.policy().channels = channels;
        if let Some(timer) = timer {
            match due {
                Some(due) => timer.start(due.saturating_duration_since(Instant::now())),
                None => timer.cancel(),
            }
        }
        actions.into_iter().for_each(|action| self.carry_out(action));
    }

    fn carry_out(&self, action: Action) {
        match action {
            Action::ScanCode(code) => {
                let keyboard = self.lock().keyboard.clone();
                keyboard.inspect(|keyboard| keyboard.push_scan_code(code));
            }
            Action::MouseMotion { dx, dy, dz, buttons } => {
                let mouse = self.lock().mouse.clone();
                mouse.inspect(|mouse| mouse.motion(dx, dy, dz, buttons));
            }
            Action::MouseButtons(buttons) => {
                let mouse = self.lock().mouse.clone();
                mouse.inspect(|mouse| mouse.buttons(buttons));
            }
            Action::Channel(notice) => {
                let main_loop = self.lock().host.as_ref().map(|host| Arc::clone(&host.main_loop));
                main_loop.inspect(|main_loop| main_loop.channel_event(&notice));
            }
            Action::Monitors { body, client } => self.set_monitors(&body, client),
            Action::AgentPort { open } => self.open_agent_port(open),
            Action::Exit => std::process::exit(0),
            Action::TabletSize { .. }
            | Action::TabletPosition { .. }
            | Action::TabletWheel { .. }
            | Action::TabletButtons(_) => self.move_tablet(&action),
        }
    }

    fn move_tablet(&self, action: &Action) {
        let Some(tablet) = self.lock().tablet.clone() else { return };
        // A position beyond 2^31 pixels is off every display.
        let pixels = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        match *action {
            Action::TabletSize { width, height } => tablet.set_logical_size(pixels(width), pixels(height)),
            Action::TabletPosition { x, y, buttons } => tablet.position(pixels(x), pixels(y), buttons),
            Action::TabletWheel { dz, buttons } => tablet.wheel(dz, buttons),
            Action::TabletButtons(buttons) => tablet.buttons(buttons),
            _ => {}
        }
    }

    /// A client's monitors go to the devices only if all of them can take them, otherwise to the agent.
    fn set_monitors(&self, body: &[u8], client: Option<ClientId>) {
        let frontends: Vec<Frontend> =
            self.lock().displays.iter().map(|display| Arc::clone(&display.frontend)).collect();
        let call = |frontend: &Frontend, body| match frontend.try_lock() {
            Ok(mut frontend) => frontend.client_monitors_config(body),
            Err(_) => {
                warn!("a display device asked for monitors while it was given some");
                false
            }
        };
        let taken = !frontends.is_empty() && frontends.iter().all(|frontend| call(frontend, None));
        if taken {
            frontends.iter().for_each(|frontend| {
                call(frontend, Some(body));
            });
        }
        if let Some(client) = client {
            self.lock().session.decide_monitors(client, taken);
        }
    }
}

impl State {
    fn handles(&self) -> Vec<Handle> {
        self.displays.iter().map(|display| display.handle.clone()).collect()
    }
}

fn with(shared: &Weak<Shared>, call: impl FnOnce(&Shared)) {
    if let Some(shared) = shared.upgrade() {
        call(&shared);
    }
}

/// Fills a device's place, or empties it.
fn place<D: ?Sized>(place: &mut Option<Arc<D>>, device: Option<Arc<D>>, name: &str) -> Result<(), HostError> {
    if place.is_some() && device.is_some() {
        return Err(HostError::new(format_args!("there is a {name} already")));
    }
    *place = device;
    Ok(())
}

/// A number that clients cannot guess: it is all that ties a client's channels together.
fn random_number() -> u32 {
    let mut bytes = [0; 4];
    if let Err(error) = openssl::rand::rand_bytes(&mut bytes) {
        warn!("no random numbers from openssl: {error}");
        // Unique at least, within this process.
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        return NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    u32::from_ne_bytes(bytes)
}

/// An attached QXL device. Its methods may be called from any thread that the device's host calls them on.
#[derive(Clone)]
pub struct Display {
    id: u8,
    handle: Handle,
    shared: Weak<Shared>,
}

impl Display {
    /// The display's thread.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The device has all that it needs to be called: from now on its commands are read while the machine runs.
    pub fn begin(&self) {
        if self.shared.upgrade().is_some_and(|shared| shared.lock().running) {
            self.handle.start();
        }
    }

    /// Says where the guest has the device, for its agent: the address, with a 0 at its end, and the device's own number
    /// for each monitor. On the main loop's thread.
    pub fn set_graphics_devices(&self, address: &Bytes, device_displays: impl Iterator<Item = u32>) {
        let device = |(monitor_id, device_display_id)| GraphicsDevice {
            channel_id: self.id.into(),
            monitor_id,
            device_display_id,
            address: address.clone(),
        };
        let devices = (0..).zip(device_displays).map(device).collect();
        if let Some(shared) = self.shared.upgrade() {
            shared.change(|state| state.session.set_graphics_devices(self.id, devices));
        }
    }

    /// Takes the device away and ends its thread. On the main loop's thread.
    pub fn detach(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.change(|state| {
                state.displays.retain(|display| display.id != self.id);
                state.session.remove_display(self.id);
            });
        }
        self.handle.shut_down();
    }
}
