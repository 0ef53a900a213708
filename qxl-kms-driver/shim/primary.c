// SPDX-License-Identifier: MIT OR GPL-2.0
/* A head's plane of pixels: what a commit shows, and what it says has changed. */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>

#include "qxl_kms.h"

static const u32 qxl_formats[] = { DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_RGB565 };

static struct qxl_head *plane_to_head(struct drm_plane *plane)
{
	return container_of(plane, struct qxl_head, primary);
}

static int qxl_primary_check(struct drm_plane *plane, struct drm_atomic_state *state)
{
	struct drm_plane_state *new = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc_state *crtc;

	if (!new->crtc)
		return 0;
	crtc = drm_atomic_get_new_crtc_state(state, new->crtc);
	return drm_atomic_helper_check_plane_state(new, crtc, DRM_PLANE_NO_SCALING, DRM_PLANE_NO_SCALING, false, true);
}

/* The damage in the head's coordinates: the iterator gives that of the framebuffer, clipped to what is shown. */
static void qxl_primary_damages(struct qxl_head *head, struct drm_plane_state *old, struct drm_plane_state *new)
{
	int x = new->src.x1 >> 16, y = new->src.y1 >> 16;
	struct drm_atomic_helper_damage_iter iter;
	struct drm_rect clip;

	drm_atomic_helper_damage_iter_init(&iter, old, new);
	drm_atomic_for_each_plane_damage(&iter, &clip) {
		struct qxl_core_rect rect = { clip.x1 - x, clip.y1 - y, clip.x2 - x, clip.y2 - y };

		qxl_shown_damage(head, &rect);
	}
}

static void qxl_primary_update(struct drm_plane *plane, struct drm_atomic_state *state)
{
	struct drm_plane_state *new = drm_atomic_get_new_plane_state(state, plane);
	struct drm_plane_state *old = drm_atomic_get_old_plane_state(state, plane);
	struct qxl_head *head = plane_to_head(plane);
	struct qxl_kms *kms = to_qxl(plane->dev);
	int err, cookie;

	if (!new->visible) {
		qxl_primary_blank(kms, head);
		return;
	}
	err = drm_gem_fb_begin_cpu_access(new->fb, DMA_FROM_DEVICE);
	if (err)
		drm_warn_once(plane->dev, "the exporter of a buffer does not let it be read: error %d\n", err);
	if (qxl_enter(kms, &cookie)) {
		qxl_shown_set(head, new);
		qxl_primary_damages(head, old, new);
		if (head->shown.fb && drm_atomic_get_new_crtc_state(state, new->crtc)->async_flip)
			qxl_shown_draw_paced(head);
		else if (!err)
			qxl_shown_draw(head);
		qxl_leave(kms, cookie);
	}
	if (!err)
		drm_gem_fb_end_cpu_access(new->fb, DMA_FROM_DEVICE);
}

/* A head without a picture is black. */
void qxl_primary_blank(struct qxl_kms *kms, struct qxl_head *head)
{
	struct qxl_core_frame black = {};
	struct qxl_core_rect all = {};
	int cookie;

	qxl_shown_forget(head);
	if (!qxl_enter(kms, &cookie))
		return;
	black.width = all.right = head->area.width;
	black.height = all.bottom = head->area.height;
	if (black.width)
		qxl_flush_note(kms, qxl_core_update(kms->core, head->index, &black, &all, 1));
	qxl_leave(kms, cookie);
}

static void qxl_primary_disable(struct drm_plane *plane, struct drm_atomic_state *state)
{
	qxl_primary_blank(to_qxl(plane->dev), plane_to_head(plane));
}

static const struct drm_plane_helper_funcs qxl_primary_helpers = {
	DRM_GEM_SHADOW_PLANE_HELPER_FUNCS,
	.atomic_check = qxl_primary_check,
	.atomic_update = qxl_primary_update,
	.atomic_disable = qxl_primary_disable,
#if defined(QXL_PANIC)
	.get_scanout_buffer = qxl_panic_buffer,
	.panic_flush = qxl_panic_flush,
#endif
};

static const struct drm_plane_funcs qxl_primary_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.destroy = drm_plane_cleanup,
	DRM_GEM_SHADOW_PLANE_FUNCS,
};

int qxl_primary_init(struct qxl_kms *kms, struct qxl_head *head)
{
	int err;

	err = drm_universal_plane_init(&kms->drm, &head->primary, BIT(head->index), &qxl_primary_funcs, qxl_formats,
				       ARRAY_SIZE(qxl_formats), NULL, DRM_PLANE_TYPE_PRIMARY, NULL);
	if (err)
		return err;
	drm_plane_helper_add(&head->primary, &qxl_primary_helpers);
	drm_plane_enable_fb_damage_clips(&head->primary);
	return 0;
}
