/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "live/potoo-live-window.h"
#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooTsOutput:
 *
 * The live HLS output of one stream, from its start to its stop: a thread that takes
 * access units from the hub and feeds them to one pipeline after another, each for a run
 * without interruption (a connection, a size, a set of tracks). The window spans the runs.
 *
 * It ends when it is told to stop, or by itself when a pipeline fails. Any thread, but
 * for potoo_ts_output_join().
 */
typedef struct _PotooTsOutput PotooTsOutput;

/* Shared by all outputs. */
typedef struct
{
  PotooMetric *segments, *runs, *bytes;
} PotooTsOutputMetrics;

/* The window has got a segment, or the output has ended. Any thread; it only posts. */
typedef void (*PotooTsOutputChangedFunc) (PotooTsOutput *output, gpointer user_data);

#define POTOO_TS_OUTPUT_MAX_BYTES (32 * 1024 * 1024)

/* Begins at once, with what the hub's ring holds. @changed is called until join() has returned. */
PotooTsOutput *potoo_ts_output_new (const char *camera_id,
                                    PotooStreamHub *hub,
                                    const PotooTsOutputMetrics *metrics,
                                    PotooTsOutputChangedFunc changed,
                                    gpointer user_data);
PotooTsOutput *potoo_ts_output_ref (PotooTsOutput *output);
void potoo_ts_output_unref (PotooTsOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTsOutput, potoo_ts_output_unref)

PotooLiveWindow *potoo_ts_output_get_window (PotooTsOutput *output); /* (transfer none) */

/* Returns at once; @changed tells the end. */
void potoo_ts_output_stop (PotooTsOutput *output);
/* TRUE when it has ended; @failure: (nullable) (out) (transfer full): why, when not told to. */
gboolean potoo_ts_output_has_ended (PotooTsOutput *output, char **failure);
/* Waits for the end of a stopped one until @until_us, monotonic. FALSE when it hangs: its
 * thread then goes on with a reference of its own and calls nobody any more. Once, by the owner. */
gboolean potoo_ts_output_join (PotooTsOutput *output, gint64 until_us);

G_END_DECLS
