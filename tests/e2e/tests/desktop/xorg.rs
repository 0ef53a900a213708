//! Xorg with its own modesetting driver, as Debian installs it, and XRANDR. With the kernel's own driver Xorg takes the old
//! driver for QXL devices; what it shows has to be right as well.

use anyhow::{Context, Result, bail, ensure};
use e2e::{Deadline, MouseMode};

use crate::{Session, console, follow, pointer as pointers, shown};

/// What is no fault of a driver, and why.
const HARMLESS: &[(&str, &str)] = &[
    ("dbus-core: error connecting to system bus", "the guest has no D-Bus"),
    ("(EE) error, (NI)", "the log explains its marks"),
];

/// Sizes that the display lists.
const LISTED: &[(usize, usize)] = &[(1280, 1024), (1920, 1080), (800, 600)];

/// One that no display lists and that has no even number of rows, with its timing.
const ODD: (usize, usize) = (1366, 911);
const ODD_TIMING: &str = "99.40 1366 1414 1446 1526 911 914 920 941";

/// Where the server's pointer is put, in pixels.
const PLACE: (i64, i64) = (321, 234);

/// Starts and shows our window. With our driver the server's log has to say that it takes modesetting, without an error.
pub(crate) fn started(session: &mut Session) -> Result<()> {
    session.vm.guest.run("start-xorg", Deadline::seconds(120))?;
    let log = session.vm.guest.run("cat /run/desktop.log", Deadline::seconds(20))?;
    if session.is_ours() {
        let chosen = "Matched modesetting as autoconfigured driver 0";
        ensure!(log.contains(chosen), "the log does not say \"{chosen}\": {log}");
    }
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("(EE)") && !is_harmless(line)).collect();
    ensure!(errors.is_empty(), "Xorg complained: {errors:#?}");
    session.vm.guest.show_window(Deadline::seconds(60))?;
    let (width, height) = size(session)?;
    shown::window(session, width, height).map(drop)
}

/// Modes of the list, one that is added, and back.
pub(crate) fn modes(session: &mut Session) -> Result<()> {
    let output = output(session)?;
    let first = size(session)?;
    let add =
        format!("in-desktop xrandr --newmode odd {ODD_TIMING} && in-desktop xrandr --addmode {output} odd");
    session.vm.guest.run(&add, Deadline::seconds(30))?;
    let listed = LISTED.iter().chain([&first]).map(|(width, height)| format!("{width}x{height}"));
    let names = [String::from("odd")].into_iter().chain(listed);
    for (name, (width, height)) in names.zip([ODD].iter().chain(LISTED).chain([&first])) {
        let set = format!("in-desktop xrandr --output {output} --mode {name}");
        session.vm.guest.run(&set, Deadline::seconds(60))?;
        shown::window(session, *width, *height).with_context(|| format!("mode {name}"))?;
    }
    Ok(())
}

/// The server turns its picture. X's old driver, which the kernel's own gets, cannot.
pub(crate) fn rotated(session: &mut Session) -> Result<()> {
    if !session.is_ours() {
        return Ok(());
    }
    let output = output(session)?;
    for direction in ["left", "normal"] {
        let turn = format!("in-desktop xrandr --output {output} --rotate {direction}");
        session.vm.guest.run(&turn, Deadline::seconds(60))?;
        let (width, height) = size(session)?;
        let drawn = session.vm.guest.window_drawn(width, height, Deadline::seconds(60))?;
        if direction == "normal" {
            shown::shows(session, drawn)?;
            continue;
        }
        let client = &mut session.client;
        Deadline::seconds(30).until("the window on its side at the client", || {
            Ok((client.picture()?.turned_right().fingerprint() == drawn).then_some(()))
        })?;
        session.vm.same_picture(client, Deadline::seconds(30))?;
    }
    Ok(())
}

/// A terminal that scrolls, over a plain background: what the client shows is what the server holds.
pub(crate) fn terminal(session: &mut Session) -> Result<()> {
    session.vm.guest.run("kill $(cat /run/window.pid); rm /run/window.pid", Deadline::seconds(20))?;
    let lines = "seq -f 'line %g, and some more text' 1 500; echo done >/run/scrolled; exec sleep 100000";
    let start = format!(
        "rm -f /run/scrolled; mkfifo /run/scrolled; in-desktop xsetroot -solid '#204060'; \
         in-desktop xterm -geometry 80x24+40+30 -e sh -c \"{lines}\" >/dev/null 2>&1 & echo $! >/run/terminal.pid; \
         cat /run/scrolled"
    );
    session.vm.guest.run(&start, Deadline::seconds(90))?;
    let picture = shown::what_the_guest_holds(session, "", "x11")?;
    let corner = picture.pixel(2, 2);
    ensure!(corner == Some([0x20, 0x40, 0x60]), "the background is {corner:?}");
    ensure!(picture.colours() > 2, "there is no text");
    session.vm.guest.run("kill $(cat /run/terminal.pid)", Deadline::seconds(20)).map(drop)
}

/// The window's pointer arrives, with its hot spot; in the server's mouse mode it moves where the guest puts it.
pub(crate) fn pointer(session: &mut Session) -> Result<()> {
    let shape = session.vm.guest.show_window(Deadline::seconds(60))?;
    let (width, height) = size(session)?;
    let drawn = session.vm.guest.window_drawn(width, height, Deadline::seconds(60))?;
    pointers::arrives(session, shape)?;
    // It is no part of the picture.
    shown::shows(session, drawn)?;
    session.client.request_mouse_mode(MouseMode::Server)?;
    session.client.mouse_mode(MouseMode::Server, Deadline::seconds(30))?;
    let (x, y) = PLACE;
    session.vm.guest.run(&format!("in-desktop guest-program warp {x} {y}"), Deadline::seconds(20))?;
    let mut told = None;
    let moved = Deadline::seconds(30).until("the pointer's new place at the client", || {
        told = Some(session.client.pointer()?);
        Ok(told.is_some_and(|pointer| pointer.at == PLACE).then_some(()))
    });
    moved.with_context(|| format!("{PLACE:?} was set, the client has {told:?}"))?;
    session.client.request_mouse_mode(MouseMode::Client)?;
    session.client.mouse_mode(MouseMode::Client, Deadline::seconds(30))
}

pub(crate) fn follows(session: &mut Session) -> Result<()> {
    follow::client(session)
}

/// The console comes back.
pub(crate) fn ended(session: &mut Session) -> Result<()> {
    session.vm.guest.run("stop-desktop", Deadline::seconds(60))?;
    console::there(session)
}

/// The connected output's name: drivers of X have their own.
fn output(session: &mut Session) -> Result<String> {
    let line = "in-desktop xrandr | grep ' connected'";
    let listed = session.vm.guest.run(line, Deadline::seconds(30))?;
    listed.split_whitespace().next().map(str::to_owned).context("no output is connected")
}

/// The screen's size.
fn size(session: &mut Session) -> Result<(usize, usize)> {
    let listed = session.vm.guest.run("in-desktop xrandr | head -n 1", Deadline::seconds(30))?;
    let Some((_, rest)) = listed.split_once("current ") else { bail!("xrandr says {listed}") };
    let numbers: Vec<usize> = rest.split([' ', ',']).take(3).filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [width, height] => Ok((width, height)),
        _ => bail!("xrandr says {listed}"),
    }
}

fn is_harmless(line: &str) -> bool {
    HARMLESS.iter().any(|(known, _)| line.contains(known))
}
