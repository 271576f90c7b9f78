/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The real pipeline with cameras that accept a connection and never answer. What it does
 * with cameras that do answer, the daemon's tests see. */

#include <gst/gst.h>

#include "base/potoo-clock.h"
#include "media/potoo-camera-pipeline.h"

#define N_CAMERAS 64
#define N_BLOCKERS 300 /* GTask's pool gets a few threads more each second that it is stuck */
#define LIMIT_US (3 * POTOO_SECOND_US)

typedef struct
{
  GSocketListener *listener;
  PotooCameraSettings *settings;
  PotooStreamHub *hub;
  PotooFragmenter *fragmenter;
} DeadCamera;

static void
on_fragment (PotooFragment *fragment, gpointer user_data)
{
  g_assert_not_reached ();
}

static void
dead_camera_init (DeadCamera *dead)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (GError) error = NULL;

  dead->listener = g_socket_listener_new ();
  g_socket_listener_set_backlog (dead->listener, N_CAMERAS);
  guint16 port = g_socket_listener_add_any_inet_port (dead->listener, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *url = g_strdup_printf ("rtsp://127.0.0.1:%u/dead", port);
  json_object_set_string_member (object, "id", "dead");
  json_object_set_string_member (object, "url", url);
  dead->settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  dead->hub = potoo_stream_hub_new ("dead", "main");
  dead->fragmenter = potoo_fragmenter_new ("dead", "main", on_fragment, NULL, NULL);
}

static void
dead_camera_clear (DeadCamera *dead)
{
  g_object_unref (dead->listener);
  potoo_camera_settings_unref (dead->settings);
  potoo_stream_hub_unref (dead->hub);
  potoo_fragmenter_free (dead->fragmenter);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer n_stopped)
{
  potoo_camera_pipeline_stop_finish (POTOO_CAMERA_PIPELINE (source), result);
  (*(guint *) n_stopped)++;
}

static void
run_for (gint64 duration_us)
{
  gint64 end_us = potoo_clock_mono_us () + duration_us;

  while (potoo_clock_mono_us () < end_us)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
}

static void
assert_stop (PotooCameraPipeline **pipelines, guint n)
{
  gint64 end_us = potoo_clock_mono_us () + LIMIT_US;
  guint n_stopped = 0;

  for (guint i = 0; i < n; i++)
    potoo_camera_pipeline_stop_async (pipelines[i], on_stopped, &n_stopped);
  while (n_stopped < n)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, end_us);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

static void
test_stop_many (void)
{
  PotooCameraPipeline *pipelines[N_CAMERAS];
  DeadCamera dead;

  dead_camera_init (&dead);
  for (guint i = 0; i < N_CAMERAS; i++)
    {
      pipelines[i] = potoo_camera_pipeline_new (dead.settings, dead.hub, dead.fragmenter);
      potoo_camera_pipeline_start (pipelines[i]);
    }
  run_for (POTOO_SECOND_US / 2);
  assert_stop (pipelines, N_CAMERAS);
  for (guint i = 0; i < N_CAMERAS; i++)
    g_object_unref (pipelines[i]);
  dead_camera_clear (&dead);
}

static void
block (GTask *task, gpointer source, gpointer gate, GCancellable *cancellable)
{
  g_mutex_lock (gate);
  g_mutex_unlock (gate);
  g_task_return_boolean (task, TRUE);
}

static void
on_unblocked (GObject *source, GAsyncResult *result, gpointer n_blocked)
{
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  (*(guint *) n_blocked)--;
}

/* Host names that nobody resolves, for instance, fill the pool that GTask has for all. */
static void
test_stop_with_busy_tasks (void)
{
  DeadCamera dead;
  GMutex gate;
  guint n_blocked = N_BLOCKERS;

  dead_camera_init (&dead);
  g_mutex_init (&gate);
  g_autoptr (PotooCameraPipeline)
      pipeline = potoo_camera_pipeline_new (dead.settings, dead.hub, dead.fragmenter);
  potoo_camera_pipeline_start (pipeline);
  run_for (POTOO_SECOND_US / 5);
  g_mutex_lock (&gate);
  for (guint i = 0; i < N_BLOCKERS; i++)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_unblocked, &n_blocked);
      g_task_set_task_data (task, &gate, NULL);
      g_task_run_in_thread (task, block);
    }
  assert_stop (&pipeline, 1);
  g_assert_cmpuint (n_blocked, ==, N_BLOCKERS);
  g_mutex_unlock (&gate);
  while (n_blocked > 0)
    g_main_context_iteration (NULL, TRUE);
  g_mutex_clear (&gate);
  g_clear_object (&pipeline);
  dead_camera_clear (&dead);
}

int
main (int argc, char *argv[])
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/camera-pipeline/stop/many", test_stop_many);
  g_test_add_func ("/camera-pipeline/stop/busy-tasks", test_stop_with_busy_tasks);
  return g_test_run ();
}
