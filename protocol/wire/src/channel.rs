//! Channels: each is a connection of its own, with a type and a number among those of its type.

use core::fmt;

use crate::message::{numbers, structure};

numbers! {
    /// What a channel is for.
    pub struct ChannelType(u8) {
        /// Session, agent and migration.
        MAIN = 1,
        /// Drawing and video.
        DISPLAY = 2,
        /// Keyboard and mouse.
        INPUTS = 3,
        /// The pointer's shape and place.
        CURSOR = 4,
        /// Sound from the guest.
        PLAYBACK = 5,
        /// Sound to the guest.
        RECORD = 6,
        /// Not used any more.
        TUNNEL = 7,
        /// Smart card readers.
        SMARTCARD = 8,
        /// USB devices.
        USBREDIR = 9,
        /// A character device with a name.
        PORT = 10,
        /// Shared folders: a port whose name says so.
        WEBDAV = 11,
    }
}

structure! {
    /// One channel of a session.
    #[derive(Copy, Default, Hash, PartialOrd, Ord)]
    pub struct ChannelId {
        /// What it is for.
        pub channel_type: ChannelType,
        /// Its number among those of the same type, from 0; for displays the number of the device.
        pub id: u8,
    }
}

/// As in `display-0`; a type without a name by its number, as in `channel12-0`.
impl fmt::Display for ChannelId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel_type, id } = self;
        match channel_type.name() {
            Some(name) => {
                for letter in name.chars() {
                    write!(out, "{}", letter.to_ascii_lowercase())?;
                }
            }
            None => write!(out, "channel{}", channel_type.0)?,
        }
        write!(out, "-{id}")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn channels_have_short_names() {
        let name = |channel_type, id| ChannelId { channel_type, id }.to_string();
        assert_eq!(name(ChannelType::DISPLAY, 1), "display-1");
        assert_eq!(name(ChannelType(12), 0), "channel12-0");
    }
}
