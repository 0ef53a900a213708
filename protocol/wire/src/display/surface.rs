//! Surfaces, and how their images may be compressed.

use image::surface::SurfaceFormat;

use crate::drawable::SurfaceId;
use crate::message::{flags, numbers, structure};

flags! {
    /// What a surface is for.
    pub struct SurfaceFlags(u32) {
        /// Monitors show it.
        PRIMARY = 1,
        /// A video covers all of it; only a hint.
        STREAMING_MODE = 2,
    }
}

numbers! {
    /// How images may be compressed, as a client asks for it and as a server is set up.
    pub struct ImageCompression(u8) {
        /// Nothing.
        INVALID = 0,
        /// Not at all.
        OFF = 1,
        /// By content, with GLZ.
        AUTO_GLZ = 2,
        /// By content, with LZ.
        AUTO_LZ = 3,
        /// QUIC.
        QUIC = 4,
        /// GLZ.
        GLZ = 5,
        /// LZ.
        LZ = 6,
        /// LZ4.
        LZ4 = 7,
    }
}

structure! {
    /// Body of [`ServerMessage::Mode`](super::ServerMessage::Mode).
    #[derive(Copy, Default)]
    pub struct Mode {
        /// Columns.
        pub width: u32,
        /// Rows.
        pub height: u32,
        /// Bits of a pixel.
        pub bits: u32,
    }

    /// Body of [`ServerMessage::SurfaceCreate`](super::ServerMessage::SurfaceCreate).
    #[derive(Copy)]
    pub struct SurfaceCreate {
        /// Its number.
        pub surface: SurfaceId,
        /// Columns.
        pub width: u32,
        /// Rows.
        pub height: u32,
        /// What a pixel looks like.
        pub format: SurfaceFormat,
        /// What it is for.
        pub flags: SurfaceFlags,
    }

    /// Body of [`ServerMessage::SurfaceDestroy`](super::ServerMessage::SurfaceDestroy).
    #[derive(Copy, Default)]
    pub struct SurfaceDestroy {
        /// Its number.
        pub surface: SurfaceId,
    }
}
