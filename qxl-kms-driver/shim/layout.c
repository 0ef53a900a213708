// SPDX-License-Identifier: MIT OR GPL-2.0
/* The layouts of qxl_core.h, in numbers; src/face.rs has the same ones. */
#include <linux/build_bug.h>
#include <linux/stddef.h>

#include "qxl_core.h"

static_assert(sizeof(struct qxl_core_windows) == 56);
static_assert(offsetof(struct qxl_core_windows, shim) == 16);
static_assert(offsetof(struct qxl_core_windows, ram_len) == 24);
static_assert(offsetof(struct qxl_core_windows, rom_len) == 40);
static_assert(offsetof(struct qxl_core_windows, revision) == 48);

static_assert(sizeof(struct qxl_core_rect) == 16);
static_assert(offsetof(struct qxl_core_rect, bottom) == 12);

static_assert(sizeof(struct qxl_core_head) == 16);
static_assert(offsetof(struct qxl_core_head, height) == 12);

static_assert(sizeof(struct qxl_core_frame) == 24);
static_assert(offsetof(struct qxl_core_frame, pitch) == 8);
static_assert(offsetof(struct qxl_core_frame, format) == 20);

static_assert(sizeof(struct qxl_core_cursor) == 40);
static_assert(offsetof(struct qxl_core_cursor, hot_x) == 20);
static_assert(offsetof(struct qxl_core_cursor, x) == 28);

static_assert(sizeof(struct qxl_core_statistics) == 45 * 8);
static_assert(offsetof(struct qxl_core_statistics, released) == 11 * 8);
static_assert(offsetof(struct qxl_core_statistics, ports) == 15 * 8);
static_assert(offsetof(struct qxl_core_statistics, outstanding) == 40 * 8);
