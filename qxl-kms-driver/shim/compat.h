/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * Where kernels differ. Kbuild looks into the headers it builds against and says what they have, because stable kernels
 * take things over from later ones, so that a version number says little.
 */
#ifndef QXL_KMS_COMPAT_H
#define QXL_KMS_COMPAT_H

#include <linux/hrtimer.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_plane.h>

/* Console and splash screen. */
#if defined(QXL_HAVE_CLIENT_SETUP)
#include <drm/clients/drm_client_setup.h>
#include <drm/drm_fbdev_shmem.h>
#define QXL_FBDEV_DRIVER_OPS DRM_FBDEV_SHMEM_DRIVER_OPS,
#define qxl_fbdev_setup(drm) drm_client_setup(drm, NULL)
#elif defined(QXL_HAVE_FBDEV_SHMEM)
#include <drm/drm_fbdev_shmem.h>
#define QXL_FBDEV_DRIVER_OPS
#define qxl_fbdev_setup(drm) drm_fbdev_shmem_setup(drm, 32)
#elif defined(QXL_HAVE_FBDEV_GENERIC)
#include <drm/drm_fbdev_generic.h>
#define QXL_FBDEV_DRIVER_OPS
#define qxl_fbdev_setup(drm) drm_fbdev_generic_setup(drm, 32)
#else
#include <drm/drm_fb_helper.h>
#define QXL_FBDEV_DRIVER_OPS
#define qxl_fbdev_setup(drm) drm_fbdev_generic_setup(drm, 32)
#endif

#if defined(QXL_HAVE_DATE)
#define QXL_DRIVER_DATE .date = "20261124",
#else
#define QXL_DRIVER_DATE
#endif

/* Whether a framebuffer's format has been looked up before it is made. */
#if defined(QXL_HAVE_FB_INFO)
#define QXL_FB_INFO_PARAMETER const struct drm_format_info *info,
#define QXL_FB_INFO info,
#else
#define QXL_FB_INFO_PARAMETER
#define QXL_FB_INFO
#endif

/* A pointer's hot spot is in the plane's state, or was in the framebuffer. */
#if defined(QXL_HAVE_HOTSPOT)
#define QXL_DRIVER_HOTSPOT DRIVER_CURSOR_HOTSPOT
#define qxl_hot_x(state) ((state)->hotspot_x)
#define qxl_hot_y(state) ((state)->hotspot_y)
#else
#define QXL_DRIVER_HOTSPOT 0
#define qxl_hot_x(state) ((state)->fb->hot_x)
#define qxl_hot_y(state) ((state)->fb->hot_y)
#endif

/* One call once did both, and returned the number of modes. */
static inline int qxl_edid_modes(struct drm_connector *connector, const struct drm_edid *edid)
{
#if defined(QXL_HAVE_EDID_ADD_MODES)
	drm_edid_connector_update(connector, edid);
	return drm_edid_connector_add_modes(connector);
#else
	return drm_edid_connector_update(connector, edid);
#endif
}

static inline void qxl_timer_setup(struct hrtimer *timer, enum hrtimer_restart (*elapsed)(struct hrtimer *))
{
#if defined(QXL_HAVE_HRTIMER_SETUP)
	hrtimer_setup(timer, elapsed, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->function = elapsed;
#endif
}

/* The panic screen, where there is a hook for what comes after drawing it. */
#if defined(QXL_HAVE_PANIC_FLUSH) && IS_ENABLED(CONFIG_DRM_PANIC)
#define QXL_PANIC 1
#endif

#endif
