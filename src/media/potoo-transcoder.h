/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * PotooTranscoder:
 *
 * A chain of elements that turns the access units of one track into another format: appsrc → …
 * → appsink, a pipeline and a thread of its own, so that the thread that reads from the camera
 * never waits for it and what fails in it fails alone. What waits for the thread is bounded: the
 * oldest goes, and who pushes is told.
 *
 * new → add each element → start → push … → free. One thread makes it and pushes, `output` and
 * `failed` come from its own, free may come from any other but that.
 */
typedef struct _PotooTranscoder PotooTranscoder;

typedef struct
{
  /* (nullable) never; the sample's PTS is that of what was pushed, less what the encoder adds. */
  void (*output) (GstSample *sample, gpointer user_data);
  /* Once; nothing comes out any more. @reason is for people. */
  void (*failed) (const char *reason, gpointer user_data);
} PotooTranscoderFuncs;

/* @max_waiting: access units between push and the thread. NULL when an element is missing. */
PotooTranscoder *potoo_transcoder_new (const PotooTranscoderFuncs *funcs,
                                       gpointer user_data,
                                       guint max_waiting,
                                       GError **error);
/* Behind what was added before. (transfer none) (nullable) */
GstElement *potoo_transcoder_add (PotooTranscoder *transcoder, const char *element, GError **error);
/* Lets only what @caps, a text, allow pass to what is added next. */
gboolean potoo_transcoder_restrict (PotooTranscoder *transcoder, const char *caps, GError **error);
/* @input: caps of what is pushed; @output: a text, of what is to come out. */
gboolean potoo_transcoder_start (PotooTranscoder *transcoder,
                                 GstCaps *input,
                                 const char *output,
                                 GError **error);

/* @pts_ns: running time, NONE when it is not known. FALSE: the oldest one had to go for it. */
gboolean
potoo_transcoder_push (PotooTranscoder *transcoder, GstBuffer *buffer, GstClockTime pts_ns);
/* What is encoded next is to be a keyframe. */
void potoo_transcoder_force_keyframe (PotooTranscoder *transcoder);
/* Processor time that its thread has taken. Any thread. */
gint64 potoo_transcoder_get_cpu_us (PotooTranscoder *transcoder);

/* Waits for the access unit that is being encoded; no function is called after it returned. */
void potoo_transcoder_free (PotooTranscoder *transcoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTranscoder, potoo_transcoder_free)

G_END_DECLS
