//! The elements of GStreamer that encode, how they are set up to give a frame for each picture at once, and where they
//! come from.

use wire::display::VideoCodec;

/// An encoding element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: &'static str,
    /// The Debian package that it comes with.
    pub(super) package: &'static str,
    /// What is set of it, as `gst-launch-1.0` takes it.
    pub(super) properties: &'static str,
    /// What its frames are.
    pub(super) frames: &'static str,
    /// How it takes the bits of a second.
    pub(super) rate: RateProperty,
}

/// How an element takes the bits of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RateProperty {
    /// `target-bitrate`, in bits.
    Bits,
    /// `bitrate`, in thousands of bits.
    Kilobits,
}

// Latency counts more than size: nothing looks ahead, no frame is in two directions. The connection loses nothing, so
// that key frames are for players that a frame has broken, and rare.

// The threads of VP8's encoder look again and again whether they have work, which costs several times what one thread does.
// Only a negative `cpu-used` is a fixed effort.
const VP8: Element = Element {
    name: "vp8enc",
    package: "gstreamer1.0-plugins-good",
    properties: "deadline=1 cpu-used=-8 lag-in-frames=0 end-usage=cbr threads=1 keyframe-max-dist=500 \
                 min-quantizer=4 max-quantizer=56 undershoot=95 buffer-size=1000 buffer-initial-size=500 \
                 buffer-optimal-size=600 static-threshold=100",
    frames: "video/x-vp8",
    rate: RateProperty::Bits,
};

const VP9: Element = Element {
    name: "vp9enc",
    package: "gstreamer1.0-plugins-good",
    properties: "deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cbr threads=2 row-mt=true tile-columns=1 \
                 keyframe-max-dist=500 min-quantizer=4 max-quantizer=56 buffer-size=1000 \
                 buffer-initial-size=500 buffer-optimal-size=600 static-threshold=100",
    frames: "video/x-vp9",
    rate: RateProperty::Bits,
};

const H264: Element = Element {
    name: "x264enc",
    package: "gstreamer1.0-plugins-ugly",
    properties: "tune=zerolatency speed-preset=ultrafast byte-stream=true key-int-max=500 threads=2",
    frames: "video/x-h264,stream-format=byte-stream,alignment=au",
    rate: RateProperty::Kilobits,
};

// Without threads of its own, x265 neither takes every core nor asks for one of them, which a sandboxed host is ended for.
const H265: Element = Element {
    name: "x265enc",
    package: "gstreamer1.0-plugins-bad",
    properties: "tune=zerolatency speed-preset=ultrafast key-int-max=500 log-level=none \
                 option-string=\"pools=none:frame-threads=1\"",
    frames: "video/x-h265,stream-format=byte-stream,alignment=au",
    rate: RateProperty::Kilobits,
};

impl Element {
    /// The element that encodes a codec.
    pub(super) const fn of(codec: VideoCodec) -> Option<Self> {
        Some(match codec {
            VideoCodec::VP8 => VP8,
            VideoCodec::VP9 => VP9,
            VideoCodec::H264 => H264,
            VideoCodec::H265 => H265,
            _ => return None,
        })
    }

    /// The pipeline from pictures to frames, as `gst-launch-1.0` takes it.
    pub(super) fn pipeline(&self) -> String {
        let Self { name, properties, frames, .. } = self;
        format!(
            "appsrc name=pictures format=time ! videoconvert ! video/x-raw,format=I420 ! \
             {name} name=encoder {properties} ! {frames} ! \
             appsink name=frames sync=false enable-last-sample=false"
        )
    }
}

impl RateProperty {
    /// The property's name, and its value for so many bits.
    pub(super) fn value(self, bits_per_second: u32) -> (&'static str, u32) {
        match self {
            Self::Bits => ("target-bitrate", bits_per_second),
            Self::Kilobits => ("bitrate", (bits_per_second / 1000).max(1)),
        }
    }
}
