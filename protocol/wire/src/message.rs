//! How values become fields, and how an enum of messages becomes its types: the two macros that the
//! channels' modules are written with.
//!
//! Never called from outside the crate: the public face is `encode` and `decode` of each message enum.

use bytes::Bytes;
use image::geometry::{Point, Rect};
use image::surface::SurfaceFormat;

use crate::drawable::SurfaceId;
use crate::error::WireError;
use crate::read::Reader;
use crate::write::FrameBuilder;

/// A value with one layout on the wire.
pub(crate) trait Wire: Sized {
    /// No value takes fewer bytes; it bounds what is reserved for a list.
    const MIN_SIZE: usize;

    fn put(&self, to: &mut FrameBuilder);

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError>;
}

/// A set of messages, told apart by type.
pub(crate) trait Family: Sized {
    /// Whether a message of this type belongs to the set.
    fn owns(kind: u16) -> bool;

    /// The name of the message of this type.
    fn name_of(kind: u16) -> Option<&'static str>;

    fn kind(&self) -> u16;

    fn name(&self) -> &'static str;

    fn put(&self, to: &mut FrameBuilder);

    fn take(kind: u16, from: &mut Reader<'_>) -> Result<Self, WireError>;
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            const MIN_SIZE: usize = size_of::<$type>();

            fn put(&self, to: &mut FrameBuilder) {
                to.bytes(&self.to_le_bytes());
            }

            fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
                Ok(Self::from_le_bytes(from.array(field)?))
            }
        }
    )*};
}

number!(u8, u16, u32, u64, i16, i32, i64);

/// One byte, 0 for no and everything else for yes.
impl Wire for bool {
    const MIN_SIZE: usize = 1;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&u8::from(*self));
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        Ok(u8::take(from, field)? != 0)
    }
}

impl<const N: usize> Wire for [u8; N] {
    const MIN_SIZE: usize = N;

    fn put(&self, to: &mut FrameBuilder) {
        to.bytes(self);
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        from.array(field)
    }
}

impl<const N: usize> Wire for [u32; N] {
    const MIN_SIZE: usize = N * size_of::<u32>();

    fn put(&self, to: &mut FrameBuilder) {
        self.iter().for_each(|number| number.put(to));
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = u32::take(from, field)?;
        }
        Ok(numbers)
    }
}

/// All bytes to the end of the message.
impl Wire for Bytes {
    const MIN_SIZE: usize = 0;

    fn put(&self, to: &mut FrameBuilder) {
        to.payload(self);
    }

    fn take(from: &mut Reader<'_>, _: &'static str) -> Result<Self, WireError> {
        Ok(from.rest())
    }
}

impl Wire for SurfaceId {
    const MIN_SIZE: usize = 4;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.0);
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        u32::take(from, field).map(Self)
    }
}

impl Wire for SurfaceFormat {
    const MIN_SIZE: usize = 4;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&u32::from(*self));
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        let number = u32::take(from, field)?;
        Self::try_from(number).map_err(|_| from.bad_value(field, 4, number.into()))
    }
}

impl Wire for Point {
    const MIN_SIZE: usize = 8;

    fn put(&self, to: &mut FrameBuilder) {
        to.put(&self.x);
        to.put(&self.y);
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        Ok(Self { x: i32::take(from, field)?, y: i32::take(from, field)? })
    }
}

/// The vertical edge stands before the horizontal one, unlike in a point.
impl Wire for Rect {
    const MIN_SIZE: usize = 16;

    fn put(&self, to: &mut FrameBuilder) {
        for edge in [self.top, self.left, self.bottom, self.right] {
            to.put(&edge);
        }
    }

    fn take(from: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        Ok(Self {
            top: i32::take(from, field)?,
            left: i32::take(from, field)?,
            bottom: i32::take(from, field)?,
            right: i32::take(from, field)?,
        })
    }
}

/// Declares a structure whose fields stand on the wire in the order they are written in.
macro_rules! structure {
    ($($(#[$outer:meta])* pub struct $name:ident { $($(#[$inner:meta])* pub $field:ident: $type:ty,)* })+) => {$(
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$inner])* pub $field: $type,)*
        }

        impl $crate::message::Wire for $name {
            const MIN_SIZE: usize = 0 $(+ <$type as $crate::message::Wire>::MIN_SIZE)*;

            fn put(&self, to: &mut $crate::write::FrameBuilder) {
                $($crate::message::Wire::put(&self.$field, to);)*
            }

            fn take(
                from: &mut $crate::read::Reader<'_>,
                _: &'static str,
            ) -> Result<Self, $crate::error::WireError> {
                Ok(Self {
                    $($field: $crate::message::Wire::take(
                        from,
                        concat!(stringify!($name), "::", stringify!($field)),
                    )?,)*
                })
            }
        }
    )+};
}

/// Declares a number with named values, in which values without a name are legal: the receiver decides.
macro_rules! numbers {
    ($($(#[$outer:meta])* pub struct $name:ident($int:ty) {
        $($(#[$inner:meta])* $value:ident = $number:expr,)*
    })+) => {$(
        $(#[$outer])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $int);

        impl $name {
            $($(#[$inner])* pub const $value: Self = Self($number);)*

            /// The name of the value, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$value => Some(stringify!($value)),)*
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => out.write_str(name),
                    None => write!(out, "{}({})", stringify!($name), self.0),
                }
            }
        }

        impl $crate::message::Wire for $name {
            const MIN_SIZE: usize = size_of::<$int>();

            fn put(&self, to: &mut $crate::write::FrameBuilder) {
                to.put(&self.0);
            }

            fn take(
                from: &mut $crate::read::Reader<'_>,
                field: &'static str,
            ) -> Result<Self, $crate::error::WireError> {
                <$int as $crate::message::Wire>::take(from, field).map(Self)
            }
        }
    )+};
}

/// Declares a set of bits, in which bits without a name are kept.
macro_rules! flags {
    ($($(#[$outer:meta])* $vis:vis struct $name:ident($int:ty) {
        $($(#[$inner:meta])* $value:ident = $number:expr,)*
    })+) => {$(
        $(#[$outer])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        $vis struct $name($vis $int);

        impl $name {
            /// No bit.
            $vis const NONE: Self = Self(0);
            $($(#[$inner])* $vis const $value: Self = Self($number);)*

            /// Whether every bit of `other` is set.
            #[must_use]
            $vis const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// The bits of both.
            #[must_use]
            $vis const fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The bits without those of `other`.
            #[must_use]
            $vis const fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut unnamed = *self;
                let mut separator = "";
                $(if self.contains(Self::$value) {
                    write!(out, "{separator}{}", stringify!($value))?;
                    separator = "|";
                    unnamed = unnamed.without(Self::$value);
                })*
                if unnamed != Self::NONE || separator.is_empty() {
                    write!(out, "{separator}{:#x}", unnamed.0)?;
                }
                Ok(())
            }
        }

        impl $crate::message::Wire for $name {
            const MIN_SIZE: usize = size_of::<$int>();

            fn put(&self, to: &mut $crate::write::FrameBuilder) {
                to.put(&self.0);
            }

            fn take(
                from: &mut $crate::read::Reader<'_>,
                field: &'static str,
            ) -> Result<Self, $crate::error::WireError> {
                <$int as $crate::message::Wire>::take(from, field).map(Self)
            }
        }
    )+};
}

/// Declares the messages of one channel in one direction: what it `includes` are sets of messages
/// that are declared elsewhere, each of the others is a type of its own with one structure or no body.
macro_rules! messages {
    (
        $(#[$outer:meta])*
        pub enum $name:ident($what:literal)
            $(includes [ $($(#[$family_doc:meta])* $family:ident($family_type:ty),)* ])? {
            $($(#[$inner:meta])* $variant:ident$(($type:ty))? = $number:literal,)*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(clippy::large_enum_variant, reason = "a message is encoded or handled at once, not kept")]
        pub enum $name {
            $($($(#[$family_doc])* $family($family_type),)*)?
            $($(#[$inner])* $variant$(($type))?,)*
        }

        impl $name {
            /// The type that stands in the header.
            #[must_use]
            pub fn kind(&self) -> u16 {
                $crate::message::Family::kind(self)
            }

            /// The name of the message of this type, for logs and statistics; `None` when there is none.
            #[must_use]
            pub fn name_of(kind: u16) -> Option<&'static str> {
                <Self as $crate::message::Family>::name_of(kind)
            }

            /// The message's name, for logs.
            #[must_use]
            pub fn name(&self) -> &'static str {
                $crate::message::Family::name(self)
            }

            /// The message as a frame. Payloads are shared, not copied.
            #[must_use]
            pub fn encode(&self) -> $crate::frame::Frame {
                let mut body = $crate::write::FrameBuilder::new(self.kind());
                $crate::message::Family::put(self, &mut body);
                body.finish()
            }

            /// The message of type `kind` with this body. Payloads are shared with it, not copied; bytes after the
            /// last field are ignored, as a newer peer may send them.
            ///
            /// # Errors
            /// [`UnknownMessage`](crate::WireError::UnknownMessage) for a type that the channel does not have;
            /// otherwise what is wrong with the body.
            #[allow(clippy::needless_pass_by_value, reason = "the message shares the body")]
            pub fn decode(kind: u16, body: bytes::Bytes) -> Result<Self, $crate::error::WireError> {
                $crate::message::Family::take(kind, &mut $crate::read::Reader::new(&body))
            }
        }

        impl $crate::message::Family for $name {
            fn owns(kind: u16) -> bool {
                match kind {
                    $($number => true,)*
                    #[allow(unreachable_patterns, reason = "not every set contains another one")]
                    _ => false $($(|| <$family_type as $crate::message::Family>::owns(kind))*)?,
                }
            }

            fn name_of(kind: u16) -> Option<&'static str> {
                match kind {
                    $($number => Some(stringify!($variant)),)*
                    $($(kind if <$family_type as $crate::message::Family>::owns(kind) => {
                        <$family_type as $crate::message::Family>::name_of(kind)
                    })*)?
                    _ => None,
                }
            }

            fn kind(&self) -> u16 {
                match self {
                    $($(Self::$family(message) => $crate::message::Family::kind(message),)*)?
                    $($crate::message::pattern!($variant$(($type))?) => $number,)*
                }
            }

            fn name(&self) -> &'static str {
                match self {
                    $($(Self::$family(message) => $crate::message::Family::name(message),)*)?
                    $($crate::message::pattern!($variant$(($type))?) => stringify!($variant),)*
                }
            }

            #[allow(unused_variables, reason = "a set may have no message with a body")]
            fn put(&self, to: &mut $crate::write::FrameBuilder) {
                match self {
                    $($(Self::$family(message) => $crate::message::Family::put(message, to),)*)?
                    $($crate::message::pattern!($variant$(($type))?, body) => {
                        $crate::message::put_body!(to, $variant$(($type))?, body);
                    })*
                }
            }

            #[allow(unused_variables, reason = "a set may have no message with a body")]
            fn take(
                kind: u16,
                from: &mut $crate::read::Reader<'_>,
            ) -> Result<Self, $crate::error::WireError> {
                Ok(match kind {
                    $($number => Self::$variant$((<$type as $crate::message::Wire>::take(
                        from,
                        stringify!($variant),
                    )?))?,)*
                    $($(kind if <$family_type as $crate::message::Family>::owns(kind) => {
                        Self::$family($crate::message::Family::take(kind, from)?)
                    })*)?
                    kind => return Err($crate::error::WireError::UnknownMessage { family: $what, kind }),
                })
            }
        }
    };
}

/// The pattern of a variant with or without a body.
macro_rules! pattern {
    ($variant:ident) => {
        Self::$variant
    };
    ($variant:ident($type:ty)) => {
        Self::$variant(_)
    };
    ($variant:ident, $body:ident) => {
        Self::$variant
    };
    ($variant:ident($type:ty), $body:ident) => {
        Self::$variant($body)
    };
}

/// Writes the body of a variant that has one.
macro_rules! put_body {
    ($to:ident, $variant:ident, $body:ident) => {};
    ($to:ident, $variant:ident($type:ty), $body:ident) => {
        $crate::message::Wire::put($body, $to)
    };
}

pub(crate) use {flags, messages, numbers, pattern, put_body, structure};
