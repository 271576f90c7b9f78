/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-track-format.h"

#include <glib/gi18n-lib.h>
#include <gst/rtp/rtp.h>
#include <stdlib.h>
#include <string.h>

#include "base/potoo-error.h"

#define H264 "video/x-h264,stream-format=avc,alignment=au"
#define H265 "video/x-h265,stream-format=hvc1,alignment=au"
#define AAC "audio/mpeg,mpegversion=4,stream-format=raw"
/* RTP clock rates: of samples, and 90000 of MPEG sound. */
#define MIN_RATE 8000
#define MAX_RATE 96000
#define MAX_CHANNELS 2

/* libav's decoders take 40 MB once one is used: only for what no other can do. */
static const PotooTrackFormat formats[] = {
  { "video", "H264", POTOO_TRACK_VIDEO, "rtph264depay", "h264parse", H264, FALSE, { NULL } },
  { "video", "H265", POTOO_TRACK_VIDEO, "rtph265depay", "h265parse", H265, FALSE, { NULL } },
  { "video", "JPEG", POTOO_TRACK_VIDEO, "rtpjpegdepay", NULL, NULL, TRUE, { NULL } },
  { "audio", "MPEG4-GENERIC", POTOO_TRACK_AUDIO, "rtpmp4gdepay", "aacparse", AAC, FALSE, { NULL } },
  { "audio", "MP4A-LATM", POTOO_TRACK_AUDIO, "rtpmp4adepay", "aacparse", AAC, FALSE, { NULL } },
  { "audio",
    "OPUS",
    POTOO_TRACK_AUDIO,
    "rtpopusdepay",
    "opusparse",
    "audio/x-opus",
    FALSE,
    { NULL } },
  { "audio", "PCMU", POTOO_TRACK_AUDIO, "rtppcmudepay", NULL, NULL, TRUE, { "mulawdec" } },
  { "audio", "PCMA", POTOO_TRACK_AUDIO, "rtppcmadepay", NULL, NULL, TRUE, { "alawdec" } },
  { "audio", "L16", POTOO_TRACK_AUDIO, "rtpL16depay", NULL, NULL, TRUE, { NULL } },
  { "audio",
    "MPA",
    POTOO_TRACK_AUDIO,
    "rtpmpadepay",
    NULL,
    NULL,
    TRUE,
    { "mpegaudioparse", "mpg123audiodec" } },
  { "audio", "G722", POTOO_TRACK_AUDIO, "rtpg722depay", NULL, NULL, TRUE, { "avdec_g722" } },
  { "audio", "G726-16", POTOO_TRACK_AUDIO, "rtpg726depay", NULL, NULL, TRUE, { "avdec_g726" } },
  { "audio", "G726-24", POTOO_TRACK_AUDIO, "rtpg726depay", NULL, NULL, TRUE, { "avdec_g726" } },
  { "audio", "G726-32", POTOO_TRACK_AUDIO, "rtpg726depay", NULL, NULL, TRUE, { "avdec_g726" } },
  { "audio", "G726-40", POTOO_TRACK_AUDIO, "rtpg726depay", NULL, NULL, TRUE, { "avdec_g726" } },
};

const PotooTrackFormat *
potoo_track_format_find (const char *media, const char *encoding_name)
{
  if (media == NULL || encoding_name == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (formats[i].media, media) == 0 &&
        g_ascii_strcasecmp (formats[i].encoding_name, encoding_name) == 0)
      return &formats[i];
  return NULL;
}

void
potoo_track_complete_caps (GstCaps *caps, int payload_type)
{
  GstStructure *s = gst_caps_get_structure (caps, 0);

  if (payload_type < 0 || payload_type > 127 || gst_structure_has_field (s, "encoding-name"))
    return;
  const GstRTPPayloadInfo *info = gst_rtp_payload_info_for_pt ((guint8) payload_type);
  if (info == NULL)
    return;
  gst_structure_set (s, "encoding-name", G_TYPE_STRING, info->encoding_name, "clock-rate",
                     G_TYPE_INT, (int) info->clock_rate, NULL);
  if (info->encoding_parameters != NULL)
    gst_structure_set (s, "encoding-params", G_TYPE_STRING, info->encoding_parameters, NULL);
}

static int
get_channels (const GstStructure *s)
{
  const char *params = gst_structure_get_string (s, "encoding-params");
  int channels = 1;

  if (!gst_structure_get_int (s, "channels", &channels) && params != NULL)
    channels = atoi (params);
  return channels;
}

gboolean
potoo_track_format_check (const PotooTrackFormat *format, const GstCaps *caps, GError **error)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  int channels = get_channels (s), rate = 0;

  gst_structure_get_int (s, "clock-rate", &rate);
  if (!format->encoded || format->kind != POTOO_TRACK_AUDIO ||
      (rate >= MIN_RATE && rate <= MAX_RATE && channels >= 1 && channels <= MAX_CHANNELS))
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
               _ ("The sound is left out: %s with %d channels at %d Hz is not supported"),
               format->encoding_name, channels, rate);
  return FALSE;
}
