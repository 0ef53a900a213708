//! What a host says to the library when its machine moves to another host, and how the verb `migrate` spells it.

use std::ffi::{CString, c_int};

use anyhow::{Context, Result, bail};

/// What stands for a name that is missing, in verbs.
const NONE: &str = "-";

/// Where clients are to go. A host may pass anything, so this may be no target at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host's name, or null.
    pub host: Option<CString>,
    /// The port without TLS, or -1.
    pub port: c_int,
    /// The port with TLS, or -1.
    pub tls_port: c_int,
}

/// One call; each is a function `spice_server_migrate_*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationCall {
    /// Names the target to clients that will be told to switch.
    Info(Target),
    /// Names the target to clients that connect to it before the machine moves.
    Connect(Target),
    /// The machine begins to move.
    Start,
    /// It has moved, or stays.
    End {
        /// It has moved.
        completed: bool,
    },
    /// Clients are to switch now.
    Switch,
}

impl MigrationCall {
    /// `info HOST PORT TLS-PORT`, `connect HOST PORT TLS-PORT`, `start`, `end moved`, `end stays` or `switch`; `-` is
    /// no host.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(words: &[&str]) -> Result<Self> {
        Ok(match words {
            ["info", target @ ..] => Self::Info(Target::parse(target)?),
            ["connect", target @ ..] => Self::Connect(Target::parse(target)?),
            ["start"] => Self::Start,
            ["end", "moved"] => Self::End { completed: true },
            ["end", "stays"] => Self::End { completed: false },
            ["switch"] => Self::Switch,
            _ => bail!("`{}` is no step of a migration", words.join(" ")),
        })
    }
}

impl Target {
    fn parse(words: &[&str]) -> Result<Self> {
        let [host, port, tls_port] = words else { bail!("a target is a host and two ports") };
        let number = |text: &str| text.parse().with_context(|| format!("`{text}` is no number"));
        let host = (*host != NONE).then(|| CString::new(*host)).transpose()?;
        Ok(Self { host, port: number(port)?, tls_port: number(tls_port)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_words() {
        let target = Target { host: Some(c"there".into()), port: 5900, tls_port: -1 };
        let parsed = MigrationCall::parse(&["info", "there", "5900", "-1"]);
        assert_eq!(parsed.ok(), Some(MigrationCall::Info(target)));
        let nowhere = Target { host: None, port: 1, tls_port: 2 };
        assert_eq!(
            MigrationCall::parse(&["connect", "-", "1", "2"]).ok(),
            Some(MigrationCall::Connect(nowhere))
        );
        assert_eq!(
            MigrationCall::parse(&["end", "stays"]).ok(),
            Some(MigrationCall::End { completed: false })
        );
        for wrong in [&["info"] as &[&str], &["end"], &["info", "there", "x", "1"], &[]] {
            assert!(MigrationCall::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
