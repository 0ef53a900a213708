// SPDX-License-Identifier: MIT OR GPL-2.0
/* The pointer. The device has one for all heads: the head that moved it last has it. */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>

#include "qxl_kms.h"

static const u32 qxl_cursor_formats[] = { DRM_FORMAT_ARGB8888 };

static struct qxl_head *plane_to_head(struct drm_plane *plane)
{
	return container_of(plane, struct qxl_head, cursor);
}

static int qxl_cursor_check(struct drm_plane *plane, struct drm_atomic_state *state)
{
	struct drm_plane_state *new = drm_atomic_get_new_plane_state(state, plane);
	struct drm_crtc_state *crtc;

	if (!new->crtc)
		return 0;
	if (new->fb && (new->fb->width > QXL_KMS_CURSOR_SIZE || new->fb->height > QXL_KMS_CURSOR_SIZE))
		return -EINVAL;
	crtc = drm_atomic_get_new_crtc_state(state, new->crtc);
	return drm_atomic_helper_check_plane_state(new, crtc, DRM_PLANE_NO_SCALING, DRM_PLANE_NO_SCALING, true, true);
}

/* Programs say what they like. */
static u32 qxl_hot(int hot, u32 size)
{
	return clamp(hot, 0, (int)size - 1);
}

static void qxl_cursor_show(struct qxl_kms *kms, struct qxl_head *head, struct drm_plane_state *state, bool moved_only)
{
	const struct iosys_map *data = &to_drm_shadow_plane_state(state)->data[0];
	struct drm_framebuffer *fb = state->fb;
	struct qxl_core_cursor cursor = {
		.pixels = data->vaddr,
		.pitch = fb->pitches[0],
		.width = fb->width,
		.height = fb->height,
		.hot_x = qxl_hot(qxl_hot_x(state), fb->width),
		.hot_y = qxl_hot(qxl_hot_y(state), fb->height),
	};
	int progress;

	cursor.x = (int)head->area.x + state->crtc_x + (int)cursor.hot_x;
	cursor.y = (int)head->area.y + state->crtc_y + (int)cursor.hot_y;
	if (moved_only && kms->cursor_head == head)
		progress = qxl_core_move_cursor(kms->core, cursor.x, cursor.y);
	else
		progress = qxl_core_set_cursor(kms->core, &cursor);
	qxl_flush_note(kms, progress);
	kms->cursor_head = head;
}

static void qxl_cursor_hide(struct qxl_kms *kms, struct qxl_head *head)
{
	if (kms->cursor_head != head)
		return;
	qxl_flush_note(kms, qxl_core_hide_cursor(kms->core));
	kms->cursor_head = NULL;
}

static void qxl_cursor_update(struct drm_plane *plane, struct drm_atomic_state *state)
{
	struct drm_plane_state *new = drm_atomic_get_new_plane_state(state, plane);
	struct drm_plane_state *old = drm_atomic_get_old_plane_state(state, plane);
	struct qxl_head *head = plane_to_head(plane);
	struct qxl_kms *kms = to_qxl(plane->dev);
	bool moved_only = old->fb == new->fb && (old->crtc_x != new->crtc_x || old->crtc_y != new->crtc_y);
	int cookie;

	if (!new->fb || drm_gem_fb_begin_cpu_access(new->fb, DMA_FROM_DEVICE))
		return;
	if (qxl_enter(kms, &cookie)) {
		if (new->visible)
			qxl_cursor_show(kms, head, new, moved_only);
		else
			qxl_cursor_hide(kms, head);
		qxl_leave(kms, cookie);
	}
	drm_gem_fb_end_cpu_access(new->fb, DMA_FROM_DEVICE);
}

/* A head that has no pointer any more, or is off. */
void qxl_cursor_leave(struct qxl_head *head)
{
	struct qxl_kms *kms = to_qxl(head->crtc.dev);
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return;
	qxl_cursor_hide(kms, head);
	qxl_leave(kms, cookie);
}

static void qxl_cursor_disable(struct drm_plane *plane, struct drm_atomic_state *state)
{
	qxl_cursor_leave(plane_to_head(plane));
}

static const struct drm_plane_helper_funcs qxl_cursor_helpers = {
	DRM_GEM_SHADOW_PLANE_HELPER_FUNCS,
	.atomic_check = qxl_cursor_check,
	.atomic_update = qxl_cursor_update,
	.atomic_disable = qxl_cursor_disable,
};

static const struct drm_plane_funcs qxl_cursor_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.destroy = drm_plane_cleanup,
	DRM_GEM_SHADOW_PLANE_FUNCS,
};

int qxl_cursor_init(struct qxl_kms *kms, struct qxl_head *head)
{
	int err;

	err = drm_universal_plane_init(&kms->drm, &head->cursor, BIT(head->index), &qxl_cursor_funcs,
				       qxl_cursor_formats, ARRAY_SIZE(qxl_cursor_formats), NULL,
				       DRM_PLANE_TYPE_CURSOR, NULL);
	if (err)
		return err;
	drm_plane_helper_add(&head->cursor, &qxl_cursor_helpers);
	return 0;
}
