/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooSnapshots:
 *
 * The newest picture of each camera as JPEG: its newest keyframe, decoded when somebody
 * asks. Pictures are cached by keyframe and height, requests for the same one share its decoding.
 *
 * Belongs to the main thread; potoo_snapshots_get_async() may be called from any thread,
 * and calls back in the caller's thread-default context.
 */
#define POTOO_TYPE_SNAPSHOTS (potoo_snapshots_get_type ())
G_DECLARE_FINAL_TYPE (PotooSnapshots, potoo_snapshots, POTOO, SNAPSHOTS, GObject)

#define POTOO_SNAPSHOTS_MAX_DECODING 2
#define POTOO_SNAPSHOTS_MAX_WAITING 32 /* pictures */
#define POTOO_SNAPSHOTS_MAX_CACHE_BYTES (16 * 1024 * 1024)

PotooSnapshots *potoo_snapshots_new (void);
/* How much may be cached, at most POTOO_SNAPSHOTS_MAX_CACHE_BYTES, which it is unless set. */
void potoo_snapshots_set_cache_bytes (PotooSnapshots *snapshots, gint64 bytes);

void potoo_snapshots_add_camera (PotooSnapshots *snapshots, const char *id, PotooStreamHub *hub);
void potoo_snapshots_remove_camera (PotooSnapshots *snapshots, const char *id);
/* Cancels what is under way; requests fail from then on. */
void potoo_snapshots_stop (PotooSnapshots *snapshots);

/* A picture, immutable. */
typedef struct
{
  gatomicrefcount ref_count;
  GBytes *jpeg;
  gint64 wall_us;   /* when the camera gave it */
  guint64 keyframe; /* tells the keyframes of one camera apart */
  guint height;     /* as asked for; 0: as it is */
} PotooSnapshot;

PotooSnapshot *potoo_snapshot_ref (PotooSnapshot *snapshot);
void potoo_snapshot_unref (PotooSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSnapshot, potoo_snapshot_unref)

/* @height: 0, or the height wanted; the picture is never scaled up. Errors: POTOO_ERROR_NOT_FOUND
 * (no such camera), POTOO_ERROR_UNAVAILABLE (no keyframe there, or Potoo is stopping),
 * POTOO_ERROR_BUSY (too many are decoded), and those of potoo_still_picture_encode_async(). */
void potoo_snapshots_get_async (PotooSnapshots *snapshots,
                                const char *camera_id,
                                guint height,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/* (transfer full) */
PotooSnapshot *
potoo_snapshots_get_finish (PotooSnapshots *snapshots, GAsyncResult *result, GError **error);

G_END_DECLS
