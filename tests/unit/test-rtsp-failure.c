/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <gst/gst.h>
#include <string.h>

#include "base/potoo-error.h"
#include "media/potoo-rtsp-failure.h"

static PotooCameraSettings *
make_settings (const char *json)
{
  g_autoptr (JsonNode) node = json_from_string (json, NULL);
  g_autoptr (GError) error = NULL;
  PotooCameraSettings *settings = potoo_camera_settings_new (json_node_get_object (node), &error);
  g_assert_no_error (error);
  return settings;
}

static const struct
{
  int code;
  const char *message, *debug;
  gboolean playing;
  PotooError expected;
  const char *mentions;
} failures[] = {
  { GST_RESOURCE_ERROR_NOT_AUTHORIZED, "Unauthorized", "(401)", FALSE, POTOO_ERROR_UNAUTHORIZED,
    "refused" },
  { GST_RESOURCE_ERROR_NOT_FOUND, "Not found", "(404)", FALSE, POTOO_ERROR_NOT_FOUND,
    "10.0.0.1:554" },
  { GST_RESOURCE_ERROR_OPEN_READ_WRITE, "Could not open", "Failed to connect. (Generic error)",
    FALSE, POTOO_ERROR_UNREACHABLE, "10.0.0.1:554" },
  { GST_RESOURCE_ERROR_READ, "Could not read", "Timeout while waiting for server response", FALSE,
    POTOO_ERROR_TIMEOUT, "does not answer" },
  { GST_RESOURCE_ERROR_READ, "Could not read", NULL, TRUE, POTOO_ERROR_UNAVAILABLE, "lost" },
  { GST_RESOURCE_ERROR_SETTINGS, "Bad rtsp://u:secret@h/ thing", NULL, FALSE, POTOO_ERROR_FAILED,
    "rtsp://***@h/" },
};

static void
test_describe (void)
{
  g_autoptr (PotooCameraSettings)
      settings = make_settings ("{\"id\":\"a\",\"url\":\"rtsp://u:secret@10.0.0.1/x\"}");

  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autoptr (GError)
          error = g_error_new_literal (GST_RESOURCE_ERROR, failures[i].code, failures[i].message);
      g_autoptr (GError) described = potoo_rtsp_failure_describe (
          error, failures[i].debug, settings, failures[i].playing, FALSE);
      g_assert_error (described, POTOO_ERROR, (int) failures[i].expected);
      g_assert_nonnull (strstr (described->message, failures[i].mentions));
      g_assert_null (strstr (described->message, "secret"));
    }
}

static void
test_no_user_name (void)
{
  g_autoptr (PotooCameraSettings)
      settings = make_settings ("{\"id\":\"a\",\"url\":\"rtsps://[::1]/x\"}");
  g_autoptr (GError)
      refused = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "x");
  g_autoptr (GError)
      missing = g_error_new_literal (GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "x");
  g_autoptr (GError) asks = potoo_rtsp_failure_describe (refused, NULL, settings, FALSE, FALSE);
  g_autoptr (GError) names = potoo_rtsp_failure_describe (missing, NULL, settings, FALSE, FALSE);

  g_autoptr (GError) untrusted = potoo_rtsp_failure_describe (missing, NULL, settings, FALSE, TRUE);

  g_assert_error (untrusted, POTOO_ERROR, POTOO_ERROR_UNREACHABLE);
  g_assert_nonnull (strstr (untrusted->message, "tls_verify"));
  g_assert_nonnull (strstr (asks->message, "asks for"));
  g_assert_nonnull (strstr (names->message, "[::1]:322"));
}

static void
test_transport (void)
{
  g_autoptr (PotooCameraSettings)
      settings = make_settings ("{\"id\":\"a\",\"url\":\"rtsp://10.0.0.1/x\"}");
  g_autoptr (GError) other = g_error_new_literal (GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                                                  "Internal data stream error.");
  g_autoptr (GError) refused = g_error_new_literal (
      GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "No supported stream was found. You might need to allow more transport protocols or …");

  g_assert_false (potoo_rtsp_failure_is_transport (other));
  g_assert_true (potoo_rtsp_failure_is_transport (refused));
  g_autoptr (GError)
      described = potoo_rtsp_failure_describe (refused, NULL, settings, FALSE, FALSE);
  g_assert_error (described, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (described->message, "auto"));
}

/* Of what is too long to be told no half of a character is left. */
static void
test_redirect (void)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GString)
          location = g_string_new (i == 0 ? "rtsp://10.0.0.2/" : "rtsp://10.0.0.20/");
      g_autoptr (GError) error = NULL;
      while (location->len < 1000)
        g_string_append (location, "é");
      g_assert_false (potoo_rtsp_check_redirect ("rtsp://10.0.0.1/x", location->str, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNREACHABLE);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_nonnull (strstr (error->message, "rtsp://10.0.0.2"));
    }
}

#define HEAD "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n"

static char *
describe_offer_for (const char *text, gboolean encode)
{
  GstSDPMessage *sdp = NULL;
  g_assert_cmpint (gst_sdp_message_new_from_text (text, &sdp), ==, GST_SDP_OK);
  char *reason = potoo_rtsp_describe_unusable_offer (sdp, encode);
  gst_sdp_message_free (sdp);
  return reason;
}

static char *
describe_offer (const char *text)
{
  return describe_offer_for (text, FALSE);
}

static void
test_offer (void)
{
  g_autofree char *nothing = describe_offer (HEAD);
  g_autofree char *audio_only = describe_offer (HEAD "m=audio 0 RTP/AVP 0\r\n");
  g_autofree char *jpeg = describe_offer (HEAD "m=video 0 RTP/AVP 26\r\n");
  g_autofree char *odd = describe_offer (HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
                                              "m=video 0 RTP/AVP 99\r\n");
  g_autofree char *h264 = describe_offer (HEAD
                                          "m=application 0 RTP/AVP 107\r\n"
                                          "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
  g_autofree char *h265 = describe_offer (HEAD
                                          "m=video 0 RTP/AVP 96\r\na=rtpmap:96 h265/90000\r\n");

  g_assert_nonnull (strstr (nothing, "no video track"));
  g_assert_nonnull (strstr (audio_only, "no video track"));
  g_assert_nonnull (strstr (jpeg, "JPEG"));
  g_assert_nonnull (strstr (odd, "VP8, "));
  g_assert_nonnull (strstr (jpeg, "transcode_video"));
  g_assert_null (strstr (odd, "transcode_video"));
  g_assert_null (h264);
  g_assert_null (h265);
}

static void
test_offer_to_encode (void)
{
  g_autofree char *jpeg = describe_offer_for (HEAD "m=video 0 RTP/AVP 26\r\n", TRUE);
  g_autofree char *nothing = describe_offer_for (HEAD, TRUE);
  g_autofree char *odd = describe_offer_for (
      HEAD "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", TRUE);

  g_assert_null (jpeg);
  g_assert_nonnull (strstr (nothing, "no video track"));
  g_assert_nonnull (strstr (odd, "VP8"));
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtsp-failure/describe", test_describe);
  g_test_add_func ("/rtsp-failure/no-user-name", test_no_user_name);
  g_test_add_func ("/rtsp-failure/transport", test_transport);
  g_test_add_func ("/rtsp-failure/redirect", test_redirect);
  g_test_add_func ("/rtsp-failure/offer", test_offer);
  g_test_add_func ("/rtsp-failure/offer-to-encode", test_offer_to_encode);
  return g_test_run ();
}
