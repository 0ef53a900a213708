//! The host's buffers in graphics memory, for reading their pixels.
//!
//! A file is read by calls: its owner could cut it short, and what reads a mapping of it would then die. A DMA buffer has
//! no such calls, and a size that never changes; it is mapped, and the kernel is told when it is read, so that caches of the processor
//! and of a device agree.

use std::ffi::c_void;
use std::io;
use std::os::fd::OwnedFd;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use host_server::guest::region::Region;
use rustix::fs::{FileType, SeekFrom, fstat, seek};
use rustix::io::Errno;
use rustix::ioctl::{Setter, ioctl, opcode};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::region::Mapping;

/// The first `length` bytes of a buffer, or why there are none.
pub(crate) fn open(descriptor: &Arc<OwnedFd>, length: u64) -> Result<Arc<dyn Region>, String> {
    let unknown = |error: Errno| format!("the buffer's size is not known: {error}");
    let stat = fstat(descriptor).map_err(unknown)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let size = if is_file {
        stat.st_size.cast_unsigned()
    } else {
        // The only way to ask a DMA buffer. The host's own position in it has no meaning.
        seek(descriptor, SeekFrom::End(0)).map_err(unknown)?
    };
    if size < length {
        return Err(format!("a buffer of {size} bytes for {length} of pixels"));
    }
    if is_file {
        return Ok(Arc::new(File(Arc::clone(descriptor))));
    }
    match MappedBuffer::new(descriptor, length) {
        Ok(mapped) => Ok(Arc::new(mapped)),
        Err(error) => Err(format!("the buffer cannot be mapped: {error}")),
    }
}

/// A buffer that is a file.
#[derive(Debug)]
struct File(Arc<OwnedFd>);

impl Region for File {
    /// What has been cut off reads as 0.
    fn read(&self, offset: u64, out: &mut [u8]) {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match rustix::io::pread(&self.0, &mut *rest, offset.saturating_add(done as u64)) {
                Ok(0) => return rest.fill(0),
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(_) => return rest.fill(0),
            }
        }
    }

    fn write(&self, _: u64, _: &[u8]) {}

    fn host_address(&self, _: u64) -> usize {
        0
    }
}

/// `DMA_BUF_IOCTL_SYNC` of `linux/dma-buf.h`, with its flags for the begin and the end of reading.
const SYNC: rustix::ioctl::Opcode = opcode::write::<u64>(b'b', 0);
const SYNC_BEGIN_READ: u64 = 1;
const SYNC_END_READ: u64 = 1 | 1 << 2;

/// A buffer that is mapped for reading.
#[derive(Debug)]
struct MappedBuffer {
    descriptor: Arc<OwnedFd>,
    mapping: Mapping,
    start: usize,
    length: usize,
}

impl MappedBuffer {
    fn new(descriptor: &Arc<OwnedFd>, length: u64) -> io::Result<Self> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
        // SAFETY: the kernel chooses a range that nothing else has; it is ours until it is unmapped.
        let start = unsafe { mmap(null_mut(), length, ProtFlags::READ, MapFlags::SHARED, descriptor, 0) }?;
        let start = start.expose_provenance();
        Ok(Self { descriptor: Arc::clone(descriptor), mapping: Mapping::new(start), start, length })
    }

    /// Tells the kernel of reading. Without effect on memory that is no DMA buffer.
    fn sync(&self, flags: u64) {
        /// The kernel may ask for it again.
        const ATTEMPTS: usize = 100;
        for _ in 0..ATTEMPTS {
            // SAFETY: the request's argument is a `struct dma_buf_sync`, which is these 64 bits.
            let request = unsafe { Setter::<SYNC, u64>::new(flags) };
            // SAFETY: it changes none of our memory.
            match unsafe { ioctl(&self.descriptor, request) } {
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) if error != Errno::NOTTY => {
                    tracing::debug!(%error, "a DMA buffer's caches were not reconciled");
                    return;
                }
                _ => return,
            }
        }
    }
}

impl Region for MappedBuffer {
    fn read(&self, offset: u64, out: &mut [u8]) {
        self.mapping.read(offset, out);
    }

    fn append_to(&self, offset: u64, length: usize, out: &mut Vec<u8>) {
        self.mapping.append_to(offset, length, out);
    }

    fn begin_reading(&self) {
        self.sync(SYNC_BEGIN_READ);
    }

    fn end_reading(&self) {
        self.sync(SYNC_END_READ);
    }

    fn write(&self, _: u64, _: &[u8]) {}

    fn host_address(&self, _: u64) -> usize {
        0
    }
}

impl Drop for MappedBuffer {
    fn drop(&mut self) {
        let start: *mut c_void = std::ptr::with_exposed_provenance_mut(self.start);
        let Some(start) = NonNull::new(start) else { return };
        // SAFETY: this is the range of `new`, of which nobody has a reference, and it goes only once.
        if let Err(error) = unsafe { munmap(start.as_ptr(), self.length) } {
            tracing::warn!(%error, "a buffer was not unmapped");
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
    use rustix::io::pwrite;

    use super::*;

    fn memory(bytes: &[u8]) -> Arc<OwnedFd> {
        let file = memfd_create("pixels", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(pwrite(&file, bytes, 0), Ok(bytes.len()));
        Arc::new(file)
    }

    fn bytes() -> Vec<u8> {
        (0..20_000_u32).map(|byte| (byte % 251) as u8).collect()
    }

    #[test]
    fn files_and_mappings_show_what_is_there_now() {
        let descriptor = memory(&bytes());
        let mapped = MappedBuffer::new(&descriptor, 20_000).unwrap();
        let file = open(&descriptor, 20_000).unwrap();
        assert_eq!(pwrite(&descriptor, b"new", 5000), Ok(3));
        for region in [file.as_ref(), &mapped] {
            let mut out = vec![0; 6000];
            region.read(4000, &mut out);
            assert_eq!((&out[..1000], &out[1000..1003]), (&bytes()[4000..5000], &b"new"[..]));
            assert_eq!(out[1003..], bytes()[5003..10_000]);
        }
    }

    #[test]
    fn the_request_has_the_kernels_number_and_other_memory_ignores_it() {
        assert_eq!(SYNC, 0x4008_6200);
        let mapped = MappedBuffer::new(&memory(&bytes()), 20_000).unwrap();
        mapped.begin_reading();
        let mut out = [0; 3];
        mapped.read(7, &mut out);
        mapped.end_reading();
        assert_eq!(out, [7, 8, 9]);
    }

    #[test]
    fn a_buffer_that_is_too_small_is_refused() {
        let why = open(&memory(&[0; 10]), 11).unwrap_err();
        assert_eq!(why, "a buffer of 10 bytes for 11 of pixels");
    }

    #[test]
    fn a_file_that_is_cut_short_reads_as_zeros() {
        let descriptor = memory(&bytes());
        let file = open(&descriptor, 20_000).unwrap();
        ftruncate(&descriptor, 100).unwrap();
        let mut out = vec![9; 200];
        file.read(0, &mut out);
        assert_eq!((&out[..100], &out[100..]), (&bytes()[..100], &[0; 100][..]));
    }

    #[test]
    fn what_has_no_size_is_refused() {
        let (end, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(open(&Arc::new(end.into()), 1).unwrap_err().contains("size is not known"));
    }
}
