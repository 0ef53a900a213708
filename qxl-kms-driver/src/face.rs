//! The functions of `shim/qxl_core.h`, which says what each does.
//!
//! The shim calls them with the device's mutex held, but for [`qxl_core_interrupt`], which runs beside any of them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

use guest_display::edid::{BLOCK, Edid, Monitor};
use guest_display::geometry::{Point, Rect};
use guest_display::{Device, Head, Interrupts, Progress, StartError, check_rom};
use qxl::ioport::IoPort;
use qxl::ring::SharedMemory;

use crate::cursor::Shape;
use crate::errno::{EINVAL, Errno, code};
use crate::frame::Frame;
use crate::kernel::{self, Shim};
use crate::layout::{
    CoreCursor, CoreFrame, CoreHead, CoreRect, CoreStatistics, CoreWindows, EDID_BYTES, HEADS,
};
use crate::window::Window;
use crate::windows::{Windows, revision, rom};

/// The most rectangles of one update that are looked at one by one; more are drawn as their bounds.
const RECTS: usize = 32;

/// A device under the driver: `struct qxl_core`.
#[derive(Debug)]
pub struct Core {
    /// Only reached through [`Core::device`], by whoever has the shim's mutex.
    state: UnsafeCell<State>,
    interrupts: Interrupts<Window>,
    shim: Shim,
}

struct State {
    device: Box<Device<Windows>>,
    /// Which of the device's heads each of the shim's is: the device counts those that are on.
    places: [Option<usize>; HEADS],
}

impl core::fmt::Debug for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("State").field("places", &self.places).finish_non_exhaustive()
    }
}

/// # Safety
/// `core` is null or came from [`qxl_core_start`] and was not stopped yet, and the caller has the device's mutex.
unsafe fn state<'a>(core: *const Core) -> Option<&'a mut State> {
    // SAFETY: by this function's contract.
    let core = unsafe { core.as_ref() }?;
    // SAFETY: the mutex makes this the only reference there is.
    Some(unsafe { &mut *core.state.get() })
}

fn logged<E: Errno>(doing: &str, outcome: Result<Progress, E>) -> i32 {
    if let Err(error) = &outcome {
        kernel::log_error(format_args!("{doing}: {error}"));
    }
    code(outcome)
}

/// Whether the device can be taken up, by its ROM: before somebody else is sent away, and before RAM is mapped.
///
/// # Safety
/// `windows` describes a mapping of the ROM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_check(windows: *const CoreWindows) -> i32 {
    // SAFETY: by this function's contract.
    let Some(mapped) = (unsafe { windows.as_ref() }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(rom) = (unsafe { rom(mapped) }) else { return EINVAL };
    let checked = check_rom(|bytes| rom.read(0, bytes), revision(mapped), mapped.ram_len);
    logged("start", checked.map(|()| Progress::Done))
}

/// Resets the device and takes it up.
///
/// # Safety
/// `windows` describes mappings that stay until [`qxl_core_stop`]; `core` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_start(windows: *const CoreWindows, core: *mut *mut Core) -> i32 {
    // SAFETY: by this function's contract.
    let Some(mapped) = (unsafe { windows.as_ref() }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(windows) = (unsafe { Windows::new(mapped) }) else { return EINVAL };
    match start(windows) {
        Ok(started) => {
            // SAFETY: by this function's contract.
            unsafe { core.write(started) };
            0
        }
        Err(error) => logged("start", Err(error)),
    }
}

fn start(windows: Windows) -> Result<*mut Core, StartError> {
    let device = boxed(|| Device::start(windows))?;
    let interrupts = device.interrupts();
    let state = UnsafeCell::new(State { device, places: [None; HEADS] });
    let core = boxed(|| Ok(Core { state, interrupts, shim: windows.shim() }))?;
    Ok(Box::into_raw(core))
}

/// A value in a box; an error when there is no memory. Of its own, because what is made may be large, and is to be on the
/// stack only here.
#[inline(never)]
fn boxed<T>(make: impl FnOnce() -> Result<T, StartError>) -> Result<Box<T>, StartError> {
    // A vector of one is what stable Rust can ask memory for fallibly.
    let mut memory = Vec::<T>::new();
    memory.try_reserve_exact(1).map_err(|_| StartError::OutOfMemory)?;
    let Some(place) = memory.spare_capacity_mut().first_mut() else { return Err(StartError::OutOfMemory) };
    // Without a detour: each further binding would be one more copy on the stack.
    match make() {
        Ok(value) => place.write(value),
        Err(error) => return Err(error),
    };
    // SAFETY: the first element was written just now, and there is room for it.
    unsafe { memory.set_len(1) };
    let one: *mut T = Box::into_raw(memory.into_boxed_slice()).cast();
    // SAFETY: it came out of a box of one, which has the same layout.
    Ok(unsafe { Box::from_raw(one) })
}

/// Leaves the device as after a reset and frees everything.
///
/// # Safety
/// `core` came from [`qxl_core_start`], and no other call with it is under way or follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_stop(core: *mut Core) {
    if core.is_null() {
        return;
    }
    // SAFETY: it came out of a box, and is stopped once.
    let mut core = unsafe { Box::from_raw(core) };
    core.state.get_mut().device.shut_down();
}

/// Takes what the device has interrupted for and drops the line.
///
/// # Safety
/// `core` came from [`qxl_core_start`] and was not stopped yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_interrupt(core: *const Core) -> u32 {
    // SAFETY: by this function's contract.
    let Some(core) = (unsafe { core.as_ref() }) else { return 0 };
    let bits = core.interrupts.take();
    if bits != 0 {
        core.shim.port(IoPort::UpdateIrq, 0);
    }
    bits
}

/// Does what the device has interrupted for.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_interrupted(core: *mut Core, bits: u32) -> i32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return EINVAL };
    code(state.device.interrupted(bits))
}

/// Bytes that a screen may take.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_screen_bytes(core: *const Core) -> u64 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(0, |state| state.device.primary_bytes())
}

/// Shows heads.
///
/// # Safety
/// That of [`state`]; `heads` are [`HEADS`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_set_screen(core: *mut Core, heads: *const CoreHead) -> i32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return EINVAL };
    // SAFETY: by this function's contract; an array is laid out as its elements.
    let Some(heads) = (unsafe { heads.cast::<[CoreHead; HEADS]>().as_ref() }) else { return EINVAL };
    let mut shown = [Head::default(); HEADS];
    let mut places = [None; HEADS];
    let mut count = 0;
    let on = heads.iter().zip(&mut places).filter(|(head, _)| head.width != 0);
    for ((head, place), slot) in on.zip(&mut shown) {
        *slot = Head { area: area(head) };
        *place = Some(count);
        count += 1;
    }
    let outcome = state.device.set_screen(shown.get(..count).unwrap_or_default());
    if outcome.is_ok() {
        state.places = places;
    }
    logged("set the screen", outcome)
}

fn area(head: &CoreHead) -> Rect {
    Rect::new(head.x, head.y, head.x.saturating_add(head.width), head.y.saturating_add(head.height))
}

/// Draws what has changed on a head.
///
/// # Safety
/// That of [`state`]; `frame` describes pixels that are mapped, and `damage` has `count` rectangles.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_update(
    core: *mut Core,
    head: u32,
    frame: *const CoreFrame,
    damage: *const CoreRect,
    count: u32,
) -> i32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(frame) = (unsafe { frame.as_ref() }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(frame) = (unsafe { Frame::new(frame) }) else { return EINVAL };
    let Some(place) = place(state, head) else { return code(state.device.flush()) };
    let mut rects = [Rect::default(); RECTS];
    let mut used = 0;
    for index in 0..usize::try_from(count).unwrap_or_default() {
        // SAFETY: by this function's contract.
        let Some(rect) = (unsafe { damage.wrapping_add(index).as_ref() }) else { return EINVAL };
        used = add(&mut rects, used, Rect::new(rect.left, rect.top, rect.right, rect.bottom));
    }
    code(state.device.update(place, &frame, rects.get(..used).unwrap_or_default()))
}

/// Adds a rectangle to the first `used`, or to the last one when there is no place; says how many are used now.
fn add(rects: &mut [Rect; RECTS], used: usize, rect: Rect) -> usize {
    if let Some(place) = rects.get_mut(used) {
        *place = rect;
        return used + 1;
    }
    if let Some(last) = rects.last_mut() {
        *last = Rect::new(
            last.left.min(rect.left),
            last.top.min(rect.top),
            last.right.max(rect.right),
            last.bottom.max(rect.bottom),
        );
    }
    used
}

fn place(state: &State, head: u32) -> Option<usize> {
    *state.places.get(usize::try_from(head).ok()?)?
}

/// Draws what is left.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_flush(core: *mut Core) -> i32 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(EINVAL, |state| code(state.device.flush()))
}

/// Draws what is left after a long time without an interrupt.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_starve(core: *mut Core) -> i32 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(EINVAL, |state| code(state.device.starve()))
}

/// The checksum of what a head shows.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_checksum(core: *const Core, head: u32) -> u32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return 0 };
    place(state, head).map_or(0, |place| state.device.checksum(place))
}

/// Shows another pointer.
///
/// # Safety
/// That of [`state`]; `cursor` describes pixels that are mapped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_set_cursor(core: *mut Core, cursor: *const CoreCursor) -> i32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(cursor) = (unsafe { cursor.as_ref() }) else { return EINVAL };
    // SAFETY: by this function's contract.
    let Some(shape) = (unsafe { Shape::new(cursor) }) else { return EINVAL };
    let hot_spot = Point { x: cursor.hot_x, y: cursor.hot_y };
    let moved = state.device.move_cursor(cursor.x, cursor.y);
    match moved {
        Ok(_) => code(state.device.set_cursor(&shape, hot_spot)),
        Err(dead) => dead.errno(),
    }
}

/// Moves the pointer.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_move_cursor(core: *mut Core, x: i32, y: i32) -> i32 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(EINVAL, |state| code(state.device.move_cursor(x, y)))
}

/// Shows no pointer.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_hide_cursor(core: *mut Core) -> i32 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(EINVAL, |state| code(state.device.hide_cursor()))
}

/// What a client asks for, and how many heads that is.
///
/// # Safety
/// That of [`state`]; [`HEADS`] heads can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_client_monitors(core: *mut Core, heads: *mut CoreHead) -> i32 {
    // SAFETY: by this function's contract.
    let Some(state) = (unsafe { state(core) }) else { return EINVAL };
    let Some(wishes) = state.device.client_monitors() else { return 0 };
    let wished = wishes.heads.map(|Rect { left, top, right, bottom }| CoreHead {
        x: left,
        y: top,
        width: right.saturating_sub(left),
        height: bottom.saturating_sub(top),
    });
    // SAFETY: by this function's contract; an array is laid out as its elements.
    unsafe { heads.cast::<[CoreHead; HEADS]>().write(wished) };
    i32::try_from(wishes.count).unwrap_or_default()
}

/// Writes the EDID of a head that would best have this size; says how many bytes it has.
///
/// # Safety
/// [`EDID_BYTES`] bytes can be written to `edid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_edid(head: u32, width: u32, height: u32, edid: *mut u8) -> u32 {
    let monitor = Monitor { name: "QXL", serial: head.saturating_add(1), width, height, millimetres: None };
    let made = Edid::new(&monitor);
    let mut len = 0;
    for block in made.blocks().take(EDID_BYTES / BLOCK) {
        // SAFETY: by this function's contract: no more blocks than there is room for.
        unsafe { edid.wrapping_add(len).cast::<[u8; BLOCK]>().write(*block) };
        len += BLOCK;
    }
    u32::try_from(len).unwrap_or_default()
}

/// Gives everything of the device's back; the picture is kept.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_suspend(core: *mut Core) {
    // SAFETY: by this function's contract.
    if let Some(state) = unsafe { state(core) } {
        state.device.suspend();
    }
}

/// Takes the device up again.
///
/// # Safety
/// That of [`state`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_resume(core: *mut Core) -> i32 {
    // SAFETY: by this function's contract.
    unsafe { state(core) }.map_or(EINVAL, |state| logged("resume", state.device.resume()))
}

/// What was done so far.
///
/// # Safety
/// That of [`state`]; `statistics` can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qxl_core_statistics(core: *const Core, statistics: *mut CoreStatistics) {
    // SAFETY: by this function's contract.
    if let Some(state) = unsafe { state(core) } {
        // SAFETY: by this function's contract.
        unsafe { statistics.write(CoreStatistics::from(state.device.statistics())) };
    }
}
