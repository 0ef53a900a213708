//! The guest's agent at a character device that works as QEMU's does: what the guest writes is there to be read only
//! while the library is woken, and is offered again once the library has read all of the last offer.
//!
//! Prints what the library tells the device and what the guest reads.

use std::cell::RefCell;
use std::ffi::{c_int, c_uint};

use super::Host;
use super::abi::{BaseInstance, BaseInterface, CharDeviceInstance, CharDeviceInterface};
use crate::agent::{AgentCall, Passage, flag, hex};
use crate::report::{self, Line};

/// `SPICE_CHAR_DEVICE_NOTIFY_WRITABLE`.
const NOTIFY_WRITABLE: c_int = 1;

/// The interface and its instance. They stay where they are until the library is gone.
pub(super) struct Agent {
    interface: CharDeviceInterface,
    instance: CharDeviceInstance,
}

/// The guest's side of the port. There is one, on the main thread.
#[derive(Default)]
struct Guest {
    /// What the guest has written and the library has not read.
    written: Vec<u8>,
    /// How much of it is on offer.
    offered: usize,
    /// The library has left a part of an offer: there is none before it asks again.
    is_blocked: bool,
    /// How many bytes the guest reads; without a limit, if there is none.
    reads: Option<usize>,
    /// The library serves the port; otherwise what the guest writes is lost.
    is_served: bool,
}

thread_local! {
    static GUEST: RefCell<Guest> = RefCell::default();
}

fn guest<R>(call: impl FnOnce(&mut Guest) -> R) -> R {
    GUEST.with_borrow_mut(call)
}

impl Agent {
    pub(super) fn new() -> Box<Self> {
        let (kind, description) = (c"char_device".as_ptr(), c"replayer agent".as_ptr());
        let base = BaseInterface { kind, description, major: 1, minor: 3 };
        let interface = CharDeviceInterface { base, state, write, read, event: None, flags: NOTIFY_WRITABLE };
        let base = BaseInstance { interface: std::ptr::null() };
        let subtype = c"vdagent".as_ptr();
        let (state, port_name) = (std::ptr::null_mut(), std::ptr::null());
        let instance = CharDeviceInstance { base, subtype, state, port_name };
        let mut agent = Box::new(Self { interface, instance });
        agent.instance.base.interface = &raw const agent.interface.base;
        agent
    }

    /// What the library's functions take.
    pub(super) fn instance(&mut self) -> *mut CharDeviceInstance {
        &raw mut self.instance
    }
}

extern "C" fn state(_: *mut CharDeviceInstance, connected: c_int) {
    guest(|guest| *guest = Guest { is_served: connected != 0, reads: guest.reads, ..Guest::default() });
    report::print(&Line::AgentState { connected });
}

extern "C" fn write(_: *mut CharDeviceInstance, bytes: *const u8, size: c_int) -> c_int {
    let size = usize::try_from(size).unwrap_or(0);
    let count = guest(|guest| {
        let count = guest.reads.map_or(size, |reads| size.min(reads));
        guest.reads = guest.reads.map(|reads| reads - count);
        count
    });
    // SAFETY: the library passes so many bytes.
    let taken = unsafe { std::slice::from_raw_parts(bytes, count) };
    if !taken.is_empty() {
        report::print(&Line::AgentReads { bytes: &hex(taken) });
    }
    c_int::try_from(count).unwrap_or(0)
}

extern "C" fn read(_: *mut CharDeviceInstance, into: *mut u8, size: c_int) -> c_int {
    let size = usize::try_from(size).unwrap_or(0);
    let given: Vec<u8> = guest(|guest| {
        let count = size.min(guest.offered);
        guest.offered -= count;
        guest.is_blocked &= guest.offered > 0;
        guest.written.drain(..count).collect()
    });
    // SAFETY: the library has room for so many bytes.
    unsafe { into.copy_from_nonoverlapping(given.as_ptr(), given.len()) };
    c_int::try_from(given.len()).unwrap_or(0)
}

impl Host {
    /// Does what the agent or the host does.
    pub fn agent(&mut self, call: &AgentCall) {
        match call {
            AgentCall::Open => {
                let result = self.add_interface(self.agent.cast());
                report::print(&Line::Agent { result });
            }
            AgentCall::Close => {
                // SAFETY: the instance lives to the end of the process.
                let result = unsafe { (self.entry.spice_server_remove_interface)(self.agent.cast()) };
                report::print(&Line::Agent { result });
            }
            AgentCall::Write(bytes) => {
                guest(|guest| guest.written.extend(bytes.iter().filter(|_| guest.is_served)));
                self.offer();
            }
            AgentCall::Read(count) => {
                guest(|guest| guest.reads = Some(*count));
                self.wake_agent();
            }
            AgentCall::Set(what, on) => {
                let set = match what {
                    Passage::CopyPaste => self.entry.spice_server_set_agent_copypaste,
                    Passage::FileTransfer => self.entry.spice_server_set_agent_file_xfer,
                    Passage::Pointer => self.entry.spice_server_set_agent_mouse,
                };
                let result = self.set(set, flag(*on));
                report::print(&Line::Agent { result });
            }
            AgentCall::Device(address, first, count) => {
                let set = self.entry.spice_qxl_set_device_info;
                let (first, count): (c_uint, c_uint) = (*first, *count);
                // SAFETY: the device is valid, and the library copies the address.
                unsafe { set(self.device, address.as_ptr(), first, count) };
            }
            AgentCall::Settle => {}
            AgentCall::Monitors(on) => super::device::take_monitors(*on),
        }
    }

    /// Offers what the guest has written, unless the library has to ask first; again and again, as the main loop would.
    pub fn offer(&mut self) {
        loop {
            let offered = guest(|guest| {
                guest.offered = if guest.is_blocked { 0 } else { guest.written.len() };
                guest.offered
            });
            if offered == 0 {
                return;
            }
            self.wake_agent();
            guest(|guest| guest.is_blocked |= std::mem::take(&mut guest.offered) > 0);
        }
    }

    fn wake_agent(&self) {
        // SAFETY: the instance lives to the end of the process.
        unsafe { (self.entry.spice_server_char_device_wakeup)(self.agent) };
    }
}
