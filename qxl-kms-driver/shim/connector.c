// SPDX-License-Identifier: MIT OR GPL-2.0
/* A head's connector: whether a client asks for it, and the modes it offers. */
#include <drm/drm_atomic_helper.h>
#include <drm/drm_atomic_state_helper.h>
#include <drm/drm_edid.h>
#include <drm/drm_modes.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_simple_kms_helper.h>

#include "qxl_kms.h"

#define QXL_DEFAULT_WIDTH 1024
#define QXL_DEFAULT_HEIGHT 768

/* The first display is there without a client too: somebody may look by other means. */
static int qxl_connector_detect(struct drm_connector *connector, struct drm_modeset_acquire_ctx *context, bool force)
{
	struct qxl_head *head = connector_to_head(connector);

	if (!head->index || head->wish.width)
		return connector_status_connected;
	return connector_status_disconnected;
}

/* Timings are rounded to 8 pixels, and a client's window is not. What no mode can hold makes the kernel divide by zero. */
static struct drm_display_mode *qxl_exact_mode(struct drm_connector *connector, u32 width, u32 height)
{
	struct drm_display_mode *mode;

	if (width > QXL_KMS_MAX_SIZE || height > QXL_KMS_MAX_SIZE)
		return NULL;
	mode = drm_cvt_mode(connector->dev, width, height, 60, false, false, false);
	if (!mode)
		return NULL;
	mode->hdisplay = width;
	mode->vdisplay = height;
	mode->type |= DRM_MODE_TYPE_PREFERRED;
	drm_mode_set_name(mode);
	return mode;
}

static int qxl_connector_modes(struct drm_connector *connector)
{
	struct drm_mode_config *config = &connector->dev->mode_config;
	struct qxl_head *head = connector_to_head(connector);
	u32 width = head->wish.width ?: QXL_DEFAULT_WIDTH;
	u32 height = head->wish.height ?: QXL_DEFAULT_HEIGHT;
	u8 bytes[QXL_CORE_EDID_BYTES];
	struct drm_display_mode *mode, *listed;
	const struct drm_edid *edid;
	int count;

	edid = drm_edid_alloc(bytes, qxl_core_edid(head->index, width, height, bytes));
	count = qxl_edid_modes(connector, edid);
	drm_edid_free(edid);
	/* The EDID's first timing says about how large; the client's size is the one to prefer. */
	list_for_each_entry(listed, &connector->probed_modes, head)
		listed->type &= ~DRM_MODE_TYPE_PREFERRED;

	count += drm_add_modes_noedid(connector, config->max_width, config->max_height);
	mode = qxl_exact_mode(connector, width, height);
	if (mode) {
		drm_mode_probed_add(connector, mode);
		count++;
	}
	return count;
}

static const struct drm_connector_helper_funcs qxl_connector_helpers = {
	.detect_ctx = qxl_connector_detect,
	.get_modes = qxl_connector_modes,
};

static const struct drm_connector_funcs qxl_connector_funcs = {
	.reset = drm_atomic_helper_connector_reset,
	.destroy = drm_connector_cleanup,
	.fill_modes = drm_helper_probe_single_connector_modes,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

/* What virtual machines' drivers have for desktops: that modes change with the client, and where it wants the display. */
static void qxl_connector_properties(struct qxl_kms *kms, struct drm_connector *connector)
{
	struct drm_mode_config *config = &kms->drm.mode_config;

	/* Virtual connectors do not get it by themselves. */
	drm_connector_attach_edid_property(connector);
	drm_object_attach_property(&connector->base, config->suggested_x_property, 0);
	drm_object_attach_property(&connector->base, config->suggested_y_property, 0);
	drm_object_attach_property(&connector->base, kms->hotplug_mode_update, 1);
}

int qxl_connector_init(struct qxl_kms *kms, struct qxl_head *head)
{
	struct drm_connector *connector = &head->connector;
	int err;

	err = drm_simple_encoder_init(&kms->drm, &head->encoder, DRM_MODE_ENCODER_VIRTUAL);
	if (err)
		return err;
	head->encoder.possible_crtcs = drm_crtc_mask(&head->crtc);
	err = drm_connector_init(&kms->drm, connector, &qxl_connector_funcs, DRM_MODE_CONNECTOR_VIRTUAL);
	if (err)
		return err;
	drm_connector_helper_add(connector, &qxl_connector_helpers);
	connector->polled = DRM_CONNECTOR_POLL_HPD;
	qxl_connector_properties(kms, connector);
	return drm_connector_attach_encoder(connector, &head->encoder);
}
