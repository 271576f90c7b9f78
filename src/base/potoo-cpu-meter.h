/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooCpuMeter:
 *
 * How long some threads wait for a processor, as the kernel counts it for each of them:
 * `/proc/PID/task/TID/schedstat`, which is the nanoseconds that it ran, those that it could have
 * run but waited, and how often it got a processor. Any thread.
 */
typedef struct _PotooCpuMeter PotooCpuMeter;
typedef struct _PotooCpuWatched PotooCpuWatched; /* one of the threads */

#define POTOO_CPU_MAX_WATCHED 64

PotooCpuMeter *potoo_cpu_meter_new (void);
void potoo_cpu_meter_free (PotooCpuMeter *meter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooCpuMeter, potoo_cpu_meter_free)

/* The thread whose schedstat @path is. NULL when that cannot be read, or there are
 * POTOO_CPU_MAX_WATCHED already: so many tell enough. (transfer none) (nullable) */
PotooCpuWatched *potoo_cpu_meter_add (PotooCpuMeter *meter, const char *path);
void potoo_cpu_meter_remove (PotooCpuMeter *meter, PotooCpuWatched *watched);

/* The share of time for which the threads waited since the last call, 0 to 1: the mean of those
 * that got a processor meanwhile, since others had nothing to do. Negative when the kernel does not
 * tell.
 * @now_us: monotonic */
double potoo_cpu_meter_take (PotooCpuMeter *meter, gint64 now_us);

G_END_DECLS
