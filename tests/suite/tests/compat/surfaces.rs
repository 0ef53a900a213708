//! What every surface holds in the guest's memory after every random command, with the original and with the
//! library under test. This sees what no client is shown: surfaces off the screen, and bytes that are no colour.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use e2e::Cache;
use replayer::libraries;
use replayer::steer::{Replayer, Seen};

use crate::reference::md5;
use crate::replay::{self, Folder, Source};

/// Changes when surfaces are looked at in another way.
const VERSION: &str = "1";

/// What all surfaces hold after each command.
type Moments = Vec<Vec<Seen>>;

/// Fails at the first command of a seed after which a surface differs.
pub(crate) fn compare(seed: u64, commands: u64) -> Result<()> {
    let source = Source::Random { seed, commands };
    let expected = original(source, commands)?;
    let library = libraries::under_test()?;
    let mut replayer = replay::start(&library, source, &[])?;
    for (command, expected) in (1..).zip(&expected) {
        let found = after(&mut replayer, command)?;
        if found != *expected {
            drop(replayer);
            let differing = found.iter().zip(expected).find(|(found, expected)| found != expected);
            let (found, _) = differing.context("other surfaces exist")?;
            return explain(source, command, found);
        }
    }
    replayer.quit()?;
    Ok(())
}

fn after(replayer: &mut Replayer, command: u64) -> Result<Vec<Seen>> {
    replayer.go(command)?;
    replayer.look(None)
}

/// What the original's surfaces hold, from the user's cache if it was asked before.
fn original(source: Source, commands: u64) -> Result<Moments> {
    let library = libraries::original()?;
    let parts = format!("{VERSION} {} {}", md5(&fs::read(&library)?)?, source.identity()?);
    let key = format!("compat-surfaces-{}-{}", source.name(), md5(parts.as_bytes())?);
    let folder = Cache::of_the_user()?.entry(&key, |folder| {
        let mut replayer = replay::start(&library, source, &[])?;
        let moments =
            (1..=commands).map(|command| after(&mut replayer, command)).collect::<Result<Moments>>();
        let moments = moments.context("the original library")?;
        replayer.quit()?;
        Ok(fs::write(folder.join("surfaces.json"), serde_json::to_vec(&moments)?)?)
    })?;
    Ok(serde_json::from_slice(&fs::read(folder.join("surfaces.json"))?)?)
}

/// Runs both libraries again up to the command, and says which pixels differ.
fn explain(source: Source, command: u64, seen: &Seen) -> Result<()> {
    let pixels = |library: &Path, name: &str| -> Result<Vec<u8>> {
        let folder = Folder::new(name)?;
        let mut replayer = replay::start(library, source, &[])?;
        replayer.go(command)?;
        replayer.look(Some(&folder.file("")))?;
        Ok(fs::read(folder.file(&seen.surface.to_string()))?)
    };
    let expected = pixels(&libraries::original()?, "expected")?;
    let found = pixels(&libraries::under_test()?, "found")?;
    let bytes = (seen.format as usize & 0x3f).div_ceil(8);
    let per_row = found.len() / bytes / (seen.height as usize).max(1);
    let both = expected.chunks(bytes).zip(found.chunks(bytes)).enumerate();
    let differing: Vec<_> = both.filter(|(_, (expected, found))| expected != found).collect();
    let Some((place, (expected, found))) = differing.first() else { bail!("it differs from run to run") };
    let (x, y) = (place % per_row.max(1), place / per_row.max(1));
    let named = source.between(command - 1, command)?;
    let Seen { surface, format, .. } = seen;
    bail!(
        "command {command}, {named}: surface {surface} of format {format} differs in {} places; the first, {x},{y}, is \
         {found:02x?} in place of {expected:02x?}",
        differing.len(),
    )
}
