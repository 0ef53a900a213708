// SPDX-License-Identifier: MIT OR GPL-2.0
/* Checksums of what a head shows, for conformance tests: one a vblank, while a test asks. The pointer is not in them. */
#include <linux/string.h>
#include <drm/drm_vblank.h>

#include "qxl_kms.h"
/* Takes it that others have been included. */
#include <drm/drm_debugfs_crc.h>

static const char *const qxl_sources[] = { "auto" };

void qxl_crc_vblank(struct qxl_head *head)
{
	struct qxl_kms *kms = to_qxl(head->crtc.dev);
	u32 checksum;
	u64 frame;
	int cookie;

	if (!READ_ONCE(head->crc_on) || !qxl_enter(kms, &cookie))
		return;
	frame = drm_crtc_vblank_count(&head->crtc);
	checksum = qxl_core_checksum(kms->core, head->index);
	qxl_leave(kms, cookie);
	drm_crtc_add_crc_entry(&head->crtc, true, frame, &checksum);
}

const char *const *qxl_crc_sources(struct drm_crtc *crtc, size_t *count)
{
	*count = ARRAY_SIZE(qxl_sources);
	return qxl_sources;
}

int qxl_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *values)
{
	if (source && strcmp(source, "auto"))
		return -EINVAL;
	*values = 1;
	return 0;
}

/* Checksums come with vblanks, so they keep those going. */
int qxl_crc_set_source(struct drm_crtc *crtc, const char *source)
{
	struct qxl_head *head = crtc_to_head(crtc);
	bool on = source && *source;
	int err;

	if (source && strcmp(source, "auto"))
		return -EINVAL;
	if (on == head->crc_on)
		return 0;
	if (on) {
		err = drm_crtc_vblank_get(crtc);
		if (err)
			return err;
	} else {
		drm_crtc_vblank_put(crtc);
	}
	WRITE_ONCE(head->crc_on, on);
	return 0;
}
