//! What came in, counted.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};
use wire::channel::{ChannelId, ChannelType};
use wire::{base, cursor, display, inputs, main};

/// How many, and of how many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub number: u64,
    /// Bytes of their bodies or data.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.number += 1;
        self.bytes += bytes as u64;
    }
}

/// What one channel received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelStatistics {
    /// Bytes from the server after the link, headers included.
    pub bytes: u64,
    /// Messages, by type.
    pub messages: BTreeMap<u16, Count>,
    /// Images of drawing operations, by the name of their kind, with the bytes of their data.
    pub images: BTreeMap<&'static str, Count>,
}

impl ChannelStatistics {
    /// All messages.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.messages.values().map(|count| count.number).sum()
    }

    pub(crate) fn message(&mut self, kind: u16, body: usize) {
        self.messages.entry(kind).or_default().add(body);
    }

    pub(crate) fn image(&mut self, name: &'static str, data: usize) {
        self.images.entry(name).or_default().add(data);
    }

    /// Adds what another count of the same channel has.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.bytes += other.bytes;
        for (kind, count) in &other.messages {
            let sum = self.messages.entry(*kind).or_default();
            sum.number += count.number;
            sum.bytes += count.bytes;
        }
        for (name, count) in &other.images {
            let sum = self.images.entry(name).or_default();
            sum.number += count.number;
            sum.bytes += count.bytes;
        }
    }

    /// The numbers as JSON, messages by name.
    #[must_use]
    pub fn to_json(&self, channel: ChannelId) -> Value {
        let count = |count: &Count| json!({ "number": count.number, "bytes": count.bytes });
        let messages = self.messages.iter();
        let messages: BTreeMap<_, _> =
            messages.map(|(kind, n)| (message_name(channel.channel_type, *kind), count(n))).collect();
        let images: BTreeMap<_, _> = self.images.iter().map(|(name, n)| (*name, count(n))).collect();
        json!({
            "channel": channel.to_string(),
            "bytes": self.bytes,
            "messages": self.total(),
            "by_type": messages,
            "images": images,
        })
    }

    /// The numbers as lines for people.
    #[must_use]
    pub fn report(&self, channel: ChannelId) -> String {
        Report { channel, statistics: self }.to_string()
    }
}

struct Report<'a> {
    channel: ChannelId,
    statistics: &'a ChannelStatistics,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, statistics } = self;
        let name = channel.to_string();
        writeln!(out, "{name:<12} {:>9} messages {:>12} bytes", statistics.total(), statistics.bytes)?;
        for (kind, Count { number, bytes }) in &statistics.messages {
            let name = message_name(channel.channel_type, *kind);
            writeln!(out, "  {name:<24} {number:>9} {bytes:>12}")?;
        }
        for (name, Count { number, bytes }) in &statistics.images {
            writeln!(out, "  image {name:<18} {number:>9} {bytes:>12}")?;
        }
        Ok(())
    }
}

/// The name of a server's message, or its number.
pub(crate) fn message_name(channel: ChannelType, kind: u16) -> String {
    let name = match channel {
        ChannelType::MAIN => main::ServerMessage::name_of(kind),
        ChannelType::DISPLAY => display::ServerMessage::name_of(kind),
        ChannelType::CURSOR => cursor::ServerMessage::name_of(kind),
        ChannelType::INPUTS => inputs::ServerMessage::name_of(kind),
        ChannelType::PLAYBACK => wire::playback::ServerMessage::name_of(kind),
        ChannelType::RECORD => wire::record::ServerMessage::name_of(kind),
        _ => base::ServerMessage::name_of(kind),
    };
    name.map_or_else(|| format!("type{kind}"), str::to_owned)
}
