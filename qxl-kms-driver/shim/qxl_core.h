/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What the C shim and the Rust core say to each other. Both sides assert the layouts: layout.c here, src/face.rs there.
 *
 * Locking: the shim calls every qxl_core_* function of a device with that device's mutex held, but for
 * qxl_core_interrupt, which runs in the hard interrupt handler beside any of them.
 * Errors are negative errno values; QXL_CORE_PENDING is none.
 */
#ifndef QXL_CORE_H
#define QXL_CORE_H

#include <linux/types.h>

#define QXL_CORE_HEADS 4
#define QXL_CORE_EDID_BYTES 256
#define QXL_CORE_PORTS 25
#define QXL_CORE_LONGEST 32767	/* pixels of a screen from edge to edge */

/* The device has not taken everything yet: call qxl_core_flush after the display interrupt. */
#define QXL_CORE_PENDING 1

/* Interrupts of the device, as qxl_core_interrupt tells them and qxl_kernel_wait waits for them. */
#define QXL_CORE_INTERRUPT_DISPLAY (1u << 0)
#define QXL_CORE_INTERRUPT_CURSOR (1u << 1)
#define QXL_CORE_INTERRUPT_IO (1u << 2)
#define QXL_CORE_INTERRUPT_ERROR (1u << 3)
#define QXL_CORE_INTERRUPT_CLIENT_MONITORS (1u << 5)

struct qxl_core;

/* The device's windows. They stay mapped until qxl_core_stop returns. */
struct qxl_core_windows {
	void *ram;		/* BAR 0, mapped cached */
	const void *rom;	/* BAR 2 */
	void *shim;		/* handed back to the services */
	__u64 ram_len;		/* bytes */
	__u64 ram_base;		/* guest-physical address */
	__u64 rom_len;		/* bytes */
	__u32 revision;		/* PCI revision */
	__u32 reserved;
};

/* The right and bottom edges are outside. */
struct qxl_core_rect {
	__u32 left, top, right, bottom;
};

/* A head's part of the screen. One that is off has no width. */
struct qxl_core_head {
	__u32 x, y, width, height;
};

/* Pixels that a program draws into, perhaps while they are read. */
struct qxl_core_frame {
	const void *pixels;	/* the top left one that is shown; NULL is all black */
	__u32 pitch;		/* bytes from a row to the next */
	__u32 width, height;	/* pixels */
	__u32 format;		/* DRM fourcc: XRGB8888, ARGB8888, RGB565 */
};

/* A pointer's shape. */
struct qxl_core_cursor {
	const void *pixels;	/* ARGB8888, premultiplied */
	__u32 pitch;		/* bytes from a row to the next */
	__u32 width, height;	/* pixels */
	__u32 hot_x, hot_y;	/* pixels from the shape's corner to what the pointer points with */
	__s32 x, y;		/* where that is on the screen */
	__u32 reserved;
};

/* Counted since the start; the last five are of this moment. */
struct qxl_core_statistics {
	__u64 bytes, fills, copies, images;
	__u64 tiles_written, tiles_reused, tiles_evicted;
	__u64 shapes_written, shapes_reused, gestures, moves_dropped;
	__u64 released, stalls, restarts, screens;
	__u64 ports[QXL_CORE_PORTS];
	__u64 outstanding, heap_taken, heap_kept, heap_peak, heap_len;
};

/* Whether the device can be taken up, by its ROM alone. */
int qxl_core_check(const struct qxl_core_windows *windows);
/* Resets the device and takes it up. */
int qxl_core_start(const struct qxl_core_windows *windows, struct qxl_core **core);
/* Resets the device, which then shows what VGA has, and frees everything. No other call may be under way or follow. */
void qxl_core_stop(struct qxl_core *core);

/* Takes what the device has interrupted for; 0 when it was not this device. */
__u32 qxl_core_interrupt(const struct qxl_core *core);
/* What has been taken, where there is time for it. */
int qxl_core_interrupted(struct qxl_core *core, __u32 bits);

/* Bytes that a screen may take, 4 for each pixel of the rectangle around all heads. */
__u64 qxl_core_screen_bytes(const struct qxl_core *core);
/* Shows QXL_CORE_HEADS heads. */
int qxl_core_set_screen(struct qxl_core *core, const struct qxl_core_head *heads);
/* Draws what has changed on a head, in its own coordinates. */
int qxl_core_update(struct qxl_core *core, __u32 head, const struct qxl_core_frame *frame,
		    const struct qxl_core_rect *damage, __u32 count);
/* Draws what is left of earlier updates. */
int qxl_core_flush(struct qxl_core *core);
/* The same after a long time without an interrupt: asks the device for memory if that is what is missing. */
int qxl_core_starve(struct qxl_core *core);
/* Checksum of what a head shows, without the pointer. */
__u32 qxl_core_checksum(const struct qxl_core *core, __u32 head);

int qxl_core_set_cursor(struct qxl_core *core, const struct qxl_core_cursor *cursor);
int qxl_core_move_cursor(struct qxl_core *core, __s32 x, __s32 y);
int qxl_core_hide_cursor(struct qxl_core *core);

/* What a client asks for: fills QXL_CORE_HEADS heads and says how many there are; 0 is nobody asks. */
int qxl_core_client_monitors(struct qxl_core *core, struct qxl_core_head *heads);
/* Writes the EDID of a head that would best have this size, and says how many bytes it has; 0 is that it has none. */
__u32 qxl_core_edid(__u32 head, __u32 width, __u32 height, __u8 edid[QXL_CORE_EDID_BYTES]);

/* Gives everything of the device's back and resets it; the picture is kept. */
void qxl_core_suspend(struct qxl_core *core);
int qxl_core_resume(struct qxl_core *core);

void qxl_core_statistics(const struct qxl_core *core, struct qxl_core_statistics *statistics);

/* What the core asks of the kernel: services.c. */
void *qxl_kernel_alloc(size_t size, size_t align);
void qxl_kernel_free(void *memory);
void qxl_kernel_log(int level, const char *text, size_t len);
void qxl_kernel_panic(const char *text, size_t len);
void qxl_kernel_port(void *shim, __u8 port, __u8 argument);
__u32 qxl_kernel_random(void);
/* Sleeps until an interrupt of these bits was taken, or for this long. */
void qxl_kernel_wait(void *shim, __u32 bits, __u32 milliseconds);

#endif
