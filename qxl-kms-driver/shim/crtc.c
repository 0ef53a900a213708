// SPDX-License-Identifier: MIT OR GPL-2.0
/* A head's CRTC: its mode, its vblanks and when a flip is complete. What is shown where is screen.c's. */
#include <linux/math64.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_vblank.h>

#include "qxl_kms.h"

/* In hertz; the kernel's own helper overflows for timings that make no sense. */
static u64 qxl_refresh(const struct drm_display_mode *mode)
{
	return div64_u64((u64)mode->clock * 1000, max_t(u64, 1, (u64)mode->htotal * mode->vtotal));
}

static enum drm_mode_status qxl_crtc_mode_valid(struct drm_crtc *crtc, const struct drm_display_mode *mode)
{
	struct qxl_kms *kms = to_qxl(crtc->dev);
	u64 bytes = (u64)mode->hdisplay * mode->vdisplay * 4;
	enum drm_mode_status status = MODE_OK;
	int cookie;

	if (qxl_refresh(mode) > QXL_MAX_REFRESH)
		return MODE_CLOCK_HIGH;
	/* A flip would take longer than the kernel waits for one. */
	if (!qxl_refresh(mode))
		return MODE_CLOCK_LOW;
	if (!qxl_enter(kms, &cookie))
		return MODE_ERROR;
	if (bytes > qxl_core_screen_bytes(kms->core))
		status = MODE_MEM;
	qxl_leave(kms, cookie);
	return status;
}

static void qxl_crtc_enable(struct drm_crtc *crtc, struct drm_atomic_state *state)
{
	drm_crtc_vblank_on(crtc);
}

static void qxl_crtc_keep_event(struct drm_crtc *crtc)
{
	crtc_to_head(crtc)->flip = (struct qxl_flip){ crtc->state->event, crtc->state->async_flip };
	crtc->state->event = NULL;
}

static void qxl_crtc_disable(struct drm_crtc *crtc, struct drm_atomic_state *state)
{
	qxl_flip_abandon(crtc_to_head(crtc));
	/* Planes of a head that goes off are not told. */
	qxl_shown_forget(crtc_to_head(crtc));
	qxl_cursor_leave(crtc_to_head(crtc));
	drm_crtc_vblank_off(crtc);
	if (!crtc->state->active)
		qxl_crtc_keep_event(crtc);
}

static void qxl_crtc_flush(struct drm_crtc *crtc, struct drm_atomic_state *state)
{
	qxl_crtc_keep_event(crtc);
}

/* The events of this commit, by head. */
void qxl_crtc_take_flips(struct drm_atomic_state *state, struct qxl_flip *flips)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		struct qxl_head *head = crtc_to_head(crtc);

		flips[head->index] = head->flip;
		head->flip = (struct qxl_flip){};
	}
}

/*
 * The commit is done. Not before that: a program that is told of its flip asks for the next one at once, and is refused
 * while a plane that it switched off is still part of this one.
 */
void qxl_crtc_flips(struct qxl_kms *kms, const struct qxl_flip *flips)
{
	unsigned int i;

	for (i = 0; i < kms->head_count; i++) {
		if (flips[i].event)
			qxl_flip(&kms->heads[i], &flips[i]);
	}
}

static const struct drm_crtc_helper_funcs qxl_crtc_helpers = {
	.mode_valid = qxl_crtc_mode_valid,
	.atomic_enable = qxl_crtc_enable,
	.atomic_disable = qxl_crtc_disable,
	.atomic_flush = qxl_crtc_flush,
};

static const struct drm_crtc_funcs qxl_crtc_funcs = {
	.reset = drm_atomic_helper_crtc_reset,
	.destroy = drm_crtc_cleanup,
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = qxl_vblank_enable,
	.disable_vblank = qxl_vblank_disable,
	.get_vblank_timestamp = qxl_vblank_timestamp,
	.get_crc_sources = qxl_crc_sources,
	.verify_crc_source = qxl_crc_verify_source,
	.set_crc_source = qxl_crc_set_source,
};

int qxl_crtc_init(struct qxl_kms *kms, struct qxl_head *head)
{
	int err;

	qxl_vblank_init(head);
	err = drm_crtc_init_with_planes(&kms->drm, &head->crtc, &head->primary, &head->cursor, &qxl_crtc_funcs, NULL);
	if (err)
		return err;
	drm_crtc_helper_add(&head->crtc, &qxl_crtc_helpers);
	return 0;
}
