//! Sound: `spice-audio.h`. Not yet: the host plays into nothing and records silence.

use std::ffi::c_void;
use std::ptr;

use crate::boundary::not_yet;
use crate::layout::sound::{SpicePlaybackInstance, SpiceRecordInstance};
use crate::pointer::{Instance, Out};

/// Frames a second that are best for Opus, which sound will be sent in.
const BEST_RATE: u32 = 48_000;

/// Sound from the guest, as C passes it.
type Playback = Instance<SpicePlaybackInstance>;
/// Sound to the guest, as C passes it.
type Record = Instance<SpiceRecordInstance>;

/// Says once that there is no sound; also said when a sound interface is added.
fn silent() {
    not_yet("sound", "clients hear nothing");
}

entries! {
    /// Nothing happens.
    fn spice_server_playback_start(_sin: Playback), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_playback_stop(_sin: Playback), or () => {
        silent();
    }

    /// No buffer: as in the original while no client listens, so that hosts go on.
    fn spice_server_playback_get_buffer(_sin: Playback, samples: Out<*mut u32>, num_samples: Out<u32>), or () => {
        samples.write(ptr::null_mut());
        num_samples.write(0);
    }

    /// Nothing happens.
    fn spice_server_playback_put_samples(_sin: Playback, _samples: *mut c_void), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_playback_set_volume(_sin: Playback, _nchannels: u8, _volume: *mut u16), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_playback_set_mute(_sin: Playback, _mute: u8), or () => {
        silent();
    }

    /// 48000 frames a second. Never 0: QEMU divides by it.
    fn spice_server_get_best_playback_rate(_sin: Playback) -> u32, or BEST_RATE => {
        BEST_RATE
    }

    /// Nothing happens.
    fn spice_server_set_playback_rate(_sin: Playback, _frequency: u32), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_record_start(_sin: Record), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_record_stop(_sin: Record), or () => {
        silent();
    }

    /// No samples: 0.
    fn spice_server_record_get_samples(_sin: Record, _samples: *mut u32, _bufsize: u32) -> u32, or 0 => {
        0
    }

    /// Nothing happens.
    fn spice_server_record_set_volume(_sin: Record, _nchannels: u8, _volume: *mut u16), or () => {
        silent();
    }

    /// Nothing happens.
    fn spice_server_record_set_mute(_sin: Record, _mute: u8), or () => {
        silent();
    }

    /// 48000 frames a second. Never 0: QEMU divides by it.
    fn spice_server_get_best_record_rate(_sin: Record) -> u32, or BEST_RATE => {
        BEST_RATE
    }

    /// Nothing happens.
    fn spice_server_set_record_rate(_sin: Record, _frequency: u32), or () => {
        silent();
    }
}
