/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The ring and the queues are lists of the same reference-counted units. A
 * feeder (one streaming thread for each track) appends to the ring and to every
 * queue, takers pop from their own; all of it is pointer work under `lock`.
 * Media is freed and takers are woken only after `lock` was released.
 *
 * Waking. A push collects the subscribers whose queues turned from empty to not
 * empty, with a reference to each, and wakes them after unlocking, one by one:
 *
 *   lock; freed? skip it : waking++; unlock; wake (); lock; waking--, signal; unlock
 *
 * potoo_subscriber_free() sets `freed` under the lock and waits until `waking` is
 * 0. So a wake that has not begun never begins, one that has begun is waited
 * for, and nobody waits for the wake of another subscriber.
 */

#include "media/potoo-stream-hub.h"

#include "base/potoo-clock.h"
#include "base/potoo-metrics.h"
#include "media/potoo-decoding-clock.h"
#include "media/potoo-hub-ring.h"

struct _PotooStreamHub
{
  gatomicrefcount ref_count;
  const char *stream;

  GMutex lock; /* protects all below, and the subscribers' fields where said */
  PotooHubRing ring;
  gboolean waiting; /* for the first keyframe of a connection */
  PotooDecodingClock decoding;
  gint64 idle_since_us;      /* 0: there are subscribers */
  PotooHubWantedFunc wanted; /* (nullable) immutable once media is taken */
  gpointer wanted_data;
  GPtrArray *subscribers; /* not owned */

  PotooMetric *ring_bytes;
  PotooMetric *ring_units;
  PotooMetric *n_subscribers;
  PotooMetric *queue_bytes;
  PotooMetric *skips;
  PotooMetric *drops;
};

struct _PotooSubscriber
{
  gatomicrefcount ref_count;
  PotooStreamHub *hub; /* owned */
  gsize max_bytes;
  PotooSubscriberWakeFunc wake;
  gpointer user_data;

  /* under the hub's lock */
  PotooUnitQueue queue;
  gboolean waiting; /* for a keyframe */
  gboolean jumped;  /* units are missing before the next one in the queue */
  guint64 skips;
  guint waking; /* wake functions under way */
  gboolean freed;
  GCond woken; /* `waking` was decremented */
};

static gsize ring_bytes_max = POTOO_HUB_RING_MAX_BYTES;

void
potoo_stream_hub_set_ring_bytes (gint64 bytes)
{
  ring_bytes_max = (gsize) MIN (bytes, POTOO_HUB_RING_MAX_BYTES);
}

PotooStreamHub *
potoo_stream_hub_new (const char *camera_id, const char *stream)
{
  PotooStreamHub *hub = g_new0 (PotooStreamHub, 1);

  g_return_val_if_fail (camera_id != NULL && stream != NULL, NULL);

  g_atomic_ref_count_init (&hub->ref_count);
  g_mutex_init (&hub->lock);
  hub->stream = stream;
  hub->ring.max_bytes = ring_bytes_max;
  hub->waiting = TRUE;
  potoo_decoding_clock_init (&hub->decoding);
  hub->idle_since_us = potoo_clock_mono_us ();
  hub->subscribers = g_ptr_array_new ();
  hub->ring_bytes = potoo_metric_new_gauge ("potoo_hub_ring_bytes", "Media in the GOP ring",
                                            "camera", camera_id, "stream", stream, NULL);
  hub->ring_units = potoo_metric_new_gauge ("potoo_hub_ring_access_units",
                                            "Access units in the GOP ring", "camera", camera_id,
                                            "stream", stream, NULL);
  hub->n_subscribers = potoo_metric_new_gauge ("potoo_hub_subscribers", "Takers of live media",
                                               "camera", camera_id, "stream", stream, NULL);
  hub->queue_bytes = potoo_metric_new_gauge ("potoo_hub_queue_bytes",
                                             "Media that waits in subscribers' queues", "camera",
                                             camera_id, "stream", stream, NULL);
  hub->skips = potoo_metric_new_counter ("potoo_hub_skips_total",
                                         "Slow subscribers moved on to a newer keyframe", "camera",
                                         camera_id, "stream", stream, NULL);
  hub->drops = potoo_metric_new_counter (
      "potoo_hub_drops_total",
      "Access units dropped: before a keyframe, or a GOP over the ring's bound", "camera",
      camera_id, "stream", stream, NULL);
  return hub;
}

const char *
potoo_stream_hub_get_stream (PotooStreamHub *hub)
{
  return hub->stream;
}

PotooStreamHub *
potoo_stream_hub_ref (PotooStreamHub *hub)
{
  g_atomic_ref_count_inc (&hub->ref_count);
  return hub;
}

void
potoo_stream_hub_unref (PotooStreamHub *hub)
{
  if (!g_atomic_ref_count_dec (&hub->ref_count))
    return;

  potoo_hub_units_free (&hub->ring.queue.units);
  g_ptr_array_unref (hub->subscribers);
  potoo_metric_unref (hub->ring_bytes);
  potoo_metric_unref (hub->ring_units);
  potoo_metric_unref (hub->n_subscribers);
  potoo_metric_unref (hub->queue_bytes);
  potoo_metric_unref (hub->skips);
  potoo_metric_unref (hub->drops);
  g_mutex_clear (&hub->lock);
  g_free (hub);
}

static void
publish_ring (PotooStreamHub *hub)
{
  potoo_metric_set (hub->ring_bytes, (gint64) hub->ring.queue.bytes);
  potoo_metric_set (hub->ring_units, hub->ring.queue.units.length);
}

/* Makes room for @unit by giving up what the taker is too late for. TRUE when
 * @unit fits now and continues what is left. */
static gboolean
subscriber_skip (PotooSubscriber *self, PotooHubUnit *unit, GQueue *trash)
{
  GList *keyframe = unit->unit.key ? NULL : potoo_unit_queue_find_keyframe (&self->queue);

  self->skips++;
  self->jumped = TRUE;
  potoo_metric_add (self->hub->skips, 1);
  potoo_unit_queue_discard (&self->queue, keyframe, trash);
  if ((keyframe != NULL || unit->unit.key) && self->queue.bytes + unit->bytes <= self->max_bytes)
    return TRUE;
  potoo_unit_queue_discard (&self->queue, NULL, trash);
  self->waiting = TRUE;
  return FALSE;
}

/* TRUE when the queue was empty before and is not now. */
static gboolean
subscriber_append (PotooSubscriber *self, PotooHubUnit *unit, GQueue *trash)
{
  gboolean was_empty = self->queue.units.length == 0;
  gsize before = self->queue.bytes;

  if (self->waiting && !unit->unit.key)
    return FALSE;
  self->waiting = FALSE;
  if (self->queue.bytes + unit->bytes <= self->max_bytes || subscriber_skip (self, unit, trash))
    potoo_unit_queue_append (&self->queue, unit);
  potoo_metric_add (self->hub->queue_bytes, (gint64) self->queue.bytes - (gint64) before);
  return was_empty && self->queue.units.length > 0;
}

static void
subscriber_unref (PotooSubscriber *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_cond_clear (&self->woken);
  potoo_stream_hub_unref (self->hub);
  g_free (self);
}

static void
subscriber_wake (PotooSubscriber *self)
{
  GMutex *lock = &self->hub->lock;

  g_mutex_lock (lock);
  gboolean freed = self->freed;
  self->waking += freed ? 0 : 1;
  g_mutex_unlock (lock);
  if (freed)
    return;

  self->wake (self->user_data);

  g_mutex_lock (lock);
  self->waking--;
  g_cond_broadcast (&self->woken);
  g_mutex_unlock (lock);
}

/* Appends @unit to all queues; the subscribers to wake, or NULL. */
static GPtrArray *
subscribers_append (PotooStreamHub *hub, PotooHubUnit *unit, GQueue *trash)
{
  GPtrArray *to_wake = NULL;

  for (guint i = 0; i < hub->subscribers->len; i++)
    {
      PotooSubscriber *subscriber = hub->subscribers->pdata[i];
      if (!subscriber_append (subscriber, unit, trash) || subscriber->wake == NULL)
        continue;
      if (to_wake == NULL)
        to_wake = g_ptr_array_new_with_free_func ((GDestroyNotify) subscriber_unref);
      g_atomic_ref_count_inc (&subscriber->ref_count);
      g_ptr_array_add (to_wake, subscriber);
    }
  return to_wake;
}

/* Decoding times are made under the lock, in the order of decoding. */
static void
complete_times (PotooStreamHub *hub, PotooAccessUnit *unit)
{
  unit->duration_ns = GST_BUFFER_DURATION (unit->buffer);
  if (unit->track != 0 || !GST_CLOCK_TIME_IS_VALID (unit->pts_ns))
    {
      unit->dts_ns = unit->pts_ns;
      return;
    }
  if (!GST_CLOCK_TIME_IS_VALID (unit->dts_ns))
    unit->dts_ns = potoo_decoding_clock_next (&hub->decoding, unit->pts_ns);
  if (!GST_CLOCK_TIME_IS_VALID (unit->duration_ns))
    unit->duration_ns = hub->decoding.frame_ns;
}

void
potoo_stream_hub_push (PotooStreamHub *hub, const PotooAccessUnit *access_unit)
{
  GQueue trash = G_QUEUE_INIT;
  g_autoptr (GPtrArray) to_wake = NULL;

  g_return_if_fail (hub != NULL);
  g_return_if_fail (access_unit != NULL && GST_IS_BUFFER (access_unit->buffer));

  g_autoptr (PotooHubUnit) unit = potoo_hub_unit_new (access_unit);
  g_mutex_lock (&hub->lock);
  if (hub->waiting && !unit->unit.key)
    potoo_metric_add (hub->drops, 1);
  else
    {
      complete_times (hub, &unit->unit);
      unit->unit.discontinuous = hub->waiting;
      hub->waiting = FALSE;
      potoo_metric_add (hub->drops, potoo_hub_ring_append (&hub->ring, unit, &trash));
      publish_ring (hub);
      to_wake = subscribers_append (hub, unit, &trash);
    }
  g_mutex_unlock (&hub->lock);

  potoo_hub_units_free (&trash);
  for (guint i = 0; to_wake != NULL && i < to_wake->len; i++)
    subscriber_wake (to_wake->pdata[i]);
}

void
potoo_stream_hub_expect_reorder (PotooStreamHub *hub, guint depth)
{
  g_return_if_fail (hub != NULL);

  g_mutex_lock (&hub->lock);
  potoo_decoding_clock_expect (&hub->decoding, depth);
  g_mutex_unlock (&hub->lock);
}

void
potoo_stream_hub_set_wanted_func (PotooStreamHub *hub, PotooHubWantedFunc func, gpointer user_data)
{
  g_return_if_fail (hub != NULL);

  g_mutex_lock (&hub->lock);
  hub->wanted = func;
  hub->wanted_data = user_data;
  g_mutex_unlock (&hub->lock);
}

gint64
potoo_stream_hub_get_idle_since_us (PotooStreamHub *hub)
{
  g_return_val_if_fail (hub != NULL, 0);

  g_mutex_lock (&hub->lock);
  gint64 since_us = hub->idle_since_us;
  g_mutex_unlock (&hub->lock);
  return since_us;
}

/* Under the lock, so that a function that was taken away is not called any more. */
static void
tell_wanted (PotooStreamHub *hub)
{
  if (hub->wanted != NULL)
    hub->wanted (hub->wanted_data);
}

void
potoo_stream_hub_want (PotooStreamHub *hub)
{
  g_return_if_fail (hub != NULL);

  g_mutex_lock (&hub->lock);
  if (hub->idle_since_us != 0)
    hub->idle_since_us = potoo_clock_mono_us ();
  tell_wanted (hub);
  g_mutex_unlock (&hub->lock);
}

void
potoo_stream_hub_flush (PotooStreamHub *hub)
{
  GQueue trash = G_QUEUE_INIT;

  g_return_if_fail (hub != NULL);

  g_mutex_lock (&hub->lock);
  potoo_hub_ring_clear (&hub->ring, &trash);
  hub->waiting = TRUE;
  potoo_decoding_clock_restart (&hub->decoding);
  publish_ring (hub);
  g_mutex_unlock (&hub->lock);
  potoo_hub_units_free (&trash);
}

static void
access_unit_copy (PotooAccessUnit *copy, const PotooAccessUnit *unit)
{
  *copy = *unit;
  gst_buffer_ref (copy->buffer);
  if (copy->caps != NULL)
    gst_caps_ref (copy->caps);
}

gboolean
potoo_stream_hub_get_keyframe (PotooStreamHub *hub, PotooAccessUnit *unit)
{
  g_return_val_if_fail (hub != NULL && unit != NULL, FALSE);

  g_mutex_lock (&hub->lock);
  GList *link = potoo_unit_queue_find_keyframe (&hub->ring.queue);
  if (link != NULL)
    access_unit_copy (unit, &((PotooHubUnit *) link->data)->unit);
  g_mutex_unlock (&hub->lock);
  return link != NULL;
}

PotooSubscriber *
potoo_stream_hub_subscribe (PotooStreamHub *hub,
                            guint gops,
                            gsize max_bytes,
                            PotooSubscriberWakeFunc wake,
                            gpointer user_data)
{
  g_return_val_if_fail (hub != NULL, NULL);

  PotooSubscriber *self = g_new0 (PotooSubscriber, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_cond_init (&self->woken);
  self->hub = potoo_stream_hub_ref (hub);
  self->max_bytes = max_bytes;
  self->wake = wake;
  self->user_data = user_data;
  self->jumped = TRUE;

  g_mutex_lock (&hub->lock);
  GList *start = potoo_hub_ring_find_start (&hub->ring, gops, max_bytes);
  self->waiting = start == NULL;
  for (GList *link = start; link != NULL; link = link->next)
    potoo_unit_queue_append (&self->queue, link->data);
  potoo_metric_add (hub->queue_bytes, (gint64) self->queue.bytes);
  g_ptr_array_add (hub->subscribers, self);
  potoo_metric_set (hub->n_subscribers, hub->subscribers->len);
  hub->idle_since_us = 0;
  if (hub->subscribers->len == 1)
    tell_wanted (hub);
  g_mutex_unlock (&hub->lock);
  return self;
}

gboolean
potoo_subscriber_take (PotooSubscriber *self, PotooAccessUnit *access_unit)
{
  g_return_val_if_fail (self != NULL && access_unit != NULL, FALSE);

  g_mutex_lock (&self->hub->lock);
  g_autoptr (PotooHubUnit) unit = potoo_unit_queue_pop (&self->queue);
  gboolean jumped = self->jumped;
  if (unit != NULL)
    {
      self->jumped = FALSE;
      potoo_metric_add (self->hub->queue_bytes, -(gint64) unit->bytes);
    }
  g_mutex_unlock (&self->hub->lock);
  if (unit == NULL)
    return FALSE;

  access_unit_copy (access_unit, &unit->unit);
  access_unit->discontinuous |= jumped;
  return TRUE;
}

guint64
potoo_subscriber_get_skips (PotooSubscriber *self)
{
  g_return_val_if_fail (self != NULL, 0);

  g_mutex_lock (&self->hub->lock);
  guint64 skips = self->skips;
  g_mutex_unlock (&self->hub->lock);
  return skips;
}

void
potoo_subscriber_free (PotooSubscriber *self)
{
  GQueue trash = G_QUEUE_INIT;

  g_return_if_fail (self != NULL);

  PotooStreamHub *hub = self->hub;
  g_mutex_lock (&hub->lock);
  self->freed = TRUE;
  g_ptr_array_remove_fast (hub->subscribers, self);
  potoo_metric_set (hub->n_subscribers, hub->subscribers->len);
  if (hub->subscribers->len == 0)
    hub->idle_since_us = potoo_clock_mono_us ();
  potoo_metric_add (hub->queue_bytes, -(gint64) self->queue.bytes);
  potoo_unit_queue_discard (&self->queue, NULL, &trash);
  while (self->waking > 0)
    g_cond_wait (&self->woken, &hub->lock);
  g_mutex_unlock (&hub->lock);
  potoo_hub_units_free (&trash);
  subscriber_unref (self);
}

guint
potoo_stream_hub_get_n_subscribers (PotooStreamHub *hub)
{
  g_return_val_if_fail (hub != NULL, 0);

  g_mutex_lock (&hub->lock);
  guint n = hub->subscribers->len;
  g_mutex_unlock (&hub->lock);
  return n;
}
