/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-params.h"

/* Raised whenever the picture, the tone or the encoder's settings change, so
 * that loops cached by an older program are not taken for the new ones. */
#define PICTURE_RECIPE 1
#define TONE_RECIPE 2

#define AUDIO_LOOP_SECONDS 4

typedef struct
{
  const char *name;
  gboolean is_video;
  guint sample_rate;
  guint samples_per_unit;
  guint rtp_rate;
} CodecInfo;

static const CodecInfo codecs[POTOO_SIM_N_CODECS] = {
  [POTOO_SIM_CODEC_NONE] = { "none", FALSE, 0, 0, 0 },
  [POTOO_SIM_CODEC_H264] = { "h264", TRUE, 0, 0, 90000 },
  [POTOO_SIM_CODEC_H265] = { "h265", TRUE, 0, 0, 90000 },
  [POTOO_SIM_CODEC_AAC] = { "aac", FALSE, 16000, 1024, 16000 },
  [POTOO_SIM_CODEC_PCMU] = { "pcmu", FALSE, 8000, 320, 8000 },
  [POTOO_SIM_CODEC_PCMA] = { "pcma", FALSE, 8000, 320, 8000 },
  [POTOO_SIM_CODEC_OPUS] = { "opus", FALSE, 48000, 960, 48000 },
  [POTOO_SIM_CODEC_G722] = { "g722", FALSE, 16000, 320, 8000 }, /* RFC 3551, 4.5.2 */
  [POTOO_SIM_CODEC_G726] = { "g726", FALSE, 8000, 2048, 8000 },
  [POTOO_SIM_CODEC_L16] = { "l16", FALSE, 16000, 320, 16000 },
  [POTOO_SIM_CODEC_MP2] = { "mp2", FALSE, 48000, 1152, 90000 },
  [POTOO_SIM_CODEC_MJPEG] = { "mjpeg", TRUE, 0, 0, 90000 },
};

const char *
potoo_sim_codec_name (PotooSimCodec codec)
{
  return codecs[codec].name;
}

gboolean
potoo_sim_codec_is_video (PotooSimCodec codec)
{
  return codecs[codec].is_video;
}

guint
potoo_sim_codec_sample_rate (PotooSimCodec codec)
{
  return codecs[codec].sample_rate;
}

guint
potoo_sim_codec_rtp_rate (PotooSimCodec codec)
{
  return codecs[codec].rtp_rate;
}

guint
potoo_sim_codec_samples_per_unit (PotooSimCodec codec)
{
  return codecs[codec].samples_per_unit;
}

void
potoo_sim_loop_params_init_audio (PotooSimLoopParams *params, PotooSimCodec codec)
{
  *params = (PotooSimLoopParams){
    .codec = codec,
    .rate_num = codecs[codec].sample_rate,
    .rate_den = codecs[codec].samples_per_unit,
    .n_units = AUDIO_LOOP_SECONDS * codecs[codec].sample_rate / codecs[codec].samples_per_unit,
  };
}

char *
potoo_sim_loop_params_key (const PotooSimLoopParams *params)
{
  int recipe = codecs[params->codec].is_video ? PICTURE_RECIPE : TONE_RECIPE;

  return g_strdup_printf ("recipe %d, %s %ux%u, %u/%u, %u kbit/s, gop %u, bframes %u, slices %u, "
                          "units %u",
                          recipe, potoo_sim_codec_name (params->codec), params->width,
                          params->height, params->rate_num, params->rate_den, params->bitrate_kbit,
                          params->gop, params->bframes, params->slices, params->n_units);
}
