/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-stream-hub.h"

G_BEGIN_DECLS

/**
 * PotooTsPipeline:
 *
 * Access units of one uninterrupted run into segments of MPEG-TS in memory, through
 * hlssink2. Times are running times of the hub. One thread feeds, drains and frees it, and may
 * wait in it; never the main thread.
 */
typedef struct _PotooTsPipeline PotooTsPipeline;

/* A segment is whole; it begins with a keyframe. Streaming thread. */
typedef void (*PotooTsSegmentFunc) (GBytes *segment,
                                    GstClockTime start_ns,
                                    GstClockTime duration_ns,
                                    gpointer user_data);
/* An error ended it: to wake the feeding thread. Streaming thread. */
typedef void (*PotooTsFailedFunc) (gpointer user_data);

typedef struct
{
  PotooTsSegmentFunc segment;
  PotooTsFailedFunc failed;
  gpointer user_data;
} PotooTsPipelineFuncs;

/* @audio: (nullable): caps of AAC. POTOO_ERROR_UNSUPPORTED names what is missing. */
PotooTsPipeline *potoo_ts_pipeline_new (GstCaps *video,
                                        GstCaps *audio,
                                        const PotooTsPipelineFuncs *funcs,
                                        GError **error);
/* Brings it down at once; no function is called any more. */
void potoo_ts_pipeline_free (PotooTsPipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTsPipeline, potoo_ts_pipeline_free)

/* FALSE with an error when it has failed, or when so much was pushed without a segment coming out
 * that something must be wrong (POTOO_ERROR_TOO_LARGE). */
gboolean
potoo_ts_pipeline_push (PotooTsPipeline *pipeline, const PotooAccessUnit *unit, GError **error);
/* Pushed and not taken up yet: when this grows, push no more for a while. */
gsize potoo_ts_pipeline_get_waiting_bytes (PotooTsPipeline *pipeline);
/* FALSE with the error when it has failed. */
gboolean potoo_ts_pipeline_check (PotooTsPipeline *pipeline, GError **error);

/* No audio comes any more, for now or for ever: video does not wait for it. */
void potoo_ts_pipeline_end_audio (PotooTsPipeline *pipeline);
/* Has what was pushed come out as segments; waits at most @timeout_us. */
void potoo_ts_pipeline_drain (PotooTsPipeline *pipeline, gint64 timeout_us);

G_END_DECLS
