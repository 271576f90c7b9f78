/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-hub-unit.h"

PotooHubUnit *
potoo_hub_unit_new (const PotooAccessUnit *unit)
{
  PotooHubUnit *self = g_new0 (PotooHubUnit, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->unit = *unit;
  self->unit.key = unit->key && unit->track == 0;
  self->unit.discontinuous = FALSE;
  gst_buffer_ref (unit->buffer);
  if (unit->caps != NULL)
    gst_caps_ref (unit->caps);
  self->bytes = gst_buffer_get_size (unit->buffer) + POTOO_HUB_UNIT_OVERHEAD_BYTES;
  return self;
}

PotooHubUnit *
potoo_hub_unit_ref (PotooHubUnit *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
potoo_hub_unit_unref (PotooHubUnit *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  potoo_access_unit_clear (&self->unit);
  g_free (self);
}

GstClockTime
potoo_hub_unit_get_time (const PotooHubUnit *self)
{
  return GST_CLOCK_TIME_IS_VALID (self->unit.dts_ns) ? self->unit.dts_ns : self->unit.pts_ns;
}

void
potoo_access_unit_clear (PotooAccessUnit *unit)
{
  gst_clear_buffer (&unit->buffer);
  gst_clear_caps (&unit->caps);
}

void
potoo_unit_queue_append (PotooUnitQueue *queue, PotooHubUnit *unit)
{
  g_queue_push_tail (&queue->units, potoo_hub_unit_ref (unit));
  queue->bytes += unit->bytes;
}

PotooHubUnit *
potoo_unit_queue_pop (PotooUnitQueue *queue)
{
  PotooHubUnit *unit = g_queue_pop_head (&queue->units);

  if (unit != NULL)
    queue->bytes -= unit->bytes;
  return unit;
}

GList *
potoo_unit_queue_find_keyframe (PotooUnitQueue *queue)
{
  GList *link = queue->units.tail;

  while (link != NULL && !((PotooHubUnit *) link->data)->unit.key)
    link = link->prev;
  return link;
}

void
potoo_unit_queue_discard (PotooUnitQueue *queue, GList *end, GQueue *trash)
{
  while (queue->units.head != end)
    {
      PotooHubUnit *unit = queue->units.head->data;
      queue->bytes -= unit->bytes;
      g_queue_push_tail_link (trash, g_queue_pop_head_link (&queue->units));
    }
}

void
potoo_hub_units_free (GQueue *units)
{
  g_queue_clear_full (units, (GDestroyNotify) potoo_hub_unit_unref);
}
