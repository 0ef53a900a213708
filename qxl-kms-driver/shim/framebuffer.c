// SPDX-License-Identifier: MIT OR GPL-2.0
/* Framebuffers, and programs that draw into the one that is shown and tell what they have changed. */
#include <drm/drm_damage_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>

#include "qxl_kms.h"

/* Of the clip, which is the framebuffer's, what the head shows. */
static void qxl_clip_damages(struct qxl_head *head, const struct drm_clip_rect *clip)
{
	const struct qxl_shown *shown = &head->shown;
	struct qxl_core_rect rect = {
		.left = max_t(u32, clip->x1, shown->x),
		.top = max_t(u32, clip->y1, shown->y),
		.right = min_t(u32, clip->x2, shown->x + shown->frame.width),
		.bottom = min_t(u32, clip->y2, shown->y + shown->frame.height),
	};

	if (rect.left >= rect.right || rect.top >= rect.bottom)
		return;
	rect.left -= shown->x;
	rect.right -= shown->x;
	rect.top -= shown->y;
	rect.bottom -= shown->y;
	qxl_shown_damage(head, &rect);
}

/* Whether it is shown, and so whether what has changed was noted. A device that is gone shows everything. */
static bool qxl_framebuffer_damages(struct drm_framebuffer *fb, const struct drm_clip_rect *clips, unsigned int count)
{
	struct qxl_kms *kms = to_qxl(fb->dev);
	bool is_shown = false;
	unsigned int i, j;
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return true;
	for (i = 0; i < kms->head_count; i++) {
		if (kms->heads[i].shown.fb != fb)
			continue;
		is_shown = true;
		for (j = 0; j < count; j++)
			qxl_clip_damages(&kms->heads[i], &clips[j]);
		qxl_shown_draw_paced(&kms->heads[i]);
	}
	qxl_leave(kms, cookie);
	/* Flips of other heads may have waited for the device to take what was left. */
	qxl_flush_settled(kms);
	return is_shown;
}

/*
 * Waits neither for the device nor for a vblank: X11's server tells each of its changes, and would stand still meanwhile.
 * Where pixels were copied, the clips say from where and to where; both are looked at.
 *
 * A framebuffer that is not shown may be about to be, or be another device's: a commit then does what is to be done.
 */
static int qxl_framebuffer_dirty(struct drm_framebuffer *fb, struct drm_file *file, unsigned int flags,
				 unsigned int color, struct drm_clip_rect *clips, unsigned int count)
{
	const struct drm_clip_rect all = { 0, 0, fb->width, fb->height };

	if (qxl_framebuffer_damages(fb, count ? clips : &all, count ?: 1))
		return 0;
	return drm_atomic_helper_dirtyfb(fb, file, flags, color, clips, count);
}

static const struct drm_framebuffer_funcs qxl_framebuffer_funcs = {
	.destroy = drm_gem_fb_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = qxl_framebuffer_dirty,
};

struct drm_framebuffer *qxl_framebuffer_create(struct drm_device *drm, struct drm_file *file,
					       QXL_FB_INFO_PARAMETER const struct drm_mode_fb_cmd2 *command)
{
	return drm_gem_fb_create_with_funcs(drm, file, QXL_FB_INFO command, &qxl_framebuffer_funcs);
}
