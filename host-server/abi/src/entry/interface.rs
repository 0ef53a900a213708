//! Registering the host's devices: `spice_server_add_interface` and its counterpart.

use std::ffi::c_int;
use std::sync::{Arc, Weak};

use host_server::fault::HostError;
use tracing::warn;

use super::character::{closed, is_agent};
use super::settings::compression_level;
use super::{FAILED, OK, outcome, with_server};
use crate::boundary::not_yet;
use crate::device::HostDisplay;
use crate::input::{HostKeyboard, HostMouse, HostTablet};
use crate::layout::character::SpiceCharDeviceInstance;
use crate::layout::core::{SpiceBaseInstance, SpiceBaseInterface};
use crate::layout::input::{SpiceKbdInstance, SpiceMouseInstance, SpiceTabletInstance};
use crate::layout::qxl::QXLInstance;
use crate::pointer::{Held, Instance, Text};
use crate::port::HostPort;
use crate::server::{DeviceState, DisplayState, Face, PortState, SpiceServer};

entries! {
    /// Registers an instance of an interface: 0, or -1 when the interface is of another version or its place
    /// is taken. Sound and character devices other than the agent's port are taken and not served yet.
    fn spice_server_add_interface(server: Held<SpiceServer>, sin: Instance<SpiceBaseInstance>) -> c_int, or FAILED => {
        with_server(server, FAILED, |face| outcome("cannot add an interface", add(face, sin)))
    }

    /// Takes back what was registered: 0, or -1 for an instance that cannot be taken back.
    fn spice_server_remove_interface(sin: Instance<SpiceBaseInstance>) -> c_int, or FAILED => {
        remove(sin)
    }
}

/// An interface that this library knows: its name, its major version, its newest minor version.
const KNOWN: [(&[u8], u32, u32); 8] = [
    (b"keyboard", 1, 1),
    (b"mouse", 1, 1),
    (b"tablet", 1, 1),
    (b"qxl", 3, 3),
    (b"migration", 1, 1),
    (b"playback", 1, 3),
    (b"record", 2, 3),
    (b"char_device", 1, 3),
];

/// The name of an instance's interface, if it is of a version that this library knows.
fn name(sin: Instance<SpiceBaseInstance>) -> Result<&'static [u8], HostError> {
    let interface = sin.interface().ok_or_else(|| HostError::new("there is no interface"))?;
    let SpiceBaseInterface { r#type, description: _, major_version, minor_version } = interface;
    let asked = Text::from(r#type).bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(&asked);
    let (name, major, minor) = KNOWN
        .into_iter()
        .find(|(name, ..)| *name == asked.as_slice())
        .ok_or_else(|| HostError::new(format_args!("interface {text} is not known")))?;
    if major_version != major || minor_version > minor {
        return Err(HostError::new(format_args!(
            "{text} has version {major_version}.{minor_version}, this library knows {major}.0 to {major}.{minor}"
        )));
    }
    Ok(name)
}

fn add(face: &Arc<Face>, sin: Instance<SpiceBaseInstance>) -> Result<(), HostError> {
    match name(sin)? {
        b"keyboard" => add_keyboard(face, sin.cast()),
        b"mouse" => add_mouse(face, sin.cast()),
        b"tablet" => add_tablet(face, sin.cast()),
        b"qxl" => add_display(face, sin.cast()),
        b"migration" => {
            let mut registered = face.registered();
            if registered.migration.is_some() {
                return Err(HostError::new("there is a migration interface already"));
            }
            registered.migration = Some(sin.cast());
            Ok(())
        }
        b"char_device" => add_character_device(face, sin.cast()),
        _ => {
            not_yet("sound", "clients hear nothing");
            Ok(())
        }
    }
}

fn missing() -> HostError {
    HostError::new("the interface is missing")
}

fn state(face: &Arc<Face>) -> Held<DeviceState> {
    Held::give(DeviceState { face: Arc::downgrade(face) })
}

fn add_keyboard(face: &Arc<Face>, sin: Instance<SpiceKbdInstance>) -> Result<(), HostError> {
    let (instance, keyboard) = sin.read().zip(HostKeyboard::new(sin)).ok_or_else(missing)?;
    face.server.set_keyboard(Some(Arc::new(keyboard)))?;
    sin.write(SpiceKbdInstance { st: state(face), ..instance });
    Ok(())
}

fn add_mouse(face: &Arc<Face>, sin: Instance<SpiceMouseInstance>) -> Result<(), HostError> {
    let (instance, mouse) = sin.read().zip(HostMouse::new(sin)).ok_or_else(missing)?;
    face.server.set_mouse(Some(Arc::new(mouse)))?;
    sin.write(SpiceMouseInstance { st: state(face), ..instance });
    Ok(())
}

fn add_tablet(face: &Arc<Face>, sin: Instance<SpiceTabletInstance>) -> Result<(), HostError> {
    let (instance, tablet) = sin.read().zip(HostTablet::new(sin)).ok_or_else(missing)?;
    face.server.set_tablet(Some(Arc::new(tablet)))?;
    sin.write(SpiceTabletInstance { st: state(face), ..instance });
    Ok(())
}

fn add_display(face: &Arc<Face>, sin: Instance<QXLInstance>) -> Result<(), HostError> {
    let (instance, device) = sin.read().zip(HostDisplay::new(sin)).ok_or_else(missing)?;
    let id = u8::try_from(instance.id)
        .map_err(|_| HostError::new(format_args!("display {} has no channel number", instance.id)))?;
    let (limits, memory) = device.limits();
    let display = face.server.attach_display(id, Box::new(device), Box::new(device), limits)?;
    sin.write(QXLInstance {
        st: Held::give(DisplayState { display: display.clone(), face: Arc::downgrade(face) }),
        ..instance
    });
    face.server.configure_session(|session| {
        if session.ram_hint == 0 {
            session.ram_hint = memory;
        }
    });
    face.registered().displays.push(device);
    device.attached();
    device.set_compression_level(compression_level(face));
    // Only now: the display's thread calls a device that knows of it and finds its state.
    display.begin();
    Ok(())
}

fn add_character_device(face: &Arc<Face>, sin: Instance<SpiceCharDeviceInstance>) -> Result<(), HostError> {
    let (instance, port) = sin.read().zip(HostPort::new(sin)).ok_or_else(missing)?;
    if !is_agent(&instance) {
        closed();
        sin.write(SpiceCharDeviceInstance { st: Held::NULL, ..instance });
        return Ok(());
    }
    let agent = match face.server.attach_agent(Arc::new(port)) {
        Ok(agent) => agent,
        // As with the original the host hears of no failure.
        Err(error) => {
            warn!("the agent's port is not served: {error}");
            return Ok(());
        }
    };
    sin.write(SpiceCharDeviceInstance { st: Held::give(PortState { agent: agent.clone() }), ..instance });
    // Only now: a host that is called finds its state.
    agent.begin();
    Ok(())
}

fn remove(sin: Instance<SpiceBaseInstance>) -> c_int {
    match name(sin) {
        Ok(b"tablet") => remove_tablet(sin.cast()),
        Ok(b"qxl") => remove_display(sin.cast()),
        Ok(b"char_device") => remove_character_device(sin.cast()),
        Ok(b"playback" | b"record") => OK,
        _ => FAILED,
    }
}

fn remove_tablet(sin: Instance<SpiceTabletInstance>) -> c_int {
    let Some(instance) = sin.read() else { return FAILED };
    let Some(state) = instance.st.take() else { return FAILED };
    sin.write(SpiceTabletInstance { st: Held::NULL, ..instance });
    state
        .face
        .upgrade()
        .map_or(FAILED, |face| outcome("cannot remove the tablet", face.server.set_tablet(None)))
}

fn remove_character_device(sin: Instance<SpiceCharDeviceInstance>) -> c_int {
    let Some(instance) = sin.read() else { return FAILED };
    if !is_agent(&instance) {
        return OK;
    }
    let Some(state) = instance.st.take() else { return FAILED };
    sin.write(SpiceCharDeviceInstance { st: Held::NULL, ..instance });
    state.agent.detach();
    OK
}

fn remove_display(sin: Instance<QXLInstance>) -> c_int {
    let Some(instance) = sin.read() else { return FAILED };
    let Some(state) = instance.st.take() else { return FAILED };
    sin.write(QXLInstance { st: Held::NULL, ..instance });
    if let Some(face) = Weak::upgrade(&state.face) {
        face.registered().displays.retain(|display| display.is_not(sin));
    }
    state.display.detach();
    OK
}
