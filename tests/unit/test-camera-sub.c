/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The stream `sub`: connected while somebody takes it. */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "camera/potoo-camera-private.h"
#include "fake-camera-pipeline.h"

#define MS 1000
#define MIB (1024 * 1024)
#define MAIN_URL "rtsp://10.0.0.1/main"
#define SUB_URL "rtsp://10.0.0.1/sub"

static PotooCameraSettings *
make_settings (const char *sub_url, gboolean enabled)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_string_member (object, "id", "cam");
  json_object_set_string_member (object, "url", MAIN_URL);
  if (sub_url != NULL)
    json_object_set_string_member (object, "sub_url", sub_url);
  json_object_set_boolean_member (object, "enabled", enabled);
  PotooCameraSettings *settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  return settings;
}

static void
set_settings (PotooCamera *camera, const char *sub_url, gboolean enabled)
{
  g_autoptr (PotooCameraSettings) settings = make_settings (sub_url, enabled);
  potoo_camera_set_settings (camera, settings);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* How many pipelines are alive with @url. */
static guint
count_alive (const char *url)
{
  guint n = 0;

  for (guint i = 0; i < fake_pipelines->len; i++)
    {
      FakePipeline *fake = fake_pipelines->pdata[i];
      n += fake->alive && strcmp (potoo_camera_settings_get_url (fake->settings), url) == 0 ? 1 : 0;
    }
  return n;
}

static PotooCamera *
make_camera (const char *sub_url, gint64 linger_us)
{
  g_autoptr (PotooCameraSettings) settings = make_settings (sub_url, TRUE);
  PotooConnectionTiming timing = potoo_connection_timing;

  fake_pipelines_reset ();
  PotooCamera *camera = potoo_camera_new (settings);
  timing.linger_us = linger_us;
  potoo_camera_set_timing (camera, &timing);
  potoo_camera_start (camera, 0);
  g_assert_cmpuint (count_alive (MAIN_URL), ==, 1);
  return camera;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  potoo_camera_stop_finish (POTOO_CAMERA (source), result);
  *(gboolean *) user_data = TRUE;
}

static void
end_camera (PotooCamera *camera)
{
  gboolean stopped = FALSE;

  potoo_camera_stop_async (camera, on_stopped, &stopped);
  settle ();
  g_assert_true (stopped);
  g_assert_cmpuint (count_alive (MAIN_URL) + count_alive (SUB_URL), ==, 0);
  g_assert_finalize_object (camera);
  fake_pipelines_reset ();
}

static PotooSubscriber *
subscribe (PotooStreamHub *hub)
{
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (hub, 1, MIB, NULL, NULL);
  settle ();
  return subscriber;
}

static PotooCameraState
get_sub_state (PotooCamera *camera)
{
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
  return snapshot->sub_state;
}

static void
test_on_demand (void)
{
  PotooCamera *camera = make_camera (SUB_URL, 50 * MS);
  PotooStreamHub *hub = potoo_camera_get_hub (camera, POTOO_STREAM_SUB);

  g_assert_true (hub != potoo_camera_get_hub (camera, POTOO_STREAM_MAIN));
  potoo_camera_tick (camera);
  g_assert_cmpuint (count_alive (SUB_URL), ==, 0);
  PotooSubscriber *one = subscribe (hub);
  PotooSubscriber *other = subscribe (hub);
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  g_assert_true (fake_pipeline_newest ()->hub == hub);
  g_assert_cmpint (get_sub_state (camera), ==, POTOO_CAMERA_CONNECTING);
  fake_pipeline_play (fake_pipeline_newest ());
  g_assert_cmpint (get_sub_state (camera), ==, POTOO_CAMERA_STREAMING);

  potoo_subscriber_free (one);
  g_usleep (60 * MS);
  potoo_camera_tick (camera);
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  potoo_subscriber_free (other);
  potoo_camera_tick (camera);
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  g_usleep (60 * MS);
  potoo_camera_tick (camera);
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL), ==, 0);
  g_assert_cmpint (get_sub_state (camera), ==, POTOO_CAMERA_DISABLED);
  g_assert_cmpuint (count_alive (MAIN_URL), ==, 1);

  /* And again. */
  potoo_stream_hub_want (hub);
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  end_camera (camera);
}

static void
test_without_address (void)
{
  PotooCamera *camera = make_camera (NULL, 50 * MS);
  PotooStreamHub *hub = potoo_camera_get_hub (camera, POTOO_STREAM_SUB);
  PotooSubscriber *subscriber = subscribe (hub);

  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  set_settings (camera, SUB_URL, TRUE);
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  set_settings (camera, "rtsp://10.0.0.1/other", TRUE);
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL), ==, 0);
  g_assert_cmpuint (count_alive ("rtsp://10.0.0.1/other"), ==, 1);
  set_settings (camera, NULL, TRUE);
  settle ();
  g_assert_cmpuint (count_alive ("rtsp://10.0.0.1/other"), ==, 0);
  set_settings (camera, SUB_URL, FALSE);
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL) + count_alive (MAIN_URL), ==, 0);
  set_settings (camera, SUB_URL, TRUE);
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL), ==, 1);
  g_assert_cmpuint (count_alive (MAIN_URL), ==, 1);
  potoo_subscriber_free (subscriber);
  end_camera (camera);
}

/* What fails with `sub` fails for it alone. */
static void
test_failure (void)
{
  PotooCamera *camera = make_camera (SUB_URL, 3600 * POTOO_SECOND_US);
  PotooSubscriber *subscriber = subscribe (potoo_camera_get_hub (camera, POTOO_STREAM_SUB));

  fake_pipeline_play (fake_pipelines->pdata[0]);
  fake_pipeline_end (fake_pipeline_newest (), POTOO_ERROR_NOT_FOUND, "no such path");
  settle ();
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_get_snapshot (camera);
  g_assert_cmpint (snapshot->sub_state, ==, POTOO_CAMERA_BACKING_OFF);
  g_assert_cmpint (snapshot->state, ==, POTOO_CAMERA_STREAMING);
  g_assert_null (snapshot->reason);
  potoo_stream_hub_want (potoo_camera_get_hub (camera, POTOO_STREAM_SUB));
  settle ();
  g_assert_cmpuint (count_alive (SUB_URL), ==, 0);
  potoo_subscriber_free (subscriber);
  end_camera (camera);
}

/* Viewers keep the hub beyond the camera. */
static void
test_hub_outlives (void)
{
  PotooCamera *camera = make_camera (SUB_URL, 50 * MS);
  g_autoptr (PotooStreamHub)
      hub = potoo_stream_hub_ref (potoo_camera_get_hub (camera, POTOO_STREAM_SUB));

  end_camera (camera);
  g_autoptr (PotooSubscriber) subscriber = subscribe (hub);
  g_assert_cmpuint (fake_pipelines->len, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/camera-sub/on-demand", test_on_demand);
  g_test_add_func ("/camera-sub/without-address", test_without_address);
  g_test_add_func ("/camera-sub/failure", test_failure);
  g_test_add_func ("/camera-sub/hub-outlives", test_hub_outlives);
  return g_test_run ();
}
