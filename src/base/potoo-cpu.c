/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-cpu.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-cpu-meter.h"

#define GIVE_WAY_NICE 5
#define LOWEST_NICE 19

/* On Linux it is the thread's own. */
static gboolean
set_nice (int nice)
{
  return setpriority (PRIO_PROCESS, (id_t) gettid (), MIN (nice, LOWEST_NICE)) == 0;
}

/* That of main, which has the process's id and keeps what the process was given. */
static int
get_usual_nice (void)
{
  return getpriority (PRIO_PROCESS, (id_t) getpid ());
}

static gpointer
lower_and_raise (gpointer data)
{
  int usual = get_usual_nice ();
  return GINT_TO_POINTER (set_nice (usual + GIVE_WAY_NICE) && set_nice (usual));
}

/* Tried by a thread that ends. */
static gpointer
find_out (gpointer data)
{
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_try_new ("priority", lower_and_raise, NULL, &error);

  return thread != NULL ? g_thread_join (thread) : NULL;
}

void
potoo_cpu_give_way (void)
{
  static GOnce once = G_ONCE_INIT;

  if (!GPOINTER_TO_INT (g_once (&once, find_out, NULL)) ||
      !set_nice (get_usual_nice () + GIVE_WAY_NICE))
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
