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

static bool qxl_screen_fits(struct qxl_kms *kms, const struct qxl_core_head *heads)
{
	u64 width = 0, height = 0;
	unsigned int i;

	for (i = 0; i < QXL_CORE_HEADS; i++) {
		width = max(width, (u64)heads[i].x + heads[i].width);
		height = max(height, (u64)heads[i].y + heads[i].height);
	}
	return width <= QXL_CORE_LONGEST && height <= QXL_CORE_LONGEST &&
	       width * height * 4 <= qxl_core_screen_bytes(kms->core);
}

static void qxl_arrange(struct qxl_kms *kms, const struct qxl_part *parts, struct qxl_core_head *heads)
{
	memset(heads, 0, sizeof(*heads) * QXL_CORE_HEADS);
	if (qxl_share_framebuffer(parts))
		qxl_as_in_framebuffer(parts, heads);
	else
		qxl_side_by_side(parts, heads);
	if (!qxl_screen_fits(kms, heads))
		qxl_side_by_side(parts, heads);
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

/* What heads show once this is carried out. The caller has the lock. */
static void qxl_parts(struct qxl_kms *kms, struct drm_atomic_state *state, struct qxl_part *parts)
{
	unsigned int i;

	for (i = 0; i < kms->head_count; i++) {
		struct qxl_head *head = &kms->heads[i];
		struct drm_crtc_state *crtc = drm_atomic_get_new_crtc_state(state, &head->crtc);
		struct drm_plane_state *plane = drm_atomic_get_new_plane_state(state, &head->primary);

		/* What this commit leaves alone may be changing in another one: only what was settled counts. */
		parts[i] = (struct qxl_part){ head->area.width, head->area.height, head->fb_id, head->fb_x, head->fb_y };
		if (crtc)
			qxl_part_of_crtc(&parts[i], crtc);
		if (plane)
			qxl_part_of_plane(&parts[i], plane);
	}
}

/* Whether every head that is on gets a picture by this. */
static bool qxl_has_all_heads(struct qxl_kms *kms, struct drm_atomic_state *state, const struct qxl_part *parts)
{
	unsigned int i;

	for (i = 0; i < kms->head_count; i++) {
		if (parts[i].width && !drm_atomic_get_new_plane_state(state, &kms->heads[i].primary))
			return false;
	}
	return true;
}

static bool qxl_any_moves(struct qxl_kms *kms, const struct qxl_core_head *areas)
{
	unsigned int i;

	for (i = 0; i < kms->head_count; i++) {
		if (memcmp(&kms->heads[i].area, &areas[i], sizeof(areas[i])))
			return true;
	}
	return false;
}

/*
 * Whether this moves heads. A flip may not: heads that share a framebuffer go to the next one after each other, and would
 * stand side by side in between.
 */
static bool qxl_rearranges(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct qxl_part parts[QXL_CORE_HEADS] = {};
	struct qxl_core_head areas[QXL_CORE_HEADS];
	bool moves = false;
	int cookie;

	if (qxl_any_modeset(state))
		return true;
	if (!state->allow_modeset || !qxl_enter(kms, &cookie))
		return false;
	qxl_parts(kms, state, parts);
	if (qxl_share_framebuffer(parts)) {
		qxl_arrange(kms, parts, areas);
		moves = qxl_any_moves(kms, areas);
	}
	qxl_leave(kms, cookie);
	return moves;
}

/* Makes every head part of this, with its picture and the pointer that it has: who moves is drawn again. */
static int qxl_add_heads(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	unsigned int i;

	for (i = 0; i < kms->head_count; i++) {
		struct qxl_head *head = &kms->heads[i];
		struct drm_crtc_state *crtc = drm_atomic_get_crtc_state(state, &head->crtc);
		struct drm_plane_state *plane;

		if (IS_ERR(crtc))
			return PTR_ERR(crtc);
		if (!crtc->active)
			continue;
		plane = drm_atomic_get_plane_state(state, &head->primary);
		if (!IS_ERR(plane) && READ_ONCE(kms->cursor_head) == head)
			plane = drm_atomic_get_plane_state(state, &head->cursor);
		if (IS_ERR(plane))
			return PTR_ERR(plane);
	}
	return 0;
}

/* Refuses a screen that does not fit into the device's memory, which heads share. */
int qxl_screen_check(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct qxl_part parts[QXL_CORE_HEADS] = {};
	struct qxl_core_head heads[QXL_CORE_HEADS];
	unsigned int i;
	int err, cookie;
	bool fits;

	if (!qxl_rearranges(kms, state))
		return 0;
	err = qxl_add_heads(kms, state);
	if (err)
		return err;
	for (i = 0; i < kms->head_count; i++)
		qxl_part_of_crtc(&parts[i], drm_atomic_get_new_crtc_state(state, &kms->heads[i].crtc));
	qxl_side_by_side(parts, heads);
	/* A device that is gone takes everything: its heads still have to be switched off. */
	if (!qxl_enter(kms, &cookie))
		return 0;
	fits = qxl_screen_fits(kms, heads);
	qxl_leave(kms, cookie);
	if (fits)
		return 0;
	dev_notice_ratelimited(kms->drm.dev, "displays with modes of %ux%u, %ux%u, %ux%u and %ux%u do not fit side by side into %u pixels, or not into the device's memory; give it more (QEMU: vgamem_mb)\n",
			       parts[0].width, parts[0].height, parts[1].width, parts[1].height,
			       parts[2].width, parts[2].height, parts[3].width, parts[3].height, QXL_CORE_LONGEST);
	return -ENOSPC;
}

/* Between switching heads off and on and drawing on them: puts them where they now belong. */
void qxl_screen_settle(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct qxl_part parts[QXL_CORE_HEADS] = {};
	struct qxl_core_head areas[QXL_CORE_HEADS];
	unsigned int i;
	int progress, cookie;

	if (!qxl_enter(kms, &cookie))
		return;
	qxl_parts(kms, state, parts);
	for (i = 0; i < kms->head_count; i++) {
		kms->heads[i].fb_id = parts[i].fb_id;
		kms->heads[i].fb_x = parts[i].fb_x;
		kms->heads[i].fb_y = parts[i].fb_y;
	}
	if (!qxl_any_modeset(state) && !(qxl_share_framebuffer(parts) && qxl_has_all_heads(kms, state, parts)))
		goto leave;
	qxl_arrange(kms, parts, areas);
	if (!qxl_any_moves(kms, areas))
		goto leave;
	progress = qxl_core_set_screen(kms->core, areas);
	qxl_flush_note(kms, progress);
	/* Otherwise the next modeset tries again. */
	for (i = 0; i < kms->head_count && progress >= 0; i++)
		kms->heads[i].area = areas[i];
leave:
	qxl_leave(kms, cookie);
}
