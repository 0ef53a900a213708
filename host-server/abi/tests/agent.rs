//! The agent's port as a host in C registers it: a character device of the subtype "vdagent".
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "a host in C is one unsafe block")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard};

// Links the library.
use spice_server as _;

type Pointer = *mut c_void;

unsafe extern "C" {
    fn spice_server_new() -> Pointer;
    fn spice_server_destroy(_: Pointer);
    fn spice_server_add_interface(_: Pointer, _: Pointer) -> c_int;
    fn spice_server_remove_interface(_: Pointer) -> c_int;
    fn spice_server_char_device_wakeup(_: Pointer);
    fn spice_server_set_agent_mouse(_: Pointer, _: c_int) -> c_int;
    fn spice_server_set_agent_copypaste(_: Pointer, _: c_int) -> c_int;
    fn spice_server_set_agent_file_xfer(_: Pointer, _: c_int) -> c_int;
    fn spice_server_vm_stop(_: Pointer);
    fn spice_server_vm_start(_: Pointer);
}

#[repr(C)]
struct Interface {
    name: *const c_char,
    description: *const c_char,
    version: [u32; 2],
    state: Option<unsafe extern "C" fn(*mut Device, c_int)>,
    write: Option<unsafe extern "C" fn(*mut Device, *const u8, c_int) -> c_int>,
    read: Option<unsafe extern "C" fn(*mut Device, *mut u8, c_int) -> c_int>,
    event: Option<unsafe extern "C" fn(*mut Device, u8)>,
    flags: c_int,
}

/// `SpiceCharDeviceInstance`, and what the host keeps behind it.
#[repr(C)]
struct Device {
    interface: *const Interface,
    subtype: *const c_char,
    state: Pointer,
    port_name: *const c_char,
    guest: Guest,
}

#[derive(Default)]
struct Guest {
    calls: Mutex<Vec<String>>,
    /// What the guest has written.
    bytes: Mutex<Vec<u8>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Device {
    fn new(interface: *const Interface, subtype: &'static CStr) -> Self {
        let subtype = subtype.as_ptr();
        Self { interface, subtype, state: null_mut(), port_name: null(), guest: Guest::default() }
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.guest.calls))
    }
}

unsafe extern "C" fn state(device: *mut Device, connected: c_int) {
    // SAFETY: the library gives back the test's instance, which outlives the call.
    let Device { state, guest, .. } = unsafe { &*device };
    lock(&guest.calls).push(format!("state {connected}{}", if state.is_null() { "" } else { " known" }));
}

unsafe extern "C" fn write(device: *mut Device, _: *const u8, size: c_int) -> c_int {
    // SAFETY: as above.
    lock(unsafe { &(*device).guest.calls }).push(format!("write {size}"));
    -1
}

unsafe extern "C" fn read(device: *mut Device, into: *mut u8, size: c_int) -> c_int {
    // SAFETY: as above.
    let guest = unsafe { &(*device).guest };
    let mut bytes = lock(&guest.bytes);
    let count = usize::try_from(size).map_or(0, |size| size.min(bytes.len()));
    for (index, byte) in bytes.drain(..count).enumerate() {
        // SAFETY: there is room for so many bytes.
        unsafe { into.add(index).write(byte) };
    }
    if count > 0 {
        lock(&guest.calls).push(format!("read {count}"));
    }
    c_int::try_from(count).unwrap_or(-1)
}

fn interface(minor: u32) -> Interface {
    Interface {
        name: c"char_device".as_ptr(),
        description: c"a port".as_ptr(),
        version: [1, minor],
        state: Some(state),
        write: Some(write),
        read: Some(read),
        event: None,
        flags: 1,
    }
}

#[test]
fn the_agents_port_is_told_and_read_until_it_is_removed() {
    let interface = interface(3);
    let mut agent = Device::new(&raw const interface, c"vdagent");
    let mut second = Device::new(&raw const interface, c"vdagent");
    // SAFETY: what a host in C does, in its order; the instances outlive the server.
    unsafe {
        let server = spice_server_new();
        spice_server_char_device_wakeup((&raw mut agent).cast());
        assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), -1, "it is not registered yet");
        assert_eq!(agent.calls(), Vec::<String>::new());
        assert_eq!(spice_server_add_interface(server, (&raw mut agent).cast()), 0);
        assert_eq!(agent.calls(), ["state 1 known"]);
        assert_eq!(spice_server_add_interface(server, (&raw mut second).cast()), 0, "as with the original");
        assert_eq!(spice_server_add_interface(server, (&raw mut agent).cast()), 0);
        assert_eq!(agent.calls(), Vec::<String>::new());
        assert_eq!(second.calls(), Vec::<String>::new(), "but there is one already");
        assert_eq!(spice_server_remove_interface((&raw mut second).cast()), -1);

        lock(&agent.guest.bytes).extend([2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]);
        spice_server_vm_stop(server);
        spice_server_char_device_wakeup((&raw mut agent).cast());
        assert_eq!(agent.calls(), Vec::<String>::new(), "the machine is stopped");
        spice_server_vm_start(server);
        assert_eq!(agent.calls(), ["read 8", "read 3"]);
        assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), 0);
        assert_eq!(agent.calls(), ["state 0"]);
        assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), -1);
        spice_server_char_device_wakeup((&raw mut agent).cast());
        assert_eq!(agent.calls(), Vec::<String>::new());

        assert_eq!(spice_server_add_interface(server, (&raw mut second).cast()), 0);
        lock(&second.guest.bytes).extend([9; 20]);
        spice_server_char_device_wakeup((&raw mut second).cast());
        assert_eq!(
            second.calls(),
            ["state 1 known", "read 8", "state 0 known"],
            "no agent writes such a thing"
        );
        assert_eq!(spice_server_add_interface(server, (&raw mut agent).cast()), 0, "it has made way");
        assert_eq!(spice_server_remove_interface((&raw mut second).cast()), 0);
        assert_eq!(agent.calls(), ["state 1 known"], "and its end is its own");
        spice_server_destroy(server);
        assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), 0, "also after the server");
    }
}

#[test]
fn devices_of_other_kinds_are_taken_and_left_alone() {
    let interface = interface(3);
    for subtype in [c"smartcard", c"usbredir", c"port", c"something else"] {
        let mut device = Device::new(&raw const interface, subtype);
        // Whatever a careless host leaves there is none of ours.
        device.state = 8 as Pointer;
        // SAFETY: what a host in C does, in its order.
        unsafe {
            let server = spice_server_new();
            assert_eq!(spice_server_add_interface(server, (&raw mut device).cast()), 0);
            spice_server_char_device_wakeup((&raw mut device).cast());
            assert_eq!(spice_server_remove_interface((&raw mut device).cast()), 0);
            assert_eq!(device.calls(), Vec::<String>::new());
            spice_server_destroy(server);
        }
    }
}

#[test]
fn an_interface_is_used_as_far_as_its_version_goes() {
    for (minor, size) in [(1, 48), (2, 56), (3, 64)] {
        let mut interface = interface(minor);
        interface.event = None;
        let mut memory = vec![0_u8; size];
        // SAFETY: as many bytes as the version has, so that a tool that checks memory sees what is read beyond.
        unsafe { memory.as_mut_ptr().copy_from_nonoverlapping((&raw const interface).cast(), size) };
        let mut agent = Device::new(memory.as_ptr().cast(), c"vdagent");
        // SAFETY: what a host in C does, in its order.
        unsafe {
            let server = spice_server_new();
            assert_eq!(spice_server_add_interface(server, (&raw mut agent).cast()), 0);
            assert_eq!(agent.calls(), ["state 1 known"]);
            assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), 0);
            spice_server_destroy(server);
        }
    }
}

#[test]
fn a_port_without_functions_does_no_harm() {
    let interface = Interface { state: None, write: None, read: None, ..interface(3) };
    let mut agent = Device::new(&raw const interface, c"vdagent");
    // SAFETY: what a host in C does, in its order.
    unsafe {
        let server = spice_server_new();
        assert_eq!(spice_server_add_interface(server, (&raw mut agent).cast()), 0);
        spice_server_char_device_wakeup((&raw mut agent).cast());
        assert_eq!(spice_server_set_agent_mouse(server, 0), 0);
        assert_eq!(spice_server_set_agent_copypaste(server, 0), 0);
        assert_eq!(spice_server_set_agent_file_xfer(server, 0), 0);
        assert_eq!(spice_server_set_agent_mouse(null_mut(), 0), -1);
        assert_eq!(spice_server_remove_interface((&raw mut agent).cast()), 0);
        spice_server_destroy(server);
    }
}
