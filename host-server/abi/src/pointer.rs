//! Pointers that C gives us, as types that say what they lead to.
//!
//! The contract of every entry point is that of the C headers: a pointer is null or leads to a valid object
//! of its type for the time of the call. Only a caller of an entry point, which is `unsafe`, can make one of
//! these, so that reading them is safe for the rest of the crate.

use std::ffi::{CStr, c_char};

/// A value to read.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct In<T>(*const T);

impl<T: Copy> In<T> {
    /// A copy of the value, or `None` for null.
    pub(crate) fn read(self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not null, and by the module's contract valid for this call; `T` is plain data.
        Some(unsafe { self.0.read_unaligned() })
    }

    /// Copies of `count` values in a row; none for null.
    pub(crate) fn read_all(self, count: u32) -> Vec<T> {
        let count = usize::try_from(count).unwrap_or(0);
        (0..if self.0.is_null() { 0 } else { count })
            .map(|index| {
                let place = self.0.wrapping_add(index);
                // SAFETY: not null, and by the module's contract so many values are there for this call.
                unsafe { place.read_unaligned() }
            })
            .collect()
    }
}

/// A place to write.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T: Copy> Out<T> {
    /// Writes a value; nothing happens for null.
    pub(crate) fn write(self, value: T) {
        self.write_all(&[value]);
    }

    /// Writes values in a row, for which there must be room; nothing happens for null.
    pub(crate) fn write_all(self, values: &[T]) {
        if self.0.is_null() {
            return;
        }
        for (index, value) in values.iter().enumerate() {
            let place = self.0.wrapping_add(index);
            // SAFETY: not null, and by the module's contract there is room for this call.
            unsafe { place.write_unaligned(*value) };
        }
    }
}

/// An instance that the host has registered with us: we keep our state in it and give it back in callbacks.
#[derive(Debug)]
#[repr(transparent)]
pub struct Instance<T>(*mut T);

impl<T> Clone for Instance<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Instance<T> {}

// SAFETY: the pointer is only handed back to the host, in callbacks that the host's interface allows on the
// thread that makes them; we read and write through it only in calls that the host makes.
unsafe impl<T> Send for Instance<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Instance<T> {}

impl<T: Copy> Instance<T> {
    /// A copy of the instance, or `None` for null.
    pub(crate) fn read(self) -> Option<T> {
        In(self.0.cast_const()).read()
    }

    /// Replaces the instance; nothing happens for null.
    pub(crate) fn write(self, value: T) {
        Out(self.0).write(value);
    }
}

impl<T> Instance<T> {
    /// No instance.
    #[cfg(test)]
    pub(crate) const fn null() -> Self {
        Self(std::ptr::null_mut())
    }

    /// For the host's callbacks.
    pub(crate) const fn pointer(self) -> *mut T {
        self.0
    }

    /// The same place as an instance of another type, of which it is the beginning.
    pub(crate) const fn cast<U>(self) -> Instance<U> {
        Instance(self.0.cast())
    }

    /// A copy of the interface that the instance points to, as the type `I` that its name stands for.
    pub(crate) fn interface<I: Copy>(self) -> Option<I> {
        self.interface_part(0)
    }

    /// A copy of what the interface has at an offset, which its version must have.
    pub(crate) fn interface_part<I: Copy>(self, offset: usize) -> Option<I> {
        let base = In(self.0.cast::<*const u8>().cast_const()).read()?;
        if base.is_null() {
            return None;
        }
        In(base.wrapping_add(offset).cast::<I>()).read()
    }
}

/// Text that ends with a 0.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl From<*const c_char> for Text {
    /// Text in a structure that C gave us, under the same contract.
    fn from(text: *const c_char) -> Self {
        Self(text)
    }
}

impl Text {
    /// A copy of the bytes without the 0, or `None` for null.
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not null, and by the module's contract a string that ends with a 0.
        Some(unsafe { CStr::from_ptr(self.0) }.to_bytes().to_vec())
    }

    /// A copy as UTF-8, with replacements for what is none; empty for null.
    pub(crate) fn string(self) -> String {
        String::from_utf8_lossy(&self.bytes().unwrap_or_default()).into_owned()
    }
}

/// An object that C holds for us, such as the server or the state of an instance.
#[derive(Debug)]
#[repr(transparent)]
pub struct Held<T>(*mut T);

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Held<T> {}

// SAFETY: a pointer to a boxed object; sharing the pointer shares the object.
unsafe impl<T: Send + Sync> Send for Held<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Held<T> {}

impl<T> Held<T> {
    /// No object.
    pub const NULL: Self = Self(std::ptr::null_mut());

    /// Hands `object` to C.
    pub(crate) fn give(object: T) -> Self {
        Self(Box::into_raw(Box::new(object)))
    }

    /// An object that was given and whose pointer was kept as a number.
    pub(crate) const fn from_exposed(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// For the host's callbacks.
    pub(crate) const fn pointer(self) -> *mut T {
        self.0
    }

    /// The object, or `None` for null.
    pub(crate) fn get(&self) -> Option<&T> {
        // SAFETY: null, or made by `give` and not taken back: C gives us back what it has from us, and must
        // not use it after the call that takes it back.
        unsafe { self.0.as_ref() }
    }

    /// Takes the object back. The caller makes sure that C keeps no copy of the pointer.
    pub(crate) fn take(self) -> Option<Box<T>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not null, so made by `give` from a box; this is the call that ends the object's life in C.
        Some(unsafe { Box::from_raw(self.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_nothing() {
        assert_eq!(In::<u32>(std::ptr::null()).read(), None);
        assert!(In::<u32>(std::ptr::null()).read_all(5).is_empty());
        Out::<u32>(std::ptr::null_mut()).write(1);
        assert_eq!(Text(std::ptr::null()).bytes(), None);
        assert!(Held::<u32>::NULL.get().is_none() && Held::<u32>::NULL.take().is_none());
    }

    #[test]
    fn what_is_given_comes_back() {
        let held = Held::give(7);
        assert_eq!(held.get(), Some(&7));
        assert_eq!(held.take().as_deref(), Some(&7));
        let mut values = [0_u32; 3];
        Out(values.as_mut_ptr()).write_all(&[1, 2]);
        assert_eq!(In(values.as_ptr()).read_all(3), [1, 2, 0]);
        assert_eq!(Text(c"text".as_ptr()).string(), "text");
    }
}
