// SPDX-License-Identifier: MIT OR GPL-2.0
/* The device's displays as a whole, and the order in which a commit is carried out. */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_vblank.h>

#include "qxl_kms.h"

static int qxl_modeset_check(struct drm_device *drm, struct drm_atomic_state *state)
{
	int err = drm_atomic_helper_check(drm, state);

	return err ?: qxl_screen_check(to_qxl(drm), state);
}

/* A head that comes on without a picture shows black, not what was there before. */
static void qxl_blank_bare_heads(struct qxl_kms *kms, struct drm_atomic_state *state)
{
	struct drm_crtc_state *crtc_state;
	struct drm_crtc *crtc;
	int i;

	for_each_new_crtc_in_state(state, crtc, crtc_state, i) {
		bool bare = !(crtc_state->plane_mask & drm_plane_mask(crtc->primary));

		if (crtc_state->active && bare && drm_atomic_crtc_needs_modeset(crtc_state))
			qxl_primary_blank(kms, crtc_to_head(crtc));
	}
}

static void qxl_commit_tail(struct drm_atomic_state *state)
{
	struct drm_device *drm = state->dev;
	struct qxl_kms *kms = to_qxl(drm);
	struct qxl_flip flips[QXL_CORE_HEADS] = {};

	drm_atomic_helper_commit_modeset_disables(drm, state);
	drm_atomic_helper_commit_modeset_enables(drm, state);
	qxl_screen_settle(kms, state);
	qxl_blank_bare_heads(kms, state);
	drm_atomic_helper_commit_planes(drm, state, DRM_PLANE_COMMIT_ACTIVE_ONLY);
	/* From there on the next commit may be carried out beside the end of this one. */
	qxl_crtc_take_flips(state, flips);
	drm_atomic_helper_commit_hw_done(state);
	qxl_crtc_flips(kms, flips);
	/* Not for the next vblank only: the device may be late, and the next commit would find this one unfinished. */
	drm_atomic_helper_wait_for_flip_done(drm, state);
	drm_atomic_helper_cleanup_planes(drm, state);
}

static const struct drm_mode_config_funcs qxl_mode_config_funcs = {
	.fb_create = qxl_framebuffer_create,
	.atomic_check = qxl_modeset_check,
	.atomic_commit = drm_atomic_helper_commit,
};

static const struct drm_mode_config_helper_funcs qxl_mode_config_helpers = {
	.atomic_commit_tail = qxl_commit_tail,
};

static int qxl_head_init(struct qxl_kms *kms, struct qxl_head *head)
{
	int err;

	err = qxl_primary_init(kms, head);
	if (err)
		return err;
	err = qxl_cursor_init(kms, head);
	if (err)
		return err;
	err = qxl_crtc_init(kms, head);
	if (err)
		return err;
	return qxl_connector_init(kms, head);
}

int qxl_modeset_init(struct qxl_kms *kms)
{
	struct drm_mode_config *config = &kms->drm.mode_config;
	unsigned int i;
	int err;

	err = drmm_mode_config_init(&kms->drm);
	if (err)
		return err;
	config->min_width = 1;
	config->min_height = 1;
	config->max_width = QXL_KMS_MAX_SIZE;
	config->max_height = QXL_KMS_MAX_SIZE;
	config->cursor_width = QXL_KMS_CURSOR_SIZE;
	config->cursor_height = QXL_KMS_CURSOR_SIZE;
	config->preferred_depth = 24;
	/* Framebuffers are ordinary memory: a program gains nothing from drawing elsewhere first. */
	config->prefer_shadow = 0;
	/* Flips that do not wait for a vblank: shown.c. */
	config->async_page_flip = true;
	config->funcs = &qxl_mode_config_funcs;
	config->helper_private = &qxl_mode_config_helpers;

	err = drm_mode_create_suggested_offset_properties(&kms->drm);
	if (err)
		return err;
	kms->hotplug_mode_update =
		drm_property_create_range(&kms->drm, DRM_MODE_PROP_IMMUTABLE, "hotplug_mode_update", 0, 1);
	if (!kms->hotplug_mode_update)
		return -ENOMEM;

	for (i = 0; i < kms->head_count; i++) {
		kms->heads[i].index = i;
		err = qxl_head_init(kms, &kms->heads[i]);
		if (err)
			return err;
	}
	err = drm_vblank_init(&kms->drm, kms->head_count);
	if (err)
		return err;
	drm_mode_config_reset(&kms->drm);
	drm_kms_helper_poll_init(&kms->drm);
	return 0;
}
