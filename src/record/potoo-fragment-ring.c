/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The lock of the memory protects all but the constants. */

#include "record/potoo-fragment-ring.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"

/* How often a ring that shrinks is told of. */
#define LOG_INTERVAL_US (600 * POTOO_SECOND_US)

struct _PotooFragmentRing
{
  PotooFragmentHolder holder;
  gatomicrefcount ref_count;
  char *camera;
  PotooStreamKind stream;
  GQueue fragments; /* PotooFragment */
  gint64 length_us;
  gint64 logged_us; /* monotonic; when it was told last that it shrank; 0: never */
  PotooMetric *held_bytes, *held, *shrunk;
};

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
publish (PotooFragmentRing *ring)
{
  potoo_metric_set (ring->held_bytes, ring->holder.bytes);
  potoo_metric_set (ring->held, get_held_us (ring));
}

/* Moves the oldest fragments, up to the next key fragment, to @dropped. */
static void
drop_oldest (PotooFragmentRing *ring, GQueue *dropped)
{
  PotooFragment *next;

  do
    {
      PotooFragment *oldest = g_queue_pop_head (&ring->fragments);
      potoo_fragment_holder_add (&ring->holder, -(gint64) potoo_fragment_get_memory (oldest));
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

static gint64
weigh (PotooFragmentHolder *holder)
{
  return get_held_us ((PotooFragmentRing *) holder);
}

static gboolean
give_way (PotooFragmentHolder *holder, gpointer push)
{
  PotooFragmentRing *ring = (PotooFragmentRing *) holder;
  Outcome *outcome = push;
  guint before = outcome->dropped.length;

  drop_oldest (ring, &outcome->dropped);
  note_shrunk (ring, outcome->dropped.length - before, outcome);
  return TRUE;
}

/* Rings of one priority shrink to the same time. */
static const PotooFragmentHolderClass ring_class = { weigh, give_way };

/* --- without the lock --- */

PotooFragmentMemory *
potoo_fragment_ring_memory_new (gint64 max_bytes)
{
  return potoo_fragment_memory_new (max_bytes,
                                    potoo_metric_new_gauge ("potoo_pre_roll_memory_bytes",
                                                            "Memory that all fragment rings hold",
                                                            NULL),
                                    potoo_metric_new_gauge ("potoo_pre_roll_memory_max_bytes",
                                                            "Memory that they may hold", NULL));
}

PotooFragmentRing *
potoo_fragment_ring_new (PotooFragmentMemory *memory, const char *camera, PotooStreamKind stream)
{
  PotooFragmentRing *ring = g_new0 (PotooFragmentRing, 1);
  const char *stream_name = potoo_stream_kind_to_string (stream);

  g_atomic_ref_count_init (&ring->ref_count);
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
  potoo_fragment_holder_init (&ring->holder, &ring_class, memory);
  return ring;
}

PotooFragmentRing *
potoo_fragment_ring_ref (PotooFragmentRing *ring)
{
  g_atomic_ref_count_inc (&ring->ref_count);
  return ring;
}

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
  potoo_fragment_holder_clear (&ring->holder);
  potoo_metric_unref (ring->held_bytes);
  potoo_metric_unref (ring->held);
  potoo_metric_unref (ring->shrunk);
  g_free (ring->camera);
  g_free (ring);
}

void
potoo_fragment_ring_set_up (PotooFragmentRing *ring, gint64 length_us, guint priority)
{
  Outcome outcome = { .dropped = G_QUEUE_INIT };

  potoo_fragment_memory_lock (ring->holder.memory);
  ring->length_us = length_us;
  ring->holder.priority = priority;
  while (is_long_enough_without_oldest (ring))
    drop_oldest (ring, &outcome.dropped);
  potoo_fragment_memory_unlock (ring->holder.memory);
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
  gint64 size = (gint64) potoo_fragment_get_memory (fragment);

  if (!potoo_fragment_holder_make_room (&ring->holder, size, outcome) ||
      !can_be_shown (ring, fragment, follows))
    {
      note_shrunk (ring, 1, outcome);
      return;
    }
  g_queue_push_tail (&ring->fragments, potoo_fragment_ref (fragment));
  potoo_fragment_holder_add (&ring->holder, size);
  while (is_long_enough_without_oldest (ring))
    drop_oldest (ring, &outcome->dropped);
  publish (ring);
}

void
potoo_fragment_ring_push (PotooFragmentRing *ring, PotooFragment *fragment, gboolean follows)
{
  Outcome outcome = { .dropped = G_QUEUE_INIT };

  potoo_fragment_memory_lock (ring->holder.memory);
  if (ring->length_us > 0 && can_be_shown (ring, fragment, follows))
    push (ring, fragment, follows, &outcome);
  potoo_fragment_memory_unlock (ring->holder.memory);
  finish (&outcome);
}

PotooFragmentRing *
potoo_fragment_ring_new_successor (PotooFragmentRing *ring)
{
  PotooFragmentRing *successor = potoo_fragment_ring_new (ring->holder.memory, ring->camera,
                                                          ring->stream);

  potoo_fragment_memory_lock (ring->holder.memory);
  successor->fragments = ring->fragments;
  successor->length_us = ring->length_us;
  successor->holder.priority = ring->holder.priority;
  potoo_fragment_holder_add (&successor->holder, ring->holder.bytes);
  potoo_fragment_holder_add (&ring->holder, -ring->holder.bytes);
  g_queue_init (&ring->fragments);
  ring->length_us = 0;
  publish (successor);
  potoo_fragment_memory_unlock (ring->holder.memory);
  return successor;
}

GPtrArray *
potoo_fragment_ring_take_all (PotooFragmentRing *ring)
{
  GPtrArray *taken = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_fragment_unref);
  PotooFragment *fragment;

  potoo_fragment_memory_lock (ring->holder.memory);
  while ((fragment = g_queue_pop_head (&ring->fragments)) != NULL)
    g_ptr_array_add (taken, fragment);
  potoo_fragment_holder_add (&ring->holder, -ring->holder.bytes);
  publish (ring);
  potoo_fragment_memory_unlock (ring->holder.memory);
  return taken;
}

PotooFragment *
potoo_fragment_ring_peek (PotooFragmentRing *ring)
{
  potoo_fragment_memory_lock (ring->holder.memory);
  PotooFragment *oldest = g_queue_peek_head (&ring->fragments);
  if (oldest != NULL)
    potoo_fragment_ref (oldest);
  potoo_fragment_memory_unlock (ring->holder.memory);
  return oldest;
}

gint64
potoo_fragment_ring_get_held_us (PotooFragmentRing *ring)
{
  potoo_fragment_memory_lock (ring->holder.memory);
  gint64 held_us = ring->length_us > 0 ? get_held_us (ring) : -1;
  potoo_fragment_memory_unlock (ring->holder.memory);
  return held_us;
}
