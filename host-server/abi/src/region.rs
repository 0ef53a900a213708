//! Guest memory, as the host has it mapped.
//!
//! The guest's processors change this memory while we read it, so that there is never a reference into it.
//! Bytes are copied by volatile reads and writes of whole words, and long runs by the processor's string
//! instruction. Neither the language nor the compiler assumes anything about memory that is accessed like
//! that: what comes out is some mix of old and new bytes, and the copy is all that anybody looks at.

use host_server::guest::region::Region;

/// Runs of this many bytes and more are worth the string instruction's start.
const LONG: usize = 256;

const WORD: usize = size_of::<u64>();

/// One mapped range, by its first address.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: usize,
}

impl Mapping {
    /// The memory from the host's address `base` on. The host keeps it mapped until it has detached the
    /// device: slots are windows into the device's own memory (QEMU's RAM and VRAM bars), or into the host's
    /// own buffers, which it keeps until their commands are released and their surface is destroyed.
    pub(crate) const fn new(base: usize) -> Self {
        Self { base }
    }

    fn address(&self, offset: u64) -> usize {
        // The caller has checked the offset against the slot; the host's slot 0 covers all addresses.
        self.base.wrapping_add(usize::try_from(offset).unwrap_or(usize::MAX))
    }
}

impl Region for Mapping {
    fn read(&self, offset: u64, out: &mut [u8]) {
        copy_from_guest(self.address(offset), out.as_mut_ptr(), out.len());
    }

    fn append_to(&self, offset: u64, length: usize, out: &mut Vec<u8>) {
        out.reserve(length);
        let start = out.len();
        copy_from_guest(self.address(offset), out.spare_capacity_mut().as_mut_ptr().cast(), length);
        // SAFETY: `length` bytes after `start` were reserved and have just been written.
        unsafe { out.set_len(start + length) };
    }

    fn write(&self, offset: u64, bytes: &[u8]) {
        copy_to_guest(bytes, self.address(offset));
    }

    fn host_address(&self, offset: u64) -> usize {
        self.address(offset)
    }
}

/// Copies `length` bytes of guest memory to `out`, which is ours and has room.
fn copy_from_guest(from: usize, out: *mut u8, length: usize) {
    let source = std::ptr::with_exposed_provenance::<u8>(from);
    if length >= LONG {
        move_string(source, out, length);
        return;
    }
    let mut done = 0;
    while done < length {
        let place = source.wrapping_add(done);
        let target = out.wrapping_add(done);
        if length - done >= WORD && place.cast::<u64>().is_aligned() {
            // SAFETY: inside the slot by the trait's contract, aligned, and volatile as others write it.
            let word = unsafe { place.cast::<u64>().read_volatile() };
            // SAFETY: `out` has room for `length` bytes, of which at least a word is left.
            unsafe { target.cast::<u64>().write_unaligned(word) };
            done += WORD;
        } else {
            // SAFETY: inside the slot by the trait's contract, and volatile as others write it.
            let byte = unsafe { place.read_volatile() };
            // SAFETY: `out` has room for `length` bytes, of which at least one is left.
            unsafe { target.write(byte) };
            done += 1;
        }
    }
}

/// Copies bytes of ours into guest memory.
fn copy_to_guest(bytes: &[u8], to: usize) {
    let target = std::ptr::with_exposed_provenance_mut::<u8>(to);
    if bytes.len() >= LONG {
        move_string(bytes.as_ptr(), target, bytes.len());
        return;
    }
    for (index, byte) in bytes.iter().enumerate() {
        let place = target.wrapping_add(index);
        // SAFETY: inside the slot by the trait's contract, and volatile as others read it.
        unsafe { place.write_volatile(*byte) };
    }
}

/// Copies by the processor's string instruction: fast for long runs, and opaque to the compiler.
#[cfg(target_arch = "x86_64")]
fn move_string(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: both ranges are mapped for `length` bytes, one of them is ours and they do not overlap. The
    // direction flag is clear at every call boundary, and only the named registers change.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            inout("rcx") length => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies word by word, or byte by byte where the two ends are aligned differently.
#[cfg(not(target_arch = "x86_64"))]
fn move_string(from: *const u8, to: *mut u8, length: usize) {
    let mut done = 0;
    while done < length {
        let (source, target) = (from.wrapping_add(done), to.wrapping_add(done));
        let aligned = source.cast::<u64>().is_aligned() && target.cast::<u64>().is_aligned();
        if length - done >= WORD && aligned {
            // SAFETY: mapped, aligned, and volatile as others may write it.
            let word = unsafe { source.cast::<u64>().read_volatile() };
            // SAFETY: mapped, aligned, and volatile as others may read it.
            unsafe { target.cast::<u64>().write_volatile(word) };
            done += WORD;
        } else {
            // SAFETY: mapped, and volatile as others may write it.
            let byte = unsafe { source.read_volatile() };
            // SAFETY: mapped, and volatile as others may read it.
            unsafe { target.write_volatile(byte) };
            done += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> (Vec<u8>, Mapping) {
        let mut memory: Vec<u8> = (0..4096_u32).map(|byte| (byte % 251) as u8).collect();
        let base = memory.as_mut_ptr().expose_provenance();
        (memory, Mapping::new(base))
    }

    #[test]
    fn every_offset_and_length_copies_the_same_bytes() {
        let (memory, mapping) = memory();
        for offset in [0, 1, 7, 8, 9, 100] {
            for length in [0, 1, 7, 8, 9, 63, LONG - 1, LONG, LONG + 1, 2000] {
                let expected = &memory[offset..offset + length];
                let mut out = vec![0; length];
                mapping.read(offset as u64, &mut out);
                assert_eq!(out, expected, "read {offset} {length}");
                let mut appended = b"before".to_vec();
                mapping.append_to(offset as u64, length, &mut appended);
                assert_eq!(appended[6..], *expected, "append {offset} {length}");
            }
        }
    }

    #[test]
    fn writes_change_their_range_only() {
        for length in [0, 1, 9, LONG - 1, LONG, 1000] {
            let (memory, mapping) = memory();
            let before = memory.clone();
            mapping.write(33, &vec![0xee; length]);
            assert_eq!(memory[..33], before[..33]);
            assert!(memory[33..33 + length].iter().all(|byte| *byte == 0xee));
            assert_eq!(memory[33 + length..], before[33 + length..]);
        }
    }

    #[test]
    fn names_are_host_addresses() {
        let (memory, mapping) = memory();
        assert_eq!(mapping.host_address(5), memory.as_ptr() as usize + 5);
    }
}
