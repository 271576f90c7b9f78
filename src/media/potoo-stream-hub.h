/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooStreamHub:
 *
 * Where viewers and detectors take live media: the newest access units of one
 * stream, two whole GOPs and the one under way, and the subscribers that follow it. It
 * outlives the camera's connections; its times are running times of the one monotonic time line.
 *
 * The ring holds references, bounded to 64 MiB or less (with 512 bytes of overhead for each access
 * unit) and 60 s: older whole GOPs go first; a single GOP over the bound, if it is larger than 4
 * MiB, is dropped, counted, and the ring starts again at the next keyframe. Takers follow on
 * regardless.
 *
 * Any thread. One lock protects ring and subscribers; it is never held during
 * a callback.
 */
typedef struct _PotooStreamHub PotooStreamHub;

/* For all hubs: how much a ring may hold, if that is less. To be set before the first is made. */
void potoo_stream_hub_set_ring_bytes (gint64 bytes);

/* @stream: `main` or `sub`; static */
PotooStreamHub *potoo_stream_hub_new (const char *camera_id, const char *stream);
const char *potoo_stream_hub_get_stream (PotooStreamHub *hub);
PotooStreamHub *potoo_stream_hub_ref (PotooStreamHub *hub);
void potoo_stream_hub_unref (PotooStreamHub *hub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooStreamHub, potoo_stream_hub_unref)

/* One access unit (or Opus/AAC frame) with what its receiver must know. */
typedef struct
{
  guint track; /* 0 is video */
  GstBuffer *buffer;
  GstCaps *caps;
  GstClockTime pts_ns;      /* running time */
  GstClockTime dts_ns;      /* as that; NONE on the feeding side: the hub makes it */
  GstClockTime duration_ns; /* taking side: about; NONE: unknown */
  gboolean key;             /* video keyframe */
  gboolean discontinuous;   /* taking side: access units are missing before this one */
} PotooAccessUnit;

/* --- the feeding side: the camera pipeline --- */
void potoo_stream_hub_push (PotooStreamHub *hub,
                            const PotooAccessUnit *unit); /* copies references */

/* As many access units come before one that is shown before them, at least: the camera is known
 * to send B-frames before they come. */
void potoo_stream_hub_expect_reorder (PotooStreamHub *hub, guint depth);

/* Called in the thread of the taker when media is wanted: by the first subscriber, or by
 * potoo_stream_hub_want(). It holds the hub's lock and is only to pass the word on. NULL takes it
 * away: it is not called any more then. */
typedef void (*PotooHubWantedFunc) (gpointer user_data);
void
potoo_stream_hub_set_wanted_func (PotooStreamHub *hub, PotooHubWantedFunc func, gpointer user_data);

/* Since when (monotonic) nobody takes; 0 while somebody does. */
gint64 potoo_stream_hub_get_idle_since_us (PotooStreamHub *hub);

/* The connection ended: the ring is emptied, and what comes before the next
 * keyframe is dropped and counted, as it is before the first one. What waits in queues stays there.
 */
void potoo_stream_hub_flush (PotooStreamHub *hub);

/* --- the taking side --- */

/* The newest video keyframe into @unit, cleared with potoo_access_unit_clear(); FALSE when the
 * ring holds none. */
gboolean potoo_stream_hub_get_keyframe (PotooStreamHub *hub, PotooAccessUnit *unit);

/* Somebody is about to subscribe: a stream that is connected on demand may begin. */
void potoo_stream_hub_want (PotooStreamHub *hub);

typedef struct _PotooSubscriber PotooSubscriber;

/* Called when the queue turns from empty to not empty (not for what it starts with),
 * in a feeding thread, without a lock of the hub; audio and video may call at once.
 * It is only to wake the taker: it must not block, take, or free the subscriber. */
typedef void (*PotooSubscriberWakeFunc) (gpointer user_data);

/* The queue starts with what the ring holds from the keyframe @gops back (1: the newest;
 * fewer when they are not there or do not fit), and is bounded by @max_bytes, counted as
 * in the ring: when full it goes on with the newest keyframe that waits in it, or is
 * emptied and goes on with the next one (both counted: potoo_subscriber_get_skips()).
 * Time in a queue never goes back, and no access unit comes twice. @max_bytes must
 * hold a GOP, or only its beginning ever arrives. */
PotooSubscriber *potoo_stream_hub_subscribe (PotooStreamHub *hub,
                                             guint gops,
                                             gsize max_bytes,
                                             PotooSubscriberWakeFunc wake,
                                             gpointer user_data);
/* The next access unit into @unit, cleared with potoo_access_unit_clear(); FALSE when empty. */
gboolean potoo_subscriber_take (PotooSubscriber *subscriber, PotooAccessUnit *unit);
guint64 potoo_subscriber_get_skips (PotooSubscriber *subscriber);
/* No wake is under way or comes after this returns. It waits for a wake of this
 * subscriber that is under way, so the caller holds no lock that the wake takes. */
void potoo_subscriber_free (PotooSubscriber *subscriber);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSubscriber, potoo_subscriber_free)

void potoo_access_unit_clear (PotooAccessUnit *unit);

guint potoo_stream_hub_get_n_subscribers (PotooStreamHub *hub);

G_END_DECLS
