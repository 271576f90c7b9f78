/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `lock` protects credentials, the set of clients and what the main video is encoded as; it is a
 * leaf: no call into gst-rtsp-server is made with it held. */

#include "sim/potoo-sim-camera.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"

/* Fraction of the golden ratio: multiples of it spread evenly over 0 to 1
 * whatever their number, and keyframes of many cameras do not coincide. */
#define GOLDEN 0.6180339887498949

struct _PotooSimCamera
{
  PotooSimCameraOptions options; /* id, sizes; strings not used but id */
  char *id;
  PotooSimCache *cache;
  PotooSimFeed *feeds[POTOO_SIM_N_FEEDS];
  guint faults;                 /* atomic, bits of PotooSimFault */
  int dials[POTOO_SIM_N_DIALS]; /* atomic */
  GMutex lock;
  PotooSimLoopParams main;
  char *user;
  char *password;
  GHashTable *clients; /* GstRTSPClient, each a reference → POTOO_SIM_DIAL_LIFE of its beginning */
  PotooMetric *n_clients;
  PotooMetric *units_sent;
  PotooMetric *bytes_sent;
  PotooMetric *units_lost;
  PotooMetric *impaired[POTOO_SIM_N_IMPAIRMENTS];
};

static const char *const impairments[POTOO_SIM_N_IMPAIRMENTS] = {
  [POTOO_SIM_LOSE] = "lost",
  [POTOO_SIM_REORDER] = "reordered",
  [POTOO_SIM_DUPLICATE] = "duplicated",
  [POTOO_SIM_CORRUPT] = "corrupted",
};

static PotooSimFeed *
make_feed (PotooSimCamera *camera,
           const PotooSimLoopParams *params,
           gint64 start_us,
           double spread,
           GError **error)
{
  g_autoptr (PotooSimLoop) loop = potoo_sim_cache_get (camera->cache, params, error);

  if (loop == NULL)
    return NULL;
  gint64 interval_us = params->rate_den * POTOO_SECOND_US / params->rate_num;
  PotooSimFeed *feed = potoo_sim_feed_new (loop,
                                           start_us + (gint64) (spread * (double) interval_us),
                                           (guint) (spread * params->n_units));
  if (camera->options.wrap_s > 0)
    potoo_sim_feed_wrap_at (feed, start_us + camera->options.wrap_s * POTOO_SECOND_US);
  return feed;
}

static gboolean
make_feeds (PotooSimCamera *camera, gint64 start_us, double spread, GError **error)
{
  PotooSimLoopParams params;

  potoo_sim_camera_options_get_main (&camera->options, &camera->main);
  camera->feeds[POTOO_SIM_FEED_MAIN] = make_feed (camera, &camera->main, start_us, spread, error);
  if (camera->feeds[POTOO_SIM_FEED_MAIN] == NULL)
    return FALSE;
  potoo_sim_camera_options_get_sub (&camera->options, &params);
  camera->feeds[POTOO_SIM_FEED_SUB] = make_feed (camera, &params, start_us, spread, error);
  if (camera->feeds[POTOO_SIM_FEED_SUB] == NULL)
    return FALSE;
  if (camera->options.audio == POTOO_SIM_CODEC_NONE)
    return TRUE;
  potoo_sim_loop_params_init_audio (&params, (PotooSimCodec) camera->options.audio);
  camera->feeds[POTOO_SIM_FEED_AUDIO] = make_feed (camera, &params, start_us, spread, error);
  return camera->feeds[POTOO_SIM_FEED_AUDIO] != NULL;
}

static void
make_metrics (PotooSimCamera *camera)
{
  camera->n_clients = potoo_metric_new_gauge ("potoo_sim_clients",
                                              "RTSP connections that asked for the camera",
                                              "camera", camera->id, NULL);
  camera->units_sent = potoo_metric_new_counter ("potoo_sim_units_sent_total",
                                                 "Access units and audio frames given to media",
                                                 "camera", camera->id, NULL);
  camera->bytes_sent = potoo_metric_new_counter ("potoo_sim_sent_bytes_total", "Bytes of these",
                                                 "camera", camera->id, NULL);
  camera->units_lost = potoo_metric_new_counter ("potoo_sim_units_lost_total",
                                                 "Units that a media's full queue dropped",
                                                 "camera", camera->id, NULL);
  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    camera->impaired[i] = potoo_metric_new_counter (
        "potoo_sim_packets_impaired_total", "RTP packets that did not go out as they were",
        "camera", camera->id, "how", impairments[i], NULL);
}

PotooSimCamera *
potoo_sim_camera_new (const PotooSimCameraOptions *options,
                      PotooSimCache *cache,
                      gint64 start_us,
                      guint index,
                      GError **error)
{
  g_autoptr (PotooSimCamera) camera = g_new0 (PotooSimCamera, 1);
  double spread = index * GOLDEN;

  camera->options = *options;
  camera->id = g_strdup (options->id);
  camera->user = g_strdup (options->user);
  camera->password = g_strdup (options->password);
  camera->cache = cache;
  g_mutex_init (&camera->lock);
  camera->clients = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  make_metrics (camera);
  if (!make_feeds (camera, start_us, spread - (double) (guint) spread, error))
    return NULL;
  return g_steal_pointer (&camera);
}

void
potoo_sim_camera_free (PotooSimCamera *camera)
{
  for (guint i = 0; i < POTOO_SIM_N_FEEDS; i++)
    g_clear_pointer (&camera->feeds[i], potoo_sim_feed_free);
  g_hash_table_unref (camera->clients);
  g_mutex_clear (&camera->lock);
  potoo_metric_unref (camera->n_clients);
  potoo_metric_unref (camera->units_sent);
  potoo_metric_unref (camera->bytes_sent);
  potoo_metric_unref (camera->units_lost);
  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    potoo_metric_unref (camera->impaired[i]);
  g_free (camera->user);
  g_free (camera->password);
  g_free (camera->id);
  g_free (camera);
}

PotooSimCamera *
potoo_sim_camera_find (GHashTable *cameras, const GstRTSPUrl *url)
{
  if (url == NULL || url->abspath == NULL)
    return NULL;
  g_auto (GStrv) parts = g_strsplit (url->abspath, "/", 3);
  return parts[0] != NULL && parts[1] != NULL ? g_hash_table_lookup (cameras, parts[1]) : NULL;
}

const char *
potoo_sim_camera_get_id (PotooSimCamera *camera)
{
  return camera->id;
}

GstRTSPLowerTrans
potoo_sim_camera_get_transports (PotooSimCamera *camera)
{
  return GST_RTSP_LOWER_TRANS_UDP | (camera->options.tcp ? GST_RTSP_LOWER_TRANS_TCP : 0);
}

PotooSimFeed *
potoo_sim_camera_get_feed (PotooSimCamera *camera, PotooSimFeedId id)
{
  return camera->feeds[id];
}

void
potoo_sim_camera_set_fault (PotooSimCamera *camera, PotooSimFault fault, gboolean on)
{
  if (on)
    g_atomic_int_or (&camera->faults, fault);
  else
    g_atomic_int_and (&camera->faults, ~(guint) fault);
}

gboolean
potoo_sim_camera_has_fault (PotooSimCamera *camera, PotooSimFault fault)
{
  return ((guint) g_atomic_int_get (&camera->faults) & fault) != 0;
}

void
potoo_sim_camera_set_dial (PotooSimCamera *camera, guint dial, int value)
{
  g_return_if_fail (dial < POTOO_SIM_N_DIALS);
  g_atomic_int_set (&camera->dials[dial], value);
}

int
potoo_sim_camera_get_dial (PotooSimCamera *camera, guint dial)
{
  g_return_val_if_fail (dial < POTOO_SIM_N_DIALS, 0);
  return g_atomic_int_get (&camera->dials[dial]);
}

int
potoo_sim_camera_add_to_dial (PotooSimCamera *camera, guint dial, int value)
{
  g_return_val_if_fail (dial < POTOO_SIM_N_DIALS, 0);
  return g_atomic_int_add (&camera->dials[dial], value) + value;
}

const PotooSimCameraOptions *
potoo_sim_camera_get_options (PotooSimCamera *camera)
{
  return &camera->options;
}

gboolean
potoo_sim_camera_needs_auth (PotooSimCamera *camera)
{
  return camera->user != NULL;
}

void
potoo_sim_camera_get_credentials (PotooSimCamera *camera, char **user, char **password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&camera->lock);
  *user = g_strdup (camera->user);
  *password = g_strdup (camera->password);
}

gboolean
potoo_sim_camera_set_password (PotooSimCamera *camera, const char *password)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&camera->lock);

  if (camera->user == NULL)
    return FALSE;
  g_free (camera->password);
  camera->password = g_strdup (password);
  return TRUE;
}

static void
on_client_closed (GstRTSPClient *client, gpointer data)
{
  PotooSimCamera *camera = data;

  g_mutex_lock (&camera->lock);
  gboolean known = g_hash_table_steal (camera->clients, client);
  potoo_metric_set (camera->n_clients, g_hash_table_size (camera->clients));
  g_mutex_unlock (&camera->lock);
  g_signal_handlers_disconnect_by_data (client, camera);
  if (known)
    g_object_unref (client);
}

gboolean
potoo_sim_camera_add_client (PotooSimCamera *camera, GstRTSPClient *client)
{
  g_mutex_lock (&camera->lock);
  gboolean added = !g_hash_table_contains (camera->clients, client);
  if (added)
    g_hash_table_insert (camera->clients, g_object_ref (client),
                         GINT_TO_POINTER (potoo_sim_camera_get_dial (camera, POTOO_SIM_DIAL_LIFE)));
  potoo_metric_set (camera->n_clients, g_hash_table_size (camera->clients));
  g_mutex_unlock (&camera->lock);
  if (added)
    g_signal_connect (client, "closed", G_CALLBACK (on_client_closed), camera);
  return added;
}

gboolean
potoo_sim_camera_knows_client (PotooSimCamera *camera, GstRTSPClient *client)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&camera->lock);
  gpointer life = NULL;

  return g_hash_table_lookup_extended (camera->clients, client, NULL, &life) &&
         GPOINTER_TO_INT (life) == potoo_sim_camera_get_dial (camera, POTOO_SIM_DIAL_LIFE);
}

void
potoo_sim_camera_forget_clients (PotooSimCamera *camera)
{
  potoo_sim_camera_add_to_dial (camera, POTOO_SIM_DIAL_LIFE, 1);
}

void
potoo_sim_client_hang_up (GstRTSPClient *client)
{
  GstRTSPConnection *connection = gst_rtsp_client_get_connection (client);

  if (connection != NULL)
    g_socket_shutdown (gst_rtsp_connection_get_read_socket (connection), TRUE, TRUE, NULL);
}

void
potoo_sim_camera_drop_clients (PotooSimCamera *camera)
{
  g_mutex_lock (&camera->lock);
  guint n = 0;
  GstRTSPClient **clients = (GstRTSPClient **) g_hash_table_get_keys_as_array (camera->clients, &n);
  for (guint i = 0; i < n; i++)
    g_object_ref (clients[i]);
  g_mutex_unlock (&camera->lock);

  for (guint i = 0; i < n; i++)
    {
      potoo_sim_client_hang_up (clients[i]);
      g_object_unref (clients[i]);
    }
  g_free (clients);
}

void
potoo_sim_camera_get_size (PotooSimCamera *camera, guint *width, guint *height)
{
  *width = (guint) camera->options.width;
  *height = (guint) camera->options.height;
}

/* @params: the main video is encoded so from its next keyframe on. */
static gboolean
change_main (PotooSimCamera *camera, const PotooSimLoopParams *params, GError **error)
{
  g_autoptr (PotooSimLoop) loop = potoo_sim_cache_get (camera->cache, params, error);

  if (loop == NULL)
    return FALSE;
  g_mutex_lock (&camera->lock);
  camera->main = *params;
  potoo_sim_feed_set_loop (camera->feeds[POTOO_SIM_FEED_MAIN], loop);
  g_mutex_unlock (&camera->lock);
  return TRUE;
}

static PotooSimLoopParams
get_main (PotooSimCamera *camera)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&camera->lock);
  return camera->main;
}

gboolean
potoo_sim_camera_set_size (PotooSimCamera *camera, guint width, guint height, GError **error)
{
  PotooSimLoopParams params = get_main (camera);

  params.width = width;
  params.height = height;
  return change_main (camera, &params, error);
}

gboolean
potoo_sim_camera_set_gop (PotooSimCamera *camera, guint gop, GError **error)
{
  PotooSimLoopParams params = get_main (camera);

  if (gop <= params.bframes || params.n_units % gop != 0)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("gop %u: must divide the loop, which has %u pictures, and be more than %u"),
                   gop, params.n_units, params.bframes);
      return FALSE;
    }
  params.gop = gop;
  return change_main (camera, &params, error);
}

void
potoo_sim_camera_count_sent (PotooSimCamera *camera, gsize bytes)
{
  potoo_metric_add (camera->units_sent, 1);
  potoo_metric_add (camera->bytes_sent, (gint64) bytes);
}

void
potoo_sim_camera_count_lost (PotooSimCamera *camera)
{
  potoo_metric_add (camera->units_lost, 1);
}

void
potoo_sim_camera_count_impaired (PotooSimCamera *camera, guint met)
{
  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    if (met & 1u << i)
      potoo_metric_add (camera->impaired[i], 1);
}

/* Wall time at which the newest mark in the sound began to be sampled; 0 without sound. */
static gint64
get_sound_mark_us (PotooSimCamera *camera)
{
  PotooSimFeed *audio = camera->feeds[POTOO_SIM_FEED_AUDIO];

  if (audio == NULL)
    return 0;
  return potoo_sim_feed_loop_start_us (audio, potoo_clock_mono_us ()) +
         potoo_clock_wall_offset_us ();
}

char *
potoo_sim_camera_status (PotooSimCamera *camera)
{
  g_autoptr (PotooSimLoop) loop = potoo_sim_feed_get_loop (camera->feeds[POTOO_SIM_FEED_MAIN]);
  const PotooSimLoopParams *params = potoo_sim_loop_get_params (loop);
  gint64 number = potoo_sim_feed_number_at (camera->feeds[POTOO_SIM_FEED_MAIN],
                                            potoo_clock_mono_us ());
  GString *out = g_string_new (NULL);

  g_string_append_printf (
      out,
      "{\"id\":\"%s\",\"clients\":%" G_GINT64_FORMAT ",\"number\":%" G_GINT64_FORMAT
      ",\"width\":%u,\"height\":%u,\"gop\":%u,\"sound_mark_us\":%" G_GINT64_FORMAT
      ",\"units_sent\":%" G_GINT64_FORMAT ",\"bytes_sent\":%" G_GINT64_FORMAT
      ",\"units_lost\":%" G_GINT64_FORMAT ",\"faults\":%u",
      camera->id, potoo_metric_get (camera->n_clients), number, params->width, params->height,
      params->gop, get_sound_mark_us (camera), potoo_metric_get (camera->units_sent),
      potoo_metric_get (camera->bytes_sent), potoo_metric_get (camera->units_lost),
      (guint) g_atomic_int_get (&camera->faults));
  for (guint i = 0; i < POTOO_SIM_N_IMPAIRMENTS; i++)
    g_string_append_printf (out, ",\"packets_%s\":%" G_GINT64_FORMAT, impairments[i],
                            potoo_metric_get (camera->impaired[i]));
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}
