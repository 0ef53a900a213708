// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * The panic screen. The kernel is dying and may have stopped anywhere, so nothing here waits for a lock or sleeps: when
 * the core was busy at that moment, it is left alone, and the last picture stays.
 */
#include "qxl_kms.h"

#if defined(QXL_PANIC)
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_panic.h>

/* How often the rest is offered: a host takes a screen in a few milliseconds. */
#define QXL_PANIC_TRIES 200

static struct qxl_head *plane_to_head(struct drm_plane *plane)
{
	return container_of(plane, struct qxl_head, primary);
}

int qxl_panic_buffer(struct drm_plane *plane, struct drm_scanout_buffer *buffer)
{
	struct qxl_head *head = plane_to_head(plane);
	const struct qxl_core_frame *frame = &head->shown.frame;

	if (!head->shown.fb)
		return -ENODEV;
	buffer->format = drm_format_info(frame->format);
	buffer->width = frame->width;
	buffer->height = frame->height;
	buffer->pitch[0] = frame->pitch;
	iosys_map_set_vaddr(&buffer->map[0], (void *)frame->pixels);
	return 0;
}

void qxl_panic_flush(struct drm_plane *plane)
{
	struct qxl_head *head = plane_to_head(plane);
	struct qxl_kms *kms = to_qxl(plane->dev);
	struct qxl_core_rect all = { 0, 0, head->shown.frame.width, head->shown.frame.height };
	unsigned int tries = 0;
	int progress;

	if (!mutex_trylock(&kms->lock))
		return;
	WRITE_ONCE(kms->panicking, true);
	progress = qxl_core_update(kms->core, head->index, &head->shown.frame, &all, 1);
	while (progress == QXL_CORE_PENDING && tries++ < QXL_PANIC_TRIES) {
		qxl_kernel_wait(kms, QXL_CORE_INTERRUPT_DISPLAY, 1);
		progress = qxl_core_flush(kms->core);
	}
	WRITE_ONCE(kms->panicking, false);
	mutex_unlock(&kms->lock);
}
#endif
