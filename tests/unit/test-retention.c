/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Deleting, and when it is done: on real files and a real catalog. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-locks.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-lock-list.h"
#include "record/potoo-retention-clock.h"
#include "record/potoo-retention.h"
#include "recording-fixture.h"

#define HOUR_US (3600 * POTOO_SECOND_US)
#define SIZE 5000

typedef struct
{
  Recording recording;
  GPtrArray *roots;
  PotooEviction *eviction;
  gint64 root; /* row id */
  GMutex gate; /* of a pass that waits */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  recording_set_up (&f->recording);
  recording_start (&f->recording);
  f->roots = potoo_recorder_get_storage_roots (f->recording.recorder);
  f->eviction = potoo_eviction_new (f->recording.catalog, f->roots);
  f->root = potoo_storage_root_get_row_id (f->roots->pdata[0]);
  g_mutex_init (&f->gate);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_eviction_stop (f->eviction, 10 * POTOO_SECOND_US);
  g_assert_finalize_object (f->eviction);
  g_ptr_array_unref (f->roots);
  recording_tear_down (&f->recording);
  g_mutex_clear (&f->gate);
}

/* --- segments --- */

static char *
path_of (Fixture *f, const PotooSegment *segment)
{
  return recording_get_path (&f->recording, segment);
}

static gboolean
is_there (Fixture *f, const PotooSegment *segment)
{
  g_autofree char *path = path_of (f, segment);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A closed segment that ended @hours ago, with its file. */
static PotooSegment
add (Fixture *f, const char *camera, double hours)
{
  gint64 end_us = potoo_clock_wall_us () - (gint64) (hours * (double) HOUR_US);
  gint64 id = potoo_catalog_take_segment_id (f->recording.catalog);
  PotooSegment segment = {
    .id = id,
    .root = f->root,
    .state = POTOO_SEGMENT_CLOSED,
    .recording = id,
    .start_us = end_us - 10 * POTOO_SECOND_US,
    .end_us = end_us,
    .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
    .size_bytes = SIZE,
    .init_bytes = 700,
    .codecs = "avc1.64001f",
  };
  g_autofree char *content = g_strnfill (SIZE, 'x');

  g_strlcpy (segment.camera, camera, sizeof segment.camera);
  g_autofree char *path = path_of (f, &segment);
  g_autofree char *directory = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (directory, 0750), ==, 0);
  g_assert_true (g_file_set_contents (path, content, SIZE, NULL));
  potoo_catalog_put_segment (f->recording.catalog, &segment, NULL);
  g_assert_true (potoo_catalog_sync (f->recording.catalog, NULL));
  return segment;
}

/* Its state by the catalog; -1: there is no row. */
static int
state_of (Fixture *f, gint64 id)
{
  g_assert_true (potoo_catalog_sync (f->recording.catalog, NULL));
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (f->recording.catalog, NULL);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (reader, id, NULL);
  return row != NULL ? (int) row->state : -1;
}

static void
take_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (result);
}

static gint64
lock_until (Fixture *f, const PotooSegment *segment, gint64 expires_us)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  PotooLock lock = { .id = potoo_catalog_take_lock_id (f->recording.catalog),
                     .start_us = segment->start_us,
                     .end_us = segment->end_us,
                     .reason = (char *) "proof",
                     .expires_us = expires_us,
                     .created_us = segment->end_us };

  g_strlcpy (lock.camera, segment->camera, sizeof lock.camera);
  potoo_catalog_put_lock_async (f->recording.catalog, &lock, take_result, &result);
  g_autoptr (GAsyncResult) done = wait_for (&result);
  potoo_catalog_put_lock_finish (f->recording.catalog, done, &error);
  g_assert_no_error (error);
  return lock.id;
}

static void
lock (Fixture *f, const PotooSegment *segment)
{
  lock_until (f, segment, 0);
}

static gboolean
is_locked (Fixture *f, gint64 id)
{
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (f->recording.catalog, NULL);
  g_autoptr (PotooLock) found = potoo_catalog_reader_get_lock (reader, id, NULL);
  return found != NULL;
}

/* -1: it worked, else a PotooError. */
static int delete (Fixture *f, const PotooSegment *segment)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  potoo_eviction_delete_async (f->eviction, segment, take_result, &result);
  g_autoptr (GAsyncResult) done = wait_for (&result);
  if (potoo_eviction_delete_finish (f->eviction, done, &error))
    return -1;
  g_assert_true (error->domain == POTOO_ERROR);
  return error->code;
}

/* --- one that is asked for --- */

static void
test_delete (Fixture *f, gconstpointer data)
{
  PotooSegment first = add (f, "door", 50), second = add (f, "door", 50.01);
  g_autofree char *path = path_of (f, &first);
  g_autofree char *day = g_path_get_dirname (path);
  g_autofree char *camera = g_path_get_dirname (day);

  int fd = g_open (path, O_RDONLY);
  g_assert_cmpint (delete (f, &first), ==, -1);
  g_assert_false (is_there (f, &first));
  g_assert_cmpint (state_of (f, first.id), ==, -1);
  g_assert_cmpint (state_of (f, second.id), ==, POTOO_SEGMENT_CLOSED);
  /* who has it open keeps it */
  char buffer[SIZE + 1];
  g_assert_cmpint (read (fd, buffer, sizeof buffer), ==, SIZE);
  close (fd);
  g_assert_cmpint (delete (f, &first), ==, POTOO_ERROR_NOT_FOUND);
  g_assert_true (g_file_test (day, G_FILE_TEST_IS_DIR));
  g_assert_cmpint (delete (f, &second), ==, -1);
  g_assert_false (g_file_test (camera, G_FILE_TEST_EXISTS));
  g_assert_cmpint (
      recording_get_metric ("potoo_evicted_segments_total{root=\"main\",reason=\"request\"}"), ==,
      2);
}

static void
test_delete_refused (Fixture *f, gconstpointer data)
{
  PotooSegment locked = add (f, "door", 50), elsewhere = locked;

  lock (f, &locked);
  g_assert_cmpint (delete (f, &locked), ==, POTOO_ERROR_CONFLICT);
  g_assert_true (is_there (f, &locked));
  g_assert_cmpint (state_of (f, locked.id), ==, POTOO_SEGMENT_CLOSED);
  elsewhere.root += 100;
  g_assert_cmpint (delete (f, &elsewhere), ==, POTOO_ERROR_UNAVAILABLE);

  PotooSegment open = add (f, "back", 0);
  open.state = POTOO_SEGMENT_OPEN;
  potoo_catalog_put_segment (f->recording.catalog, &open, NULL);
  g_assert_cmpint (delete (f, &open), ==, POTOO_ERROR_CONFLICT);
  g_assert_true (is_there (f, &open));
}

/* A directory in its place: nobody may unlink that. */
static void
block (Fixture *f, const PotooSegment *segment)
{
  g_autofree char *path = path_of (f, segment);
  g_autofree char *inside = g_build_filename (path, "x", NULL);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_true (g_file_set_contents (inside, "", 0, NULL));
}

static void
test_delete_fails (Fixture *f, gconstpointer data)
{
  PotooSegment segment = add (f, "door", 50);

  block (f, &segment);
  g_assert_cmpint (delete (f, &segment), !=, -1);
  g_assert_cmpint (state_of (f, segment.id), ==, POTOO_SEGMENT_CLOSED);
  g_assert_cmpuint (potoo_eviction_get_n_stuck (f->eviction), ==, 1);
}

/* What became of the row since it was listed stays. */
static void
test_delete_fails_corrected (Fixture *f, gconstpointer data)
{
  PotooSegment listed = add (f, "door", 50), corrected = listed;

  corrected.shift_us = 7 * POTOO_SECOND_US;
  corrected.start_us += corrected.shift_us;
  corrected.end_us += corrected.shift_us;
  potoo_catalog_put_segment (f->recording.catalog, &corrected, NULL);
  block (f, &listed);
  g_assert_cmpint (delete (f, &listed), !=, -1);
  g_assert_cmpint (state_of (f, listed.id), ==, POTOO_SEGMENT_CLOSED);
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (f->recording.catalog, NULL);
  g_autoptr (PotooSegment) row = potoo_catalog_reader_get_segment (reader, listed.id, NULL);
  g_assert_cmpint (row->start_us, ==, corrected.start_us);
  g_assert_cmpint (row->shift_us, ==, corrected.shift_us);
}

/* --- many --- */

static void
test_batch (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) segments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  PotooSegment rows[10];

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      rows[i] = add (f, i < 8 ? "door" : "back", 100 + 5 * i); /* three days */
      g_ptr_array_add (segments, &rows[i]);
    }
  lock (f, &rows[1]);
  block (f, &rows[2]);
  g_autofree char *missing = path_of (f, &rows[3]), *other = path_of (f, &rows[9]);
  g_assert_cmpint (g_unlink (missing), ==, 0);
  g_autofree char *other_day = g_path_get_dirname (other);
  g_autofree char *foreign = g_build_filename (other_day, "notes.txt", NULL);
  g_assert_true (g_file_set_contents (foreign, "", 0, NULL));

  PotooEvictionBatch batch = { POTOO_EVICTION_AGE, POTOO_SEGMENT_CONTINUOUS, segments, 0, 0 };
  gboolean go_on = potoo_eviction_run (f->eviction, f->roots->pdata[0], &batch, &error);
  g_assert_no_error (error);
  g_assert_true (go_on);
  g_assert_cmpuint (batch.n_deleted, ==, 8);
  g_assert_cmpint (batch.deleted_bytes, ==, 8 * SIZE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean stays = i == 1 || i == 2;
      g_assert_cmpint (state_of (f, rows[i].id), ==, stays ? (int) POTOO_SEGMENT_CLOSED : -1);
      g_assert_cmpint (is_there (f, &rows[i]), ==, stays);
    }
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  /* What is stuck is not chosen again for a while. */
  potoo_eviction_leave_out_stuck (f->eviction, segments);
  g_assert_cmpuint (segments->len, ==, 9);
  g_assert_cmpint (recording_get_metric ("potoo_eviction_failures_total{root=\"main\"}"), ==, 1);
}

/* --- while something else goes on --- */

static void
wait_at_gate (PotooEviction *eviction,
              PotooStorageRoot *root,
              PotooCatalogReader *reader,
              gpointer user_data)
{
  Fixture *f = user_data;

  g_mutex_lock (&f->gate);
  g_mutex_unlock (&f->gate);
}

static void
count_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  int *counts = user_data; /* done, busy, unavailable */

  if (potoo_eviction_delete_finish (POTOO_EVICTION (source), result, &error))
    counts[0]++;
  else
    counts[error->code == POTOO_ERROR_BUSY ? 1 : 2]++;
}

static void
test_bounds_and_stop (Fixture *f, gconstpointer data)
{
  PotooSegment segment = add (f, "door", 50);
  int counts[3] = { 0 };
  const int n = POTOO_EVICTION_MAX_WAITING + 5;

  g_mutex_lock (&f->gate);
  potoo_eviction_set_pass_func (f->eviction, wait_at_gate, f, NULL);
  potoo_eviction_wake (f->eviction);
  g_usleep (50000); /* it is in its pass, most likely */
  for (int i = 0; i < n; i++)
    potoo_eviction_delete_async (f->eviction, &segment, count_answer, counts);
  g_assert_cmpint (recording_get_metric ("potoo_eviction_refused_total{root=\"main\"}"), >=, 4);
  potoo_eviction_stop (f->eviction, 20000); /* which the pass does not end in */
  g_assert_true (potoo_eviction_is_stopping (f->eviction));
  potoo_eviction_delete_async (f->eviction, &segment, count_answer, counts);
  g_mutex_unlock (&f->gate);
  while (counts[0] + counts[1] + counts[2] < n + 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (counts[0], <=, 1);
  g_assert_cmpint (counts[1], >=, 4);
  g_assert_cmpint (counts[2], >=, POTOO_EVICTION_MAX_WAITING);
  /* Its thread was left behind, and lets go by itself. */
  g_object_add_weak_pointer (G_OBJECT (f->eviction), (gpointer *) &f->eviction);
  gpointer eviction = f->eviction;
  g_object_unref (eviction);
  recording_wait_for (f->eviction == NULL);
  f->eviction = potoo_eviction_new (f->recording.catalog, f->roots);
}

/* --- by rules --- */

static PotooCameraSettings *
make_camera (const char *id, const char *members)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("{\"id\":\"%s\",\"url\":\"rtsp://192.0.2.1/\"%s}", id,
                                           members);
  g_autoptr (JsonNode) node = json_from_string (text, &error);
  g_assert_no_error (error);
  PotooCameraSettings *settings = potoo_camera_settings_new (json_node_get_object (node), &error);
  g_assert_no_error (error);
  return settings;
}

static PotooRetention *
make_retention (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  PotooRetention *retention = potoo_retention_new (f->recording.catalog, f->recording.recorder,
                                                   f->roots, &error);
  g_assert_no_error (error);
  return retention;
}

static void
end_retention (PotooRetention *retention)
{
  potoo_retention_stop (retention, 10 * POTOO_SECOND_US);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (retention);
}

static void
tell_cameras (PotooRetention *retention, PotooCameraSettings *first, PotooCameraSettings *second)
{
  g_autoptr (GPtrArray)
      settings = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_settings_unref);

  g_ptr_array_add (settings, first);
  if (second != NULL)
    g_ptr_array_add (settings, second);
  potoo_retention_set_cameras (retention, settings);
}

#define wait_until_gone(f, segment)                                                                \
  recording_wait_for (state_of (f, (segment)->id) == -1 && !is_there (f, segment))

static void
test_rules (Fixture *f, gconstpointer data)
{
  PotooRetention *retention = make_retention (f);
  PotooSegment old = add (f, "door", 49), young = add (f, "door", 47);
  PotooSegment locked = add (f, "door", 300), removed = add (f, "gone", 1000);

  lock (f, &locked);
  potoo_retention_wake (retention); /* before anybody knows what is guaranteed */
  g_usleep (100000);
  g_assert_true (is_there (f, &old));
  tell_cameras (retention, make_camera ("door", ",\"keep_continuous_days\":2"), NULL);
  wait_until_gone (f, &old);
  g_assert_true (is_there (f, &young) && is_there (f, &locked) && is_there (f, &removed));
  tell_cameras (retention, make_camera ("door", ",\"keep_continuous_days\":1"), NULL);
  wait_until_gone (f, &young);
  g_assert_true (is_there (f, &locked) && is_there (f, &removed));
  end_retention (retention);
}

static void
test_condemned (Fixture *f, gconstpointer data)
{
  PotooRetention *retention = make_retention (f);
  PotooSegment one = add (f, "gone", 0.001), other = add (f, "gone", 1000);
  PotooSegment locked = add (f, "gone", 100), door = add (f, "door", 1000);

  lock (f, &locked);
  tell_cameras (retention, make_camera ("door", ""), make_camera ("gone", ""));
  potoo_retention_condemn (retention, "door");
  potoo_retention_spare (retention, "door");
  potoo_retention_condemn (retention, "door");
  potoo_retention_take_back (retention, "door");
  potoo_retention_condemn (retention, "gone");
  potoo_retention_condemn (retention, "gone");
  potoo_retention_take_back (retention, "gone"); /* for one of the two */
  potoo_retention_wake (retention);
  g_usleep (100000);
  g_assert_true (is_there (f, &one)); /* its camera is still there */
  end_retention (retention);

  /* The next run knows. */
  g_autofree char *stored = recording_get_setting (&f->recording, "condemned-cameras");
  g_assert_cmpstr (stored, ==, "gone");
  retention = make_retention (f);
  tell_cameras (retention, make_camera ("door", ""), NULL);
  wait_until_gone (f, &one);
  wait_until_gone (f, &other);
  g_assert_true (is_there (f, &locked) && is_there (f, &door));
  end_retention (retention);
}

static void
on_guarantee_changed (PotooRetention *retention,
                      const char *camera,
                      gint64 breaks_us,
                      gpointer user_data)
{
  g_assert_cmpstr (camera, ==, "door");
  *(gint64 *) user_data = breaks_us;
}

/* A guarantee for which no disk is large enough. */
static void
test_guarantee_breaks (Fixture *f, gconstpointer data)
{
  PotooRetention *retention = make_retention (f);
  gint64 breaks_us = -1;

  PotooSegment large = add (f, "door", 0.5);
  large.size_bytes = G_GINT64_CONSTANT (1) << 40;
  potoo_catalog_put_segment (f->recording.catalog, &large, NULL);
  g_assert_true (potoo_catalog_sync (f->recording.catalog, NULL));
  g_signal_connect (retention, "guarantee-changed", G_CALLBACK (on_guarantee_changed), &breaks_us);
  tell_cameras (retention, make_camera ("door", ",\"min_days\":3650"), NULL);
  while (breaks_us == -1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (breaks_us, >, potoo_clock_wall_us ());
  g_assert_cmpint (recording_get_metric ("potoo_guarantees_breaking"), ==, 1);
  g_assert_true (is_there (f, &large));
  tell_cameras (retention, make_camera ("door", ""), NULL);
  while (breaks_us != 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (recording_get_metric ("potoo_guarantees_breaking"), ==, 0);
  end_retention (retention);
}

/* --- what is told --- */

static void
test_report (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PotooRetention *retention = make_retention (f);
  gint64 oldest_us = 0;

  for (guint days = 10; days > 0; days--)
    {
      PotooSegment segment = add (f, "door", 24.0 * days);
      oldest_us = oldest_us == 0 ? segment.start_us : oldest_us;
    }
  PotooSegment locked = add (f, "gone", 24);
  lock (f, &locked);
  tell_cameras (retention, make_camera ("door", ",\"min_days\":5"), make_camera ("yard", ""));
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (f->recording.catalog, NULL);
  g_autoptr (PotooStorageReport) report = potoo_retention_report (retention, reader, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (report->roots->len, ==, 1);
  const PotooStorageReportRoot *root = report->roots->pdata[0];
  g_assert_cmpint (root->totals.kept[POTOO_SEGMENT_CONTINUOUS].bytes, ==, 10 * SIZE);
  g_assert_cmpint (root->totals.kept[POTOO_SEGMENT_LOCKED].bytes, ==, SIZE);
  g_assert_cmpint (root->fills_us, ==, 0);
  g_assert_cmpint (root->breaks_us, ==, 0);
  g_assert_cmpuint (report->cameras->len, ==, 3);
  const PotooStorageReportCamera *door = report->cameras->pdata[0],
                                 *gone = report->cameras->pdata[1],
                                 *fresh = report->cameras->pdata[2];
  g_assert_cmpstr (door->id, ==, "door");
  g_assert_false (door->removed);
  g_assert_cmpint (door->oldest_us, ==, oldest_us);
  g_assert_cmpfloat_with_epsilon (door->bytes_per_day, SIZE, 1e-6);
  g_assert_cmpfloat_with_epsilon (root->bytes_per_day, SIZE, 1e-6);
  g_assert_cmpfloat (door->days_kept, >, 36500);
  g_assert_cmpint (door->breaks_us, ==, 0);
  g_assert_cmpstr (gone->id, ==, "gone");
  g_assert_true (gone->removed);
  g_assert_cmpstr (fresh->id, ==, "yard");
  g_assert_cmpint (fresh->oldest_us, ==, 0);
  g_assert_cmpfloat (fresh->days_kept, <, 1e-6);
  end_retention (retention);
}

/* --- when locks expire --- */

/* The machine starts with a clock that is ten days ahead of where the last run left it. */
static void
test_lock_by_wrong_clock (Fixture *f, gconstpointer data)
{
  gint64 left_us = potoo_clock_wall_us () - 10 * POTOO_DAY_US;
  g_autofree char *left = g_strdup_printf ("%" G_GINT64_FORMAT, left_us);
  PotooSegment segment = add (f, "door", 300);
  gint64 valid = lock_until (f, &segment, left_us + POTOO_DAY_US);
  gint64 expired = lock_until (f, &segment, left_us - POTOO_DAY_US);

  potoo_catalog_put_setting (f->recording.catalog, POTOO_RETENTION_CLOCK_SETTING, left);
  g_assert_true (potoo_catalog_sync (f->recording.catalog, NULL));
  g_autoptr (PotooLockList) locks = potoo_lock_list_new (f->recording.catalog);
  g_assert_true (potoo_lock_list_start (locks, NULL));
  while (is_locked (f, expired))
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (potoo_catalog_sync (f->recording.catalog, NULL));
  g_assert_true (is_locked (f, valid));
  potoo_lock_list_stop (locks);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/retention/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("delete", test_delete);
  ADD ("delete/refused", test_delete_refused);
  ADD ("delete/fails", test_delete_fails);
  ADD ("delete/fails-corrected", test_delete_fails_corrected);
  ADD ("batch", test_batch);
  ADD ("stop", test_bounds_and_stop);
  ADD ("rules", test_rules);
  ADD ("condemned", test_condemned);
  ADD ("guarantee", test_guarantee_breaks);
  ADD ("report", test_report);
  ADD ("lock-by-wrong-clock", test_lock_by_wrong_clock);
  return g_test_run ();
}
