/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * What the C shim and the Rust core say to each other. Each side asserts the layouts; see src/face.rs.
 *
 * Locking: the shim calls every qxl_core_* function of a device with that device's mutex held, but for
 * qxl_core_interrupt (hard interrupt context) and qxl_core_panic (the dying kernel).
 * Errors are negative errno values.
 */
#ifndef QXL_CORE_H
#define QXL_CORE_H

#include <linux/types.h>

#define QXL_CORE_HEADS 4

struct qxl_core;

/* The device's windows. Pointers stay valid until qxl_core_remove returns. */
struct qxl_core_windows {
	void *ram;		/* BAR 0, mapped cached */
	const void *rom;	/* BAR 2 */
	void *shim;		/* handed back to the services below */
	__u64 ram_len;		/* bytes */
	__u64 ram_base;		/* guest-physical address */
	__u64 rom_len;		/* bytes */
	__u32 revision;		/* PCI revision */
	__u32 pad;
};

struct qxl_core_rect { __u32 left, top, right, bottom; };

/* One head of the screen: where it is on the primary surface. Disabled heads have no width. */
struct qxl_core_head { __u32 x, y, width, height; };

/* Pixels a program draws into. They may change while they are read. */
struct qxl_core_frame {
	const void *pixels;	/* of the top left pixel that is shown */
	__u32 pitch;		/* bytes from a row to the next */
	__u32 width, height;	/* pixels */
	__u32 format;		/* DRM fourcc: XRGB8888, ARGB8888, RGB565 */
};

struct qxl_core_cursor {
	const void *pixels;	/* ARGB8888, premultiplied, rows of pitch bytes */
	__u32 pitch;
	__u32 width, height;
	__s32 hot_x, hot_y;
};

/* Client monitors: what a client asks for. */
struct qxl_core_wish { __u32 x, y, width, height; };
