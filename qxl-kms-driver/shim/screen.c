// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Where heads are on the device's one screen. Heads that show parts of one framebuffer, as under X11, are where their
 * parts are, so that an absolute pointer is where it seems to be. Otherwise nothing says where they are, and they stand
 * side by side in their order.
 */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_framebuffer.h>

#include "qxl_kms.h"

/* What a head shows, in which part of which framebuffer. */
struct qxl_part {
	unsigned int width, height;	/* 0 is off */
	unsigned int fb_id, fb_x, fb_y;
};

static bool qxl_share_framebuffer(const struct qxl_part *parts)
{
	unsigned int i, on = 0, fb_id = 0;

	for (i = 0; i < QXL_CORE_HEADS; i++) {
		if (!parts[i].width)
			continue;
		if (!parts[i].fb_id || (on && parts[i].fb_id != fb_id))
			return false;
		fb_id = parts[i].fb_id;
		on++;
	}
	return on > 1;
}

static void qxl_side_by_side(const struct qxl_part *parts, struct qxl_core_head *heads)
{
	unsigned int i, x = 0;

	for (i = 0; i < QXL_CORE_HEADS; i++) {
		heads[i] = (struct qxl_core_head){ x, 0, parts[i].width, parts[i].height };
		x += parts[i].width;
	}
}

static void qxl_as_in_framebuffer(const struct qxl_part *parts, struct qxl_core_head *heads)
{
	unsigned int i, left = UINT_MAX, top = UINT_MAX;

	for (i = 0; i < QXL_CORE_HEADS; i++) {
		if (parts[i].width) {
			left = min(left, parts[i].fb_x);
			top = min(top, parts[i].fb_y);
		}
	}
	for (i = 0; i < QXL_CORE_HEADS; i++) {
		if (parts[i].width)
			heads[i] = (struct qxl_core_head){ parts[i].fb_x - left, parts[i].fb_y - top,
							   parts[i].width, parts[i].height };
	}
}

static void qxl_arrange(const struct qxl_part *parts, struct qxl_core_head *heads)
{
	memset(heads, 0, sizeof(*heads) * QXL_CORE_HEADS);
	if (qxl_share_framebuffer(parts))
		qxl_as_in_framebuffer(parts, heads);
	else
		qxl_side_by_side(parts, heads);
}

static u64 qxl_screen_bytes(const struct qxl_core_head *heads)
{
	u64 width = 0, height = 0;
	unsigned int i;

	for (i = 0; i < QXL_CORE_HEADS; i++) {
		width = max(width, (u64)heads[i].x + heads[i].width);
		height = max(height, (u64)heads[i].y + heads[i].height);
	}
	return width * height * 4;
}

static void qxl_part_of_crtc(struct qxl_part *part, const struct drm_crtc_state *crtc)
{
	part->width = crtc->active ? crtc->mode.hdisplay : 0;
	part->height = crtc->active ? crtc->mode.vdisplay : 0;
}

static void qxl_part_of_plane(struct qxl_part *part, const struct drm_plane_state *plane)
{
	part->fb_id = plane->fb && plane->visible ? plane->fb->base.id : 0;
	part->fb_x = part->fb_id ? plane->src.x1 >> 16 : 0;
	part->fb_y = part->fb_id ? plane->src.y1 >> 16 : 0;
}

static bool qxl_any_modeset(struct drm_atomic_state *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		if (drm_atomic_crtc_needs_modeset(crtc_state))
			return true;
	}
	return false;
}

/* Refuses a screen that does not fit into the device's memory, which heads share. */
int qxl_screen_check(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct qxl_part parts[QXL_CORE_HEADS] = {};
	struct qxl_core_head heads[QXL_CORE_HEADS];
	u64 there;
	unsigned int i;
	int cookie;

	if (!qxl_any_modeset(state))
		return 0;
	for (i = 0; i < kms->head_count; i++) {
		struct drm_crtc_state *crtc = drm_atomic_get_crtc_state(state, &kms->heads[i].crtc);

		if (IS_ERR(crtc))
			return PTR_ERR(crtc);
		qxl_part_of_crtc(&parts[i], crtc);
	}
	/* A device that is gone takes everything: its heads still have to be switched off. */
	if (!qxl_enter(kms, &cookie))
		return 0;
	there = qxl_core_screen_bytes(kms->core);
	qxl_leave(kms, cookie);

	qxl_side_by_side(parts, heads);
	if (qxl_screen_bytes(heads) <= there)
		return 0;
	drm_dbg_atomic(&kms->drm, "a screen of %llu bytes does not fit into the device's %llu\n",
		       qxl_screen_bytes(heads), there);
	return -ENOSPC;
}

/* Between switching heads off and on and drawing on them: puts them where they now belong. */
void qxl_screen_settle(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct qxl_part parts[QXL_CORE_HEADS] = {};
	struct qxl_core_head areas[QXL_CORE_HEADS];
	bool modeset = qxl_any_modeset(state);
	unsigned int i;
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return;
	for (i = 0; i < kms->head_count; i++) {
		struct qxl_head *head = &kms->heads[i];
		struct drm_crtc_state *crtc = drm_atomic_get_new_crtc_state(state, &head->crtc);
		struct drm_plane_state *plane = drm_atomic_get_new_plane_state(state, &head->primary);
		struct qxl_part *part = &parts[i];

		/* What this commit leaves alone may be changing in another one: only what was settled counts. */
		*part = (struct qxl_part){ head->area.width, head->area.height, head->fb_id, head->fb_x, head->fb_y };
		if (crtc)
			qxl_part_of_crtc(part, crtc);
		if (plane)
			qxl_part_of_plane(part, plane);
		head->fb_id = part->fb_id;
		head->fb_x = part->fb_x;
		head->fb_y = part->fb_y;
	}
	qxl_arrange(parts, areas);
	if (qxl_screen_bytes(areas) > qxl_core_screen_bytes(kms->core))
		qxl_side_by_side(parts, areas);
	for (i = 0; i < kms->head_count; i++) {
		modeset |= memcmp(&kms->heads[i].area, &areas[i], sizeof(areas[i])) != 0;
		kms->heads[i].area = areas[i];
	}
	if (modeset)
		qxl_flush_note(kms, qxl_core_set_screen(kms->core, areas));
	qxl_leave(kms, cookie);
}
