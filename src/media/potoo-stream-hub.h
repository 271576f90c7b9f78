/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooStreamHub:
 *
 * Where viewers and detectors take live media: the newest access units of one
 * stream, from at least two keyframes back, and the subscribers that follow it. It
 * outlives the camera's connections; its times are running times of the one monotonic time line.
 *
 * The ring holds references, bounded to 64 MiB and 60 s: older whole GOPs go
 * first; a single GOP over the bound is dropped, counted, and the ring starts again at the next keyframe.
 *
 * Any thread. One lock protects ring and subscribers; it is never held during
 * a callback.
 */
typedef struct _PotooStreamHub PotooStreamHub;

PotooStreamHub *potoo_stream_hub_new (const char *camera_id, const char *stream);
PotooStreamHub *potoo_stream_hub_ref (PotooStreamHub *hub);
void potoo_stream_hub_unref (PotooStreamHub *hub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStreamHub, potoo_stream_hub_unref)

/* One access unit (or Opus/AAC frame) with what its receiver must know. */
typedef struct
{
  guint track; /* 0 is video */
  GstBuffer *buffer;
  GstCaps *caps;
  GstClockTime pts_ns, dts_ns; /* running time */
  gboolean key;                /* video keyframe */
} PotooAccessUnit;

/* --- the feeding side: the camera pipeline --- */
void potoo_stream_hub_push (PotooStreamHub *hub, const PotooAccessUnit *unit); /* copies references */

/* --- the taking side --- */
typedef struct _PotooSubscriber PotooSubscriber;

/* Called, in the feeding thread, when the queue turns from empty to not empty;
 * only to wake the taker: must not block or take from the queue. */
typedef void (*PotooSubscriberWakeFunc) (gpointer user_data);

/* The queue starts with what the ring holds from the keyframe @gops back (1: the newest),
 * and is bounded by @max_bytes: when full it is emptied and goes on with the
 * newest keyframe (counted: potoo_subscriber_get_skips()). */
PotooSubscriber *potoo_stream_hub_subscribe (PotooStreamHub *hub,
                                             guint gops,
                                             gsize max_bytes,
                                             PotooSubscriberWakeFunc wake,
                                             gpointer user_data);
/* The next access unit into @unit, cleared with potoo_access_unit_clear(); FALSE when empty. */
gboolean potoo_subscriber_take (PotooSubscriber *subscriber, PotooAccessUnit *unit);
guint64 potoo_subscriber_get_skips (PotooSubscriber *subscriber);
/* No wake is under way or comes after this returns. */
void potoo_subscriber_free (PotooSubscriber *subscriber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSubscriber, potoo_subscriber_free)

void potoo_access_unit_clear (PotooAccessUnit *unit);

guint potoo_stream_hub_get_n_subscribers (PotooStreamHub *hub);

G_END_DECLS
