//! `cargo xtask build`: what ships, built and checked, into target/dist/.
//!
//! The server library is a Rust staticlib linked by the C compiler, because rustc hands the linker its own anonymous
//! version script for a cdylib, under which ours loses: every symbol would come out unversioned.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{command, kms, needed, setup, symbols, workspace};

const SONAME: &str = "libspice-server.so.1";

/// What to build.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_enum, default_value = "all")]
    what: Artefact,
}

#[derive(Clone, Copy, ValueEnum)]
enum Artefact {
    /// target/dist/host-server/libspice-server.so.1
    HostServer,
    /// target/dist/kms/: the DKMS tree, its package, and modules for three kernels
    Kms,
    /// Everything there is so far.
    All,
}

pub(crate) fn run(options: &Options) -> Result<String> {
    setup::ensure()?;
    match options.what {
        Artefact::HostServer => host_server(),
        Artefact::Kms => Ok(kms::build()?.to_string()),
        Artefact::All => Ok(format!("{}; {}", host_server()?, kms::build()?)),
    }
}

/// Builds the server library and checks its symbols and what it needs. Gives a line that says what came out.
pub(crate) fn host_server() -> Result<String> {
    println!("build: the server as a static library");
    let archive = compile_archive()?;
    println!("build: linking {SONAME} with its version script");
    let library = link(&archive)?;
    let (count, nodes) = symbols::verify(&library)?;
    let libraries = needed::verify(&library)?;
    Ok(format!(
        "{}, {count} symbols in {nodes} version nodes, {libraries} libraries needed",
        workspace::shown(&library)
    ))
}

/// A Rust static library and the system libraries it asks for.
struct Archive {
    path: PathBuf,
    system_libraries: Vec<String>,
}

fn compile_archive() -> Result<Archive> {
    let mut cargo = command::cargo();
    cargo.args(["rustc", "--package", "spice-server-abi", "--lib", "--release", "--crate-type", "staticlib"]);
    cargo.args(["--message-format", "json-render-diagnostics", "--", "--print", "native-static-libs"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::piped()).output().context("cannot start cargo")?;
    let diagnostics = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("the server library does not compile:\n{diagnostics}");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let path = archive_path(&messages).context("cargo named no static library")?;
    let system_libraries =
        native_libraries(&diagnostics).context("rustc printed no native-static-libs line")?;
    Ok(Archive { path, system_libraries })
}

/// The `.a` among the files that cargo's JSON messages name.
fn archive_path(messages: &str) -> Option<PathBuf> {
    let artefacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artefacts
        .filter(|message| {
            message["target"]["name"] == "spice_server" || message["target"]["name"] == "spice_server_abi"
        })
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|extension| extension == "a"))
}

/// The linker arguments in rustc's note, for example "-lssl -lcrypto -lgcc_s -lc".
fn native_libraries(diagnostics: &str) -> Option<Vec<String>> {
    let (_, list) = diagnostics.lines().find_map(|line| line.split_once("native-static-libs:"))?;
    Some(list.split_whitespace().map(str::to_owned).collect())
}

/// Links into a file beside the final one and renames it, so that a running QEMU keeps the library it has mapped.
fn link(archive: &Archive) -> Result<PathBuf> {
    let library = workspace::server_library();
    let folder = library.parent().context("the library has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let unfinished = folder.join(format!(".{SONAME}.{}", std::process::id()));
    command::output(&mut linker(archive, &unfinished))?;
    std::fs::rename(&unfinished, &library)
        .with_context(|| format!("cannot put {} in place", library.display()))?;
    Ok(library)
}

fn linker(archive: &Archive, library: &Path) -> Command {
    let version_script = workspace::root().join("host-server/abi/spice-server.syms");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-o"]).arg(library);
    cc.arg("-Wl,--whole-archive").arg(&archive.path).arg("-Wl,--no-whole-archive");
    cc.arg(format!("-Wl,-soname,{SONAME}"));
    cc.arg(format!("-Wl,--version-script={}", version_script.display()));
    cc.args([
        "-Wl,-z,relro,-z,now,-z,nodelete,-z,defs",
        "-Wl,--gc-sections",
        "-Wl,--build-id",
        "-Wl,--as-needed",
    ]);
    cc.args(&archive.system_libraries);
    cc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_found_among_other_artefacts() {
        let messages = concat!(
            r#"{"target":{"name":"wire"},"filenames":["/t/libwire.rlib"]}"#,
            "\nnot json\n",
            r#"{"target":{"name":"spice_server_abi"},"filenames":["/t/libspice_server_abi.a"]}"#,
        );
        assert_eq!(archive_path(messages), Some(PathBuf::from("/t/libspice_server_abi.a")));
    }

    #[test]
    fn the_system_libraries_are_read_from_the_note() {
        let note = "note: link against\n\nnote: native-static-libs: -lssl -lcrypto -lc\n";
        assert_eq!(native_libraries(note).unwrap(), ["-lssl", "-lcrypto", "-lc"]);
        assert_eq!(native_libraries("nothing"), None);
    }
}
