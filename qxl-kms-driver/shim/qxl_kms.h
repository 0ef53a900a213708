/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* A device under this driver, and what the files of the shim have for each other. */
#ifndef QXL_KMS_H
#define QXL_KMS_H

#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <drm/drm_atomic.h>
#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_encoder.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>
#include <drm/drm_print.h>

#include "compat.h"
#include "qxl_core.h"

/* Not "qxl": Xorg would load its driver of that name, which wants another interface. */
#define QXL_KMS_NAME "qxl-kms"

/* Pixels: what DRM's 16 bit coordinates and the common clients can do. */
#define QXL_KMS_MAX_SIZE 16384
#define QXL_KMS_CURSOR_SIZE 64
/* Where more rectangles have changed than this, the last ones are drawn as one. */
#define QXL_DAMAGE_RECTS 32
/* In hertz. Vblanks are made by a timer: more of them are only a load. */
#define QXL_MAX_REFRESH 1000

/* What a head shows, and what of it has changed since it was last drawn from. */
struct qxl_shown {
	struct drm_framebuffer *fb;	/* with a reference, mapped; NULL is none that could be drawn from later */
	struct iosys_map map[DRM_FORMAT_MAX_PLANES];
	struct qxl_core_frame frame;	/* without fb only good for the commit that has set it */
	u32 x, y;			/* where the frame is in the framebuffer */
	struct qxl_core_rect damage[QXL_DAMAGE_RECTS];
	u32 damage_count;
	u64 rests_until;		/* in ns: drawing that is paced waits for a vblank not before that */
	bool waits;			/* for the next vblank, with a reference on it */
};

/* A completion that a program waits for. */
struct qxl_flip {
	struct drm_pending_vblank_event *event;
	bool at_once;			/* and not at a vblank */
};

/* A virtual display: its CRTC, its planes and what hangs on it. */
struct qxl_head {
	struct drm_crtc crtc;
	struct drm_plane primary, cursor;
	struct drm_encoder encoder;
	struct drm_connector connector;
	unsigned int index;

	/* Where it is and what it is to show, as of the last commit. Under qxl_kms.lock. */
	struct qxl_core_head area;
	unsigned int fb_id, fb_x, fb_y;	/* 0 is no framebuffer */

	/* What it shows: shown.c. Under qxl_kms.lock. */
	struct qxl_shown shown;

	/* What a client asks for; no width is nothing. Under mode_config.mutex. */
	struct qxl_core_head wish;

	/* The clock of vblanks, and what is done at them: vblank.c. */
	struct hrtimer vblank_timer;
	struct work_struct vblank_work;
	spinlock_t vblank_lock;
	ktime_t vblank_at;
	bool vblank_on;

	/* The flip of a commit that is being carried out, and one that waits until the device has taken its frame. */
	struct qxl_flip flip;
	struct drm_pending_vblank_event *late_flip;	/* under drm_device.event_lock */

	/* Checksums of frames, for tests: crc.c. */
	bool crc_on;
};

struct qxl_kms {
	struct drm_device drm;
	struct pci_dev *pdev;
	void __iomem *ports;

	struct mutex lock;		/* around the core */
	struct qxl_core *core;
	u64 updates, update_ns;		/* what drawing took. Under lock */

	struct drm_property *hotplug_mode_update;
	unsigned int head_count;
	struct qxl_head heads[QXL_CORE_HEADS];
	struct qxl_head *cursor_head;	/* which one has the pointer. Under lock */

	/* Interrupts taken and not yet waited for or worked on: interrupt.c. */
	wait_queue_head_t interrupt_wait;
	atomic_t interrupt_bits, interrupt_news;
	struct work_struct interrupt_work;

	/* What the device has not taken yet: flush.c. */
	struct delayed_work flush_work;
	unsigned long flush_since;
	bool pending;			/* under lock */

	bool panicking;
};

#define to_qxl(device) container_of(device, struct qxl_kms, drm)
#define crtc_to_head(of) container_of(of, struct qxl_head, crtc)
#define connector_to_head(of) container_of(of, struct qxl_head, connector)

/* Takes the core for this caller, unless the device is gone. */
static inline bool qxl_enter(struct qxl_kms *kms, int *cookie)
{
	if (!drm_dev_enter(&kms->drm, cookie))
		return false;
	mutex_lock(&kms->lock);
	return true;
}

static inline void qxl_leave(struct qxl_kms *kms, int cookie)
{
	mutex_unlock(&kms->lock);
	drm_dev_exit(cookie);
}

/* modeset.c */
int qxl_modeset_init(struct qxl_kms *kms);

/* screen.c */
int qxl_screen_check(struct qxl_kms *kms, struct drm_atomic_state *state);
void qxl_screen_settle(struct qxl_kms *kms, struct drm_atomic_state *state);

/* framebuffer.c */
struct drm_framebuffer *qxl_framebuffer_create(struct drm_device *drm, struct drm_file *file,
					       QXL_FB_INFO_PARAMETER const struct drm_mode_fb_cmd2 *command);

/* shown.c */
void qxl_shown_set(struct qxl_head *head, struct drm_plane_state *state);
void qxl_shown_forget(struct qxl_head *head);
void qxl_shown_damage(struct qxl_head *head, const struct qxl_core_rect *rect);
void qxl_shown_draw(struct qxl_head *head);
void qxl_shown_draw_paced(struct qxl_head *head);
void qxl_shown_vblank(struct qxl_head *head);

/* crtc.c, primary.c, cursor.c, connector.c */
int qxl_crtc_init(struct qxl_kms *kms, struct qxl_head *head);
void qxl_crtc_take_flips(struct drm_atomic_state *state, struct qxl_flip *flips);
void qxl_crtc_flips(struct qxl_kms *kms, const struct qxl_flip *flips);
int qxl_primary_init(struct qxl_kms *kms, struct qxl_head *head);
void qxl_primary_blank(struct qxl_kms *kms, struct qxl_head *head);
void qxl_cursor_leave(struct qxl_head *head);
int qxl_cursor_init(struct qxl_kms *kms, struct qxl_head *head);
int qxl_connector_init(struct qxl_kms *kms, struct qxl_head *head);

/* client_monitors.c */
void qxl_client_monitors_changed(struct qxl_kms *kms);

/* interrupt.c */
void qxl_interrupt_init(struct qxl_kms *kms);
int qxl_interrupt_start(struct qxl_kms *kms);
void qxl_interrupt_stop(struct qxl_kms *kms);

/* flush.c */
void qxl_flush_init(struct qxl_kms *kms);
void qxl_flush_abandon(struct qxl_kms *kms);
void qxl_flush_stop(struct qxl_kms *kms);
void qxl_flush_settled(struct qxl_kms *kms);
void qxl_flush_note(struct qxl_kms *kms, int progress);
void qxl_flush_interrupted(struct qxl_kms *kms, u32 bits);
void qxl_flip(struct qxl_head *head, const struct qxl_flip *flip);
void qxl_flip_abandon(struct qxl_head *head);

/* vblank.c */
void qxl_vblank_init(struct qxl_head *head);
void qxl_vblank_stop(struct qxl_head *head);
ktime_t qxl_vblank_latest(struct qxl_head *head);
int qxl_vblank_enable(struct drm_crtc *crtc);
void qxl_vblank_disable(struct drm_crtc *crtc);
bool qxl_vblank_timestamp(struct drm_crtc *crtc, int *max_error, ktime_t *time, bool in_vblank_irq);

/* crc.c */
void qxl_crc_vblank(struct qxl_head *head);
const char *const *qxl_crc_sources(struct drm_crtc *crtc, size_t *count);
int qxl_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *values);
int qxl_crc_set_source(struct drm_crtc *crtc, const char *source);

/* panic.c */
#if defined(QXL_PANIC)
struct drm_scanout_buffer;
int qxl_panic_buffer(struct drm_plane *plane, struct drm_scanout_buffer *buffer);
void qxl_panic_flush(struct drm_plane *plane);
#endif

/* debugfs.c */
void qxl_debugfs_init(struct drm_minor *minor);

/* power.c */
extern const struct dev_pm_ops qxl_power_ops;

#endif
