/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-cpu-meter.h"

#define GIVE_WAY_NICE 5
#define LOWEST_NICE 19

void
potoo_cpu_give_way (void)
{
  /* On Linux it is the thread's own; the one with the process's id is main, which keeps what the
   * process was given. */
  int usual = getpriority (PRIO_PROCESS, (id_t) getpid ());

  if (setpriority (PRIO_PROCESS, (id_t) gettid (), MIN (usual + GIVE_WAY_NICE, LOWEST_NICE)) != 0)
    g_debug ("no lower priority for thread %d", gettid ());
}

static PotooCpuMeter *
get_meter (void)
{
  static PotooCpuMeter *meter;

  if (g_once_init_enter (&meter))
    g_once_init_leave (&meter, potoo_cpu_meter_new ());
  return meter;
}

static void
on_thread_ends (gpointer watched)
{
  potoo_cpu_meter_remove (get_meter (), watched);
}

void
potoo_cpu_watch_thread (void)
{
  static __thread gboolean known;
  static GPrivate own = G_PRIVATE_INIT (on_thread_ends);

  if (known)
    return;
  known = TRUE;
  g_private_set (&own, potoo_cpu_meter_add (get_meter (), "/proc/thread-self/schedstat"));
}

#ifdef POTOO_TESTS
static void
take_test_wait (double *wait)
{
  const char *path = g_getenv ("POTOO_TEST_CPU_WAIT");
  g_autofree char *text = NULL;

  if (path == NULL)
    return;
  *wait = g_file_get_contents (path, &text, NULL, NULL) ? g_ascii_strtod (text, NULL) / 100 : 0;
}
#else
static inline void
take_test_wait (double *wait)
{
}
#endif

double
potoo_cpu_take_wait (void)
{
  double wait = potoo_cpu_meter_take (get_meter (), potoo_clock_mono_us ());

  take_test_wait (&wait);
  return wait;
}
