/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "recording-fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-metrics.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-settings.h"
#include "catalog/potoo-segment-index.h"
#include "media/potoo-mp4-reader.h"

static void
run (const char *command, ...)
{
  int status;
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, command);
  g_autofree char *line = g_strdup_vprintf (command, args);
  va_end (args);
  g_spawn_command_line_sync (line, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static char *
make_directory (void)
{
  g_autoptr (GError) error = NULL;
  char *directory = g_dir_make_tmp ("potoo-test-XXXXXX", &error);
  g_assert_no_error (error);
  return directory;
}

char *
recording_make_clock (void)
{
  char *path = NULL;
  int fd = g_file_open_tmp ("potoo-clock-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_setenv ("POTOO_TEST_CLOCK", path, TRUE);
  return path;
}

void
recording_set_up (Recording *r)
{
  media_maker_init (&r->maker, TRUE);
  /* Whole ticks, so that times are exact. */
  r->maker.at_ns = (GstClockTime) (potoo_clock_mono_us () / 1000) * GST_MSECOND;
  r->maker.wall_offset_us = potoo_clock_wall_offset_us ();
  r->directory = make_directory ();
}

void
recording_tear_down (Recording *r)
{
  if (r->recorder != NULL)
    recording_stop (r);
  media_maker_clear (&r->maker);
  run ("rm -rf %s", r->directory);
  g_free (r->directory);
  g_free (r->options);
}

static void
load_config (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (r->directory, "potoo.conf", NULL);
  g_autofree char *text = g_strdup_printf (
      "[server]\nmemory=64MB\n[storage]\n%s\n[storage-root main]\npath=%s/recordings\nmin-free=1\n",
      r->options != NULL ? r->options : "segment-duration=10s\nsync-interval=250ms", r->directory);

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  r->config = potoo_config_load (path, r->directory, &error);
  g_assert_no_error (error);
}

static void
on_camera_put (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  potoo_catalog_put_camera_finish (POTOO_CATALOG (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
put_camera (Recording *r)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "id", "door");
  json_object_set_string_member (object, "url", "rtsp://192.0.2.1/door");
  if (r->mode != NULL)
    json_object_set_string_member (object, "record", r->mode);
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, &error);
  g_assert_no_error (error);
  potoo_catalog_put_camera_async (r->catalog, settings, on_camera_put, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

void
recording_open (Recording *r)
{
  g_autoptr (GError) error = NULL;

  load_config (r);
  r->catalog = potoo_catalog_open (r->directory, &error);
  g_assert_no_error (error);
}

void
recording_start (Recording *r)
{
  g_autoptr (GError) error = NULL;

  recording_open (r);
  put_camera (r);
  r->recorder = potoo_recorder_new (r->config, r->catalog, &error);
  g_assert_no_error (error);
  g_assert_true (potoo_recorder_start (r->recorder, &error));
  r->queue = potoo_recorder_add_stream (r->recorder, "door", POTOO_STREAM_MAIN);
  r->pushed = 0;
}

void
recording_stop (Recording *r)
{
  g_assert_true (potoo_recorder_stop (r->recorder, 20 * G_USEC_PER_SEC));
  g_clear_object (&r->recorder);
  potoo_catalog_close (r->catalog);
  g_clear_object (&r->catalog);
  g_clear_pointer (&r->config, potoo_config_unref);
}

void
recording_crash (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *old = g_steal_pointer (&r->directory);

  g_assert_true (potoo_catalog_sync (r->catalog, &error));
  r->directory = make_directory ();
  run ("cp -a %s/. %s", old, r->directory);
  recording_stop (r);
  run ("rm -rf %s", old);
}

void
recording_plan (Recording *r, gboolean record)
{
  g_autoptr (PotooRecordingPlan) plan = record ? potoo_recording_plan_new_endless ()
                                               : potoo_recording_plan_new_empty ();
  potoo_fragment_queue_set_plan (r->queue, plan);
}

void
recording_push (Recording *r, MediaFlags flags)
{
  g_autoptr (PotooFragment) fragment = media_maker_next (&r->maker, flags);
  potoo_fragment_queue_push (r->queue, fragment);
  r->pushed++;
}

void
recording_push_many (Recording *r, guint n, MediaFlags flags)
{
  for (guint i = 0; i < n; i++)
    recording_push (r, i == 0 ? flags : i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
}

void
recording_wait_handled (Recording *r)
{
  recording_wait_for (
      recording_get_metric ("potoo_recorded_fragments_total" DOOR) +
          recording_get_metric ("potoo_unwritten_fragments_total" DOOR) +
          recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR) >=
      (gint64) r->pushed);
}

gint64
recording_get_metric (const char *series)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *line = g_strconcat ("\n", series, " ", NULL);
  const char *found = strstr (text, line);
  return found != NULL ? g_ascii_strtoll (found + strlen (line), NULL, 10) : -1;
}

static PotooCatalogReader *
open_reader (Recording *r)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (potoo_catalog_sync (r->catalog, &error));
  g_assert_no_error (error);
  PotooCatalogReader *reader = potoo_catalog_reader_new (r->catalog, &error);
  g_assert_no_error (error);
  return reader;
}

GPtrArray *
recording_list_segments (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalogReader) reader = open_reader (r);
  PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = 1000 };
  GPtrArray *rows = potoo_catalog_reader_list_segments (reader, &query, &error);
  g_assert_no_error (error);
  return rows;
}

GPtrArray *
recording_list_gaps (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalogReader) reader = open_reader (r);
  PotooSegmentQuery query = { .end_us = G_MAXINT64, .limit = 1000 };
  GPtrArray *rows = potoo_catalog_reader_list_gaps (reader, &query, &error);
  g_assert_no_error (error);
  return rows;
}

char *
recording_get_setting (Recording *r, const char *key)
{
  g_autoptr (PotooCatalogReader) reader = open_reader (r);
  return potoo_catalog_reader_get_setting (reader, key, NULL);
}

char *
recording_get_path (Recording *r, const PotooSegment *segment)
{
  g_autofree char *relative = potoo_segment_relative_path (segment);
  return g_build_filename (r->directory, "recordings", relative, NULL);
}

static void
check_duration (int fd, PotooMp4Reader *mp4, const PotooMp4Fragment *last)
{
  guint64 duration = 0;
  g_assert_cmpint (pread (fd, &duration, sizeof duration, potoo_mp4_reader_get_mehd_offset (mp4)),
                   ==, sizeof duration);
  g_assert_cmpuint (GUINT64_FROM_BE (duration), ==, last->time_ticks + last->duration_ticks);
}

guint
recording_check_file (Recording *r, const PotooSegment *segment)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalogReader) reader = open_reader (r);
  g_autoptr (GBytes) blob = potoo_catalog_reader_get_index (reader, segment->id, &error);
  g_assert_no_error (error);
  g_autoptr (PotooSegmentIndex)
      index = potoo_segment_index_parse (blob, (gsize) segment->init_bytes, &error);
  g_assert_no_error (error);
  int fd = potoo_recorder_open_segment (r->recorder, segment, &error);
  g_assert_no_error (error);
  g_autoptr (PotooMp4Reader) mp4 = potoo_mp4_reader_new (fd, &error);
  g_assert_no_error (error);
  PotooMp4Fragment fragment = { 0 };
  guint n = potoo_segment_index_get_n (index);

  g_assert_cmpint (potoo_mp4_reader_get_init_size (mp4), ==, segment->init_bytes);
  g_assert_cmpint (potoo_mp4_reader_get_file_size (mp4), ==, segment->size_bytes);
  g_assert_cmpuint (potoo_segment_index_get_end (index), ==, segment->size_bytes);
  g_assert_cmpuint (potoo_segment_index_get_duration_ticks (index), ==, segment->duration_ticks);
  g_assert_cmpstr (potoo_mp4_reader_get_codecs (mp4), ==, segment->codecs);
  for (guint i = 0; i < n; i++)
    {
      const PotooIndexEntry *entry = potoo_segment_index_get (index, i);
      g_assert_true (
          potoo_mp4_reader_read_fragment (mp4, (gint64) entry->offset, &fragment, &error));
      g_assert_cmpuint (fragment.size, ==, entry->size);
      g_assert_cmpuint (fragment.duration_ticks, ==, entry->duration_ticks);
      g_assert_cmpint (fragment.key, ==, entry->key);
      gint64 expected_us = segment->start_us + (gint64) entry->time_ticks * 100 / 9;
      g_assert_cmpint (ABS (fragment.wall_us - expected_us), <, 1000);
    }
  g_assert_cmpuint (n, >, 0);
  check_duration (fd, mp4, &fragment);
  g_assert_cmpint (
      ABS (segment->end_us - fragment.wall_us - (gint64) fragment.duration_ticks * 100 / 9), <,
      1000);
  close (fd);
  return n;
}
