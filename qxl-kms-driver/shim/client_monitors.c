// SPDX-License-Identifier: MIT OR GPL-2.0
/* What a client asks for: how many displays, how large and where. Desktops hear of it as a hotplug. */
#include <drm/drm_connector.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_mode_object.h>
#include <drm/drm_probe_helper.h>

#include "qxl_kms.h"

static bool qxl_wish(struct qxl_kms *kms, struct qxl_head *head, const struct qxl_core_head *wish)
{
	struct drm_mode_config *config = &kms->drm.mode_config;
	struct drm_mode_object *connector = &head->connector.base;

	if (!memcmp(&head->wish, wish, sizeof(*wish)))
		return false;
	head->wish = *wish;
	drm_object_property_set_value(connector, config->suggested_x_property, wish->x);
	drm_object_property_set_value(connector, config->suggested_y_property, wish->y);
	return true;
}

void qxl_client_monitors_changed(struct qxl_kms *kms)
{
	struct qxl_core_head wishes[QXL_CORE_HEADS] = {};
	bool changed = false;
	int count, cookie;
	unsigned int i;

	if (!qxl_enter(kms, &cookie))
		return;
	count = qxl_core_client_monitors(kms->core, wishes);
	qxl_leave(kms, cookie);
	if (count <= 0)
		return;

	mutex_lock(&kms->drm.mode_config.mutex);
	for (i = 0; i < kms->head_count; i++)
		changed |= qxl_wish(kms, &kms->heads[i], &wishes[i]);
	mutex_unlock(&kms->drm.mode_config.mutex);
	/* Before that, nobody has asked for the modes yet. */
	if (changed && kms->drm.registered)
		drm_kms_helper_hotplug_event(&kms->drm);
}
