/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-background.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"

/* ioprio_set(2), which has no header. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_IDLE 3
#define IOPRIO_CLASS_SHIFT 13

#define LOWEST_PRIORITY 19

/* Share of the last ten seconds, in percent, in which all that wanted to work waited for a disk:
 * more than this and the disks are busy. The reading of our own counts too. */
#define BUSY_PERCENT 40
#define YIELD_STEP_US POTOO_SECOND_US
#define MAX_YIELD_US (5 * POTOO_SECOND_US)

/* Who was held up may catch up by so much, not by all that it did not use. */
#define MAX_CREDIT_US (100 * 1000)

void
potoo_background_enter (void)
{
  id_t thread = (id_t) gettid ();

  /* On Linux both are the thread's own. Where they are refused the pacer is left. */
  if (setpriority (PRIO_PROCESS, thread, LOWEST_PRIORITY) != 0 ||
      syscall (SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread,
               IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT) != 0)
    g_debug ("no lower priority for thread %u", (guint) thread);
}

static gboolean
check_cancelled (PotooPacer *pacer, GError **error)
{
  if (pacer->cancellable == NULL || !g_cancellable_is_cancelled (pacer->cancellable))
    return TRUE;
  g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("It was stopped"));
  return FALSE;
}

/* POTOO_ERROR_UNAVAILABLE when cancelled meanwhile. */
static gboolean
sleep_for (PotooPacer *pacer, gint64 duration_us, GError **error)
{
  GPollFD fd;

  if (pacer->cancellable == NULL || !g_cancellable_make_pollfd (pacer->cancellable, &fd))
    {
      g_usleep ((gulong) duration_us);
      return TRUE;
    }
  g_poll (&fd, 1, (int) (duration_us / 1000) + 1);
  g_cancellable_release_fd (pacer->cancellable);
  return check_cancelled (pacer, error);
}

gboolean
potoo_pacer_take (PotooPacer *pacer, gsize bytes, GError **error)
{
  if (!check_cancelled (pacer, error))
    return FALSE;
  if (pacer->bandwidth == 0)
    return TRUE;
  gint64 now_us = potoo_clock_mono_us ();
  gint64 ahead_us = pacer->due_us - now_us;
  pacer->due_us = MAX (pacer->due_us, now_us - MAX_CREDIT_US) +
                  (gint64) bytes * POTOO_SECOND_US / pacer->bandwidth;
  return ahead_us < 1000 || sleep_for (pacer, ahead_us, error);
}

/* Pressure stall information, which a kernel may not have: `full avg10=1.23 avg60=…`. */
static gboolean
is_disk_busy (void)
{
  char text[256] = { 0 };
  int fd = open ("/proc/pressure/io", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;

  if (fd >= 0)
    close (fd);
  const char *full = n > 0 ? g_strstr_len (text, n, "full avg10=") : NULL;
  return full != NULL && g_ascii_strtoll (full + strlen ("full avg10="), NULL, 10) >= BUSY_PERCENT;
}

gboolean
potoo_pacer_yield (PotooPacer *pacer, GError **error)
{
  for (gint64 waited_us = 0; pacer->background && waited_us < MAX_YIELD_US && is_disk_busy ();
       waited_us += YIELD_STEP_US)
    if (!sleep_for (pacer, YIELD_STEP_US, error))
      return FALSE;
  return check_cancelled (pacer, error);
}
