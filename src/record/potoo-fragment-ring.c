/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One lock, PotooRingMemory.lock, protects all rings of it and their list; no other lock is taken
 * under it. Fragments are let go of outside. Rings are few enough to look at each when memory is
 * short. */

#include "record/potoo-fragment-ring.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

/* How often a ring that shrinks is told of. */
#define LOG_INTERVAL_US (600 * POTOO_SECOND_US)

struct _PotooRingMemory
{
  gatomicrefcount ref_count;
  gint64 max_bytes;
  GMutex lock;
  gint64 bytes;
  GPtrArray *rings; /* PotooFragmentRing, not owned */
  PotooMetric *used, *bound;
};

struct _PotooFragmentRing
{
  gatomicrefcount ref_count;
  PotooRingMemory *memory;
  char *camera;
  PotooStreamKind stream;
  GQueue fragments; /* PotooFragment */
  gint64 bytes;
  gint64 length_us;
  guint priority;
  gint64 logged_us; /* monotonic; when it was told last that it shrank; 0: never */
  PotooMetric *held_bytes, *held, *shrunk;
};

PotooRingMemory *
potoo_ring_memory_new (gint64 max_bytes)
{
  PotooRingMemory *memory = g_new0 (PotooRingMemory, 1);

  g_atomic_ref_count_init (&memory->ref_count);
  g_mutex_init (&memory->lock);
  memory->max_bytes = max_bytes;
  memory->rings = g_ptr_array_new ();
  memory->used = potoo_metric_new_gauge ("potoo_pre_roll_memory_bytes",
                                         "Memory that all fragment rings hold", NULL);
  memory->bound = potoo_metric_new_gauge ("potoo_pre_roll_memory_max_bytes",
                                          "Memory that they may hold", NULL);
  potoo_metric_set (memory->bound, max_bytes);
  return memory;
}

PotooRingMemory *
potoo_ring_memory_ref (PotooRingMemory *memory)
{
  g_atomic_ref_count_inc (&memory->ref_count);
  return memory;
}

void
potoo_ring_memory_unref (PotooRingMemory *memory)
{
  if (!g_atomic_ref_count_dec (&memory->ref_count))
    return;
  g_ptr_array_unref (memory->rings);
  g_mutex_clear (&memory->lock);
  potoo_metric_unref (memory->used);
  potoo_metric_unref (memory->bound);
  g_free (memory);
}

PotooFragmentRing *
potoo_fragment_ring_new (PotooRingMemory *memory, const char *camera, PotooStreamKind stream)
{
  PotooFragmentRing *ring = g_new0 (PotooFragmentRing, 1);
  const char *stream_name = potoo_stream_kind_to_string (stream);

  g_atomic_ref_count_init (&ring->ref_count);
  ring->memory = potoo_ring_memory_ref (memory);
  ring->camera = g_strdup (camera);
  ring->stream = stream;
  g_queue_init (&ring->fragments);
  ring->held_bytes = potoo_metric_new_gauge ("potoo_pre_roll_bytes",
                                             "Memory that the stream's fragment ring holds",
                                             "camera", camera, "stream", stream_name, NULL);
  ring->held = potoo_metric_set_divisor (
      potoo_metric_new_gauge ("potoo_pre_roll_seconds",
                              "Time that the stream's fragment ring reaches back", "camera", camera,
                              "stream", stream_name, NULL),
      POTOO_SECOND_US);
  ring->shrunk = potoo_metric_new_counter (
      "potoo_pre_roll_shrunk_fragments_total",
      "Fragments of pre-roll given up because memory was short", "camera", camera, "stream",
      stream_name, NULL);
  g_mutex_lock (&memory->lock);
  g_ptr_array_add (memory->rings, ring);
  g_mutex_unlock (&memory->lock);
  return ring;
}

PotooFragmentRing *
potoo_fragment_ring_ref (PotooFragmentRing *ring)
{
  g_atomic_ref_count_inc (&ring->ref_count);
  return ring;
}

/* --- under the lock --- */

static gint64
get_held_us (PotooFragmentRing *ring)
{
  PotooFragment *oldest = g_queue_peek_head (&ring->fragments);
  PotooFragment *newest = g_queue_peek_tail (&ring->fragments);

  return oldest == NULL ? 0
                        : (gint64) (potoo_fragment_get_end_ns (newest) -
                                    potoo_fragment_get_start_ns (oldest)) /
                              1000;
}

static void
add_bytes (PotooFragmentRing *ring, gint64 bytes)
{
  ring->bytes += bytes;
  ring->memory->bytes += bytes;
}

static void
publish (PotooFragmentRing *ring)
{
  potoo_metric_set (ring->held_bytes, ring->bytes);
  potoo_metric_set (ring->held, get_held_us (ring));
  potoo_metric_set (ring->memory->used, ring->memory->bytes);
}

/* Moves the oldest fragments, up to the next key fragment, to @dropped. */
static void
drop_oldest (PotooFragmentRing *ring, GQueue *dropped)
{
  PotooFragment *next;

  do
    {
      PotooFragment *oldest = g_queue_pop_head (&ring->fragments);
      add_bytes (ring, -(gint64) potoo_fragment_get_size (oldest));
      g_queue_push_tail (dropped, oldest);
      next = g_queue_peek_head (&ring->fragments);
    }
  while (next != NULL && !potoo_fragment_is_key (next));
  publish (ring);
}

/* Whether the newest length_us are still there when what drop_oldest() takes is gone. */
static gboolean
is_long_enough_without_oldest (PotooFragmentRing *ring)
{
  PotooFragment *newest = g_queue_peek_tail (&ring->fragments);

  for (GList *link = ring->fragments.head != NULL ? ring->fragments.head->next : NULL; link != NULL;
       link = link->next)
    if (potoo_fragment_is_key (link->data))
      return potoo_fragment_get_end_ns (newest) - potoo_fragment_get_start_ns (link->data) >=
             (GstClockTime) ring->length_us * 1000;
  return ring->length_us == 0 && newest != NULL;
}

/* Who gives way to a fragment of @ring. (nullable) */
static PotooFragmentRing *
find_least (PotooFragmentRing *ring)
{
  GPtrArray *rings = ring->memory->rings;
  PotooFragmentRing *least = NULL;

  for (guint i = 0; i < rings->len; i++)
    {
      PotooFragmentRing *other = rings->pdata[i];
      if (other->fragments.length == 0 || other->priority > ring->priority)
        continue;
      if (least == NULL || other->priority < least->priority ||
          (other->priority == least->priority && get_held_us (other) > get_held_us (least)))
        least = other;
    }
  return least;
}

typedef struct
{
  GQueue dropped; /* PotooFragment */
  char *camera;   /* (nullable): whose ring is to be told of */
  gint64 held_us, length_us;
} Outcome;

static void
note_shrunk (PotooFragmentRing *ring, guint n, Outcome *outcome)
{
  gint64 now_us = potoo_clock_mono_us ();

  potoo_metric_add (ring->shrunk, n);
  if (outcome->camera != NULL ||
      (ring->logged_us != 0 && now_us - ring->logged_us < LOG_INTERVAL_US))
    return;
  ring->logged_us = now_us;
  outcome->camera = g_strdup (ring->camera);
  outcome->held_us = get_held_us (ring);
  outcome->length_us = ring->length_us;
}

static gboolean
make_room (PotooFragmentRing *ring, gint64 size, Outcome *outcome)
{
  if (size > ring->memory->max_bytes)
    return FALSE;
  while (ring->memory->bytes + size > ring->memory->max_bytes)
    {
      PotooFragmentRing *least = find_least (ring);
      if (least == NULL)
        return FALSE;
      guint before = outcome->dropped.length;
      drop_oldest (least, &outcome->dropped);
      note_shrunk (least, outcome->dropped.length - before, outcome);
    }
  return TRUE;
}

/* --- without the lock --- */

static void
finish (Outcome *outcome)
{
  g_queue_clear_full (&outcome->dropped, (GDestroyNotify) potoo_fragment_unref);
  if (outcome->camera != NULL)
    potoo_log_warning (outcome->camera,
                       _ ("Only %.1f s instead of %.1f s are held for pre-roll: memory is used up; "
                          "raise pre-roll-memory, or the camera's priority"),
                       (double) outcome->held_us / POTOO_SECOND_US,
                       (double) outcome->length_us / POTOO_SECOND_US);
  g_free (outcome->camera);
}

void
potoo_fragment_ring_unref (PotooFragmentRing *ring)
{
  if (!g_atomic_ref_count_dec (&ring->ref_count))
    return;
  potoo_fragment_ring_set_up (ring, 0, 0);
  g_mutex_lock (&ring->memory->lock);
  g_ptr_array_remove_fast (ring->memory->rings, ring);
  g_mutex_unlock (&ring->memory->lock);
  potoo_metric_unref (ring->held_bytes);
  potoo_metric_unref (ring->held);
  potoo_metric_unref (ring->shrunk);
  potoo_ring_memory_unref (ring->memory);
  g_free (ring->camera);
  g_free (ring);
}

void
potoo_fragment_ring_set_up (PotooFragmentRing *ring, gint64 length_us, guint priority)
{
  Outcome outcome = { .dropped = G_QUEUE_INIT };

  g_mutex_lock (&ring->memory->lock);
  ring->length_us = length_us;
  ring->priority = priority;
  while (is_long_enough_without_oldest (ring))
    drop_oldest (ring, &outcome.dropped);
  g_mutex_unlock (&ring->memory->lock);
  finish (&outcome);
}

static gboolean
can_be_shown (PotooFragmentRing *ring, PotooFragment *fragment, gboolean follows)
{
  PotooFragment *newest = g_queue_peek_tail (&ring->fragments);

  if (potoo_fragment_is_key (fragment))
    return TRUE;
  return newest != NULL
             ? potoo_fragment_get_sequence (newest) + 1 == potoo_fragment_get_sequence (fragment)
             : follows;
}

/* The room may have been made where the fragment was to follow. */
static void
push (PotooFragmentRing *ring, PotooFragment *fragment, gboolean follows, Outcome *outcome)
{
  gint64 size = (gint64) potoo_fragment_get_size (fragment);

  if (!make_room (ring, size, outcome) || !can_be_shown (ring, fragment, follows))
    {
      note_shrunk (ring, 1, outcome);
      return;
    }
  g_queue_push_tail (&ring->fragments, potoo_fragment_ref (fragment));
  add_bytes (ring, size);
  while (is_long_enough_without_oldest (ring))
    drop_oldest (ring, &outcome->dropped);
  publish (ring);
}

void
potoo_fragment_ring_push (PotooFragmentRing *ring, PotooFragment *fragment, gboolean follows)
{
  Outcome outcome = { .dropped = G_QUEUE_INIT };

  g_mutex_lock (&ring->memory->lock);
  if (ring->length_us > 0 && can_be_shown (ring, fragment, follows))
    push (ring, fragment, follows, &outcome);
  g_mutex_unlock (&ring->memory->lock);
  finish (&outcome);
}

PotooFragmentRing *
potoo_fragment_ring_new_successor (PotooFragmentRing *ring)
{
  PotooFragmentRing *successor = potoo_fragment_ring_new (ring->memory, ring->camera, ring->stream);

  g_mutex_lock (&ring->memory->lock);
  successor->fragments = ring->fragments;
  successor->bytes = ring->bytes;
  successor->length_us = ring->length_us;
  successor->priority = ring->priority;
  g_queue_init (&ring->fragments);
  ring->bytes = 0;
  ring->length_us = 0;
  publish (successor);
  g_mutex_unlock (&ring->memory->lock);
  return successor;
}

GPtrArray *
potoo_fragment_ring_take_all (PotooFragmentRing *ring)
{
  GPtrArray *taken = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
  PotooFragment *fragment;

  g_mutex_lock (&ring->memory->lock);
  while ((fragment = g_queue_pop_head (&ring->fragments)) != NULL)
    g_ptr_array_add (taken, fragment);
  add_bytes (ring, -ring->bytes);
  publish (ring);
  g_mutex_unlock (&ring->memory->lock);
  return taken;
}

PotooFragment *
potoo_fragment_ring_peek (PotooFragmentRing *ring)
{
  g_mutex_lock (&ring->memory->lock);
  PotooFragment *oldest = g_queue_peek_head (&ring->fragments);
  if (oldest != NULL)
    potoo_fragment_ref (oldest);
  g_mutex_unlock (&ring->memory->lock);
  return oldest;
}

gint64
potoo_fragment_ring_get_held_us (PotooFragmentRing *ring)
{
  g_mutex_lock (&ring->memory->lock);
  gint64 held_us = ring->length_us > 0 ? get_held_us (ring) : -1;
  g_mutex_unlock (&ring->memory->lock);
  return held_us;
}
