//! One line for each message.

use bytes::Bytes;
use wire::channel::ChannelType;
use wire::drawable::{Brush, Clip, Drawable, Fill, Operation};
use wire::image::Image;
use wire::{base, cursor, display, inputs, main, playback, port, record, smartcard};

/// Longest line, in bytes.
const MAX_LINE: usize = 400;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The server.
    FromServer,
    /// The client.
    FromClient,
}

macro_rules! line {
    ($message:ty, $kind:expr, $body:expr) => {
        match <$message>::decode($kind, $body) {
            Ok(message) => plain(message.name(), &format!("{message:?}")),
            Err(error) => format!("type {} cannot be decoded: {error}", $kind),
        }
    };
}

/// A message in one line: its name, and its fields cut to a readable length.
#[must_use]
pub fn describe(channel: ChannelType, direction: Direction, kind: u16, body: Bytes) -> String {
    use Direction::{FromClient, FromServer};
    let size = body.len();
    let line = match (channel, direction) {
        (ChannelType::MAIN, FromServer) => line!(main::ServerMessage, kind, body),
        (ChannelType::MAIN, FromClient) => line!(main::ClientMessage, kind, body),
        (ChannelType::DISPLAY, FromServer) => match display::ServerMessage::decode(kind, body.clone()) {
            Ok(display::ServerMessage::Draw(drawable)) => drawing(kind, &drawable),
            _ => line!(display::ServerMessage, kind, body),
        },
        (ChannelType::DISPLAY, FromClient) => line!(display::ClientMessage, kind, body),
        (ChannelType::CURSOR, FromServer) => line!(cursor::ServerMessage, kind, body),
        (ChannelType::INPUTS, FromServer) => line!(inputs::ServerMessage, kind, body),
        (ChannelType::INPUTS, FromClient) => line!(inputs::ClientMessage, kind, body),
        (ChannelType::PLAYBACK, FromServer) => line!(playback::ServerMessage, kind, body),
        (ChannelType::RECORD, FromServer) => line!(record::ServerMessage, kind, body),
        (ChannelType::RECORD, FromClient) => line!(record::ClientMessage, kind, body),
        (ChannelType::SMARTCARD, FromServer) => line!(smartcard::ServerMessage, kind, body),
        (ChannelType::SMARTCARD, FromClient) => line!(smartcard::ClientMessage, kind, body),
        (ChannelType::USBREDIR, FromServer) => line!(port::StreamServerMessage, kind, body),
        (ChannelType::USBREDIR, FromClient) => line!(port::StreamClientMessage, kind, body),
        (ChannelType::PORT | ChannelType::WEBDAV, FromServer) => line!(port::ServerMessage, kind, body),
        (ChannelType::PORT | ChannelType::WEBDAV, FromClient) => line!(port::ClientMessage, kind, body),
        (_, FromServer) => line!(base::ServerMessage, kind, body),
        (_, FromClient) => line!(base::ClientMessage, kind, body),
    };
    format!("{size:>8} {}", cut(line))
}

/// The name, and the fields that the message's debug output has inside the names of its types.
fn plain(name: &str, debug: &str) -> String {
    let mut fields = debug;
    while let Some((word, rest)) = fields.split_once('(')
        && is_word(word)
        && let Some(inner) = rest.strip_suffix(')')
    {
        fields = inner;
    }
    if let Some((word, rest)) = fields.split_once(" { ")
        && is_word(word)
    {
        fields = rest.strip_suffix(" }").unwrap_or(rest);
    }
    if is_word(fields) { name.to_owned() } else { format!("{name} {fields}") }
}

fn is_word(text: &str) -> bool {
    text.chars().all(char::is_alphanumeric)
}

/// A drawing operation without what nobody reads: where, and which images.
fn drawing(kind: u16, drawable: &Drawable<Image>) -> String {
    let name = display::ServerMessage::name_of(kind).unwrap_or_default();
    let Drawable { surface, bbox, clip, operation } = drawable;
    let mut line = format!(
        "{name} surface {} at {},{} {}x{}",
        surface.0,
        bbox.left,
        bbox.top,
        bbox.width(),
        bbox.height()
    );
    if let Clip::Rects(rects) = clip {
        line += &format!(" clip {}", rects.len());
    }
    line += &detail(operation);
    for Image { id, flags, size, body } in operation.images() {
        line += &format!(
            " {} {id:#x} {}x{} {flags:?} {} bytes",
            body.name(),
            size.width,
            size.height,
            body.data_size()
        );
    }
    line
}

fn detail(operation: &Operation<Image>) -> String {
    match operation {
        Operation::Fill(Fill { brush: Brush::Solid(color), rop, .. }) => {
            format!(" color {color:#08x} rop {:#x}", rop.0)
        }
        Operation::Fill(fill) => format!(" rop {:#x}", fill.rop.0),
        Operation::Copy(copy) | Operation::Blend(copy) => {
            let area = copy.area;
            format!(
                " from {},{} {}x{} rop {:#x}",
                area.left,
                area.top,
                area.width(),
                area.height(),
                copy.rop.0
            )
        }
        Operation::CopyBits { source } => format!(" from {},{}", source.x, source.y),
        Operation::Text(text) => format!(" glyphs {}", text.glyphs.glyphs.len()),
        Operation::Stroke(stroke) => format!(" segments {}", stroke.path.segments.len()),
        Operation::Rop3(rop3) => format!(" rop3 {:#04x}", rop3.rop3),
        Operation::Composite(composite) => format!(" flags {:#x}", composite.flags),
        _ => String::new(),
    }
}

fn cut(mut line: String) -> String {
    if line.len() > MAX_LINE {
        let end = (0..=MAX_LINE).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use wire::base::SetAck;

    use super::*;

    fn line(message: &main::ServerMessage) -> String {
        let frame = message.encode();
        describe(ChannelType::MAIN, Direction::FromServer, frame.kind(), frame.to_body())
    }

    #[test]
    fn names_of_types_are_left_out() {
        let set = base::ServerMessage::SetAck(SetAck { generation: 1, window: 20 });
        assert_eq!(line(&main::ServerMessage::Base(set)), "       8 SetAck generation: 1, window: 20");
        assert_eq!(line(&main::ServerMessage::AgentConnected), "       0 AgentConnected");
        let data = main::ServerMessage::AgentData(Bytes::from_static(b"ab("));
        assert_eq!(line(&data), "       3 AgentData b\"ab(\"");
    }

    #[test]
    fn what_cannot_be_decoded_says_so() {
        let line = describe(ChannelType::CURSOR, Direction::FromServer, 999, Bytes::new());
        assert!(line.contains("no type 999"), "{line}");
    }
}
