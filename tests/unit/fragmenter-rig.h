/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fragment-reader.h"
#include "media/potoo-fragmenter.h"

G_BEGIN_DECLS

/* Pushes made-up access units into a fragmenter and checks what comes out
 * against what went in. Each carries a running number and bytes that follow
 * from it, so that loss, doubling, order and damage show. */

#define RIG_START (7200 * GST_SECOND + 123456789)

#define RIG_H264                                                                                   \
  "video/x-h264,stream-format=avc,alignment=au,width=640,height=360,framerate=25/1,"               \
  "codec_data=(buffer)0142c01effe1000a6742c01edb0280bfe54401000468ce3c80"
#define RIG_H264_LARGE                                                                             \
  "video/x-h264,stream-format=avc,alignment=au,width=1280,height=720,framerate=25/1,"              \
  "codec_data=(buffer)0142c01fffe1000a6742c01fdb0140bfe54401000468ce3c80"
#define RIG_H264_50                                                                                \
  "video/x-h264,stream-format=avc,alignment=au,width=640,height=360,framerate=50/1,"               \
  "codec_data=(buffer)0142c01effe1000a6742c01edb0280bfe54401000468ce3c80"
#define RIG_AAC                                                                                    \
  "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2,codec_data=(buffer)1190"
#define RIG_AAC_FRAMED                                                                             \
  "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2,framed=true,"                  \
  "codec_data=(buffer)1190"
#define RIG_AAC_16K                                                                                \
  "audio/mpeg,mpegversion=4,stream-format=raw,rate=16000,channels=1,codec_data=(buffer)1408"
#define RIG_OPUS                                                                                   \
  "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0,stream-count=1,coupled-count=1"

typedef struct
{
  guint64 pts_ticks;
  guint width; /* of the video caps when it was pushed */
  gboolean key;
} RigUnit;

typedef struct
{
  PotooFragmenter *fragmenter;
  GPtrArray *fragments;
  gboolean keep;    /* fragments come into the array */
  GArray *units[2]; /* RigUnit, by number: video and audio that may come out */
  GArray *came[2];  /* numbers (guint32) in the order they came out */
  guint width, rate;
  GstClockTime newest_video_ns; /* atomic */
  GstClockTime longest_wait_ns; /* video time from a fragment's end to its coming out */
  gint live_buffers;            /* atomic */
  guint n_fragments;            /* come out */
} Rig;

Rig *rig_new (void);
void rig_free (Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)

void rig_set_caps (Rig *rig, guint track, const char *caps);
void rig_push_video (Rig *rig, GstClockTime pts_ns, gboolean key);
void rig_push_audio (Rig *rig, GstClockTime pts_ns, GstClockTime duration_ns);

/* @n frames from @from_ns on, a keyframe each @gop, with AAC beside when @audio. Returns where the
 * next frame would be. */
GstClockTime rig_push_steady (Rig *rig, GstClockTime from_ns, guint n, guint gop, gboolean audio);

/* Ends the run and checks everything that holds for any input. */
void rig_finish (Rig *rig);
/* And that every video access unit came, in order. */
void rig_finish_whole (Rig *rig);
/* And that no picture is to be shown before it is decoded. */
void rig_finish_sane (Rig *rig);

PotooFragment *rig_fragment (Rig *rig, guint i);
ReadFragment *rig_read (Rig *rig, guint i); /* (transfer full) */

/* Sum of a counter over this rig's camera. */
gint64 rig_metric (Rig *rig, const char *name);

G_END_DECLS
