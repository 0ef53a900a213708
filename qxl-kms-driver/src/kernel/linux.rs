//! The services of `shim/services.c`, and what a program without an operating system needs: an allocator and an end for
//! panics.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_char, c_int, c_void};
use core::fmt::Write;
use core::panic::PanicInfo;

use super::Line;

/// `KERN_ERR` of `qxl_kernel_log`.
const ERROR: c_int = 0;

unsafe extern "C" {
    fn qxl_kernel_alloc(size: usize, align: usize) -> *mut c_void;
    fn qxl_kernel_free(memory: *mut c_void);
    fn qxl_kernel_log(level: c_int, text: *const c_char, len: usize);
    /// Returns, whatever it is for: that a function of C's does not return is something objtool cannot know.
    fn qxl_kernel_panic(text: *const c_char, len: usize);
    fn qxl_kernel_port(shim: *mut c_void, port: u8, argument: u8);
    fn qxl_kernel_random() -> u32;
    fn qxl_kernel_wait(shim: *mut c_void, bits: u32, milliseconds: u32);
}

pub(super) fn port(device: *mut c_void, port: u8, argument: u8) {
    // SAFETY: `Shim::new` was given a device that is still valid.
    unsafe { qxl_kernel_port(device, port, argument) };
}

pub(super) fn wait(device: *mut c_void, bits: u32, milliseconds: u32) {
    // SAFETY: `Shim::new` was given a device that is still valid.
    unsafe { qxl_kernel_wait(device, bits, milliseconds) };
}

pub(super) fn random() -> u32 {
    // SAFETY: it may be called anywhere.
    unsafe { qxl_kernel_random() }
}

pub(super) fn log_error(text: &[u8]) {
    // SAFETY: the text is read, as long as it is, and not kept.
    unsafe { qxl_kernel_log(ERROR, text.as_ptr().cast(), text.len()) };
}

struct KernelMemory;

// SAFETY: the kernel's allocator gives memory that is nobody else's until it is freed, aligned as asked, or null.
unsafe impl GlobalAlloc for KernelMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: it may be called with any size and any power of two.
        unsafe { qxl_kernel_alloc(layout.size(), layout.align()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: `memory` came from `alloc` and is freed once, by this trait's contract.
        unsafe { qxl_kernel_free(memory.cast()) };
    }
}

#[global_allocator]
static MEMORY: KernelMemory = KernelMemory;

/// Says what happened and stops this thread, as the kernel's own `BUG()` does.
#[panic_handler]
fn panic(panic: &PanicInfo<'_>) -> ! {
    let mut line = Line::default();
    // It never fails: what is too long is cut off.
    let _ = write!(line, "{panic}");
    // SAFETY: the text is read, as long as it is, and not kept.
    unsafe { qxl_kernel_panic(line.text().as_ptr().cast(), line.text().len()) };
    trap()
}

#[cfg(target_arch = "x86_64")]
fn trap() -> ! {
    // SAFETY: the processor traps here, and the kernel ends the thread.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}

#[cfg(target_arch = "aarch64")]
fn trap() -> ! {
    // SAFETY: the processor traps here, and the kernel ends the thread.
    unsafe { core::arch::asm!("udf #0", options(noreturn, nomem, nostack)) }
}
