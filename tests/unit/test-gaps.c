/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib/gstdio.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-backup.h"
#include "catalog/potoo-catalog-cameras.h"
#include "catalog/potoo-catalog-restore.h"
#include "catalog/potoo-catalog-settings.h"
#include "record/potoo-recovery.h"
#include "record/potoo-root-care.h"
#include "record/potoo-storage-root.h"
#include "record/potoo-verify.h"
#include "recording-fixture.h"

static PotooDiskCalls real_calls;

static void
set_up (Recording *r, gconstpointer data)
{
  potoo_disk_calls = real_calls;
  potoo_probe_us = 5 * G_USEC_PER_SEC;
  recording_set_up (r);
  recording_start (r);
}

static void
tear_down (Recording *r, gconstpointer data)
{
  recording_tear_down (r); /* the writer has ended when it returns */
  potoo_disk_calls = real_calls;
}

typedef struct
{
  gint64 start_us, end_us;
  PotooGapCause cause;
} Expected;

/* The gaps that overlap anything from @since_us on. */
static void
assert_gaps (Recording *r, gint64 since_us, const Expected *expected, guint n)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  guint found = 0;

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->end_us != 0 && gap->end_us <= since_us)
        continue;
      g_assert_cmpuint (found, <, n);
      g_assert_cmpstr (potoo_gap_cause_to_string (gap->cause), ==,
                       potoo_gap_cause_to_string (expected[found].cause));
      g_assert_cmpint (gap->start_us, ==, expected[found].start_us);
      g_assert_cmpint (gap->end_us, ==, expected[found].end_us);
      g_assert_cmpstr (gap->camera, ==, "door");
      found++;
    }
  g_assert_cmpuint (found, ==, n);
}

static gint64
now_of (Recording *r)
{
  return (gint64) (r->maker.at_ns / 1000) + r->maker.wall_offset_us;
}

/* Recording, at the maker's time; returns where it began. */
static gint64
begin_recording (Recording *r)
{
  gint64 start_us = now_of (r);
  recording_plan (r, TRUE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  return start_us;
}

/* The camera is back after @away_us, and @n fragments are recorded; returns where they begin. */
static gint64
come_back (Recording *r, gint64 away_us, guint n)
{
  media_maker_skip (&r->maker, away_us);
  gint64 start_us = now_of (r);
  recording_push_many (r, n, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  return start_us;
}

static PotooGap
only_gap (Recording *r)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpuint (gaps->len, ==, 1);
  return *(const PotooGap *) gaps->pdata[0];
}

static void
test_never_recorded (Recording *r, gconstpointer data)
{
  gint64 before_us = potoo_clock_wall_us ();
  recording_plan (r, TRUE);
  gint64 after_us = potoo_clock_wall_us ();
  recording_wait_for (recording_get_metric ("potoo_recording_gap" DOOR) == 1);

  PotooGap gap = only_gap (r);
  g_assert_cmpint (gap.start_us, >=, before_us);
  g_assert_cmpint (gap.start_us, <=, after_us);
  g_assert_cmpint (gap.end_us, ==, 0);
  g_assert_cmpint (gap.cause, ==, POTOO_GAP_DISCONNECTED);

  gint64 start_us = come_back (r, G_TIME_SPAN_MINUTE, 1);
  gint64 id = gap.id;
  gap = only_gap (r);
  g_assert_cmpint (gap.id, ==, id);
  g_assert_cmpint (gap.end_us, ==, start_us);
}

static void
test_not_wanted (Recording *r, gconstpointer data)
{
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_AUTH);
  recording_plan (r, FALSE);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_stop (r);
  recording_start (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  g_assert_cmpuint (gaps->len, ==, 0);
}

/* From the end of the last fragment to the start of the next. */
static void
test_interrupted (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  assert_gaps (r, since_us, &(Expected){ end_us, 0, POTOO_GAP_STALLED }, 1);

  gint64 start_us = come_back (r, 7 * G_USEC_PER_SEC, 2);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_STALLED }, 1);
}

/* Media is ahead of the clock: what was recorded of the time after a switch is no gap. */
static void
test_switched_off_and_on (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  recording_plan (r, FALSE);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_DISCONNECTED);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_plan (r, TRUE);

  gint64 start_us = come_back (r, 7 * G_USEC_PER_SEC, 2);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_DISCONNECTED }, 1);
}

static void
test_cause_changes (Recording *r, gconstpointer data)
{
  r->maker.at_ns -= G_TIME_SPAN_MINUTE * 1000; /* so that now is after the last fragment */
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_DISCONNECTED);
  gint64 before_us = potoo_clock_wall_us ();
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_AUTH);
  gint64 after_us = potoo_clock_wall_us ();
  recording_wait_for (recording_get_metric ("potoo_recording_gaps_total" DOOR) >= 3);

  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  PotooGap *last = gaps->pdata[gaps->len - 1];
  g_assert_cmpint (last->start_us, >=, before_us);
  g_assert_cmpint (last->start_us, <=, after_us);
  assert_gaps (r, since_us,
               (Expected[]){ { end_us, last->start_us, POTOO_GAP_DISCONNECTED },
                             { last->start_us, 0, POTOO_GAP_AUTH } },
               2);
}

/* A reconnection that nobody announced, and one that lost nothing. */
static void
test_silent_discontinuity (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  media_maker_skip (&r->maker, 2 * G_USEC_PER_SEC);
  gint64 start_us = now_of (r);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_push_many (r, 2, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_DISCONNECTED }, 1);
}

static void
test_missing_sequence (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  g_autoptr (PotooFragment) lost = media_maker_next (&r->maker, MEDIA_DELTA);
  recording_push (r, MEDIA_DELTA);
  gint64 start_us = now_of (r);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_DISK_SLOW }, 1);
}

static GMutex hang_lock; /* held: the disk does not answer */

static ssize_t
hanging_writev (int fd, const struct iovec *iov, int n)
{
  g_mutex_lock (&hang_lock);
  g_mutex_unlock (&hang_lock);
  return writev (fd, iov, n);
}

static void
push_large (Recording *r, MediaFlags flags)
{
  r->maker.frame_bytes = 64 * 1024;
  recording_push (r, flags);
  r->maker.frame_bytes = 100;
}

/* The disk hangs with a key fragment, and nothing waits yet. Returns where the next one begins. */
static gint64
begin_hang (Recording *r)
{
  g_mutex_lock (&hang_lock);
  push_large (r, MEDIA_KEY);
  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  return now_of (r);
}

/* Groups of two, until memory is short and the @n oldest fragments have gone. */
static void
overflow (Recording *r, gint64 n)
{
  for (guint i = 0; recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR) < n;
       i++)
    push_large (r, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
  g_assert_cmpint (recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR), ==,
                   n);
}

/* What is missing is the oldest that waited. */
static void
test_disk_slow (Recording *r, gconstpointer data)
{
  potoo_disk_calls.writev = hanging_writev;
  gint64 since_us = begin_recording (r);
  gint64 lost_us = begin_hang (r);
  push_large (r, MEDIA_DELTA);
  overflow (r, 3);
  recording_push_many (r, 2, MEDIA_KEY);
  g_mutex_unlock (&hang_lock);
  recording_wait_handled (r);
  assert_gaps (r, since_us,
               &(Expected){ lost_us, lost_us + 3 * G_USEC_PER_SEC, POTOO_GAP_DISK_SLOW }, 1);
}

/* The camera goes while the disk is behind: two causes, two rows, no hole between. */
static void
test_disk_slow_then_disconnected (Recording *r, gconstpointer data)
{
  potoo_disk_calls.writev = hanging_writev;
  gint64 since_us = begin_recording (r);
  gint64 lost_us = begin_hang (r);
  push_large (r, MEDIA_DELTA);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_DISCONNECTED);
  media_maker_skip (&r->maker, 5 * G_USEC_PER_SEC);
  gint64 start_us = now_of (r);
  push_large (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  overflow (r, 1);
  g_mutex_unlock (&hang_lock);
  recording_wait_handled (r);
  assert_gaps (r, since_us,
               (Expected[]){ { lost_us, end_us, POTOO_GAP_DISK_SLOW },
                             { end_us, start_us, POTOO_GAP_DISCONNECTED } },
               2);
}

/* What is dropped on both sides of a disconnection: three rows. */
static void
test_disk_slow_around_a_disconnection (Recording *r, gconstpointer data)
{
  potoo_disk_calls.writev = hanging_writev;
  gint64 since_us = begin_recording (r);
  gint64 lost_us = begin_hang (r);
  push_large (r, MEDIA_DELTA);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  media_maker_skip (&r->maker, 5 * G_USEC_PER_SEC);
  gint64 start_us = now_of (r);
  push_large (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  push_large (r, MEDIA_DELTA);
  overflow (r, 3);
  g_mutex_unlock (&hang_lock);
  recording_wait_handled (r);
  assert_gaps (r, since_us,
               (Expected[]){ { lost_us, end_us, POTOO_GAP_DISK_SLOW },
                             { end_us, start_us, POTOO_GAP_STALLED },
                             { start_us, start_us + 2 * G_USEC_PER_SEC, POTOO_GAP_DISK_SLOW } },
               3);
}

/* A group that has no end is lost from where memory ends, and what had come of it is kept. */
static void
test_disk_slow_without_keyframes (Recording *r, gconstpointer data)
{
  gint64 lost_us;

  potoo_disk_calls.writev = hanging_writev;
  gint64 since_us = begin_recording (r);
  begin_hang (r);
  do
    {
      lost_us = now_of (r);
      push_large (r, MEDIA_DELTA);
    }
  while (recording_get_metric ("potoo_fragment_queue_dropped_fragments_total" DOOR) == 0);
  push_large (r, MEDIA_DELTA);
  gint64 start_us = now_of (r);
  g_mutex_unlock (&hang_lock);
  recording_wait_for (recording_get_metric ("potoo_fragment_queue_messages" DOOR) == 0);
  recording_push_many (r, 2, MEDIA_KEY);
  recording_wait_handled (r);
  assert_gaps (r, since_us, &(Expected){ lost_us, start_us, POTOO_GAP_DISK_SLOW }, 1);
}

/* --- across runs --- */

typedef struct
{
  void (*end) (Recording *r);
  PotooGapCause cause;
} EndOfRun;

static void
test_end_of_run (Recording *r, gconstpointer data)
{
  const EndOfRun *run = data;

  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  run->end (r);
  recording_start (r);
  assert_gaps (r, since_us, &(Expected){ end_us, 0, run->cause }, 1);
  /* Again, before the camera is back: still the same gap. */
  recording_plan (r, TRUE);
  run->end (r);
  recording_start (r);
  recording_plan (r, TRUE);
  gint64 start_us = come_back (r, 60 * G_USEC_PER_SEC, 1);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, run->cause }, 1);
}

static void
test_power (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_catalog_put_setting (r->catalog, "recorder-run",
                             "00000000-0000-0000-0000-000000000000 running");
  recording_crash (r);
  recording_start (r);
  assert_gaps (r, since_us, &(Expected){ end_us, 0, POTOO_GAP_POWER }, 1);
}

/* What a start has noted and not settled. */
static GHashTable *
list_interrupted (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (r->catalog, &error);
  GHashTable *noted = potoo_catalog_reader_list_settings (reader, "interrupted:", &error);

  g_assert_no_error (error);
  return noted;
}

static void
assert_none_interrupted (Recording *r)
{
  g_autoptr (GHashTable) noted = list_interrupted (r);
  g_assert_cmpuint (g_hash_table_size (noted), ==, 0);
}

static void
assert_interrupted (Recording *r, gint64 end_us)
{
  g_autoptr (GHashTable) noted = list_interrupted (r);
  g_autofree char *end = g_strdup_printf ("%" G_GINT64_FORMAT, end_us);
  g_assert_cmpuint (g_hash_table_size (noted), ==, 1);
  g_assert_cmpstr (g_hash_table_lookup (noted, "door/main"), ==, end);
}

static void
put_interrupted (Recording *r, const char *key, gint64 end_us)
{
  g_autofree char *end = g_strdup_printf ("%" G_GINT64_FORMAT, end_us);
  potoo_catalog_put_setting (r->catalog, key, end);
}

/* The power fails again when the start has closed what was open, and not yet told what is missing.
 */
static void
test_power_fails_at_start (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_catalog_put_setting (r->catalog, "recorder-run",
                             "00000000-0000-0000-0000-000000000000 running");
  recording_crash (r);
  recording_open (r);
  {
    g_autoptr (GError) error = NULL;
    g_auto (PotooRecoveryReport) report = { 0 };
    g_autoptr (PotooStorageRoot) root = potoo_storage_root_new (r->config, 0, r->catalog);
    g_assert_true (potoo_storage_root_attach (root, &error));
    potoo_recovery_report_init (&report, r->catalog);
    g_assert_true (potoo_recovery_run (root, r->catalog, &report, &error));
    g_assert_cmpuint (report.repaired, ==, 1);
  }
  assert_interrupted (r, end_us);
  potoo_catalog_close (r->catalog);
  g_clear_object (&r->catalog);
  g_clear_pointer (&r->config, potoo_config_unref);
  recording_start (r);
  assert_gaps (r, since_us, &(Expected){ end_us, 0, POTOO_GAP_POWER }, 1);
  recording_stop (r);
  recording_start (r); /* it is told once */
  assert_gaps (r, since_us, &(Expected){ end_us, 0, POTOO_GAP_POWER }, 1);
  assert_none_interrupted (r);
}

/* It fails when the end is noted and the row not closed yet, then when the gap is written and the
 * note still there. Of a camera that is gone nothing is missing. */
static void
test_power_fails_between (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  put_interrupted (r, "interrupted:door/main", end_us);
  put_interrupted (r, "interrupted:gone/main", end_us);
  put_interrupted (r, "interrupted:door", end_us); /* nobody's stream */
  for (guint i = 0; i < 2; i++)
    {
      recording_crash (r);
      recording_start (r);
      assert_gaps (r, since_us, &(Expected){ end_us, 0, POTOO_GAP_CRASH }, 1);
      assert_none_interrupted (r);
      put_interrupted (r, "interrupted:door/main", end_us);
    }
  recording_crash (r);
  recording_start (r);
  recording_plan (r, TRUE);
  gint64 start_us = come_back (r, 60 * G_USEC_PER_SEC, 1);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_CRASH }, 1);
}

/* --- a catalog that was restored --- */

static void
back_up (Recording *r)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (potoo_catalog_sync (r->catalog, &error));
  g_assert_true (potoo_catalog_back_up_now (r->catalog, NULL, &error));
  g_assert_no_error (error);
}

/* It dies, its catalog is lost, and the backup takes its place. */
static void
restore_catalog (Recording *r)
{
  static const char *const names[] = { "catalog.db", "catalog.db-wal", "catalog.db-shm" };
  g_autoptr (GError) error = NULL;

  recording_crash (r);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (r->directory, names[i], NULL);
      g_unlink (path);
    }
  g_autoptr (PotooCatalog) catalog = potoo_catalog_open_or_restore (r->directory, &error);
  g_assert_no_error (error);
  potoo_catalog_close (catalog);
}

static void
restore (Recording *r)
{
  restore_catalog (r);
  recording_start (r);
}

/* Whether a gap was left that goes on over what was recorded. */
static gboolean
complete (Recording *r)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) roots = potoo_recorder_get_storage_roots (r->recorder);
  const PotooVerifySpec spec = {
    .catalog = r->catalog, .roots = roots, .repair = TRUE, .rebuild = TRUE, .live = TRUE
  };
  g_autoptr (PotooVerify) verify = potoo_verify_new (&spec);

  g_assert_true (potoo_verify_run (verify, &error));
  g_assert_no_error (error);
  g_autoptr (PotooVerifyReport) report = potoo_verify_get_report (verify);
  return report->left_gap;
}

static void
assert_near (gint64 a_us, gint64 b_us)
{
  g_assert_cmpint (ABS (a_us - b_us), <=, POTOO_SAME_MOMENT_US);
}

/* What was recorded after the backup is not missing, from the start on; what was missing when it
 * was made has ended. */
static void
test_restored (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 stalled_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  back_up (r);
  media_maker_skip (&r->maker, 7 * G_USEC_PER_SEC);
  gint64 again_us = now_of (r);
  recording_push_many (r, 35, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  gint64 end_us = now_of (r);
  restore (r);
  {
    g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
    const PotooGap *last = gaps->pdata[gaps->len - 1];
    assert_near (last->start_us, end_us);
    g_assert_cmpint (last->end_us, ==, 0);
    g_assert_cmpint (last->cause, ==, POTOO_GAP_CRASH);
  }
  recording_plan (r, TRUE);
  g_assert_false (complete (r));
  media_maker_skip (&r->maker, 60 * G_USEC_PER_SEC);
  gint64 start_us = now_of (r);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 6); /* of 10 s, but for the first and the last two */
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  if (((PotooGap *) gaps->pdata[0])->end_us <= since_us)
    g_ptr_array_remove_index (gaps, 0);
  g_assert_cmpuint (gaps->len, ==, 2);
  const PotooGap *stalled = gaps->pdata[0], *crash = gaps->pdata[1];
  g_assert_cmpint (stalled->cause, ==, POTOO_GAP_STALLED);
  g_assert_cmpint (stalled->start_us, ==, stalled_us);
  assert_near (stalled->end_us, again_us);
  g_assert_cmpint (crash->cause, ==, POTOO_GAP_CRASH);
  assert_near (crash->start_us, end_us);
  g_assert_cmpint (crash->end_us, ==, start_us);
}

/* The disk comes when a gap has begun already where the backup knows the open segment to end: what
 * its file has had since then stays, and is not missing. */
static void
test_restored_without_root (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  recording_wait_for (recording_get_metric ("potoo_storage_syncs_total{root=\"main\"}") >= 1);
  back_up (r);
  recording_push_many (r, 4, MEDIA_KEY);
  recording_wait_handled (r);
  gint64 end_us = now_of (r);
  restore_catalog (r);
  g_autofree char *there = g_build_filename (r->directory, "recordings", NULL);
  g_autofree char *away = g_build_filename (r->directory, "away", NULL);
  g_assert_cmpint (g_rename (there, away), ==, 0);
  potoo_probe_us = 100 * 1000;
  recording_start (r);
  {
    g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
    const PotooGap *last = gaps->pdata[gaps->len - 1];
    g_assert_cmpint (last->end_us, ==, 0);
    g_assert_cmpint (last->start_us, <, end_us - POTOO_SAME_MOMENT_US);
  }
  g_assert_cmpint (g_rename (away, there), ==, 0);
  recording_plan (r, TRUE);
  recording_wait_for (recording_get_metric ("potoo_storage_state{root=\"main\",state=\"ok\"}") ==
                      1);
  g_assert_true (complete (r));
  gint64 start_us = come_back (r, 60 * G_USEC_PER_SEC, 1);
  g_assert_false (complete (r));

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_assert_cmpuint (segments->len, ==, 2);
  assert_near (((PotooSegment *) segments->pdata[0])->end_us, end_us);
  g_assert_cmpuint (recording_check_file (r, segments->pdata[0]), ==, 6);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *crash = gaps->pdata[gaps->len - 1];
  g_assert_cmpint (crash->cause, ==, POTOO_GAP_CRASH);
  assert_near (crash->start_us, end_us);
  g_assert_cmpint (crash->end_us, ==, start_us);
  for (guint i = 0; i + 1 < gaps->len; i++)
    g_assert_cmpint (((PotooGap *) gaps->pdata[i])->end_us, <=, since_us);
}

/* Nobody knows any more what was wanted of a camera that is recorded now and then. */
static void
test_restored_events (Recording *r, gconstpointer data)
{
  begin_recording (r);
  back_up (r);
  recording_push_many (r, 4, MEDIA_KEY);
  recording_wait_handled (r);
  gint64 end_us = now_of (r);
  r->mode = "event";
  restore (r);
  recording_plan (r, FALSE);
  complete (r);
  recording_stop (r);
  recording_start (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      g_assert_cmpint (gap->end_us, !=, 0);
      g_assert_cmpint (gap->end_us, <, end_us);
    }
}

/* In a gap when it crashed: that gap goes on, with its cause. */
static void
test_crash_in_a_gap (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_AUTH);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_crash (r);
  recording_start (r);
  recording_plan (r, TRUE);
  gint64 start_us = come_back (r, 60 * G_USEC_PER_SEC, 1);
  assert_gaps (r, since_us, &(Expected){ end_us, start_us, POTOO_GAP_AUTH }, 1);
}

/* The rows after the crash were not durable: the file shows that the gap had ended. */
static void
test_crash_with_lost_rows (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_AUTH);
  gint64 start_us = come_back (r, 60 * G_USEC_PER_SEC, 2);
  gint64 last_us = now_of (r);

  g_autoptr (GPtrArray) segments = recording_list_segments (r);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  PotooSegment *second = segments->pdata[1];
  PotooGap *gap = gaps->pdata[gaps->len - 1];
  gap->end_us = 0;
  potoo_catalog_put_gap (r->catalog, gap);
  potoo_catalog_drop_segment (r->catalog, second->id);
  recording_crash (r);
  recording_start (r);
  assert_gaps (
      r, since_us,
      (Expected[]){ { end_us, start_us, POTOO_GAP_AUTH }, { last_us, 0, POTOO_GAP_CRASH } }, 2);
}

static void
test_off_when_it_crashed (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_crash (r);
  recording_start (r);
  assert_gaps (r, since_us, NULL, 0);
}

static void
test_removed (Recording *r, gconstpointer data)
{
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  media_maker_skip (&r->maker, G_USEC_PER_SEC);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  /* The maker is ahead of the clock: now is before the gap began, so nothing is left of it. */
  potoo_recorder_remove_stream (r->recorder, g_steal_pointer (&r->queue));
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) < 0);
  g_assert_cmpint (end_us, >, potoo_clock_wall_us ());
  assert_gaps (r, since_us, NULL, 0);
}

/* The end of a gap that ends because nothing is wanted any more, between two times. */
static gint64
only_end_between (Recording *r, gint64 start_us, gint64 after_us, gint64 before_us)
{
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);

  for (guint i = 0; i < gaps->len; i++)
    {
      const PotooGap *gap = gaps->pdata[i];
      if (gap->start_us != start_us)
        continue;
      g_assert_cmpint (gap->end_us, >=, after_us);
      g_assert_cmpint (gap->end_us, <=, before_us);
      return gap->end_us;
    }
  g_assert_not_reached ();
}

/* Switched off in a gap, and on again later: what is between is not missing. */
static void
test_off_in_a_gap (Recording *r, gconstpointer data)
{
  r->maker.at_ns -= 60 * GST_SECOND; /* so that now is after the last fragment */
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_wait_for (recording_get_metric ("potoo_recording_gap" DOOR) == 1);
  gint64 before_off_us = potoo_clock_wall_us ();
  recording_plan (r, FALSE);
  recording_wait_for (recording_get_metric ("potoo_recording_gap" DOOR) == 0);
  gint64 after_off_us = potoo_clock_wall_us ();
  gint64 off_us = only_end_between (r, end_us, before_off_us, after_off_us);
  recording_plan (r, FALSE);
  gint64 before_on_us = potoo_clock_wall_us ();
  recording_plan (r, TRUE);
  recording_wait_for (recording_get_metric ("potoo_recording_gap" DOOR) == 1);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *on = gaps->pdata[gaps->len - 1];
  g_assert_cmpint (on->start_us, >=, before_on_us);
  r->maker.at_ns = (GstClockTime) (potoo_clock_mono_us () / 1000 + 5000) * GST_MSECOND;
  gint64 start_us = now_of (r);
  recording_push (r, MEDIA_KEY | MEDIA_DISCONTINUOUS);
  recording_wait_handled (r);
  assert_gaps (r, since_us,
               (Expected[]){ { end_us, off_us, POTOO_GAP_STALLED },
                             { on->start_us, start_us, POTOO_GAP_STALLED } },
               2);
}

/* Its gap ends when the camera is removed, and nothing is left of it for the next start. */
static void
test_removed_in_a_gap (Recording *r, gconstpointer data)
{
  r->maker.at_ns -= 60 * GST_SECOND;
  gint64 since_us = begin_recording (r);
  gint64 end_us = now_of (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  gint64 before_us = potoo_clock_wall_us ();
  potoo_recorder_remove_stream (r->recorder, g_steal_pointer (&r->queue));
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) < 0);
  gint64 removed_us = only_end_between (r, end_us, before_us, potoo_clock_wall_us ());
  recording_stop (r);
  recording_start (r);
  assert_gaps (r, since_us, &(Expected){ end_us, removed_us, POTOO_GAP_STALLED }, 1);
}

static void
on_camera_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (potoo_catalog_remove_camera_finish (POTOO_CATALOG (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

/* A camera that is gone does not go on missing its recordings. */
static void
test_camera_gone_at_start (Recording *r, gconstpointer data)
{
  gboolean done = FALSE;
  g_autoptr (GError) error = NULL;

  r->maker.wall_offset_us -= G_TIME_SPAN_HOUR;
  begin_recording (r);
  potoo_fragment_queue_interrupt (r->queue, POTOO_GAP_STALLED);
  recording_wait_for (recording_get_metric ("potoo_segments_closed_total" DOOR) >= 1);
  recording_crash (r);
  recording_open (r);
  potoo_catalog_remove_camera_async (r->catalog, "door", on_camera_removed, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  gint64 before_us = potoo_clock_wall_us ();
  r->recorder = potoo_recorder_new (r->config, r->catalog, &error);
  g_assert_no_error (error);
  g_autoptr (GPtrArray) gaps = recording_list_gaps (r);
  const PotooGap *gap = gaps->pdata[gaps->len - 1];
  g_assert_cmpint (gap->cause, ==, POTOO_GAP_STALLED);
  g_assert_cmpint (gap->end_us, >=, before_us);
}

int
main (int argc, char *argv[])
{
  static const EndOfRun shutdown = { recording_stop, POTOO_GAP_SHUTDOWN };
  static const EndOfRun crash = { recording_crash, POTOO_GAP_CRASH };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  real_calls = potoo_disk_calls;
#define ADD_WITH(path, data, func)                                                                 \
  g_test_add ("/gaps/" path, Recording, data, set_up, func, tear_down)
#define ADD(path, func) ADD_WITH (path, NULL, func)
  ADD ("never-recorded", test_never_recorded);
  ADD ("not-wanted", test_not_wanted);
  ADD ("interrupted", test_interrupted);
  ADD ("switched-off-and-on", test_switched_off_and_on);
  ADD ("cause-changes", test_cause_changes);
  ADD ("silent-discontinuity", test_silent_discontinuity);
  ADD ("missing-sequence", test_missing_sequence);
  ADD ("disk-slow", test_disk_slow);
  ADD ("disk-slow-then-disconnected", test_disk_slow_then_disconnected);
  ADD ("disk-slow-around-a-disconnection", test_disk_slow_around_a_disconnection);
  ADD ("disk-slow-without-keyframes", test_disk_slow_without_keyframes);
  ADD_WITH ("shutdown", &shutdown, test_end_of_run);
  ADD_WITH ("crash", &crash, test_end_of_run);
  ADD ("restored", test_restored);
  ADD ("restored-without-root", test_restored_without_root);
  ADD ("restored-events", test_restored_events);
  ADD ("power", test_power);
  ADD ("power-fails-at-start", test_power_fails_at_start);
  ADD ("power-fails-between", test_power_fails_between);
  ADD ("crash-in-a-gap", test_crash_in_a_gap);
  ADD ("crash-with-lost-rows", test_crash_with_lost_rows);
  ADD ("off-when-it-crashed", test_off_when_it_crashed);
  ADD ("removed", test_removed);
  ADD ("off-in-a-gap", test_off_in_a_gap);
  ADD ("removed-in-a-gap", test_removed_in_a_gap);
  ADD ("camera-gone-at-start", test_camera_gone_at_start);
  return g_test_run ();
}
