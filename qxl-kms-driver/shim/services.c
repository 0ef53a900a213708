// SPDX-License-Identifier: MIT OR GPL-2.0
/* What the core asks of the kernel. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "qxl_kms.h"

/* The lengths come from the core, and a line of a log is never longer. */
#define QXL_LOG_LINE 512

void *qxl_kernel_alloc(size_t size, size_t align)
{
	/* kmalloc aligns sizes that are powers of two to themselves, vmalloc everything to pages. */
	if (align > ARCH_KMALLOC_MINALIGN)
		size = roundup_pow_of_two(max(size, align));
	/* Those who ask can do without, and say so: no need to kill a program for it, or to warn. */
	return kvmalloc(size, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
}

void qxl_kernel_free(void *memory)
{
	kvfree(memory);
}

void qxl_kernel_log(int level, const char *text, size_t len)
{
	int shown = min_t(size_t, len, QXL_LOG_LINE);

	if (level <= 0)
		pr_err(QXL_KMS_NAME ": %.*s\n", shown, text);
	else if (level == 1)
		pr_warn(QXL_KMS_NAME ": %.*s\n", shown, text);
	else
		pr_info(QXL_KMS_NAME ": %.*s\n", shown, text);
}

void qxl_kernel_panic(const char *text, size_t len)
{
	pr_emerg(QXL_KMS_NAME ": the core gave up: %.*s\n", (int)min_t(size_t, len, QXL_LOG_LINE), text);
}

void qxl_kernel_port(void *shim, __u8 port, __u8 argument)
{
	struct qxl_kms *kms = shim;

	/* An answer that came too late is not the one to this. */
	atomic_andnot(QXL_CORE_INTERRUPT_IO, &kms->interrupt_bits);
	iowrite8(argument, kms->ports + port);
}

__u32 qxl_kernel_random(void)
{
	return get_random_u32();
}

void qxl_kernel_wait(void *shim, __u32 bits, __u32 milliseconds)
{
	struct qxl_kms *kms = shim;

	if (READ_ONCE(kms->panicking)) {
		mdelay(1);
		return;
	}
	wait_event_timeout(kms->interrupt_wait, atomic_read(&kms->interrupt_bits) & bits,
			   msecs_to_jiffies(milliseconds));
	atomic_andnot(bits, &kms->interrupt_bits);
}
