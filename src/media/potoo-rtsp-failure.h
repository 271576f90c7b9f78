/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/sdp/sdp.h>

#include "config/potoo-camera-settings.h"

G_BEGIN_DECLS

/* What went wrong with a connection to a camera, for people. Any thread. */

/**
 * potoo_rtsp_failure_describe:
 * @error: what an element said on the bus
 * @debug: (nullable): … and added for developers
 * @settings: whose connection it was
 * @playing: whether media had come
 * @untrusted: whether the camera's certificate was refused
 *
 * Returns: (transfer full): an error of POTOO_ERROR, whose message names the cause
 * without secrets: UNAUTHORIZED, NOT_FOUND, UNREACHABLE, TIMEOUT, UNAVAILABLE (lost while playing)
 * UNSUPPORTED (transport) or FAILED
 */
GError *potoo_rtsp_failure_describe (const GError *error,
                                     const char *debug,
                                     PotooCameraSettings *settings,
                                     gboolean playing,
                                     gboolean untrusted);

/* Whether a camera at @url may send us on to @location (nullable): a place on the same server.
 * Any other would get its password, and may be anything in our network. */
gboolean potoo_rtsp_check_redirect (const char *url, const char *location, GError **error);

/* Whether it is what the camera answered, and no trouble with the connection. */
gboolean potoo_rtsp_failure_is_answer (const GError *error);
/* The camera refuses the lower transport that was asked for (RTSP 461). */
gboolean potoo_rtsp_failure_is_transport (const GError *error);

/* What a camera offers beyond this many media is not looked at. */
#define POTOO_MAX_SDP_MEDIA 16

/* Whether it offers video that we take as it is, or such that must be @encoded. */
gboolean potoo_rtsp_offers_video (const GstSDPMessage *sdp, gboolean encoded);

/* NULL when @sdp offers video that we take, with @encode also such that must be encoded; else why
 * it cannot be used. (transfer full) (nullable) */
char *potoo_rtsp_describe_unusable_offer (const GstSDPMessage *sdp, gboolean encode);

G_END_DECLS
