/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-error.h"
#include "live/potoo-live.h"
#include "live/potoo-ts-output.h"

G_BEGIN_DECLS

/* A PotooLive is in two files: which outputs there are (potoo-live.c), and who asks for them
 * (potoo-live-requests.c). All of it is main's. */

typedef struct
{
  char *id;
  const char *folder; /* of its segments, relative to the playlist */
  PotooStreamHub *hub;
  PotooTsOutput *output; /* (nullable) */
  GQueue waiting;        /* GTask: for a playlist */
  gint64 last_request_us;
  gint64 retry_us; /* not before this, because it failed */
  char *failure;
} PotooLiveStream;

struct _PotooLive
{
  GObject parent_instance;

  GHashTable *streams; /* id → PotooLiveStream */
  GPtrArray *ending;   /* PotooTsOutput */
  guint n_waiting;
  guint tick_source;
  gboolean stopped;

  PotooTsOutputMetrics output_metrics;
  PotooMetric *outputs, *starts, *failures, *refused, *waiting;
};

/* --- potoo-live.c --- */

/* Starts the output of @stream, which has none. Errors: those of potoo_live_get_playlist_async().
 */
gboolean potoo_live_start_output (PotooLive *self, PotooLiveStream *stream, GError **error);
/* Lets go of an output that has ended by itself; who waits for it gets the reason. */
void potoo_live_note_failure (PotooLive *self, PotooLiveStream *stream);

/* --- potoo-live-requests.c --- */

/* Answers who waits, if there is a playlist. */
void potoo_live_answer_waiting (PotooLive *self, PotooLiveStream *stream);
/* All who wait get the error. */
void potoo_live_fail_waiting (PotooLive *self,
                              PotooLiveStream *stream,
                              PotooError code,
                              const char *reason);
/* As that, for those who have waited for POTOO_LIVE_WAIT_US at @now_us, monotonic. */
void potoo_live_fail_late (PotooLive *self, PotooLiveStream *stream, gint64 now_us);

G_END_DECLS
