// SPDX-License-Identifier: MIT OR GPL-2.0
/* What the driver has done: the file qxl_statistics of the device's debugfs folder, one "name value" a line. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <drm/drm_file.h>

#include "qxl_kms.h"

#define QXL_LINE(of, name) seq_printf(file, #name " %llu\n", (of).name)

static void qxl_statistics_print(struct seq_file *file, const struct qxl_core_statistics *statistics)
{
	unsigned int i;

	QXL_LINE(*statistics, bytes);
	QXL_LINE(*statistics, fills);
	QXL_LINE(*statistics, copies);
	QXL_LINE(*statistics, images);
	QXL_LINE(*statistics, tiles_written);
	QXL_LINE(*statistics, tiles_reused);
	QXL_LINE(*statistics, tiles_evicted);
	QXL_LINE(*statistics, shapes_written);
	QXL_LINE(*statistics, shapes_reused);
	QXL_LINE(*statistics, gestures);
	QXL_LINE(*statistics, moves_dropped);
	QXL_LINE(*statistics, released);
	QXL_LINE(*statistics, stalls);
	QXL_LINE(*statistics, restarts);
	QXL_LINE(*statistics, screens);
	QXL_LINE(*statistics, outstanding);
	QXL_LINE(*statistics, heap_taken);
	QXL_LINE(*statistics, heap_kept);
	QXL_LINE(*statistics, heap_peak);
	QXL_LINE(*statistics, heap_len);
	for (i = 0; i < QXL_CORE_PORTS; i++)
		seq_printf(file, "port_%u %llu\n", i, statistics->ports[i]);
}

static int qxl_statistics_show(struct seq_file *file, void *unused)
{
	struct qxl_kms *kms = file->private;
	struct qxl_core_statistics statistics = {};
	u64 updates, update_ns;
	int cookie;

	if (!qxl_enter(kms, &cookie))
		return -ENODEV;
	qxl_core_statistics(kms->core, &statistics);
	updates = kms->updates;
	update_ns = kms->update_ns;
	qxl_leave(kms, cookie);
	qxl_statistics_print(file, &statistics);
	seq_printf(file, "updates %llu\nupdate_ns %llu\n", updates, update_ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(qxl_statistics);

void qxl_debugfs_init(struct drm_minor *minor)
{
	debugfs_create_file("qxl_statistics", 0444, minor->debugfs_root, to_qxl(minor->dev), &qxl_statistics_fops);
}
