//! A machine goes on in another QEMU, where the device begins anew and the driver does not know.

use anyhow::{Result, ensure};
use e2e::Deadline;

use crate::pixels::{scenes, shows};
use crate::session::Session;

pub(crate) fn migrated(mut session: Session) -> Result<()> {
    let drawn = session.vm.guest.draw_still(1024, 768, Deadline::seconds(60))?;
    shows(&mut session, drawn)?;
    let state = std::env::temp_dir().join(format!("spice-guest-suite-migration-{}", std::process::id()));
    let outcome = session.vm.qmp.migrate(&state, Deadline::seconds(120)).and_then(|()| {
        session.succeeded(
            |builder| builder.incoming(&state),
            |vm| {
                let deadline = Deadline::seconds(120);
                deadline.until("the machine's arrival", || {
                    vm.check_alive()?;
                    Ok((vm.qmp.run_state()? == "running").then_some(()))
                })
            },
        )
    });
    std::fs::remove_file(&state).ok();
    let mut session = outcome?;
    shows(&mut session, drawn)?;
    session.vm.guest.stop_drawing(Deadline::seconds(60))?;
    scenes(&mut session)?;
    session.vm.guest.no_splat()?;
    let complaints = session.vm.complaints()?;
    ensure!(complaints.is_empty(), "QEMU complained: {complaints:#?}");
    session.quit()
}
