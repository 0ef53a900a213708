//! A client's wish for a screen's size. It reaches the guest as a hotplug with another preferred mode, and no desktop here
//! takes that by itself: an agent has to, for which a rule of udev stands in.

use anyhow::Result;
use e2e::Deadline;

use crate::{Session, shown};

const RULE: &str =
    r#"ACTION=="change", SUBSYSTEM=="drm", ENV{HOTPLUG}=="1", RUN+="/guest/desktops/follow-client""#;

/// Lets a stock client ask: it does not without an agent.
fn let_client_ask(session: &mut Session) -> Result<()> {
    // Nobody reads the agent's port: the server itself hands the client's wish to the device.
    const HOLD: &str = "[ -e /run/held ] || { n=$(grep -lx com.redhat.spice.0 /sys/class/virtio-ports/*/name); \
                        sleep 100000 <>/dev/$(basename $(dirname $n)) >/dev/null 2>&1 & touch /run/held; }";
    session.vm.guest.run(HOLD, Deadline::seconds(20))?;
    Deadline::seconds(30).until("an agent, as the client sees it", || {
        Ok((session.client.state()?["agent"] == true).then_some(()))
    })
}

/// The same for more than one display, if the driver can have them: the kernel's own keeps the larger screen when one goes.
pub(crate) fn client_may_ask_for_two(session: &mut Session) -> Result<bool> {
    if session.is_ours() {
        let_client_ask(session)?;
    }
    Ok(session.is_ours())
}

/// The desktop takes the sizes that the client asks for, and our window with it.
pub(crate) fn client(session: &mut Session) -> Result<()> {
    let_client_ask(session)?;
    let line = format!(
        "mkdir -p /run/udev/rules.d; echo '{RULE}' >/run/udev/rules.d/90-follow-client.rules; udevadm control --reload"
    );
    session.vm.guest.run(&line, Deadline::seconds(20))?;
    // Upstream rounds widths down to a multiple of eight.
    for (width, height) in [(1112, 777), (800, 608), (1024, 768)] {
        session.client.resize(width, height)?;
        shown::window(session, width, height)?;
    }
    session.vm.guest.run(
        "rm /run/udev/rules.d/90-follow-client.rules; udevadm control --reload",
        Deadline::seconds(20),
    )?;
    Ok(())
}
