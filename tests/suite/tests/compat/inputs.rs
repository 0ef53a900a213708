//! What the guest's keyboard, mouse and tablet receive of a client.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use probe::{Address, Client, Options};
use replayer::steer::Replayer;
use serde_json::Value;
use wire::inputs::Button;
use wire::main::MouseMode;

use crate::replay::{self, Source};

const PATIENCE: Duration = Duration::from_secs(20);

/// F1: its release ends each part of the script. Another channel could overtake what came before it.
const LAST_KEY: u32 = 0x3b;
const LAST_KEY_RELEASED: u32 = LAST_KEY | 0x80;

/// Lines of the replayer that stand for what a device received.
const RECEIVED: [&str; 5] = ["key", "motion", "buttons", "position", "wheel"];

/// What the devices receive of a client that types, then moves and clicks in both mouse modes.
pub(crate) fn received(library: &Path) -> Result<Vec<Value>> {
    let mut replayer = replay::start(library, Source::Recording("qxl-desk"), &[])?;
    replayer.go(200)?;
    let client = Client::connect(&Address::Tcp(replayer.address().to_string()), &Options::default())?;
    let mut received = Vec::new();

    client.type_text("Hello, 42!")?;
    for code in [0x148, 0x11d, 0x45, 0x146] {
        client.type_key(code)?;
    }
    finish_part(&client, &mut replayer, &mut received)?;

    set_mode(&client, MouseMode::CLIENT)?;
    for (x, y) in [(0, 0), (1, 2), (639, 479), (100, 100)] {
        client.move_pointer_to(0, x, y)?;
    }
    click_all(&client)?;
    finish_part(&client, &mut replayer, &mut received)?;

    set_mode(&client, MouseMode::SERVER)?;
    for (dx, dy) in [(1, 0), (-3, 5), (127, -128), (1000, 1000)] {
        client.move_pointer_by(dx, dy)?;
    }
    click_all(&client)?;
    finish_part(&client, &mut replayer, &mut received)?;

    drop(client);
    replayer.quit()?;
    Ok(received)
}

fn set_mode(client: &Client, mode: MouseMode) -> Result<()> {
    client.request_mouse_mode(mode)?;
    Ok(client.wait("the mouse mode", PATIENCE, |view| view.mouse_mode == mode)?)
}

fn click_all(client: &Client) -> Result<()> {
    let buttons = [Button::LEFT, Button::MIDDLE, Button::RIGHT, Button::UP, Button::DOWN];
    buttons.into_iter().try_for_each(|button| Ok(client.click(button)?))
}

fn finish_part(client: &Client, replayer: &mut Replayer, received: &mut Vec<Value>) -> Result<()> {
    client.type_key(LAST_KEY)?;
    let is_last = |line: &Value| {
        name(line) == "key" && line.get("code").and_then(Value::as_u64) == Some(LAST_KEY_RELEASED.into())
    };
    let lines = replayer.lines_until("the last key", is_last)?;
    received.extend(lines.into_iter().filter(|line| RECEIVED.contains(&name(line))));
    Ok(())
}

fn name(line: &Value) -> &str {
    line.get("event").and_then(Value::as_str).unwrap_or_default()
}
