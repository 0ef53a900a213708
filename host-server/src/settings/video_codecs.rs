//! The codecs that the host allows for video, as `spice_server_set_video_codecs` spells them: `encoder:codec`, with `;`
//! between them, the best first.
//!
//! There is one encoder for each codec, whatever the list says; the names of encoders are kept because hosts read them
//! back.

use std::fmt;

use wire::display::VideoCodec;

/// A host's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoCodecs {
    entries: Vec<(Maker, VideoCodec)>,
}

/// Who encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// The server itself.
    Spice,
    /// GStreamer.
    Gstreamer,
}

/// Codecs that can be had, each once, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodecOrder {
    codecs: [VideoCodec; CODECS.len()],
    count: usize,
}

/// The codecs of the protocol by their names.
const CODECS: [(&str, VideoCodec); 5] = [
    ("mjpeg", VideoCodec::MJPEG),
    ("vp8", VideoCodec::VP8),
    ("h264", VideoCodec::H264),
    ("vp9", VideoCodec::VP9),
    ("h265", VideoCodec::H265),
];

/// The word for the list that there is without one.
const AUTOMATIC: &str = "auto";

/// The list that there is without one, the original's.
const USUAL: [(Maker, VideoCodec); 5] = [
    (Maker::Spice, VideoCodec::MJPEG),
    (Maker::Gstreamer, VideoCodec::MJPEG),
    (Maker::Gstreamer, VideoCodec::H264),
    (Maker::Gstreamer, VideoCodec::VP8),
    (Maker::Gstreamer, VideoCodec::VP9),
];

impl VideoCodecs {
    /// The list of a host that sets none.
    pub fn usual() -> Self {
        let known = |(maker, _): &(Maker, VideoCodec)| maker.is_built_in();
        Self { entries: USUAL.into_iter().filter(known).collect() }
    }

    /// Reads a list. Each entry that there is no such thing as costs a line in the log; `None` when nothing is left.
    pub fn parse(list: &str) -> Option<Self> {
        if list == AUTOMATIC {
            return Some(Self::usual());
        }
        let mut entries = Vec::new();
        for text in list.split(';').filter(|text| !text.is_empty()) {
            match entry(text) {
                Ok(entry) => entries.push(entry),
                Err(fault) => tracing::warn!("video codec {text:?}: {fault}"),
            }
        }
        if entries.is_empty() {
            tracing::warn!("no video codec in {list:?}: the list stays as it was");
            return None;
        }
        Some(Self { entries })
    }

    /// Whether the host has set none yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The codecs that there are encoders for.
    pub fn order(&self) -> CodecOrder {
        let made =
            |(maker, codec): &&(Maker, VideoCodec)| *maker == Maker::Gstreamer || *codec == VideoCodec::MJPEG;
        CodecOrder::of(self.entries.iter().filter(made).map(|(_, codec)| *codec))
    }
}

impl fmt::Display for VideoCodecs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (maker, codec)) in self.entries.iter().enumerate() {
            let separator = if index == 0 { "" } else { ";" };
            let codec = CODECS.iter().find(|(_, known)| known == codec).map_or("", |(name, _)| name);
            write!(out, "{separator}{}:{codec}", maker.name())?;
        }
        Ok(())
    }
}

impl Maker {
    fn parse(name: &str) -> Result<Self, String> {
        match [Self::Spice, Self::Gstreamer].into_iter().find(|maker| maker.name() == name) {
            Some(maker) if maker.is_built_in() => Ok(maker),
            Some(_) => Err("this library was built without GStreamer (the cargo feature gstreamer)".into()),
            None => Err(format!("there is no encoder {name:?}, only spice and gstreamer")),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Spice => "spice",
            Self::Gstreamer => "gstreamer",
        }
    }

    const fn is_built_in(self) -> bool {
        match self {
            Self::Spice => true,
            Self::Gstreamer => cfg!(feature = "gstreamer"),
        }
    }
}

impl CodecOrder {
    /// Motion JPEG and nothing else.
    pub const MJPEG: Self = Self { codecs: [VideoCodec::MJPEG; CODECS.len()], count: 1 };

    /// Codecs of the protocol in this order; the first of several equal ones counts.
    pub fn of(codecs: impl IntoIterator<Item = VideoCodec>) -> Self {
        let mut order = Self { count: 0, ..Self::MJPEG };
        for codec in codecs {
            let known = CODECS.iter().any(|(_, known)| *known == codec);
            if known
                && !order.iter().any(|earlier| earlier == codec)
                && let Some(place) = order.codecs.get_mut(order.count)
            {
                *place = codec;
                order.count += 1;
            }
        }
        order
    }

    /// The codecs, the best first.
    pub fn iter(&self) -> impl Iterator<Item = VideoCodec> + use<> {
        self.codecs.into_iter().take(self.count)
    }

    /// The same codecs: those that are wished for in the order of the wish, then the others.
    #[must_use]
    pub fn with_wish(&self, wish: &Self) -> Self {
        let wished = wish.iter().filter(|codec| self.iter().any(|known| known == *codec));
        Self::of(wished.chain(self.iter()))
    }
}

/// Reads `encoder:codec`, both of letters, digits and underscores.
fn entry(text: &str) -> Result<(Maker, VideoCodec), String> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let words = text.split_once(':').filter(|(maker, codec)| is_word(maker) && is_word(codec));
    let (maker, name) = words.ok_or("it is not of the form encoder:codec")?;
    let maker = Maker::parse(maker)?;
    let codec = CODECS.iter().find(|(known, _)| *known == name);
    let names = || CODECS.map(|(name, _)| name).join(", ");
    Ok((maker, codec.ok_or_else(|| format!("there is no codec {name:?}, only {}", names()))?.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(list: &str) -> Vec<VideoCodec> {
        VideoCodecs::parse(list).unwrap().order().iter().collect()
    }

    #[test]
    #[cfg(feature = "gstreamer")]
    fn what_can_be_used_of_a_list_is_kept_and_read_back() {
        for (list, kept) in [
            ("gstreamer:vp8;spice:mjpeg", "gstreamer:vp8;spice:mjpeg"),
            (
                ";;gstreamer:vp8;;foo:vp9;gstreamer:foo;gstreamer:h265; spice:mjpeg;",
                "gstreamer:vp8;gstreamer:h265",
            ),
            ("auto", "spice:mjpeg;gstreamer:mjpeg;gstreamer:h264;gstreamer:vp8;gstreamer:vp9"),
        ] {
            assert_eq!(VideoCodecs::parse(list).unwrap().to_string(), kept, "{list}");
        }
    }

    #[test]
    fn a_list_without_anything_is_none() {
        for list in ["", ";", "auto;", "AUTO", "spice", "spice:", ":mjpeg", "spice:mjpeg:x", "spice:mj-peg"] {
            assert_eq!(VideoCodecs::parse(list), None, "{list}");
        }
    }

    #[test]
    #[cfg(feature = "gstreamer")]
    fn an_order_has_what_there_are_encoders_for_each_once() {
        assert_eq!(order("spice:vp8;gstreamer:vp9;gstreamer:vp9"), [VideoCodec::VP9]);
        assert_eq!(order("spice:mjpeg;gstreamer:mjpeg"), [VideoCodec::MJPEG]);
        assert_eq!(order("spice:vp8"), []);
    }

    #[test]
    #[cfg(not(feature = "gstreamer"))]
    fn without_gstreamer_there_is_motion_jpeg() {
        assert_eq!(VideoCodecs::usual().to_string(), "spice:mjpeg");
        assert_eq!(order("gstreamer:vp8;spice:mjpeg"), [VideoCodec::MJPEG]);
        assert_eq!(VideoCodecs::parse("gstreamer:vp8"), None);
    }

    #[test]
    fn a_clients_wish_comes_before_the_hosts_order() {
        let host = CodecOrder::of([VideoCodec::MJPEG, VideoCodec::VP8, VideoCodec::H264]);
        let wish = CodecOrder::of([VideoCodec(77), VideoCodec::VP9, VideoCodec::H264]);
        let codecs: Vec<_> = host.with_wish(&wish).iter().collect();
        assert_eq!(codecs, [VideoCodec::H264, VideoCodec::MJPEG, VideoCodec::VP8]);
    }
}
