/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-hub-ring.h"

#define RING_MAX_NS (60 * GST_SECOND)
#define LONG_GOP_MAX_BYTES (4 * 1024 * 1024)

static gboolean
is_too_long (PotooHubRing *ring, const PotooHubUnit *newest)
{
  GstClockTime start = potoo_hub_unit_get_time (ring->queue.units.head->data);
  GstClockTime end = potoo_hub_unit_get_time (newest);

  return GST_CLOCK_TIME_IS_VALID (start) && GST_CLOCK_TIME_IS_VALID (end) && end > start &&
         end - start > RING_MAX_NS;
}

static void
discard_gop (PotooHubRing *ring, GQueue *trash)
{
  GList *next = ring->queue.units.head->next;

  while (next != NULL && !((PotooHubUnit *) next->data)->unit.key)
    next = next->next;
  potoo_unit_queue_discard (&ring->queue, next, trash);
  ring->n_keyframes--;
}

guint
potoo_hub_ring_append (PotooHubRing *ring, PotooHubUnit *unit, GQueue *trash)
{
  if (unit->unit.key)
    ring->waiting = FALSE;
  if (ring->waiting)
    return 1;

  potoo_unit_queue_append (&ring->queue, unit);
  ring->n_keyframes += unit->unit.key ? 1 : 0;
  while (
      ring->n_keyframes > POTOO_HUB_RING_GOPS ||
      (ring->n_keyframes > 1 && (ring->queue.bytes > ring->max_bytes || is_too_long (ring, unit))))
    discard_gop (ring, trash);
  /* Without its keyframe there is nothing to begin with until the next: a single GOP may be long,
   * as those of cameras with few pictures are. */
  if (ring->queue.bytes <= (is_too_long (ring, unit) ? LONG_GOP_MAX_BYTES : ring->max_bytes))
    return 0;
  guint n = ring->queue.units.length;
  discard_gop (ring, trash);
  ring->waiting = TRUE;
  return n;
}

void
potoo_hub_ring_clear (PotooHubRing *ring, GQueue *trash)
{
  potoo_unit_queue_discard (&ring->queue, NULL, trash);
  ring->n_keyframes = 0;
  ring->waiting = FALSE;
}

GList *
potoo_hub_ring_find_start (PotooHubRing *ring, guint gops, gsize max_bytes)
{
  GList *start = NULL;
  gsize bytes = 0;

  for (GList *link = ring->queue.units.tail; link != NULL && gops > 0; link = link->prev)
    {
      const PotooHubUnit *unit = link->data;
      bytes += unit->bytes;
      if (bytes > max_bytes)
        break;
      if (!unit->unit.key)
        continue;
      start = link;
      gops--;
    }
  return start;
}
