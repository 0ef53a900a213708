// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Vertical blanks, which a virtual display does not have, by a timer at the mode's refresh rate: programs pace themselves
 * by them. The timer runs only while somebody waits. Its phase goes on while it is off, so that counts of vblanks and
 * their times agree across a pause. Work that belongs to a vblank is done after it, where there is time.
 *
 * Recent kernels have helpers for this; one way for all kernels is the better tested one.
 */
#include <drm/drm_vblank.h>

#include "qxl_kms.h"

static s64 qxl_vblank_period_ns(struct qxl_head *head)
{
	struct drm_crtc *crtc = &head->crtc;
	int period = crtc->dev->vblank[drm_crtc_index(crtc)].framedur_ns;

	if (period <= 0)
		return NSEC_PER_SEC / 60;
	/* The kernel's number overflows for timings that make no sense. */
	return clamp_t(s64, period, NSEC_PER_SEC / QXL_MAX_REFRESH, NSEC_PER_SEC);
}

/* The latest vblank that is not after now. */
ktime_t qxl_vblank_latest(struct qxl_head *head)
{
	s64 period = qxl_vblank_period_ns(head);
	s64 elapsed = ktime_to_ns(ktime_sub(ktime_get(), READ_ONCE(head->vblank_at)));

	if (elapsed < period)
		return READ_ONCE(head->vblank_at);
	return ktime_add_ns(READ_ONCE(head->vblank_at), elapsed - elapsed % period);
}

static enum hrtimer_restart qxl_vblank_elapsed(struct hrtimer *timer)
{
	struct qxl_head *head = container_of(timer, struct qxl_head, vblank_timer);
	bool goes_on = false;
	unsigned long flags;

	spin_lock_irqsave(&head->vblank_lock, flags);
	/* When it was switched off and on meanwhile, it has been started anew. */
	if (head->vblank_on && !hrtimer_is_queued(timer)) {
		WRITE_ONCE(head->vblank_at, qxl_vblank_latest(head));
		hrtimer_set_expires(timer, ktime_add_ns(head->vblank_at, qxl_vblank_period_ns(head)));
		goes_on = true;
	}
	spin_unlock_irqrestore(&head->vblank_lock, flags);
	if (!goes_on)
		return HRTIMER_NORESTART;

	drm_crtc_handle_vblank(&head->crtc);
	if (READ_ONCE(head->shown.waits) || READ_ONCE(head->crc_on))
		schedule_work(&head->vblank_work);
	return HRTIMER_RESTART;
}

/* Drawings before checksums, which are of what was asked for before the vblank. */
static void qxl_vblank_work(struct work_struct *work)
{
	struct qxl_head *head = container_of(work, struct qxl_head, vblank_work);

	qxl_shown_vblank(head);
	qxl_crc_vblank(head);
}

int qxl_vblank_enable(struct drm_crtc *crtc)
{
	struct qxl_head *head = crtc_to_head(crtc);
	unsigned long flags;

	spin_lock_irqsave(&head->vblank_lock, flags);
	head->vblank_on = true;
	WRITE_ONCE(head->vblank_at, qxl_vblank_latest(head));
	hrtimer_start(&head->vblank_timer, ktime_add_ns(head->vblank_at, qxl_vblank_period_ns(head)),
		      HRTIMER_MODE_ABS);
	spin_unlock_irqrestore(&head->vblank_lock, flags);
	return 0;
}

/* The caller holds locks that the timer's handler waits for, so a handler that runs now is left to end by itself. */
void qxl_vblank_disable(struct drm_crtc *crtc)
{
	struct qxl_head *head = crtc_to_head(crtc);
	unsigned long flags;

	spin_lock_irqsave(&head->vblank_lock, flags);
	head->vblank_on = false;
	hrtimer_try_to_cancel(&head->vblank_timer);
	spin_unlock_irqrestore(&head->vblank_lock, flags);
}

bool qxl_vblank_timestamp(struct drm_crtc *crtc, int *max_error, ktime_t *time, bool in_vblank_irq)
{
	struct qxl_head *head = crtc_to_head(crtc);

	*max_error = 0;
	*time = in_vblank_irq ? READ_ONCE(head->vblank_at) : qxl_vblank_latest(head);
	return true;
}

void qxl_vblank_init(struct qxl_head *head)
{
	spin_lock_init(&head->vblank_lock);
	INIT_WORK(&head->vblank_work, qxl_vblank_work);
	head->vblank_at = ktime_get();
	qxl_timer_setup(&head->vblank_timer, qxl_vblank_elapsed);
}

void qxl_vblank_stop(struct qxl_head *head)
{
	hrtimer_cancel(&head->vblank_timer);
	cancel_work_sync(&head->vblank_work);
}
