/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the simulator can encode. One loop holds one codec with one set of
 * parameters; equal parameters mean the same loop, in memory and on disk. */
typedef enum
{
  POTOO_SIM_CODEC_NONE,
  POTOO_SIM_CODEC_H264,
  POTOO_SIM_CODEC_H265,
  POTOO_SIM_CODEC_AAC,
  POTOO_SIM_CODEC_PCMU,
  POTOO_SIM_CODEC_PCMA,
  POTOO_SIM_CODEC_OPUS,
  POTOO_SIM_CODEC_G722,
  POTOO_SIM_CODEC_G726, /* 32 kbit/s */
  POTOO_SIM_CODEC_L16,
  POTOO_SIM_CODEC_MP2,
  POTOO_SIM_CODEC_MJPEG, /* its pictures carry no stamp: RTP has no place for one */
} PotooSimCodec;

#define POTOO_SIM_N_CODECS (POTOO_SIM_CODEC_MJPEG + 1)

const char *potoo_sim_codec_name (PotooSimCodec codec); /* "h264" */
gboolean potoo_sim_codec_is_video (PotooSimCodec codec);

/* One loop. Of an audio loop only codec, rate and n_units count. `rate_num` /
 * `rate_den` is units (pictures or audio frames) a second. */
typedef struct
{
  PotooSimCodec codec;
  guint width, height;
  guint rate_num, rate_den;
  guint bitrate_kbit;
  guint gop;     /* pictures from keyframe to keyframe */
  guint bframes; /* B-frames between two references */
  guint slices;
  guint n_units; /* whole GOPs */
} PotooSimLoopParams;

/* Audio parameters are fixed for each codec. */
void potoo_sim_loop_params_init_audio (PotooSimLoopParams *params, PotooSimCodec codec);
guint potoo_sim_codec_sample_rate (PotooSimCodec codec); /* Hz */
guint potoo_sim_codec_rtp_rate (PotooSimCodec codec);    /* Hz */
guint potoo_sim_codec_samples_per_unit (PotooSimCodec codec);

/* Text that is equal exactly when the encoded loops are. (transfer full) */
char *potoo_sim_loop_params_key (const PotooSimLoopParams *params);

G_END_DECLS
