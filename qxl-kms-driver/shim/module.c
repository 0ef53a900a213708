// SPDX-License-Identifier: MIT OR GPL-2.0
/* The module: which devices it drives, and how one is taken up and let go. */
#include <linux/aperture.h>
#include <linux/module.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_module.h>
#include <drm/drm_probe_helper.h>

#include "qxl_kms.h"

enum { QXL_BAR_RAM = 0, QXL_BAR_ROM = 2, QXL_BAR_PORTS = 3 };

static unsigned int heads = QXL_CORE_HEADS;
module_param(heads, uint, 0444);
MODULE_PARM_DESC(heads, "Most displays of a device, 1 to 4 (default 4); those after the first appear when a client asks");

DEFINE_DRM_GEM_FOPS(qxl_fops);

static const struct drm_driver qxl_driver = {
	.driver_features = DRIVER_MODESET | DRIVER_GEM | DRIVER_ATOMIC | QXL_DRIVER_HOTSPOT,
	.fops = &qxl_fops,
	.name = QXL_KMS_NAME,
	.desc = "QXL virtual display",
	.major = 1,
	.minor = 0,
	QXL_DRIVER_DATE
	DRM_GEM_SHMEM_DRIVER_OPS,
	QXL_FBDEV_DRIVER_OPS
#if IS_ENABLED(CONFIG_DEBUG_FS)
	.debugfs_init = qxl_debugfs_init,
#endif
};

/* Looks at the ROM: a device that makes no sense is left to whoever shows something on it. */
static int qxl_look(struct qxl_kms *kms, struct qxl_core_windows *windows)
{
	struct pci_dev *pdev = kms->pdev;
	void __iomem *rom;
	int err;

	windows->shim = kms;
	windows->revision = pdev->revision;
	windows->ram_base = pci_resource_start(pdev, QXL_BAR_RAM);
	windows->ram_len = pci_resource_len(pdev, QXL_BAR_RAM);
	windows->rom_len = pci_resource_len(pdev, QXL_BAR_ROM);
	if (!windows->ram_len || !windows->rom_len || pci_resource_len(pdev, QXL_BAR_PORTS) < QXL_CORE_PORTS)
		return dev_err_probe(&pdev->dev, -ENODEV, "a memory window is missing\n");
	rom = devm_ioremap(&pdev->dev, pci_resource_start(pdev, QXL_BAR_ROM), windows->rom_len);
	if (!rom)
		return dev_err_probe(&pdev->dev, -ENOMEM, "cannot map the device's rom\n");
	windows->rom = (const void __force *)rom;
	err = qxl_core_check(windows);
	return err ? dev_err_probe(&pdev->dev, err, "the device's rom makes no sense\n") : 0;
}

static int qxl_map(struct qxl_kms *kms, struct qxl_core_windows *windows)
{
	struct pci_dev *pdev = kms->pdev;

	/* The device's memory is the host's ordinary memory: cached is right, and write combining would make reads slow. */
	windows->ram = devm_memremap(&pdev->dev, windows->ram_base, windows->ram_len, MEMREMAP_WB);
	if (IS_ERR(windows->ram))
		return dev_err_probe(&pdev->dev, PTR_ERR(windows->ram), "cannot map the device's memory\n");
	kms->ports = pcim_iomap(pdev, QXL_BAR_PORTS, 0);
	return kms->ports ? 0 : dev_err_probe(&pdev->dev, -ENOMEM, "cannot map the device's ports\n");
}

static int qxl_start(struct qxl_kms *kms)
{
	struct qxl_core_windows windows = {};
	int err;

	err = qxl_look(kms, &windows);
	if (err)
		return err;
	err = aperture_remove_conflicting_pci_devices(kms->pdev, QXL_KMS_NAME);
	if (err)
		return err;
	err = qxl_map(kms, &windows);
	if (err)
		return err;
	err = qxl_core_start(&windows, &kms->core);
	if (err)
		return dev_err_probe(&kms->pdev->dev, err, "cannot take up the device\n");
	err = qxl_modeset_init(kms);
	if (!err)
		err = qxl_interrupt_start(kms);
	if (err)
		qxl_core_stop(kms->core);
	return err;
}

static void qxl_stop(struct qxl_kms *kms)
{
	unsigned int i;

	qxl_interrupt_stop(kms);
	qxl_flush_stop(kms);
	for (i = 0; i < kms->head_count; i++)
		qxl_vblank_stop(&kms->heads[i]);
	mutex_lock(&kms->lock);
	qxl_core_stop(kms->core);
	kms->core = NULL;
	mutex_unlock(&kms->lock);
}

static int qxl_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct qxl_kms *kms;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	kms = devm_drm_dev_alloc(&pdev->dev, &qxl_driver, struct qxl_kms, drm);
	if (IS_ERR(kms))
		return PTR_ERR(kms);
	kms->pdev = pdev;
	kms->head_count = clamp(heads, 1u, (unsigned int)QXL_CORE_HEADS);
	mutex_init(&kms->lock);
	qxl_interrupt_init(kms);
	qxl_flush_init(kms);
	pci_set_drvdata(pdev, kms);

	err = qxl_start(kms);
	if (err)
		return err;
	err = drm_dev_register(&kms->drm, 0);
	if (err) {
		qxl_stop(kms);
		return err;
	}
	qxl_client_monitors_changed(kms);
	qxl_fbdev_setup(&kms->drm);
	return 0;
}

static void qxl_remove(struct pci_dev *pdev)
{
	struct qxl_kms *kms = pci_get_drvdata(pdev);

	drm_kms_helper_poll_fini(&kms->drm);
	drm_dev_unplug(&kms->drm);
	/* The heads are not switched off before their flips are complete. */
	qxl_flush_abandon(kms);
	drm_atomic_helper_shutdown(&kms->drm);
	qxl_stop(kms);
}

/* Also before kexec: the next kernel finds a device in VGA text mode. */
static void qxl_shutdown(struct pci_dev *pdev)
{
	struct qxl_kms *kms = pci_get_drvdata(pdev);
	int cookie;

	drm_atomic_helper_shutdown(&kms->drm);
	if (!qxl_enter(kms, &cookie))
		return;
	qxl_core_suspend(kms->core);
	qxl_leave(kms, cookie);
}

static const struct pci_device_id qxl_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0100) },
	{ }
};
MODULE_DEVICE_TABLE(pci, qxl_ids);

static struct pci_driver qxl_pci_driver = {
	.name = QXL_KMS_NAME,
	.id_table = qxl_ids,
	.probe = qxl_probe,
	.remove = qxl_remove,
	.shutdown = qxl_shutdown,
	.driver.pm = pm_sleep_ptr(&qxl_power_ops),
};
drm_module_pci_driver(qxl_pci_driver);

MODULE_AUTHOR("The SPICE guest suite's authors");
MODULE_DESCRIPTION("QXL virtual display");
MODULE_VERSION(QXL_KMS_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
