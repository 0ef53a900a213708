//! What the guest's agent does at its port, and what a host says about it: how the verb `agent` spells it.

use std::ffi::{CString, c_int};

use anyhow::{Context, Result, bail};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCall {
    /// The guest opens the port.
    Open,
    /// The guest closes it.
    Close,
    /// The guest writes to it.
    Write(Vec<u8>),
    /// The guest reads so many bytes more, as soon as there are any.
    Read(usize),
    /// The host lets something pass or not, by a function `spice_server_set_agent_*`.
    Set(Passage, bool),
    /// The host says where its display device is, and the device's own numbers of monitors: the first, and how many.
    Device(CString, u32, u32),
    /// The display device takes clients' wishes for monitors, or does not.
    Monitors(bool),
    /// Nothing: for whoever waits until the library has done what is due.
    Settle,
}

/// What a host can switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// The clipboard.
    CopyPaste,
    /// Files.
    FileTransfer,
    /// The pointer.
    Pointer,
}

impl AgentCall {
    /// `open`, `close`, `write HEX`, `read COUNT`, `set copypaste|file_xfer|mouse on|off`, `device ADDRESS FIRST COUNT`,
    /// `monitors on|off`, `settle`.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(words: &[&str]) -> Result<Self> {
        let number = |text: &str| text.parse().with_context(|| format!("`{text}` is no number"));
        Ok(match words {
            ["open"] => Self::Open,
            ["close"] => Self::Close,
            ["write", hex] => Self::Write(bytes(hex)?),
            ["read", count] => Self::Read(usize::try_from(number(count)?)?),
            ["set", what, state] => Self::Set(Passage::parse(what)?, is_on(state)?),
            ["device", address, first, count] => {
                Self::Device(CString::new(*address)?, number(first)?, number(count)?)
            }
            ["settle"] => Self::Settle,
            ["monitors", state] => Self::Monitors(is_on(state)?),
            _ => bail!("`{}` is nothing that an agent does", words.join(" ")),
        })
    }
}

impl Passage {
    fn parse(text: &str) -> Result<Self> {
        Ok(match text {
            "copypaste" => Self::CopyPaste,
            "file_xfer" => Self::FileTransfer,
            "mouse" => Self::Pointer,
            _ => bail!("`{text}` is no setting of the agent"),
        })
    }
}

fn is_on(text: &str) -> Result<bool> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => bail!("`{text}` is neither on nor off"),
    }
}

/// Bytes as two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that such digits stand for.
///
/// # Errors
/// They are none.
pub fn bytes(hex: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> =
        hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>().context("no hex")?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Ok(u8::try_from(high * 16 + low)?),
        _ => bail!("half a byte"),
    });
    pairs.collect()
}

/// What a C function gets for `on` and `off`.
pub(crate) fn flag(on: bool) -> c_int {
    on.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_does_is_words() {
        let parse = |text: &str| AgentCall::parse(&text.split_whitespace().collect::<Vec<_>>());
        assert_eq!(parse("open").ok(), Some(AgentCall::Open));
        assert_eq!(parse("write 00ff7a").ok(), Some(AgentCall::Write(vec![0, 0xff, 0x7a])));
        assert_eq!(parse("read 12").ok(), Some(AgentCall::Read(12)));
        assert_eq!(parse("set mouse off").ok(), Some(AgentCall::Set(Passage::Pointer, false)));
        let device = AgentCall::Device(c"pci/0000/02.0".into(), 1, 2);
        assert_eq!(parse("device pci/0000/02.0 1 2").ok(), Some(device));
        for wrong in ["", "write", "write 0", "write zz", "read -1", "set mouse", "set x on", "monitors 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_digits_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&hex(&all)).unwrap(), all);
    }
}
