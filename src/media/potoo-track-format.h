/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment.h"

G_BEGIN_DECLS

/* What a camera may send that we take, and how: one table. What MP4 and browsers can carry is
 * passed on as it is; the rest is encoded (potoo-audio-encoder.h, potoo-video-encoder.h). */
typedef struct
{
  const char *media, *encoding_name; /* as in an SDP: "video", "H264" */
  PotooTrackKind kind;
  const char *depayloader;
  const char *parser; /* (nullable) */
  const char *caps;   /* (nullable) what is asked of it */
  gboolean encoded;   /* it is encoded, sound after these elements: */
  const char *decoders[3];
} PotooTrackFormat;

/* By RTP caps or SDP names; NULL: not one of ours. */
const PotooTrackFormat *potoo_track_format_find (const char *media, const char *encoding_name);

/* RTP caps of the media in an SDP whose first format has the payload type @payload_type: where
 * that is a static one (RFC 3551, 6) the SDP need not say what it is. */
void potoo_track_complete_caps (GstCaps *caps, int payload_type);

/* Whether sound of these RTP caps may be encoded: what a camera says of it is not believed beyond
 * what sound is. FALSE with POTOO_ERROR_UNSUPPORTED. */
gboolean
potoo_track_format_check (const PotooTrackFormat *format, const GstCaps *caps, GError **error);

G_END_DECLS
