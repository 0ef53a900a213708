//! Numbers with a meaning: how a field of device memory or a port becomes an enum.

/// A number that stands for nothing in its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode(pub u32);

impl core::fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "unknown code {}", self.0)
    }
}

impl core::error::Error for UnknownCode {}

/// Declares an enum of the numbers that a field can hold, with `TryFrom` from the field's type and
/// `code()` back to it.
macro_rules! codes {
    ($($(#[$meta:meta])* pub enum $name:ident: $raw:ty {
        $($(#[$variant_meta:meta])* $variant:ident = $value:literal,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr($raw)]
        pub enum $name {
            $($(#[$variant_meta])* $variant = $value,)*
        }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number in the field.
            pub const fn code(self) -> $raw {
                self as $raw
            }
        }

        impl TryFrom<$raw> for $name {
            type Error = $crate::code::UnknownCode;

            fn try_from(code: $raw) -> Result<Self, Self::Error> {
                match code {
                    $($value => Ok(Self::$variant),)*
                    other => Err($crate::code::UnknownCode(u32::from(other))),
                }
            }
        }
    )*};
}
pub(crate) use codes;
