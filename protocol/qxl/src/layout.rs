//! How a structure of device memory is declared: bytes in a fixed order, asserted against the C header.

/// Declares structures of device memory: `repr(C)` with alignment 1, readable from any bytes, and with
/// the size (and the offsets, where named) that `spice/qxl_dev.h` gives them on x86-64.
macro_rules! device_layout {
    ($($(#[$meta:meta])* pub struct $name:ident: $size:literal {
        $($(#[$field_meta:meta])* pub $field:ident: $ty:ty $(= $offset:literal)?,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            zerocopy::FromBytes,
            zerocopy::IntoBytes,
            zerocopy::Immutable,
            zerocopy::KnownLayout,
            zerocopy::Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
        }

        const _: () = {
            assert!(size_of::<$name>() == $size);
            $($(assert!(core::mem::offset_of!($name, $field) == $offset);)?)*
        };

        impl Default for $name {
            /// All bytes 0.
            fn default() -> Self {
                zerocopy::FromZeros::new_zeroed()
            }
        }
    )*};
}
