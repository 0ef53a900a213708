// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * The framebuffer that a head shows. It stays mapped from one commit to the next, because it is also drawn from between
 * commits, and because it cannot be mapped when the kernel panics.
 *
 * A program that does not wait for vblanks, by flips at once or by drawing into what is shown, may change the picture
 * more often than anybody sees. It is drawn once for each vblank: at once when nothing was drawn since the last one,
 * otherwise at the next, with all that has changed by then. Where drawing takes longer than a vblank leaves, some are
 * left out, so that half of the time is the program's.
 */
#include <linux/ktime.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_vblank.h>
#if defined(QXL_PANIC)
#include <drm/drm_panic.h>
#else
#define drm_panic_lock(drm, flags) ((void)(flags))
#define drm_panic_unlock(drm, flags) ((void)(flags))
#endif

#include "qxl_kms.h"

/* The longest rest, in nanoseconds: a drawing that took longer was held up by something else. */
#define QXL_LONGEST_REST (NSEC_PER_SEC / 10)

/* What a commit shows of a framebuffer that is mapped there. */
static struct qxl_core_frame qxl_frame(const struct drm_plane_state *state, const struct iosys_map *data)
{
	struct drm_framebuffer *fb = state->fb;
	const u8 *first = data->vaddr;

	first += (size_t)(state->src.y1 >> 16) * fb->pitches[0] + (size_t)(state->src.x1 >> 16) * fb->format->cpp[0];
	return (struct qxl_core_frame){
		.pixels = first,
		.pitch = fb->pitches[0],
		.width = drm_rect_width(&state->src) >> 16,
		.height = drm_rect_height(&state->src) >> 16,
		.format = fb->format->format,
	};
}

/* Replaces the framebuffer. The caller has the lock. */
static void qxl_shown_replace(struct qxl_head *head, struct drm_framebuffer *fb, const struct iosys_map *map,
			      const struct qxl_core_frame *frame)
{
	struct qxl_shown *shown = &head->shown;
	struct iosys_map map_before[DRM_FORMAT_MAX_PLANES];
	struct drm_framebuffer *before = shown->fb;
	unsigned long flags;

	memcpy(map_before, shown->map, sizeof(map_before));
	if (fb)
		drm_framebuffer_get(fb);
	drm_panic_lock(head->crtc.dev, flags);
	shown->fb = fb;
	shown->frame = *frame;
	memcpy(shown->map, map, sizeof(shown->map));
	drm_panic_unlock(head->crtc.dev, flags);
	if (before) {
		drm_gem_fb_vunmap(before, map_before);
		drm_framebuffer_put(before);
	}
}

/*
 * The head shows what this state says, and what had not been drawn yet is to be drawn from that. Buffers of other
 * devices are not kept: each look at them may have to wait for their exporter, which only a commit can.
 */
void qxl_shown_set(struct qxl_head *head, struct drm_plane_state *state)
{
	struct iosys_map map[DRM_FORMAT_MAX_PLANES] = {}, data[DRM_FORMAT_MAX_PLANES] = {};
	struct qxl_core_frame frame;
	bool is_kept = !drm_gem_fb_get_obj(state->fb, 0)->import_attach && !drm_gem_fb_vmap(state->fb, map, data);

	frame = qxl_frame(state, is_kept ? &data[0] : &to_drm_shadow_plane_state(state)->data[0]);
	head->shown.x = state->src.x1 >> 16;
	head->shown.y = state->src.y1 >> 16;
	qxl_shown_replace(head, is_kept ? state->fb : NULL, map, &frame);
}

/* The head shows nothing that could be drawn from. */
void qxl_shown_forget(struct qxl_head *head)
{
	const struct iosys_map none[DRM_FORMAT_MAX_PLANES] = {};
	struct qxl_kms *kms = to_qxl(head->crtc.dev);
	const struct qxl_core_frame nothing = {};

	mutex_lock(&kms->lock);
	qxl_shown_replace(head, NULL, none, &nothing);
	head->shown.damage_count = 0;
	if (head->shown.waits)
		drm_crtc_vblank_put(&head->crtc);
	WRITE_ONCE(head->shown.waits, false);
	mutex_unlock(&kms->lock);
}

static bool qxl_contains(const struct qxl_core_rect *outer, const struct qxl_core_rect *inner)
{
	return outer->left <= inner->left && outer->top <= inner->top &&
	       outer->right >= inner->right && outer->bottom >= inner->bottom;
}

static void qxl_unite(struct qxl_core_rect *rect, const struct qxl_core_rect *other)
{
	rect->left = min(rect->left, other->left);
	rect->top = min(rect->top, other->top);
	rect->right = max(rect->right, other->right);
	rect->bottom = max(rect->bottom, other->bottom);
}

/* This part of the head has changed. The caller has the lock. */
void qxl_shown_damage(struct qxl_head *head, const struct qxl_core_rect *rect)
{
	struct qxl_shown *shown = &head->shown;
	u32 i;

	for (i = 0; i < shown->damage_count; i++) {
		if (qxl_contains(&shown->damage[i], rect))
			return;
	}
	if (shown->damage_count < QXL_DAMAGE_RECTS)
		shown->damage[shown->damage_count++] = *rect;
	else
		qxl_unite(&shown->damage[QXL_DAMAGE_RECTS - 1], rect);
}

/* Draws what has changed. The caller has the lock. */
void qxl_shown_draw(struct qxl_head *head)
{
	struct qxl_kms *kms = to_qxl(head->crtc.dev);
	struct qxl_shown *shown = &head->shown;
	u64 took, since = ktime_get_ns();

	if (!shown->damage_count)
		return;
	qxl_flush_note(kms, qxl_core_update(kms->core, head->index, &shown->frame, shown->damage,
					    shown->damage_count));
	took = ktime_get_ns() - since;
	shown->damage_count = 0;
	shown->rests_until = since + took + min_t(u64, took, QXL_LONGEST_REST);
	kms->updates++;
	kms->update_ns += took;
}

static bool qxl_shown_rests(struct qxl_head *head)
{
	return head->shown.rests_until > (u64)ktime_to_ns(qxl_vblank_latest(head));
}

/* Draws what has changed in a framebuffer that is kept, but only once between two vblanks. The caller has the lock. */
void qxl_shown_draw_paced(struct qxl_head *head)
{
	struct qxl_shown *shown = &head->shown;

	if (shown->waits || !shown->damage_count)
		return;
	if (qxl_shown_rests(head) && !drm_crtc_vblank_get(&head->crtc))
		WRITE_ONCE(shown->waits, true);
	else
		qxl_shown_draw(head);
}

/* A vblank: what has waited for it is drawn. */
void qxl_shown_vblank(struct qxl_head *head)
{
	struct qxl_kms *kms = to_qxl(head->crtc.dev);
	int cookie;

	if (!READ_ONCE(head->shown.waits) || !qxl_enter(kms, &cookie))
		return;
	if (head->shown.waits && !qxl_shown_rests(head)) {
		if (head->shown.fb)
			qxl_shown_draw(head);
		WRITE_ONCE(head->shown.waits, false);
		drm_crtc_vblank_put(&head->crtc);
	}
	qxl_leave(kms, cookie);
	/* Flips of other heads may have waited for the device to take what was left. */
	qxl_flush_settled(kms);
}
