// SPDX-License-Identifier: MIT OR GPL-2.0
/* Interrupts: taken at once, worked on where there is time. */
#include <linux/interrupt.h>

#include "qxl_kms.h"

static irqreturn_t qxl_interrupt(int irq, void *of)
{
	struct qxl_kms *kms = of;
	u32 bits = qxl_core_interrupt(kms->core);

	if (!bits)
		return IRQ_NONE;
	atomic_or(bits, &kms->interrupt_bits);
	atomic_or(bits, &kms->interrupt_news);
	wake_up_all(&kms->interrupt_wait);
	schedule_work(&kms->interrupt_work);
	return IRQ_HANDLED;
}

static void qxl_interrupt_work(struct work_struct *work)
{
	struct qxl_kms *kms = container_of(work, struct qxl_kms, interrupt_work);
	u32 bits = atomic_xchg(&kms->interrupt_news, 0);
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return;
	qxl_flush_interrupted(kms, bits);
	qxl_leave(kms, cookie);
	qxl_flush_settled(kms);
	if (bits & QXL_CORE_INTERRUPT_CLIENT_MONITORS)
		qxl_client_monitors_changed(kms);
}

/* The core may wait for an interrupt before there are any; it then gets patience instead. */
void qxl_interrupt_init(struct qxl_kms *kms)
{
	init_waitqueue_head(&kms->interrupt_wait);
	INIT_WORK(&kms->interrupt_work, qxl_interrupt_work);
}

int qxl_interrupt_start(struct qxl_kms *kms)
{
	return request_irq(kms->pdev->irq, qxl_interrupt, IRQF_SHARED, QXL_KMS_NAME, kms);
}

void qxl_interrupt_stop(struct qxl_kms *kms)
{
	free_irq(kms->pdev->irq, kms);
	cancel_work_sync(&kms->interrupt_work);
}
