// SPDX-License-Identifier: MIT OR GPL-2.0
/* Suspend and hibernation: the device loses everything, so everything is taken back before and given again after. */
#include <linux/pm.h>
#include <drm/drm_modeset_helper.h>

#include "qxl_kms.h"

static int qxl_power_down(struct device *device)
{
	struct qxl_kms *kms = dev_get_drvdata(device);
	int err, cookie;

	err = drm_mode_config_helper_suspend(&kms->drm);
	if (err)
		return err;
	cancel_delayed_work_sync(&kms->flush_work);
	if (!qxl_enter(kms, &cookie))
		return -ENODEV;
	qxl_core_suspend(kms->core);
	kms->pending = false;
	qxl_leave(kms, cookie);
	return 0;
}

static int qxl_power_up(struct device *device)
{
	struct qxl_kms *kms = dev_get_drvdata(device);
	int err, err_modes, cookie;

	if (!qxl_enter(kms, &cookie))
		return -ENODEV;
	err = qxl_core_resume(kms->core);
	qxl_flush_note(kms, err);
	qxl_leave(kms, cookie);
	/* Also without a device: consoles and programs have to go on. */
	err_modes = drm_mode_config_helper_resume(&kms->drm);
	qxl_client_monitors_changed(kms);
	return err < 0 ? err : err_modes;
}

const struct dev_pm_ops qxl_power_ops = {
	SYSTEM_SLEEP_PM_OPS(qxl_power_down, qxl_power_up)
};
