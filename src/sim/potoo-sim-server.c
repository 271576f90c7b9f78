/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Order of life: cameras and pacer first, then what uses them; the reverse at
 * the end, where every media must be gone before its camera. */

#include "sim/potoo-sim-server.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "sim/potoo-sim-auth.h"
#include "sim/potoo-sim-certificate.h"
#include "sim/potoo-sim-control.h"
#include "sim/potoo-sim-factory.h"
#include "sim/potoo-sim-sdp.h"

#define SESSION_CLEANUP_SECONDS 2
#define MAX_SESSIONS 4096
#define HANG_UP_US (POTOO_SECOND_US / 2)
#define HANG_UP_POLL_US 2000

struct _PotooSimServer
{
  gboolean tls;
  const char *host; /* as URLs have it */
  PotooSimCache *cache;
  PotooSimPacer *pacer;
  GPtrArray *cameras; /* PotooSimCamera */
  GHashTable *by_id;  /* id → PotooSimCamera, not owned */
  GstRTSPServer *rtsp;
  guint attach_id;
  guint cleanup_id;
  PotooSimControl *control;
};

static gboolean
add_cameras (PotooSimServer *server, const PotooSimOptions *options, GError **error)
{
  gint64 start_us = potoo_clock_mono_us ();

  for (guint i = 0; i < options->cameras->len; i++)
    {
      PotooSimCamera *camera = potoo_sim_camera_new (options->cameras->pdata[i], server->cache,
                                                     start_us, i, error);
      if (camera == NULL)
        return FALSE;
      g_ptr_array_add (server->cameras, camera);
      g_hash_table_insert (server->by_id, (char *) potoo_sim_camera_get_id (camera), camera);
    }
  return TRUE;
}

static void
mount (PotooSimServer *server, PotooSimCamera *camera, PotooSimFeedId feed, const char *name)
{
  g_autoptr (GstRTSPMountPoints) mounts = gst_rtsp_server_get_mount_points (server->rtsp);
  g_autofree char *path = g_strdup_printf ("/%s/%s", potoo_sim_camera_get_id (camera), name);

  gst_rtsp_mount_points_add_factory (mounts, path,
                                     potoo_sim_factory_new (camera, feed, server->pacer));
}

/* Each description is spoilt in its own way. */
static void
spoil_description (PotooSimCamera *camera, GstRTSPMessage *message)
{
  int kind = potoo_sim_camera_get_dial (camera, POTOO_SIM_DIAL_SDP);
  guint8 *body = NULL;
  guint size = 0;

  gst_rtsp_message_get_body (message, &body, &size);
  if (kind == POTOO_SIM_SDP_GOOD || size == 0)
    return;
  guint seed = (guint) potoo_sim_camera_get_options (camera)->seed;
  guint number = (guint) potoo_sim_camera_add_to_dial (camera, POTOO_SIM_DIAL_DESCRIBED, 1);
  g_autofree char *sdp = g_strndup ((const char *) body, size);
  g_autoptr (GByteArray)
      spoilt = potoo_sim_sdp_spoil (sdp, (PotooSimSdpKind) kind, seed + number - 1);
  gst_rtsp_message_set_body (message, spoilt->data, spoilt->len);
}

/* Real cameras often do without RTP-Info. gst-rtsp-server's would name the
 * packet that it held since DESCRIBE, which is never sent: clients waited for it. */
static void
on_send_message (GstRTSPClient *client, GstRTSPContext *ctx, GstRTSPMessage *message, gpointer data)
{
  PotooSimServer *server = data;
  PotooSimCamera *camera = NULL;

  gst_rtsp_message_remove_header (message, GST_RTSP_HDR_RTP_INFO, -1);
  if (ctx != NULL && ctx->method == GST_RTSP_DESCRIBE)
    camera = potoo_sim_camera_find (server->by_id, ctx->uri);
  if (camera != NULL)
    spoil_description (camera, message);
}

static void
on_client_connected (GstRTSPServer *rtsp, GstRTSPClient *client, gpointer data)
{
  g_signal_connect (client, "send-message", G_CALLBACK (on_send_message), data);
}

static gboolean
on_cleanup (gpointer data)
{
  PotooSimServer *server = data;
  g_autoptr (GstRTSPSessionPool) pool = gst_rtsp_server_get_session_pool (server->rtsp);

  gst_rtsp_session_pool_cleanup (pool);
  return G_SOURCE_CONTINUE;
}

static gboolean
set_auth (PotooSimServer *server, GError **error)
{
  g_autoptr (GstRTSPAuth) auth = GST_RTSP_AUTH (potoo_sim_auth_new (server->by_id));

  if (server->tls)
    {
      g_autoptr (GTlsCertificate) certificate = potoo_sim_certificate_new (error);
      if (certificate == NULL)
        return FALSE;
      gst_rtsp_auth_set_tls_certificate (auth, certificate);
    }
  gst_rtsp_server_set_auth (server->rtsp, auth);
  return TRUE;
}

static gboolean
serve (PotooSimServer *server, const PotooSimOptions *options, GError **error)
{
  g_autofree char *port = g_strdup_printf ("%u", options->port);

  server->rtsp = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (server->rtsp, options->ipv6 ? "::1" : "127.0.0.1");
  gst_rtsp_server_set_service (server->rtsp, port);
  if (!set_auth (server, error))
    return FALSE;
  for (guint i = 0; i < server->cameras->len; i++)
    {
      mount (server, server->cameras->pdata[i], POTOO_SIM_FEED_MAIN, "main");
      mount (server, server->cameras->pdata[i], POTOO_SIM_FEED_SUB, "sub");
    }
  g_autoptr (GstRTSPSessionPool) pool = gst_rtsp_server_get_session_pool (server->rtsp);
  gst_rtsp_session_pool_set_max_sessions (pool, MAX_SESSIONS);
  g_signal_connect (server->rtsp, "client-connected", G_CALLBACK (on_client_connected), server);
  server->attach_id = gst_rtsp_server_attach (server->rtsp, NULL);
  if (server->attach_id == 0)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                   _ ("Cannot listen on %s:%s: the port is in use; choose another --port"),
                   server->host, port);
      return FALSE;
    }
  server->cleanup_id = g_timeout_add_seconds (SESSION_CLEANUP_SECONDS, on_cleanup, server);
  return TRUE;
}

PotooSimServer *
potoo_sim_server_new (const PotooSimOptions *options, GError **error)
{
  g_autoptr (PotooSimServer) server = g_new0 (PotooSimServer, 1);

  server->tls = options->tls;
  server->host = options->ipv6 ? "[::1]" : "127.0.0.1";
  server->cache = potoo_sim_cache_new (options->cache_directory);
  server->pacer = potoo_sim_pacer_new ();
  server->cameras = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_sim_camera_free);
  server->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  if (!add_cameras (server, options, error) || !serve (server, options, error))
    return NULL;
  if (options->control_path != NULL)
    {
      server->control = potoo_sim_control_new (options->control_path, server->cameras, error);
      if (server->control == NULL)
        return NULL;
    }
  return g_steal_pointer (&server);
}

static GstRTSPFilterResult
hang_up (GstRTSPServer *rtsp, GstRTSPClient *client, gpointer data)
{
  guint *n_left = data;

  (*n_left)++;
  potoo_sim_client_hang_up (client);
  return GST_RTSP_FILTER_KEEP;
}

/* Each client takes itself down in its own thread; that takes milliseconds. */
static void
stop_serving (PotooSimServer *server)
{
  gint64 deadline_us = potoo_clock_mono_us () + HANG_UP_US;
  guint n_left;

  g_clear_handle_id (&server->cleanup_id, g_source_remove);
  g_clear_handle_id (&server->attach_id, g_source_remove);
  do
    {
      n_left = 0;
      gst_rtsp_server_client_filter (server->rtsp, hang_up, &n_left);
      if (n_left > 0)
        g_usleep (HANG_UP_POLL_US);
    }
  while (n_left > 0 && potoo_clock_mono_us () < deadline_us);
  if (n_left > 0)
    potoo_log_warning (NULL, "%u RTSP connections did not end in time", n_left);
}

void
potoo_sim_server_free (PotooSimServer *server)
{
  g_clear_pointer (&server->control, potoo_sim_control_free);
  if (server->rtsp != NULL)
    stop_serving (server);
  g_clear_object (&server->rtsp);
  gst_rtsp_thread_pool_cleanup ();
  g_hash_table_unref (server->by_id);
  g_ptr_array_unref (server->cameras);
  potoo_sim_pacer_free (server->pacer);
  potoo_sim_cache_free (server->cache);
  g_free (server);
}

char *
potoo_sim_server_describe (PotooSimServer *server)
{
  int port = gst_rtsp_server_get_bound_port (server->rtsp);
  const char *scheme = server->tls ? "rtsps" : "rtsp";
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "{\"port\":%d,\"cameras\":[", port);
  for (guint i = 0; i < server->cameras->len; i++)
    {
      /* A slug needs no escaping. */
      const char *id = potoo_sim_camera_get_id (server->cameras->pdata[i]);
      g_string_append_printf (out,
                              "%s{\"id\":\"%s\",\"main\":\"%s://%s:%d/%s/main\","
                              "\"sub\":\"%s://%s:%d/%s/sub\"}",
                              i > 0 ? "," : "", id, scheme, server->host, port, id, scheme,
                              server->host, port, id);
    }
  g_string_append (out, "]}");
  return g_string_free (out, FALSE);
}
