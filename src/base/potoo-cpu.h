/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who gets a processor first, and how long recording waits for one. */

/* The calling thread serves who watches: from now on it has a third of the weight of others (its
 * nice value is 5 more), and so have threads that it makes. For good: not for threads of a pool
 * that others share. Nothing happens in a process that may not raise a priority again (RLIMIT_NICE,
 * CAP_SYS_NICE): GLib does so to each thread of its pools, whoever starts it, and calls it critical
 * when it cannot. */
void potoo_cpu_give_way (void);

/* Recording waits for the calling thread: it is looked at until it ends. Next to nothing when it
 * was said before. */
void potoo_cpu_watch_thread (void);

/* Of those threads, as potoo_cpu_meter_take() says. In a build with tests it is what the file says
 * that POTOO_TEST_CPU_WAIT names, in percent; 0 without that file. One thread. */
double potoo_cpu_take_wait (void);

G_END_DECLS
