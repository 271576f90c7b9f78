/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Nonces are not stored: a nonce is its time of issue and a keyed hash of it,
 * so any number of clients costs nothing. */

#include "sim/potoo-sim-auth.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "sim/potoo-sim-drip.h"

#define NONCE_LIFE_US (300 * POTOO_SECOND_US)
#define NONCE_TIME_DIGITS 16

struct _PotooSimAuth
{
  GstRTSPAuth parent_instance;
  GHashTable *cameras;
  guint8 secret[32];
};

G_DEFINE_FINAL_TYPE (PotooSimAuth, potoo_sim_auth, GST_TYPE_RTSP_AUTH)

static char *
make_nonce (PotooSimAuth *self, gint64 mono_us)
{
  g_autofree char *time = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", (guint64) mono_us);
  g_autofree char *mac = g_compute_hmac_for_string (G_CHECKSUM_SHA256, self->secret,
                                                    sizeof self->secret, time, NONCE_TIME_DIGITS);

  return g_strconcat (time, mac, NULL);
}

static gboolean
nonce_is_valid (PotooSimAuth *self, const char *nonce)
{
  if (strlen (nonce) < NONCE_TIME_DIGITS)
    return FALSE;
  g_autofree char *digits = g_strndup (nonce, NONCE_TIME_DIGITS);
  gint64 issued_us = (gint64) g_ascii_strtoull (digits, NULL, 16);
  gint64 now_us = potoo_clock_mono_us ();
  g_autofree char *ours = make_nonce (self, issued_us);

  return strcmp (nonce, ours) == 0 && issued_us <= now_us && now_us - issued_us < NONCE_LIFE_US;
}

static const char *
find_param (GstRTSPAuthParam **params, const char *name)
{
  for (; params != NULL && *params != NULL; params++)
    if (strcmp ((*params)->name, name) == 0 && (*params)->value != NULL)
      return (*params)->value;
  return "";
}

static gboolean
digest_is_right (PotooSimAuth *self,
                 GstRTSPContext *ctx,
                 PotooSimCamera *camera,
                 GstRTSPAuthParam **params)
{
  g_autofree char *user = NULL, *password = NULL;
  const char *nonce = find_param (params, "nonce");

  potoo_sim_camera_get_credentials (camera, &user, &password);
  if (strcmp (find_param (params, "realm"), POTOO_SIM_REALM) != 0 ||
      strcmp (find_param (params, "username"), user) != 0 || !nonce_is_valid (self, nonce))
    return FALSE;
  g_autofree char *expected = gst_rtsp_generate_digest_auth_response (
      NULL, gst_rtsp_method_as_text (ctx->method), POTOO_SIM_REALM, user, password,
      find_param (params, "uri"), nonce);
  return expected != NULL && strcmp (expected, find_param (params, "response")) == 0;
}

static gboolean
is_authenticated (PotooSimAuth *self, GstRTSPContext *ctx, PotooSimCamera *camera)
{
  GstRTSPAuthCredential **credentials = gst_rtsp_message_parse_auth_credentials (
      ctx->request, GST_RTSP_HDR_AUTHORIZATION);
  gboolean right = FALSE;

  for (GstRTSPAuthCredential **c = credentials; c != NULL && *c != NULL && !right; c++)
    right = (*c)->scheme == GST_RTSP_AUTH_DIGEST &&
            digest_is_right (self, ctx, camera, (*c)->params);
  if (credentials != NULL)
    gst_rtsp_auth_credentials_free (credentials);
  return right;
}

static void
send_unauthorized (PotooSimAuth *self, GstRTSPContext *ctx)
{
  g_autofree char *nonce = make_nonce (self, potoo_clock_mono_us ());
  g_autofree char *header = g_strdup_printf ("Digest realm=\"%s\", nonce=\"%s\"", POTOO_SIM_REALM,
                                             nonce);

  gst_rtsp_message_init_response (ctx->response, GST_RTSP_STS_UNAUTHORIZED,
                                  gst_rtsp_status_as_text (GST_RTSP_STS_UNAUTHORIZED),
                                  ctx->request);
  gst_rtsp_message_add_header (ctx->response, GST_RTSP_HDR_WWW_AUTHENTICATE, header);
  gst_rtsp_client_send_message (ctx->client, ctx->session, ctx->response);
}

/* FALSE: the request goes no further; what was to be answered has been. */
static gboolean
check_request (PotooSimAuth *self, GstRTSPContext *ctx)
{
  PotooSimCamera *camera = potoo_sim_camera_find (self->cameras, ctx->uri);

  if (camera == NULL)
    return TRUE;
  gboolean is_new = potoo_sim_camera_add_client (camera, ctx->client);
  int drip = potoo_sim_camera_get_dial (camera, POTOO_SIM_DIAL_DRIP);
  if (is_new && drip > 0)
    potoo_sim_drip_start (ctx->client, (guint) drip);
  if (is_new && potoo_sim_camera_has_fault (camera, POTOO_SIM_FAULT_REFUSE))
    {
      g_socket_shutdown (gst_rtsp_connection_get_read_socket (ctx->conn), TRUE, TRUE, NULL);
      return FALSE;
    }
  if (potoo_sim_camera_has_fault (camera, POTOO_SIM_FAULT_BLACK_HOLE) ||
      !potoo_sim_camera_knows_client (camera, ctx->client))
    return FALSE;
  gboolean refuse = potoo_sim_camera_has_fault (camera, POTOO_SIM_FAULT_REFUSE_AUTH);
  if (!refuse && (ctx->method == GST_RTSP_OPTIONS || !potoo_sim_camera_needs_auth (camera) ||
                  is_authenticated (self, ctx, camera)))
    return TRUE;
  send_unauthorized (self, ctx);
  return FALSE;
}

static gboolean
potoo_sim_auth_check (GstRTSPAuth *auth, GstRTSPContext *ctx, const char *check)
{
  if (strcmp (check, GST_RTSP_AUTH_CHECK_CONNECT) == 0)
    return GST_RTSP_AUTH_CLASS (potoo_sim_auth_parent_class)->check (auth, ctx, check);
  if (strcmp (check, GST_RTSP_AUTH_CHECK_URL) == 0)
    return check_request (POTOO_SIM_AUTH (auth), ctx);
  /* A client may not choose where media is sent. */
  return strcmp (check, GST_RTSP_AUTH_CHECK_TRANSPORT_CLIENT_SETTINGS) != 0;
}

static void
potoo_sim_auth_class_init (PotooSimAuthClass *klass)
{
  GST_RTSP_AUTH_CLASS (klass)->check = potoo_sim_auth_check;
}

static void
potoo_sim_auth_init (PotooSimAuth *self)
{
  for (guint i = 0; i < sizeof self->secret; i++)
    self->secret[i] = (guint8) g_random_int_range (0, 256);
}

PotooSimAuth *
potoo_sim_auth_new (GHashTable *cameras)
{
  PotooSimAuth *self = g_object_new (POTOO_TYPE_SIM_AUTH, NULL);

  self->cameras = cameras;
  return self;
}
