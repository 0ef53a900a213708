//! A window of the device's memory, mapped by the shim: the device writes there whenever it likes.

use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use qxl::ring::SharedMemory;

use crate::volatile;

/// Mapped memory. An access that is not wholly inside does nothing and reads zeros.
///
/// # Invariants
/// - `len` bytes are mapped from `start` on, as long as any copy of this handle is used; `start` is aligned to 4 bytes.
/// - Rust has no reference into them: they are only ever accessed through pointers, one volatile access at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    start: *mut u8,
    len: usize,
}

impl Window {
    /// Takes a mapping; nothing when it is null or not aligned.
    ///
    /// # Safety
    /// Unless `start` is null, `len` bytes are mapped from there on for as long as the window and its copies are used,
    /// and everybody else treats them as shared memory.
    pub(crate) unsafe fn new(start: *mut u8, len: usize) -> Option<Self> {
        let usable = !start.is_null() && start.cast::<u64>().is_aligned();
        usable.then_some(Self { start, len })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// A pointer to `len` bytes from `at` on.
    fn inside(&self, at: usize, len: usize) -> Option<*mut u8> {
        let end = at.checked_add(len)?;
        (end <= self.len).then(|| self.start.wrapping_add(at))
    }

    fn word(&self, at: usize) -> Option<*mut u32> {
        self.inside(at, size_of::<u32>()).map(|place| place.cast::<u32>()).filter(|place| place.is_aligned())
    }
}

impl SharedMemory for Window {
    fn load(&self, at: usize) -> u32 {
        let Some(place) = self.word(at) else { return 0 };
        // SAFETY: `word` gives aligned places inside the mapping.
        u32::from_le(unsafe { ptr::read_volatile(place) })
    }

    fn store(&self, at: usize, word: u32) {
        let Some(place) = self.word(at) else { return };
        // SAFETY: `word` gives aligned places inside the mapping.
        unsafe { ptr::write_volatile(place, word.to_le()) };
    }

    fn take_bits(&self, at: usize, bits: u32) -> u32 {
        let Some(place) = self.word(at) else { return 0 };
        // SAFETY: `word` gives aligned places inside the mapping, which is never accessed but by pointer; the device sets
        // bits there atomically too.
        let word = unsafe { AtomicU32::from_ptr(place) };
        u32::from_le(word.fetch_and(!bits.to_le(), Ordering::SeqCst)) & bits
    }

    fn read(&self, at: usize, bytes: &mut [u8]) {
        let Some(place) = self.inside(at, bytes.len()) else {
            bytes.fill(0);
            return;
        };
        // SAFETY: `inside` gives as many bytes as there are in `bytes`, inside the mapping.
        unsafe { volatile::read(place, bytes) };
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        let Some(place) = self.inside(at, bytes.len()) else { return };
        // SAFETY: `inside` gives as many bytes as there are in `bytes`, inside the mapping.
        unsafe { volatile::write(place, bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wholly_inside_is_not_touched() {
        let mut memory = [u64::MAX; 2];
        // SAFETY: the array lives longer than the window.
        let window = unsafe { Window::new(memory.as_mut_ptr().cast(), 12) }.expect("aligned");
        window.store(10, 0);
        window.store(12, 0);
        window.write(8, &[0; 5]);
        window.write(usize::MAX, &[0; 2]);
        assert_eq!((window.load(12), window.load(2), window.take_bits(12, 1)), (0, 0, 0));
        let mut bytes = [7; 5];
        window.read(8, &mut bytes);
        assert_eq!(bytes, [0; 5]);
        assert_eq!(memory, [u64::MAX; 2]);
    }

    #[test]
    fn words_and_bits() {
        let mut memory = [0u64; 1];
        // SAFETY: the array lives longer than the window.
        let window = unsafe { Window::new(memory.as_mut_ptr().cast(), 8) }.expect("aligned");
        window.store(4, 0x8070_6050);
        assert_eq!(window.load(4), 0x8070_6050);
        assert_eq!(window.take_bits(4, 0xff), 0x50);
        assert_eq!(window.load(4), 0x8070_6000);
    }

    #[test]
    fn a_window_needs_an_address() {
        // SAFETY: null is allowed.
        assert!(unsafe { Window::new(ptr::null_mut(), 8) }.is_none());
    }
}
