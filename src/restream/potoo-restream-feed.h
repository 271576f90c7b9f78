/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <gst/app/gstappsrc.h>

#include "restream/potoo-restream-replay.h"

G_BEGIN_DECLS

/**
 * PotooRestreamFeed:
 *
 * One viewer's way from a stream hub to the appsrcs of its media: from the newest
 * keyframe on, in order, each access unit once. Over TCP the cached GOP goes as fast as the
 * viewer takes it, over UDP in steady steps. A viewer that falls behind goes on with the
 * newest keyframe; a camera that reconnects, even as another size, only leaves a gap.
 *
 * It runs in the thread that iterates its context. Other functions: any thread.
 */
typedef struct _PotooRestreamFeed PotooRestreamFeed;

/* Subscribes, and sees what tracks there are. POTOO_ERROR_UNAVAILABLE when the hub holds no
 * keyframe, or a stream too young to know whether it has audio. */
PotooRestreamFeed *potoo_restream_feed_new (PotooStreamHub *hub,
                                            const char *camera,
                                            const char *stream,
                                            GMainContext *context,
                                            GError **error);
PotooRestreamFeed *potoo_restream_feed_ref (PotooRestreamFeed *feed);
void potoo_restream_feed_unref (PotooRestreamFeed *feed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRestreamFeed, potoo_restream_feed_unref)

const char *potoo_restream_feed_get_camera (PotooRestreamFeed *feed);
const char *potoo_restream_feed_get_stream (PotooRestreamFeed *feed);
/* What the media is to offer. (transfer none) (nullable): no such track */
GstCaps *potoo_restream_feed_get_caps (PotooRestreamFeed *feed, guint track);

/* Where a track's access units go: before the media is prepared, once for each track that has
 * caps. The feed sets its properties and callbacks. */
void potoo_restream_feed_set_source (PotooRestreamFeed *feed, guint track, GstAppSrc *source);

/* Only the beginning flows before this. @connection: shut down when the stream cannot go on
 * in this media (the camera's codec changed); @tracks: bits of those that the viewer set up. */
void
potoo_restream_feed_play (PotooRestreamFeed *feed, GSocket *connection, gboolean udp, guint tracks);

/* This media cannot go on, and the viewer must connect anew: shuts its connection down. @reason:
 * for the log. */
void potoo_restream_feed_end (PotooRestreamFeed *feed, const char *reason);

/* Nothing flows any more, and no callback of the appsrcs comes. Idempotent. */
void potoo_restream_feed_stop (PotooRestreamFeed *feed);

/* Of access units, since it was made. */
guint64 potoo_restream_feed_get_bytes (PotooRestreamFeed *feed);

G_END_DECLS
