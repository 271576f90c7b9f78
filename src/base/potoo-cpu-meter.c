/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The files stay open: to read one again costs a microsecond or two, to open it several. */

#include "base/potoo-cpu-meter.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct _PotooCpuWatched
{
  int fd;
  guint64 wait_ns, n_slices; /* as they were read last */
};

struct _PotooCpuMeter
{
  GMutex lock;        /* protects what follows */
  GPtrArray *watched; /* PotooCpuWatched */
  gboolean unreadable;
  gint64 taken_us;
};

static void
watched_free (PotooCpuWatched *watched)
{
  close (watched->fd);
  g_free (watched);
}

PotooCpuMeter *
potoo_cpu_meter_new (void)
{
  PotooCpuMeter *meter = g_new0 (PotooCpuMeter, 1);

  g_mutex_init (&meter->lock);
  meter->watched = g_ptr_array_new_with_free_func ((GDestroyNotify) watched_free);
  return meter;
}

void
potoo_cpu_meter_free (PotooCpuMeter *meter)
{
  g_ptr_array_unref (meter->watched);
  g_mutex_clear (&meter->lock);
  g_free (meter);
}

/* A kernel that does not count says `0 0 0`, also of a thread that reads of itself. */
static gboolean
read_stat (int fd, guint64 *wait_ns, guint64 *n_slices)
{
  char text[80];
  gssize n = pread (fd, text, sizeof text - 1, 0);

  if (n <= 0)
    return FALSE;
  text[n] = '\0';
  return sscanf (text, "%*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, wait_ns, n_slices) == 2 &&
         *n_slices > 0;
}

static PotooCpuWatched *
watched_new (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  PotooCpuWatched watched = { .fd = fd };

  if (fd < 0)
    return NULL;
  if (read_stat (fd, &watched.wait_ns, &watched.n_slices))
    return g_memdup2 (&watched, sizeof watched);
  close (fd);
  return NULL;
}

PotooCpuWatched *
potoo_cpu_meter_add (PotooCpuMeter *meter, const char *path)
{
  PotooCpuWatched *watched = NULL;

  g_mutex_lock (&meter->lock);
  if (meter->watched->len < POTOO_CPU_MAX_WATCHED)
    {
      watched = watched_new (path);
      meter->unreadable = watched == NULL;
    }
  if (watched != NULL)
    g_ptr_array_add (meter->watched, watched);
  g_mutex_unlock (&meter->lock);
  return watched;
}

void
potoo_cpu_meter_remove (PotooCpuMeter *meter, PotooCpuWatched *watched)
{
  g_mutex_lock (&meter->lock);
  g_ptr_array_remove_fast (meter->watched, watched);
  g_mutex_unlock (&meter->lock);
}

/* FALSE when it has had nothing to do. */
static gboolean
take_wait (PotooCpuWatched *watched, guint64 *waited_ns)
{
  guint64 wait_ns, n_slices;

  if (!read_stat (watched->fd, &wait_ns, &n_slices) || n_slices == watched->n_slices)
    return FALSE;
  *waited_ns = wait_ns - watched->wait_ns;
  watched->wait_ns = wait_ns;
  watched->n_slices = n_slices;
  return TRUE;
}

double
potoo_cpu_meter_take (PotooCpuMeter *meter, gint64 now_us)
{
  double sum_ns = 0;
  guint n = 0;

  g_mutex_lock (&meter->lock);
  double elapsed_ns = (double) (now_us - meter->taken_us) * 1000;
  meter->taken_us = now_us;
  for (guint i = 0; i < meter->watched->len; i++)
    {
      guint64 waited_ns;
      if (!take_wait (meter->watched->pdata[i], &waited_ns))
        continue;
      /* What it waited before the last call counts when it gets its processor. */
      sum_ns += MIN ((double) waited_ns, elapsed_ns);
      n++;
    }
  gboolean unreadable = meter->unreadable && meter->watched->len == 0;
  g_mutex_unlock (&meter->lock);
  if (unreadable)
    return -1;
  return n > 0 && elapsed_ns > 0 ? sum_ns / (n * elapsed_ns) : 0;
}
