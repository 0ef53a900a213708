// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Back-pressure: while the device has not taken all of a frame, a flip that waits for the vblank is not complete, so that
 * a program draws no faster than the device can show. What is left is offered again after the display interrupt, and when
 * none comes, because a device that starves has to be asked for memory.
 */
#include <linux/jiffies.h>
#include <drm/drm_vblank.h>

#include "qxl_kms.h"

/* So long without an interrupt, and the device may have nothing left to give back by itself. */
#define QXL_STARVED (HZ / 10)
/* A host that takes nothing for so long must not freeze the desktop: flips complete, and what differs stays due. */
#define QXL_FLUSH_PATIENCE (2 * HZ)

/* The next vblank completes it. The caller has a reference on the vblank and the event lock. */
static void qxl_flip_complete(struct qxl_head *head)
{
	struct drm_pending_vblank_event *event = head->late_flip;

	head->late_flip = NULL;
	if (event)
		drm_crtc_arm_vblank_event(&head->crtc, event);
}

static void qxl_flips_complete(struct qxl_kms *kms)
{
	unsigned int i;

	spin_lock_irq(&kms->drm.event_lock);
	for (i = 0; i < kms->head_count; i++)
		qxl_flip_complete(&kms->heads[i]);
	spin_unlock_irq(&kms->drm.event_lock);
}

/* The device may have taken what it had not: flips that waited for that are complete. */
void qxl_flush_settled(struct qxl_kms *kms)
{
	bool pending;

	mutex_lock(&kms->lock);
	pending = kms->pending;
	mutex_unlock(&kms->lock);
	if (!pending)
		qxl_flips_complete(kms);
}

/*
 * A frame was handed to the core: its flip completes at the next vblank after the device has taken it. Who asked for a
 * flip at once does not wait: of several frames between two vblanks the last is drawn.
 */
void qxl_flip(struct qxl_head *head, const struct qxl_flip *flip)
{
	struct drm_crtc *crtc = &head->crtc;
	bool has_vblanks;

	spin_lock_irq(&crtc->dev->event_lock);
	has_vblanks = !drm_crtc_vblank_get(crtc);
	if (has_vblanks && !flip->at_once) {
		head->late_flip = flip->event;
	} else {
		/* The event has the time of the last vblank, which is kept only while somebody has a reference. */
		drm_crtc_send_vblank_event(crtc, flip->event);
		if (has_vblanks)
			drm_crtc_vblank_put(crtc);
	}
	spin_unlock_irq(&crtc->dev->event_lock);
	/* Only now, so that whatever the device takes in between finds it. */
	qxl_flush_settled(to_qxl(crtc->dev));
}

/* The head goes off: nobody will see the frame. */
void qxl_flip_abandon(struct qxl_head *head)
{
	struct drm_crtc *crtc = &head->crtc;
	struct drm_pending_vblank_event *event;

	spin_lock_irq(&crtc->dev->event_lock);
	event = head->late_flip;
	head->late_flip = NULL;
	if (event) {
		drm_crtc_send_vblank_event(crtc, event);
		drm_crtc_vblank_put(crtc);
	}
	spin_unlock_irq(&crtc->dev->event_lock);
}

/* What the core said of a frame: more drawing does not put off asking for memory. The caller has the lock. */
void qxl_flush_note(struct qxl_kms *kms, int progress)
{
	if (progress < 0)
		drm_err_ratelimited(&kms->drm, "the device was not given all of it: error %d\n", progress);
	if (progress == QXL_CORE_PENDING && !kms->pending)
		kms->flush_since = jiffies;
	if (progress == QXL_CORE_PENDING)
		schedule_delayed_work(&kms->flush_work, QXL_STARVED);
	kms->pending = progress == QXL_CORE_PENDING;
}

/* Interrupts of the device were taken. One that gives drawings back does not starve. The caller has the lock. */
void qxl_flush_interrupted(struct qxl_kms *kms, u32 bits)
{
	if (bits & QXL_CORE_INTERRUPT_DISPLAY)
		cancel_delayed_work(&kms->flush_work);
	qxl_flush_note(kms, qxl_core_interrupted(kms->core, bits));
}

static void qxl_flush_work(struct work_struct *work)
{
	struct qxl_kms *kms = container_of(to_delayed_work(work), struct qxl_kms, flush_work);
	bool starves, pending, impatient;
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return;
	/* This may have been set going for something that the device has taken since. */
	starves = kms->pending && !time_before(jiffies, kms->flush_since + QXL_STARVED);
	qxl_flush_note(kms, starves ? qxl_core_starve(kms->core) : qxl_core_flush(kms->core));
	pending = kms->pending;
	impatient = pending && time_after(jiffies, kms->flush_since + QXL_FLUSH_PATIENCE);
	qxl_leave(kms, cookie);
	if (!pending || impatient)
		qxl_flips_complete(kms);
}

void qxl_flush_init(struct qxl_kms *kms)
{
	INIT_DELAYED_WORK(&kms->flush_work, qxl_flush_work);
}

/* The device is gone: nobody will say any more that it has taken something. */
void qxl_flush_abandon(struct qxl_kms *kms)
{
	mutex_lock(&kms->lock);
	kms->pending = false;
	mutex_unlock(&kms->lock);
	qxl_flips_complete(kms);
}

void qxl_flush_stop(struct qxl_kms *kms)
{
	cancel_delayed_work_sync(&kms->flush_work);
	qxl_flips_complete(kms);
}
