/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib/gstdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "camera/potoo-camera-list.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-segments.h"
#include "catalog/potoo-catalog-settings.h"
#include "fake-camera-pipeline.h"

#define WAIT_US (20 * POTOO_SECOND_US)

typedef struct
{
  char *directory;
  PotooCatalog *catalog;
  PotooCameraList *list;
  GString *events;
} Fixture;

/* The outcome of one command. */
typedef struct
{
  gboolean done;
  PotooCameraSnapshot *snapshot;
  GError *error;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->snapshot, potoo_camera_snapshot_unref);
  g_clear_error (&outcome->error);
  outcome->done = FALSE;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_added (PotooCameraList *list, PotooCamera *camera, Fixture *fixture)
{
  g_string_append_printf (fixture->events, "+%s ", potoo_camera_get_id (camera));
}

static void
on_removed (PotooCameraList *list, PotooCamera *camera, Fixture *fixture)
{
  g_string_append_printf (fixture->events, "-%s ", potoo_camera_get_id (camera));
}

static void
fixture_open (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fake_pipelines_reset ();
  fixture->directory = g_dir_make_tmp ("potoo-camera-list-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->catalog = potoo_catalog_open (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->events = g_string_new (NULL);
}

static void
fixture_start (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->list = potoo_camera_list_new (fixture->catalog);
  g_signal_connect (fixture->list, "camera-added", G_CALLBACK (on_added), fixture);
  g_signal_connect (fixture->list, "camera-removed", G_CALLBACK (on_removed), fixture);
  g_assert_true (potoo_camera_list_start (fixture->list, &error));
  g_assert_no_error (error);
}

static void
fixture_init (Fixture *fixture)
{
  fixture_open (fixture);
  fixture_start (fixture);
}

static void
wait_for (const gboolean *done)
{
  gint64 end_us = potoo_clock_mono_us () + WAIT_US;

  while (!*done)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, end_us);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (500);
    }
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_list_stopped (GObject *source, GAsyncResult *result, gpointer done)
{
  potoo_camera_list_stop_finish (POTOO_CAMERA_LIST (source), result);
  *(gboolean *) done = TRUE;
}

static void
remove_files (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_unlink (path);
    }
  g_rmdir (directory);
}

static void
fixture_stop_list (Fixture *fixture)
{
  gboolean done = FALSE;

  potoo_camera_list_stop_async (fixture->list, on_list_stopped, &done);
  wait_for (&done);
  settle ();
  g_assert_finalize_object (fixture->list);
  fixture->list = NULL;
}

static void
fixture_clear (Fixture *fixture)
{
  if (fixture->list != NULL)
    fixture_stop_list (fixture);
  potoo_catalog_close (fixture->catalog);
  g_assert_finalize_object (fixture->catalog);
  g_assert_cmpuint (fake_pipelines_most_alive, <=, 1);
  fake_pipelines_reset ();
  remove_files (fixture->directory);
  g_free (fixture->directory);
  g_string_free (fixture->events, TRUE);
}

static void
assert_events (Fixture *fixture, const char *expected)
{
  g_assert_cmpstr (fixture->events->str, ==, expected);
  g_string_truncate (fixture->events, 0);
}

static JsonObject *
parse_object (const char *text)
{
  g_autoptr (JsonNode) node = json_from_string (text, NULL);
  return json_object_ref (json_node_get_object (node));
}

/* @id, @name: nullable */
static PotooCameraSettings *
make_settings (const char *id, const char *name)
{
  g_autoptr (JsonObject) object = parse_object ("{\"url\":\"rtsp://10.0.0.1/a\"}");
  g_autoptr (GError) error = NULL;

  if (id != NULL)
    json_object_set_string_member (object, "id", id);
  if (name != NULL)
    json_object_set_string_member (object, "name", name);
  PotooCameraSettings *settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  return settings;
}

static void
on_add_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;
  outcome->snapshot = potoo_camera_list_add_finish (POTOO_CAMERA_LIST (source), result,
                                                    &outcome->error);
  outcome->done = TRUE;
}

static void
on_patch_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;
  outcome->snapshot = potoo_camera_list_patch_finish (POTOO_CAMERA_LIST (source), result,
                                                      &outcome->error);
  outcome->done = TRUE;
}

static void
on_remove_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;
  gboolean ok = potoo_camera_list_remove_finish (POTOO_CAMERA_LIST (source), result,
                                                 &outcome->error);
  g_assert_true (ok == (outcome->error == NULL));
  outcome->done = TRUE;
}

static void
begin_add (Fixture *fixture, const char *id, const char *name, Outcome *outcome)
{
  g_autoptr (PotooCameraSettings) settings = make_settings (id, name);
  potoo_camera_list_add_async (fixture->list, settings, FALSE, on_add_done, outcome);
}

static void
begin_patch (Fixture *fixture, const char *id, const char *json, guint64 version, Outcome *outcome)
{
  g_autoptr (JsonObject) patch = parse_object (json);
  potoo_camera_list_patch_async (fixture->list, id, patch, version, on_patch_done, outcome);
}

static void
add (Fixture *fixture, const char *id, const char *name, Outcome *outcome)
{
  outcome_clear (outcome);
  begin_add (fixture, id, name, outcome);
  wait_for (&outcome->done);
}

static void
add_adopting (Fixture *fixture, const char *id, const char *name, Outcome *outcome)
{
  g_autoptr (PotooCameraSettings) settings = make_settings (id, name);

  outcome_clear (outcome);
  potoo_camera_list_add_async (fixture->list, settings, TRUE, on_add_done, outcome);
  wait_for (&outcome->done);
}

static void
patch (Fixture *fixture, const char *id, const char *json, guint64 version, Outcome *outcome)
{
  outcome_clear (outcome);
  begin_patch (fixture, id, json, version, outcome);
  wait_for (&outcome->done);
}

static void
take_away (Fixture *fixture, const char *id, guint64 version, Outcome *outcome)
{
  outcome_clear (outcome);
  potoo_camera_list_remove_async (fixture->list, id, version, on_remove_done, outcome);
  wait_for (&outcome->done);
}

static void
assert_snapshot (Outcome *outcome, const char *id, const char *name)
{
  g_assert_no_error (outcome->error);
  g_assert_cmpstr (potoo_camera_settings_get_id (outcome->snapshot->settings), ==, id);
  g_assert_cmpstr (potoo_camera_settings_get_name (outcome->snapshot->settings), ==, name);
}

/* `id=name` of all cameras, as the catalog or the list has them. */
static char *
describe_catalog (Fixture *fixture)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (fixture->catalog, NULL);
  g_autoptr (GPtrArray) cameras = potoo_catalog_reader_list_cameras (reader, NULL);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < cameras->len; i++)
    g_string_append_printf (out, "%s=%s ", potoo_camera_settings_get_id (cameras->pdata[i]),
                            potoo_camera_settings_get_name (cameras->pdata[i]));
  return g_string_free (out, FALSE);
}

static char *
describe_list (Fixture *fixture)
{
  g_autoptr (GPtrArray) snapshots = potoo_camera_list_get_snapshots (fixture->list);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < snapshots->len; i++)
    {
      PotooCameraSnapshot *snapshot = snapshots->pdata[i];
      g_string_append_printf (out, "%s=%s ", potoo_camera_settings_get_id (snapshot->settings),
                              potoo_camera_settings_get_name (snapshot->settings));
    }
  return g_string_free (out, FALSE);
}

static void
assert_cameras (Fixture *fixture, const char *expected)
{
  g_autofree char *catalog = describe_catalog (fixture);
  g_autofree char *list = describe_list (fixture);

  g_assert_cmpstr (catalog, ==, expected);
  g_assert_cmpstr (list, ==, expected);
}

static void
test_life (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };

  fixture_init (&fixture);
  add (&fixture, "b", "Bee", &outcome);
  assert_snapshot (&outcome, "b", "Bee");
  guint64 version = outcome.snapshot->version;
  g_assert_cmpuint (version, >, 0);
  add (&fixture, "c", NULL, &outcome);
  add (&fixture, "a", NULL, &outcome);
  assert_cameras (&fixture, "a=a b=Bee c=c ");
  assert_events (&fixture, "+b +c +a ");
  g_assert_cmpuint (fake_pipelines->len, ==, 3);

  patch (&fixture, "b", "{\"name\":\"New\"}", 0, &outcome);
  assert_snapshot (&outcome, "b", "New");
  g_assert_cmpuint (outcome.snapshot->version, >, version);
  assert_cameras (&fixture, "a=a b=New c=c ");
  g_assert_cmpuint (fake_pipelines->len, ==, 3);
  patch (&fixture, "b", "{\"url\":\"rtsp://10.0.0.2/\"}", outcome.snapshot->version, &outcome);
  g_assert_no_error (outcome.error);
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 4); /* connected anew, with the new settings */
  g_assert_cmpstr (potoo_camera_settings_get_url (fake_pipeline_newest ()->settings), ==,
                   "rtsp://10.0.0.2/");

  take_away (&fixture, "b", 0, &outcome);
  g_assert_no_error (outcome.error);
  assert_cameras (&fixture, "a=a c=c ");
  assert_events (&fixture, "-b ");
  g_assert_null (potoo_camera_list_get_snapshot (fixture.list, "b"));
  g_autoptr (PotooCameraSnapshot) c = potoo_camera_list_get_snapshot (fixture.list, "c");
  g_assert_cmpstr (potoo_camera_settings_get_id (c->settings), ==, "c");
  fixture_clear (&fixture);
}

static void
test_refusals (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };

  fixture_init (&fixture);
  add (&fixture, "a", "A", &outcome);
  guint64 version = outcome.snapshot->version;

  add (&fixture, "a", "Other", &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_EXISTS);
  g_assert_cmpstr (potoo_error_get_pointer (outcome.error), ==, "/id");
  patch (&fixture, "x", "{\"name\":\"X\"}", 0, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  patch (&fixture, "a", "{\"name\":\"X\"}", version + 1, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_PRECONDITION_FAILED);
  patch (&fixture, "a", "{\"name\":7}", version, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (potoo_error_get_pointer (outcome.error), ==, "/name");
  take_away (&fixture, "../x", 0, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_NOT_FOUND);
  take_away (&fixture, "a", version + 1, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_PRECONDITION_FAILED);
  assert_cameras (&fixture, "a=A ");
  patch (&fixture, "a", "{\"name\":\"X\"}", version,
         &outcome); /* none of them counted as a change */
  assert_snapshot (&outcome, "a", "X");
  fixture_clear (&fixture);
}

static void
test_made_ids (void)
{
  g_autofree char *longest = g_strnfill (63, 'x');
  g_autofree char *second = g_strconcat (longest + 2, "-2", NULL);
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };
  g_auto (Outcome) beside = { 0 };

  fixture_init (&fixture);
  add (&fixture, NULL, "Front Door", &outcome);
  assert_snapshot (&outcome, "front-door", "Front Door");
  add (&fixture, "front-door-3", NULL, &outcome);
  begin_add (&fixture, NULL, "Front Door", &beside); /* both want front-door-2 */
  add (&fixture, NULL, "Front Door", &outcome);
  wait_for (&beside.done);
  assert_snapshot (&beside, "front-door-2", "Front Door");
  assert_snapshot (&outcome, "front-door-4", "Front Door");
  add (&fixture, NULL, longest, &outcome);
  assert_snapshot (&outcome, longest, longest);
  add (&fixture, NULL, longest, &outcome);
  assert_snapshot (&outcome, second, longest);
  fixture_clear (&fixture);
}

static void
record_something (Fixture *fixture, const char *camera)
{
  g_autoptr (GError) error = NULL;
  PotooSegment segment = { .state = POTOO_SEGMENT_CLOSED, .start_us = 1, .end_us = 2 };

  segment.root = potoo_catalog_register_root (fixture->catalog, "uuid", "main", "/nowhere", &error);
  g_assert_no_error (error);
  segment.id = segment.recording = potoo_catalog_take_segment_id (fixture->catalog);
  g_strlcpy (segment.camera, camera, sizeof segment.camera);
  g_strlcpy (segment.boot_id, "boot", sizeof segment.boot_id);
  potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
  g_assert_true (potoo_catalog_sync (fixture->catalog, &error));
  g_assert_no_error (error);
}

static void
test_reserved_ids (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };

  fixture_init (&fixture);
  record_something (&fixture, "old");
  add (&fixture, "old", NULL, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_EXISTS);
  g_assert_cmpstr (potoo_error_get_pointer (outcome.error), ==, "/id");
  g_assert_nonnull (strstr (outcome.error->message, "recordings"));
  add (&fixture, NULL, "Old", &outcome);
  assert_snapshot (&outcome, "old-2", "Old");
  assert_cameras (&fixture, "old-2=Old ");
  add_adopting (&fixture, NULL, "Old", &outcome);
  assert_snapshot (&outcome, "old", "Old");
  /* Not those of a camera that there is. */
  add_adopting (&fixture, "old", NULL, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_EXISTS);
  assert_cameras (&fixture, "old=Old old-2=Old ");
  fixture_clear (&fixture);
}

/* A removal under way neither blocks others nor lets the same id come back early. */
static void
test_slow_removal (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) removed = { 0 }, added = { 0 }, other = { 0 };

  fixture_init (&fixture);
  add (&fixture, "a", NULL, &other);
  add (&fixture, "b", NULL, &other);
  FakePipeline *fake = fake_pipelines->pdata[0];
  fake_pipelines_stop_by_hand = TRUE;
  assert_events (&fixture, "+a +b ");

  potoo_camera_list_remove_async (fixture.list, "a", 0, on_remove_done, &removed);
  begin_add (&fixture, "a", "Again", &added);
  patch (&fixture, "b", "{\"name\":\"B\"}", 0, &other);
  assert_snapshot (&other, "b", "B");
  while (!fake->stopping)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 20; i++, g_usleep (1000))
    settle ();
  g_assert_false (removed.done || added.done);
  assert_events (&fixture, ""); /* media may still come */

  fake_pipelines_stop_by_hand = FALSE;
  fake_pipeline_stopped (fake);
  wait_for (&added.done);
  g_assert_true (removed.done);
  assert_snapshot (&added, "a", "Again");
  assert_events (&fixture, "-a +a ");
  fixture_clear (&fixture);
}

static void
test_catalog_fails (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };

  fixture_init (&fixture);
  add (&fixture, "a", "A", &outcome);
  guint64 version = outcome.snapshot->version;
  assert_events (&fixture, "+a ");
  potoo_catalog_close (fixture.catalog);

  add (&fixture, "b", NULL, &outcome);
  g_assert_nonnull (outcome.error);
  patch (&fixture, "a", "{\"name\":\"X\",\"url\":\"rtsp://10.0.0.9/\"}", 0, &outcome);
  g_assert_nonnull (outcome.error);
  take_away (&fixture, "a", 0, &outcome);
  g_assert_nonnull (outcome.error);

  g_autofree char *list = describe_list (&fixture);
  g_assert_cmpstr (list, ==, "a=A ");
  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_list_get_snapshot (fixture.list, "a");
  g_assert_cmpuint (snapshot->version, ==, version);
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  g_assert_false (fake_pipeline_newest ()->stopping);
  assert_events (&fixture, "");
  fixture_clear (&fixture);
}

static void
test_not_open (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };
  gboolean stopped = FALSE;

  fixture_open (&fixture);
  fixture.list = potoo_camera_list_new (fixture.catalog);
  add (&fixture, "a", NULL, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  potoo_camera_list_stop_async (fixture.list, on_list_stopped, &stopped);
  wait_for (&stopped);
  patch (&fixture, "a", "{}", 0, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  take_away (&fixture, "a", 0, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  settle ();
  g_assert_finalize_object (fixture.list);
  fixture.list = NULL;
  fixture_clear (&fixture);
}

static void
test_too_many_commands (void)
{
  Fixture fixture = { 0 };
  Outcome outcomes[300] = { 0 };
  guint n_refused = 0;

  fixture_init (&fixture);
  add (&fixture, "a", NULL, &outcomes[0]);
  outcome_clear (&outcomes[0]);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    begin_patch (&fixture, "a", "{\"name\":\"X\"}", 0, &outcomes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    {
      wait_for (&outcomes[i].done);
      if (outcomes[i].error != NULL)
        {
          g_assert_error (outcomes[i].error, POTOO_ERROR, POTOO_ERROR_BUSY);
          n_refused++;
        }
      outcome_clear (&outcomes[i]);
    }
  g_assert_cmpuint (n_refused, ==, 300 - 256);
  add (&fixture, "b", NULL, &outcomes[0]); /* there is room again */
  g_assert_no_error (outcomes[0].error);
  outcome_clear (&outcomes[0]);
  fixture_clear (&fixture);
}

/* --- start and stop --- */

static void
store_cameras (Fixture *fixture, guint n)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("cam-%03u", i);
      g_autoptr (PotooCameraSettings) settings = make_settings (id, NULL);
      potoo_catalog_put_camera_async (fixture->catalog, settings, NULL, NULL);
      if (i % 64 == 63)
        g_assert_true (potoo_catalog_sync (fixture->catalog, &error));
    }
  g_assert_true (potoo_catalog_sync (fixture->catalog, &error));
  g_assert_no_error (error);
}

static void
test_staggered_start (void)
{
  Fixture fixture = { 0 };

  fixture_open (&fixture);
  store_cameras (&fixture, 4);
  gint64 begin_us = potoo_clock_mono_us ();
  fixture_start (&fixture);
  assert_events (&fixture, "+cam-000 +cam-001 +cam-002 +cam-003 ");
  settle ();
  g_assert_cmpuint (fake_pipelines->len, ==, 1);
  while (fake_pipelines->len < 4)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, >=, 300000);
  fixture_clear (&fixture);
}

static void
test_most_cameras (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };

  fixture_open (&fixture);
  store_cameras (&fixture, POTOO_MAX_CAMERAS);
  fixture_start (&fixture);
  g_autoptr (GPtrArray) snapshots = potoo_camera_list_get_snapshots (fixture.list);
  g_assert_cmpuint (snapshots->len, ==, POTOO_MAX_CAMERAS);
  add (&fixture, "one-more", NULL, &outcome);
  g_assert_error (outcome.error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE);
  take_away (&fixture, "cam-100", 0, &outcome);
  g_assert_no_error (outcome.error);
  add (&fixture, "one-more", NULL, &outcome);
  g_assert_no_error (outcome.error);
  fixture_clear (&fixture);
}

static void
test_tick (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };
  gint64 end_us = potoo_clock_mono_us () + WAIT_US;

  fixture_init (&fixture);
  add (&fixture, "a", NULL, &outcome);
  fake_pipeline_play (fake_pipeline_newest ());
  for (gboolean measured = FALSE; !measured;)
    {
      g_assert_cmpint (potoo_clock_mono_us (), <, end_us);
      fake_pipeline_newest ()->progress.access_units++;
      fake_pipeline_newest ()->progress.last_access_unit_us = potoo_clock_mono_us ();
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
      g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_list_get_snapshot (fixture.list, "a");
      g_assert_cmpint (snapshot->state, ==, POTOO_CAMERA_STREAMING);
      measured = snapshot->fps > 1;
    }
  fixture_clear (&fixture);
}

static void
on_interrupted (PotooCamera *camera, int cause, gpointer data)
{
  g_string_append_printf (data, "!%s ", potoo_camera_get_id (camera));
}

static void
follow_interruptions (PotooCameraList *list, PotooCamera *camera, Fixture *fixture)
{
  g_signal_connect (camera, "interrupted", G_CALLBACK (on_interrupted), fixture->events);
}

static void
test_stop_is_bounded (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };
  gboolean stopped = FALSE;

  fixture_init (&fixture);
  g_signal_connect (fixture.list, "camera-added", G_CALLBACK (follow_interruptions), &fixture);
  add (&fixture, "a", NULL, &outcome);
  add (&fixture, "b", NULL, &outcome);
  assert_events (&fixture, "+a +b ");
  fake_pipelines_stop_by_hand = TRUE;
  fake_pipeline_end (fake_pipelines->pdata[0], POTOO_ERROR_UNREACHABLE, "gone");
  fake_pipeline_end (fake_pipelines->pdata[1], POTOO_ERROR_UNREACHABLE, "gone");
  gint64 begin_us = potoo_clock_mono_us ();
  potoo_camera_list_stop_async (fixture.list, on_list_stopped, &stopped);
  fake_pipeline_stopped (fake_pipelines->pdata[0]);
  wait_for (&stopped);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, >=, POTOO_SECOND_US);
  g_assert_cmpint (potoo_clock_mono_us () - begin_us, <, 4 * POTOO_SECOND_US);
  fake_pipeline_stopped (fake_pipelines->pdata[1]); /* later, when nobody waits */
  settle ();
  assert_events (&fixture, "!a "); /* or hears of it */
  g_assert_finalize_object (fixture.list);
  fixture.list = NULL;
  fixture_clear (&fixture);
}

/* --- threads --- */

#define N_THREADS 4
#define N_CHANGES 20

typedef struct
{
  Fixture *fixture;
  GThread *thread;
  guint n_conflicts;
  gint *n_running; /* atomic */
} Worker;

typedef struct
{
  GThread *thread;
  Outcome outcome;
} WorkerCall;

static void
on_worker_patched (GObject *source, GAsyncResult *result, gpointer data)
{
  WorkerCall *call = data;
  g_assert_true (g_thread_self () == call->thread); /* in the caller's context */
  on_patch_done (source, result, &call->outcome);
}

/* Appends one letter to the name, again when somebody else was quicker: If-Match. */
static gboolean
append_letter (Worker *worker, GMainContext *context)
{
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_get_snapshot (worker->fixture->list, "a");
  g_autofree char *name = g_strconcat (potoo_camera_settings_get_name (snapshot->settings), "x",
                                       NULL);
  g_autoptr (JsonObject) change = json_object_new ();
  WorkerCall call = { .thread = g_thread_self () };

  json_object_set_string_member (change, "name", name);
  potoo_camera_list_patch_async (worker->fixture->list, "a", change, snapshot->version,
                                 on_worker_patched, &call);
  while (!call.outcome.done)
    g_main_context_iteration (context, TRUE);
  gboolean ok = call.outcome.error == NULL;
  if (!ok)
    g_assert_error (call.outcome.error, POTOO_ERROR, POTOO_ERROR_PRECONDITION_FAILED);
  outcome_clear (&call.outcome);
  return ok;
}

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_CHANGES; i++)
    while (!append_letter (worker, context))
      worker->n_conflicts++;
  g_main_context_pop_thread_default (context);
  g_atomic_int_add (worker->n_running, -1);
  return NULL;
}

static void
test_threads (void)
{
  Fixture fixture = { 0 };
  g_auto (Outcome) outcome = { 0 };
  Worker workers[N_THREADS];
  gint n_running = N_THREADS;
  guint n_conflicts = 0;

  fixture_init (&fixture);
  add (&fixture, "a", "n", &outcome);
  guint64 version = outcome.snapshot->version;
  for (guint i = 0; i < N_THREADS; i++)
    {
      workers[i] = (Worker){ .fixture = &fixture, .n_running = &n_running };
      workers[i].thread = g_thread_new ("worker", work, &workers[i]);
    }
  while (g_atomic_int_get (&n_running) > 0)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (200);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (workers[i].thread);
      n_conflicts += workers[i].n_conflicts;
    }
  g_test_message ("%u conflicts", n_conflicts);

  g_autoptr (PotooCameraSnapshot) snapshot = potoo_camera_list_get_snapshot (fixture.list, "a");
  g_assert_cmpuint (strlen (potoo_camera_settings_get_name (snapshot->settings)), ==,
                    1 + N_THREADS * N_CHANGES);
  g_assert_cmpuint (snapshot->version, ==, version + N_THREADS * N_CHANGES);
  fixture_clear (&fixture);
}

int
main (int argc, char *argv[])
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/camera-list/life", test_life);
  g_test_add_func ("/camera-list/refusals", test_refusals);
  g_test_add_func ("/camera-list/ids/made", test_made_ids);
  g_test_add_func ("/camera-list/ids/reserved", test_reserved_ids);
  g_test_add_func ("/camera-list/slow-removal", test_slow_removal);
  g_test_add_func ("/camera-list/catalog-fails", test_catalog_fails);
  g_test_add_func ("/camera-list/not-open", test_not_open);
  g_test_add_func ("/camera-list/too-many-commands", test_too_many_commands);
  g_test_add_func ("/camera-list/start", test_staggered_start);
  g_test_add_func ("/camera-list/most", test_most_cameras);
  g_test_add_func ("/camera-list/tick", test_tick);
  g_test_add_func ("/camera-list/stop", test_stop_is_bounded);
  g_test_add_func ("/camera-list/threads", test_threads);
  return g_test_run ();
}
