//! Encoders of GStreamer.
//!
//! Everything of GStreamer that can take a while runs on threads of ours: finding out what there is, opening a pipeline,
//! encoding, and closing. Sides of pictures have to be even. Nothing of it is touched before a client could get a video in one of its codecs.

mod element;
mod pipeline;
#[cfg(test)]
mod tests;
mod thread;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use gstreamer as gst;
use image::geometry::Size;
use wire::display::VideoCodec;

use self::element::Element;
use super::encoder::{EncoderFault, Encoders, VideoEncoder};
use crate::display::encode::pool::Wake;

/// The system's GStreamer.
#[derive(Debug)]
pub(super) struct Gstreamer;

/// Codecs whose elements are known to be missing. Nobody looks for them again: plugins are found when GStreamer begins.
static MISSING: Mutex<BTreeSet<VideoCodec>> = Mutex::new(BTreeSet::new());

/// Codecs whose elements have been looked for ahead.
static PREPARED: Mutex<BTreeSet<VideoCodec>> = Mutex::new(BTreeSet::new());

impl Encoders for Gstreamer {
    fn prepare(&self, codecs: &mut dyn Iterator<Item = VideoCodec>) {
        let mut prepared = lock(&PREPARED);
        let fresh = |codec: &VideoCodec| Element::of(*codec).is_some() && prepared.insert(*codec);
        let codecs: Vec<_> = codecs.filter(fresh).collect();
        drop(prepared);
        if codecs.is_empty() {
            return;
        }
        let look = move || codecs.into_iter().for_each(look_ahead);
        if let Err(error) = crate::thread::spawn_masked("SPICE video", look) {
            tracing::warn!(%error, "no thread that looks for GStreamer's plugins");
        }
    }

    fn has(&self, codec: VideoCodec) -> bool {
        Element::of(codec).is_some() && !missing().contains(&codec)
    }

    fn open(
        &self,
        codec: VideoCodec,
        size: Size,
        wake: &Wake,
    ) -> Result<Box<dyn VideoEncoder>, EncoderFault> {
        Ok(Box::new(thread::EncoderThread::start(move || find(codec), size, wake)?))
    }
}

/// Says once when the element of a codec is missing.
fn look_ahead(codec: VideoCodec) {
    let is_known = missing().contains(&codec);
    if let Err(fault) = find(codec)
        && !is_known
    {
        tracing::warn!("no video in {codec:?}: {fault}");
    }
}

/// The element of a codec, if the system has it. May take seconds, the first time.
fn find(codec: VideoCodec) -> Result<Element, EncoderFault> {
    let element = Element::of(codec)
        .ok_or_else(|| EncoderFault::new(format_args!("GStreamer is not asked for {codec:?}")))?;
    look_for(element).inspect_err(|_| {
        missing().insert(codec);
    })?;
    Ok(element)
}

fn look_for(element: Element) -> Result<(), EncoderFault> {
    initialise()?;
    let Element { name, package, .. } = element;
    if gst::ElementFactory::find(name).is_some() {
        return Ok(());
    }
    Err(EncoderFault::new(format_args!("GStreamer has no element {name}: install {package} (Debian's name)")))
}

/// Initialises GStreamer, once.
fn initialise() -> Result<(), EncoderFault> {
    static OUTCOME: OnceLock<Result<(), EncoderFault>> = OnceLock::new();
    let begin =
        || gst::init().map_err(|error| EncoderFault::new(format_args!("GStreamer does not start: {error}")));
    OUTCOME.get_or_init(begin).clone()
}

fn missing() -> MutexGuard<'static, BTreeSet<VideoCodec>> {
    lock(&MISSING)
}

fn lock(codecs: &'static Mutex<BTreeSet<VideoCodec>>) -> MutexGuard<'static, BTreeSet<VideoCodec>> {
    codecs.lock().unwrap_or_else(PoisonError::into_inner)
}
