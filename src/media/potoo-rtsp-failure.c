/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtsp-failure.h"

#include <glib/gi18n-lib.h>
#include <gst/rtp/rtp.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "media/potoo-track-format.h"

#define RTSP_PORT 554
#define RTSPS_PORT 322
/* Of what a camera says, in bytes. */
#define MAX_SAID_LENGTH 200

/* `host:port` as people write it. */
static char *
get_host (PotooCameraSettings *settings)
{
  g_autoptr (GUri)
      uri = g_uri_parse (potoo_camera_settings_get_url (settings), G_URI_FLAGS_NONE, NULL);
  if (uri == NULL)
    return g_strdup ("?");
  int port = g_uri_get_port (uri);
  if (port <= 0)
    port = strcmp (g_uri_get_scheme (uri), "rtsps") == 0 ? RTSPS_PORT : RTSP_PORT;
  if (strchr (g_uri_get_host (uri), ':') != NULL)
    return g_strdup_printf ("[%s]:%d", g_uri_get_host (uri), port);
  return g_strdup_printf ("%s:%d", g_uri_get_host (uri), port);
}

/* One code stands for many causes, and the text has the cause. */
static gboolean
mentions (const GError *error, const char *debug, const char *what)
{
  return strstr (error->message, what) != NULL || (debug != NULL && strstr (debug, what) != NULL);
}

gboolean
potoo_rtsp_failure_is_answer (const GError *error)
{
  return error->domain != GST_RESOURCE_ERROR || error->code == GST_RESOURCE_ERROR_NOT_AUTHORIZED ||
         error->code == GST_RESOURCE_ERROR_NOT_FOUND;
}

gboolean
potoo_rtsp_failure_is_transport (const GError *error)
{
  return error->domain == GST_STREAM_ERROR &&
         strstr (error->message, "allow more transport protocols") != NULL;
}

static GError *
describe_connection (const GError *error, const char *debug, const char *host, gboolean playing)
{
  if (playing)
    return g_error_new (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                        _ ("The connection to the camera was lost"));
  if (mentions (error, debug, "imeout") || mentions (error, debug, "imed out"))
    return g_error_new (POTOO_ERROR, POTOO_ERROR_TIMEOUT, _ ("%s does not answer"), host);
  return g_error_new (POTOO_ERROR, POTOO_ERROR_UNREACHABLE, _ ("Cannot connect to %s"), host);
}

static GError *
describe_resource (const GError *error,
                   const char *debug,
                   PotooCameraSettings *settings,
                   gboolean playing)
{
  g_autofree char *host = get_host (settings);

  switch (error->code)
    {
    case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
      return g_error_new (POTOO_ERROR, POTOO_ERROR_UNAUTHORIZED, "%s",
                          potoo_camera_settings_get_username (settings) != NULL
                              ? _ ("The camera refused the user name or password")
                              : _ ("The camera asks for a user name and password"));
    case GST_RESOURCE_ERROR_NOT_FOUND:
      return g_error_new (POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                          _ ("The camera at %s has no stream at this path of the URL"), host);
    case GST_RESOURCE_ERROR_OPEN_READ:
    case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
    case GST_RESOURCE_ERROR_OPEN_WRITE:
    case GST_RESOURCE_ERROR_READ:
    case GST_RESOURCE_ERROR_WRITE:
      return describe_connection (error, debug, host, playing);
    default:
      return g_error_new (POTOO_ERROR, POTOO_ERROR_FAILED, _ ("The connection to %s failed: %s"),
                          host, error->message);
    }
}

static GError *
describe_untrusted (PotooCameraSettings *settings)
{
  g_autofree char *host = get_host (settings);
  return g_error_new (POTOO_ERROR, POTOO_ERROR_UNREACHABLE,
                      _ ("The certificate of %s is not trusted: install it, or set tls_verify to "
                         "false for this camera"),
                      host);
}

GError *
potoo_rtsp_failure_describe (const GError *error,
                             const char *debug,
                             PotooCameraSettings *settings,
                             gboolean playing,
                             gboolean untrusted)
{
  g_autoptr (GError) described = NULL;

  if (error->domain == POTOO_ERROR)
    described = g_error_copy (error);
  else if (untrusted)
    described = describe_untrusted (settings);
  else if (error->domain == GST_RESOURCE_ERROR)
    described = describe_resource (error, debug, settings, playing);
  else if (potoo_rtsp_failure_is_transport (error))
    described = g_error_new (POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                             _ ("The camera does not send media this way: set transport to auto"));
  else
    described = g_error_new (POTOO_ERROR, POTOO_ERROR_FAILED, _ ("The stream cannot be read: %s"),
                             error->message);
  g_autofree char *masked = potoo_mask_secrets (described->message);
  return g_error_new_literal (POTOO_ERROR, described->code, masked);
}

static gboolean
has_same_host (const char *a, const char *b)
{
  g_autoptr (GUri) one = g_uri_parse (a, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GUri) other = g_uri_parse (b, G_URI_FLAGS_NONE, NULL);

  return one != NULL && other != NULL &&
         g_strcmp0 (g_uri_get_scheme (one), g_uri_get_scheme (other)) == 0 &&
         g_strcmp0 (g_uri_get_host (one), g_uri_get_host (other)) == 0 &&
         g_uri_get_port (one) == g_uri_get_port (other);
}

gboolean
potoo_rtsp_check_redirect (const char *url, const char *location, GError **error)
{
  if (location != NULL && has_same_host (url, location))
    return TRUE;
  if (location == NULL)
    location = "?";
  g_autofree char *place = g_utf8_make_valid (location,
                                              (gssize) MIN (strlen (location), MAX_SAID_LENGTH));
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNREACHABLE,
               _ ("The camera sends us on to another address (%s), where its password is "
                  "not given away: enter that as URL if it is right"),
               place);
  return FALSE;
}

/* --- what the camera offers --- */

/* The name of the first format: from its rtpmap, or of the static payload type
 * (RFC 3551, 6). */
static char *
get_encoding_name (const GstSDPMedia *media)
{
  if (gst_sdp_media_formats_len (media) == 0)
    return NULL;
  int payload = atoi (gst_sdp_media_get_format (media, 0));
  g_autoptr (GstCaps) caps = gst_sdp_media_get_caps_from_media (media, payload);
  const char *name = NULL;
  if (caps != NULL && gst_caps_get_size (caps) > 0)
    name = gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name");
  if (name == NULL && payload >= 0 && payload <= G_MAXUINT8)
    {
      const GstRTPPayloadInfo *info = gst_rtp_payload_info_for_pt ((guint8) payload);
      name = info != NULL ? info->encoding_name : NULL;
    }
  return g_strdup (name);
}

/* Their names, (transfer full). */
static GPtrArray *
list_video (const GstSDPMessage *sdp)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  guint n = MIN (gst_sdp_message_medias_len (sdp), POTOO_MAX_SDP_MEDIA);

  for (guint i = 0; i < n; i++)
    {
      const GstSDPMedia *media = gst_sdp_message_get_media (sdp, i);
      if (g_strcmp0 (gst_sdp_media_get_media (media), "video") != 0)
        continue;
      char *name = get_encoding_name (media);
      g_ptr_array_add (names, name != NULL ? name : g_strdup (_ ("unknown")));
    }
  return names;
}

gboolean
potoo_rtsp_offers_video (const GstSDPMessage *sdp, gboolean encoded)
{
  g_autoptr (GPtrArray) names = list_video (sdp);

  for (guint i = 0; i < names->len; i++)
    {
      const PotooTrackFormat *format = potoo_track_format_find ("video", names->pdata[i]);
      if (format != NULL && format->encoded == encoded)
        return TRUE;
    }
  return FALSE;
}

/* (transfer full) */
static char *
join_names (GPtrArray *names)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (const char *) names->pdata[i]);
  return g_utf8_make_valid (text->str, (gssize) MIN (text->len, MAX_SAID_LENGTH));
}

char *
potoo_rtsp_describe_unusable_offer (const GstSDPMessage *sdp, gboolean encode)
{
  gboolean encodable = potoo_rtsp_offers_video (sdp, TRUE);

  if (potoo_rtsp_offers_video (sdp, FALSE) || (encode && encodable))
    return NULL;
  g_autoptr (GPtrArray) names = list_video (sdp);
  if (names->len == 0)
    return g_strdup (_ ("The camera offers no video track"));
  g_autofree char *offered = join_names (names);
  if (encodable)
    return g_strdup_printf (_ ("The camera sends %s video; let it send H.264 or H.265, or set "
                               "transcode_video for this camera, which takes much processor time"),
                            offered);
  return g_strdup_printf (_ ("The camera sends %s video; H.264 or H.265 is needed"), offered);
}
