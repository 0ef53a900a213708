//! Textures that a client on the same machine shows without a copy.

use crate::message::{flags, structure};

flags! {
    /// How a texture's rows run.
    pub struct GlScanoutFlags(u32) {
        /// From the top.
        Y0TOP = 1,
    }
}

structure! {
    /// What monitors show. The texture itself is a DMA buffer, whose file descriptor is not part of the body:
    /// it is attached (`SCM_RIGHTS`) to one byte of 0 which the server sends between this frame and the next,
    /// also when there is no descriptor. A reader takes that byte with
    /// [`FrameReader::skip`](crate::frame::FrameReader::skip).
    #[derive(Copy, Default)]
    pub struct GlScanoutUnix {
        /// Columns.
        pub width: u32,
        /// Rows.
        pub height: u32,
        /// Bytes from one row to the next.
        pub stride: u32,
        /// Format of the pixels, of `drm_fourcc.h`.
        pub fourcc: u32,
        /// How the rows run.
        pub flags: GlScanoutFlags,
    }

    /// The same of a texture in several planes, for clients with
    /// [`GL_SCANOUT2`](crate::capability::display::GL_SCANOUT2). As many descriptors as `descriptors` says come behind the frame,
    /// each attached to a byte of its own.
    #[derive(Copy, Default)]
    pub struct GlScanout2Unix {
        /// Columns.
        pub width: u32,
        /// Rows.
        pub height: u32,
        /// Bytes of each plane's buffer before its first row.
        pub offsets: [u32; 4],
        /// Bytes from one row of each plane to the next.
        pub strides: [u32; 4],
        /// Format of the pixels, of `drm_fourcc.h`.
        pub fourcc: u32,
        /// How the rows run.
        pub flags: GlScanoutFlags,
        /// How the pixels lie in memory, of `drm_fourcc.h`.
        pub modifier: u64,
        /// Planes, at most 4.
        pub planes: u16,
        /// Descriptors, at most 4.
        pub descriptors: u16,
    }

    /// The part of the texture that changed, in pixels.
    #[derive(Copy, Default)]
    pub struct GlDraw {
        /// From the left edge.
        pub x: u32,
        /// From the top edge.
        pub y: u32,
        /// Columns.
        pub width: u32,
        /// Rows.
        pub height: u32,
    }
}
