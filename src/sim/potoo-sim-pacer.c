/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Beats stand in a binary heap by due time; each knows its place, so that
 * removing one is cheap. `lock` protects the heap and is held during callbacks;
 * it is taken before any lock of GStreamer, never inside one that a callback takes. */

#include "sim/potoo-sim-pacer.h"

#include "base/potoo-clock.h"

struct _PotooSimBeat
{
  gint64 due_us;
  guint place;
  PotooSimBeatFunc func;
  gpointer data;
};

struct _PotooSimPacer
{
  GThread *thread;
  GMutex lock;
  GCond changed;
  GPtrArray *heap; /* PotooSimBeat */
  gboolean stopping;
};

static PotooSimBeat *
beat_at (PotooSimPacer *pacer, guint place)
{
  return pacer->heap->pdata[place];
}

static void
put (PotooSimPacer *pacer, guint place, PotooSimBeat *beat)
{
  pacer->heap->pdata[place] = beat;
  beat->place = place;
}

static void
sift_up (PotooSimPacer *pacer, PotooSimBeat *beat)
{
  guint place = beat->place;

  while (place > 0 && beat_at (pacer, (place - 1) / 2)->due_us > beat->due_us)
    {
      put (pacer, place, beat_at (pacer, (place - 1) / 2));
      place = (place - 1) / 2;
    }
  put (pacer, place, beat);
}

static void
sift_down (PotooSimPacer *pacer, PotooSimBeat *beat)
{
  guint place = beat->place, n = pacer->heap->len;

  for (;;)
    {
      guint child = 2 * place + 1;
      if (child + 1 < n && beat_at (pacer, child + 1)->due_us < beat_at (pacer, child)->due_us)
        child++;
      if (child >= n || beat_at (pacer, child)->due_us >= beat->due_us)
        break;
      put (pacer, place, beat_at (pacer, child));
      place = child;
    }
  put (pacer, place, beat);
}

static gpointer
pacer_run (gpointer data)
{
  PotooSimPacer *pacer = data;

  g_mutex_lock (&pacer->lock);
  while (!pacer->stopping)
    {
      if (pacer->heap->len == 0)
        {
          g_cond_wait (&pacer->changed, &pacer->lock);
          continue;
        }
      PotooSimBeat *beat = beat_at (pacer, 0);
      if (beat->due_us > potoo_clock_mono_us ())
        {
          g_cond_wait_until (&pacer->changed, &pacer->lock, beat->due_us);
          continue;
        }
      beat->due_us = beat->func (beat->data, beat->due_us);
      sift_down (pacer, beat);
    }
  g_mutex_unlock (&pacer->lock);
  return NULL;
}

PotooSimPacer *
potoo_sim_pacer_new (void)
{
  PotooSimPacer *pacer = g_new0 (PotooSimPacer, 1);

  g_mutex_init (&pacer->lock);
  g_cond_init (&pacer->changed);
  pacer->heap = g_ptr_array_new ();
  pacer->thread = g_thread_new ("pacer", pacer_run, pacer);
  return pacer;
}

void
potoo_sim_pacer_free (PotooSimPacer *pacer)
{
  g_mutex_lock (&pacer->lock);
  g_warn_if_fail (pacer->heap->len == 0);
  pacer->stopping = TRUE;
  g_cond_signal (&pacer->changed);
  g_mutex_unlock (&pacer->lock);
  g_thread_join (pacer->thread);

  g_ptr_array_unref (pacer->heap);
  g_mutex_clear (&pacer->lock);
  g_cond_clear (&pacer->changed);
  g_free (pacer);
}

PotooSimBeat *
potoo_sim_pacer_add (PotooSimPacer *pacer, gint64 due_us, PotooSimBeatFunc func, gpointer data)
{
  PotooSimBeat *beat = g_new0 (PotooSimBeat, 1);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pacer->lock);

  *beat = (PotooSimBeat){ due_us, pacer->heap->len, func, data };
  g_ptr_array_add (pacer->heap, beat);
  sift_up (pacer, beat);
  g_cond_signal (&pacer->changed);
  return beat;
}

void
potoo_sim_pacer_remove (PotooSimPacer *pacer, PotooSimBeat *beat)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pacer->lock);
  guint place = beat->place;
  PotooSimBeat *last = beat_at (pacer, pacer->heap->len - 1);

  g_ptr_array_set_size (pacer->heap, (int) pacer->heap->len - 1);
  if (last != beat)
    {
      put (pacer, place, last);
      sift_up (pacer, last);
      sift_down (pacer, last);
    }
  g_free (beat);
}
