/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a large catalog costs: makes one of N segments through the catalog's own interface, and
 * times what the daemon does with it. Run by catalog.py, which times the daemon's start with it,
 * too.
 *
 *     bench-catalog DIRECTORY N
 */

#include <glib/gstdio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/potoo-clock.h"
#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-eviction.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"
#include "catalog/potoo-catalog-private.h"
#include "catalog/potoo-catalog-settings.h"
#include "catalog/potoo-catalog-totals.h"
#include "catalog/potoo-segment-index.h"
#include "playback/potoo-timeline.h"

#define CAMERAS 16
#define ROOTS 2
#define SEGMENT_US (300 * POTOO_SECOND_US)
#define FRAGMENTS 300
#define SLOTS_PER_EVENT                                                                            \
  10 /* of each camera: 29 events a day, of which some are of the same segment */
#define SLOTS_PER_GAP 200
#define ROUNDS 1000

typedef struct
{
  PotooCatalog *catalog;
  PotooCatalogReader *reader;
  GRand *rand;
  GBytes *index;
  gint64 roots[ROOTS];
  gint64 start_us, end_us; /* of all that is recorded */
} Bench;

static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("bench-catalog: %s\n", error->message);
  exit (1);
}

static void
sync_catalog (Bench *bench)
{
  g_autoptr (GError) error = NULL;

  potoo_catalog_sync (bench->catalog, &error);
  check (error);
}

static void
open_catalog (Bench *bench, const char *directory)
{
  g_autoptr (GError) error = NULL;

  bench->catalog = potoo_catalog_open (directory, &error);
  check (error);
  bench->reader = potoo_catalog_reader_new (bench->catalog, &error);
  check (error);
}

static void
close_catalog (Bench *bench)
{
  g_clear_pointer (&bench->reader, potoo_catalog_reader_free);
  potoo_catalog_close (bench->catalog);
  g_clear_object (&bench->catalog);
}

/* --- figures --- */

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 one = *(const gint64 *) a, other = *(const gint64 *) b;
  return one < other ? -1 : one > other;
}

static double
percentile_ms (GArray *times, guint percent)
{
  return (double) g_array_index (times, gint64, (times->len - 1) * percent / 100) / 1000;
}

/* The time that this thread was at work, which others on the machine do not lengthen. */
static gint64
read_cpu_us (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * POTOO_SECOND_US + time.tv_nsec / 1000;
}

/* @limit_ms: what the 99th percentile is to stay under; 0: nothing. @cpu_us: (nullable) */
static void
print_times (const char *what, GArray *times_us, double limit_ms, GArray *cpu_us)
{
  g_array_sort (times_us, compare_times);
  double worst = percentile_ms (times_us, 100), p99 = percentile_ms (times_us, 99);
  printf ("%-47s p50 %7.3f ms  p99 %7.3f ms  max %7.3f ms", what, percentile_ms (times_us, 50), p99,
          worst);
  if (cpu_us != NULL)
    printf ("  CPU p99 %.3f ms", percentile_ms (cpu_us, 99));
  if (limit_ms > 0)
    printf ("  (%s %g ms)", p99 <= limit_ms ? "under" : "OVER", limit_ms);
  printf ("\n");
  fflush (stdout);
}

static void
print_once (const char *what, gint64 started_us)
{
  printf ("%-47s %7.1f ms\n", what, (double) (potoo_clock_mono_us () - started_us) / 1000);
  fflush (stdout);
}

typedef guint (*RoundFunc) (Bench *bench); /* how many rows it gave */

static void
time_rounds (Bench *bench, const char *what, RoundFunc func)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) cpu_times = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint64 n = 0;

  for (int i = 0; i < ROUNDS; i++)
    {
      gint64 cpu_us = read_cpu_us (), started_us = potoo_clock_mono_us ();
      n += func (bench);
      gint64 taken_us = potoo_clock_mono_us () - started_us;
      cpu_us = read_cpu_us () - cpu_us;
      g_array_append_val (times, taken_us);
      g_array_append_val (cpu_times, cpu_us);
    }
  g_array_sort (cpu_times, compare_times);
  g_autofree char *text = g_strdup_printf ("%s (%.0f rows)", what, (double) n / ROUNDS);
  print_times (text, times, 2, cpu_times);
}

/* PotooJobFunc: when the catalog's thread came here. */
static gboolean
note_time (PotooDb *db, gpointer data, GError **error)
{
  *(gint64 *) data = potoo_clock_mono_us ();
  return TRUE;
}

/* --- making --- */

static GBytes *
make_index (void)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (700);

  for (guint i = 0; i < FRAGMENTS; i++)
    potoo_segment_index_append (index, 480000 + (i * 7919) % 40000, 90000, i % 2 == 0);
  return potoo_segment_index_to_blob (index);
}

static void
name_camera (char *name, gsize size, int camera)
{
  g_snprintf (name, size, "camera-%02d", camera);
}

static gint64
take_id (Bench *bench, gint64 (*take) (PotooCatalog *catalog))
{
  gint64 id;

  while ((id = take (bench->catalog)) == 0)
    sync_catalog (bench);
  return id;
}

static PotooSegment
make_segment (Bench *bench, int camera, gint64 start_us)
{
  PotooSegment segment = { .id = take_id (bench, potoo_catalog_take_segment_id),
                           .root = bench->roots[camera % ROOTS],
                           .state = POTOO_SEGMENT_CLOSED,
                           .recording = camera + 1,
                           .start_us = start_us,
                           .end_us = start_us + SEGMENT_US,
                           .mono_us = start_us / 2,
                           .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
                           .duration_ticks = FRAGMENTS * 90000,
                           .size_bytes = 150000000 + camera,
                           .init_bytes = 700,
                           .codecs = "avc1.64001f,mp4a.40.2" };

  name_camera (segment.camera, sizeof segment.camera, camera);
  return segment;
}

static void
put_event (Bench *bench, int camera, gint64 start_us)
{
  PotooEvent event = { .id = take_id (bench, potoo_catalog_take_event_id),
                       .kind = camera % 2 == 0 ? POTOO_EVENT_MOTION : POTOO_EVENT_ONVIF,
                       .start_us = start_us,
                       .end_us = start_us + 20 * POTOO_SECOND_US,
                       .keep_start_us = start_us - 5 * POTOO_SECOND_US,
                       .keep_end_us = start_us + 30 * POTOO_SECOND_US,
                       .score = 0.5,
                       .title = (char *) "" };

  name_camera (event.camera, sizeof event.camera, camera);
  potoo_catalog_put_event (bench->catalog, &event);
}

static void
put_gap (Bench *bench, int camera, gint64 start_us)
{
  PotooGap gap = { .id = take_id (bench, potoo_catalog_take_gap_id),
                   .start_us = start_us,
                   .end_us = start_us + 9 * POTOO_SECOND_US,
                   .cause = POTOO_GAP_DISCONNECTED };

  name_camera (gap.camera, sizeof gap.camera, camera);
  potoo_catalog_put_gap (bench->catalog, &gap);
}

/* Five minutes of all cameras. */
static void
put_slot (Bench *bench, gint64 slot)
{
  gint64 start_us = bench->start_us + slot * SEGMENT_US;

  for (int camera = 0; camera < CAMERAS; camera++)
    {
      PotooSegment segment = make_segment (bench, camera, start_us);
      if ((slot + camera) % SLOTS_PER_GAP == 0)
        {
          put_gap (bench, camera, start_us);
          segment.start_us += 9 * POTOO_SECOND_US;
        }
      potoo_catalog_put_segment (bench->catalog, &segment, bench->index);
      if ((slot + camera) % SLOTS_PER_EVENT == 0)
        put_event (bench, camera, start_us + 60 * POTOO_SECOND_US);
    }
}

static void
make_catalog (Bench *bench, gint64 n)
{
  gint64 slots = MAX (n / CAMERAS, 1), started_us = potoo_clock_mono_us ();

  for (int i = 0; i < ROOTS; i++)
    {
      g_autofree char *uuid = g_strdup_printf ("uuid-%d", i),
                      *name = g_strdup_printf ("disk-%d", i);
      bench->roots[i] = potoo_catalog_register_root (bench->catalog, uuid, name, "/none", NULL);
    }
  bench->end_us = potoo_clock_wall_us () / POTOO_DAY_US * POTOO_DAY_US;
  bench->start_us = bench->end_us - slots * SEGMENT_US;
  for (gint64 slot = 0; slot < slots; slot++)
    {
      put_slot (bench, slot);
      if (slot % 250 == 249)
        sync_catalog (bench);
    }
  sync_catalog (bench);
  gint64 taken_us = potoo_clock_mono_us () - started_us;
  printf ("%" G_GINT64_FORMAT " segments of %d cameras, %.0f days, in %.1f s: %.3f ms each\n",
          slots * CAMERAS, CAMERAS, (double) (slots * SEGMENT_US) / POTOO_DAY_US,
          (double) taken_us / 1e6, (double) taken_us / 1e3 / (double) (slots * CAMERAS));
  fflush (stdout);
}

/* --- reading --- */

static void
pick_camera (Bench *bench, char *name, gsize size)
{
  name_camera (name, size, g_rand_int_range (bench->rand, 0, CAMERAS));
}

static gint64
pick_time (Bench *bench, gint64 length_us)
{
  gint64 room_us = MAX (bench->end_us - bench->start_us - length_us, 1);
  return bench->start_us + (gint64) (g_rand_double (bench->rand) * (double) room_us);
}

static guint
read_timeline (Bench *bench)
{
  g_autoptr (GError) error = NULL;
  char camera[POTOO_SLUG_MAX + 1];

  pick_camera (bench, camera, sizeof camera);
  gint64 start_us = pick_time (bench, POTOO_DAY_US);
  g_autoptr (PotooTimeline)
      timeline = potoo_timeline_new (bench->reader, camera, POTOO_STREAM_MAIN, start_us,
                                     start_us + POTOO_DAY_US, bench->end_us, &error);
  check (error);
  return timeline->spans->len + timeline->gaps->len;
}

static guint
read_coverage (Bench *bench)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier ("Asia/Kathmandu");
  char camera[POTOO_SLUG_MAX + 1];

  pick_camera (bench, camera, sizeof camera);
  gint64 start_us = pick_time (bench, 30 * POTOO_DAY_US);
  g_autoptr (GPtrArray) days = potoo_coverage_list_days (
      bench->reader, camera, zone, start_us, start_us + 30 * POTOO_DAY_US, bench->end_us, &error);
  check (error);
  return days->len;
}

static guint
list_rows (Bench *bench, gint64 length_us, guint limit, gboolean events)
{
  g_autoptr (GError) error = NULL;
  char camera[POTOO_SLUG_MAX + 1];

  pick_camera (bench, camera, sizeof camera);
  gint64 start_us = pick_time (bench, length_us);
  const PotooSegmentQuery query = {
    .camera = camera, .start_us = start_us, .end_us = start_us + length_us, .limit = limit
  };
  g_autoptr (GPtrArray)
      rows = events ? potoo_catalog_reader_list_events (bench->reader, &query, NULL, &error)
                    : potoo_catalog_reader_list_stream (bench->reader, &query, POTOO_STREAM_MAIN,
                                                        &error);
  check (error);
  return rows->len;
}

static guint
read_moment (Bench *bench)
{
  return list_rows (bench, 1, 1, FALSE);
}

static guint
read_events_of_day (Bench *bench)
{
  return list_rows (bench, POTOO_DAY_US, 100, TRUE);
}

static guint
choose (Bench *bench, const PotooEvictableQuery *query)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = potoo_catalog_reader_list_evictable (bench->reader, query, &error);

  check (error);
  return rows->len;
}

static PotooEvictableQuery
pick_eviction (Bench *bench)
{
  return (PotooEvictableQuery){
    .root = bench->roots[g_rand_int_range (bench->rand, 0, ROOTS)],
    .class = (PotooSegmentClass) g_rand_int_range (bench->rand, 0, POTOO_SEGMENT_LOCKED),
    .before_us = pick_time (bench, POTOO_DAY_US) + POTOO_DAY_US,
    .limit = 16,
  };
}

static guint
choose_of_root (Bench *bench)
{
  const PotooEvictableQuery query = pick_eviction (bench);
  return choose (bench, &query);
}

static guint
choose_of_camera (Bench *bench)
{
  PotooEvictableQuery query = pick_eviction (bench);
  char camera[POTOO_SLUG_MAX + 1];

  pick_camera (bench, camera, sizeof camera);
  query.root = 0;
  query.camera = camera;
  return choose (bench, &query);
}

static guint
read_totals (Bench *bench)
{
  PotooTotals totals;
  g_autoptr (GError) error = NULL;

  potoo_catalog_reader_get_totals (bench->reader, bench->roots[0], NULL, &totals, &error);
  check (error);
  return 1;
}

static void
time_reading (Bench *bench)
{
  time_rounds (bench, "timeline of a day", read_timeline);
  time_rounds (bench, "coverage of the days of a month", read_coverage);
  time_rounds (bench, "lookup by time", read_moment);
  time_rounds (bench, "events of a day", read_events_of_day);
  time_rounds (bench, "eviction: 16 of a root", choose_of_root);
  time_rounds (bench, "eviction: 16 of a camera, any root", choose_of_camera);
  time_rounds (bench, "totals of a root", read_totals);
}

/* --- writing --- */

/* A segment that is begun, or grows: as cameras have it at each sync. */
static void
put_next (Bench *bench, PotooSegment *segment, int camera, int round, gboolean grow)
{
  if (!grow || round == 0)
    {
      *segment = make_segment (bench, camera, bench->end_us);
      segment->state = POTOO_SEGMENT_OPEN;
    }
  segment->end_us = segment->start_us + (round + 1) * 100000;
  segment->size_bytes = (round + 1) * 50000;
  potoo_catalog_put_segment (bench->catalog, segment, bench->index);
}

/* @n at once, which is one transaction: how long one takes until it is durable, and how long the
 * catalog's thread is at it without the commit, which waits for the disk. */
static void
time_puts (Bench *bench, const char *what, int n, int rounds, gboolean grow)
{
  g_autoptr (GArray) whole = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) work = g_array_new (FALSE, FALSE, sizeof (gint64));
  PotooSegment segments[CAMERAS];

  for (int round = 0; round <= rounds; round++)
    {
      gint64 began_us = 0, ended_us = 0, started_us = potoo_clock_mono_us ();
      potoo_catalog_post (bench->catalog, &(PotooJob){ .run = note_time, .data = &began_us });
      for (int i = 0; i < n; i++)
        put_next (bench, &segments[i], i, round, grow);
      potoo_catalog_run (bench->catalog, note_time, &ended_us, NULL);
      gint64 whole_us = (potoo_clock_mono_us () - started_us) / n;
      gint64 work_us = (ended_us - began_us) / n;
      if (!grow)
        bench->end_us += SEGMENT_US;
      if (round == 0)
        continue; /* prepares its statements */
      g_array_append_val (whole, whole_us);
      g_array_append_val (work, work_us);
    }
  g_autofree char *durable = g_strconcat (what, ", durable", NULL);
  g_autofree char *alone = g_strconcat (what, ", without commit", NULL);
  print_times (durable, whole, n > 1 ? 1 : 0, NULL);
  print_times (alone, work, 1, NULL);
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

static void
time_event (Bench *bench, gint64 length_us, const char *what)
{
  gint64 start_us = pick_time (bench, length_us), started_us = potoo_clock_mono_us ();
  PotooEvent event = { .id = take_id (bench, potoo_catalog_take_event_id),
                       .camera = "camera-03",
                       .kind = POTOO_EVENT_API,
                       .start_us = start_us,
                       .end_us = start_us + length_us,
                       .keep_start_us = start_us,
                       .keep_end_us = start_us + length_us,
                       .score = -1,
                       .title = (char *) what };
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  potoo_catalog_put_event_async (bench->catalog, &event, take_result, &result);
  g_autoptr (GAsyncResult) put = wait_for (&result);
  potoo_catalog_put_event_finish (bench->catalog, put, &error);
  check (error);
  g_autofree char *putting = g_strconcat ("put an event of ", what, NULL);
  print_once (putting, started_us);

  started_us = potoo_clock_mono_us ();
  potoo_catalog_drop_event_async (bench->catalog, event.id, take_result, &result);
  g_autoptr (GAsyncResult) dropped = wait_for (&result);
  potoo_catalog_drop_event_finish (bench->catalog, dropped, &error);
  check (error);
  print_once ("drop it", started_us);
}

static void
time_lock (Bench *bench)
{
  gint64 length_us = MIN (POTOO_LOCK_MAX_US, (bench->end_us - bench->start_us) / 2);
  gint64 start_us = pick_time (bench, length_us), started_us = potoo_clock_mono_us ();
  PotooLock lock = { .id = take_id (bench, potoo_catalog_take_lock_id),
                     .camera = "camera-05",
                     .start_us = start_us,
                     .end_us = start_us + length_us,
                     .reason = (char *) "bench" };
  GAsyncResult *result = NULL;
  g_autoptr (GError) error = NULL;

  potoo_catalog_put_lock_async (bench->catalog, &lock, take_result, &result);
  g_autoptr (GAsyncResult) put = wait_for (&result);
  potoo_catalog_put_lock_finish (bench->catalog, put, &error);
  check (error);
  g_autofree char *what = g_strdup_printf ("put a lock of %.0f days",
                                           (double) length_us / POTOO_DAY_US);
  print_once (what, started_us);

  started_us = potoo_clock_mono_us ();
  potoo_catalog_drop_lock_async (bench->catalog, lock.id, take_result, &result);
  g_autoptr (GAsyncResult) dropped = wait_for (&result);
  potoo_catalog_drop_lock_finish (bench->catalog, dropped, &error);
  check (error);
  print_once ("drop it", started_us);
}

static void
time_eviction (Bench *bench)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  const PotooEvictableQuery query = { .root = bench->roots[0],
                                      .before_us = G_MAXINT64,
                                      .limit = 16 };

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 ids[16], started_us = potoo_clock_mono_us ();
      g_autoptr (GPtrArray)
          rows = potoo_catalog_reader_list_evictable (bench->reader, &query, &error);
      check (error);
      for (guint j = 0; j < rows->len; j++)
        ids[j] = ((const PotooSegment *) rows->pdata[j])->id;
      g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (
          bench->catalog, ids, rows->len, POTOO_SEGMENT_CONTINUOUS, &error);
      check (error);
      potoo_catalog_drop_segments (bench->catalog, (const gint64 *) (gpointer) marked->data,
                                   marked->len);
      sync_catalog (bench);
      gint64 taken_us = potoo_clock_mono_us () - started_us;
      g_array_append_val (times, taken_us);
    }
  print_times ("evict 16 of a root, two fsyncs", times, 0, NULL);
}

static void
time_writing (Bench *bench)
{
  time_puts (bench, "insert of a segment, 16 at once", CAMERAS, 100, FALSE);
  time_puts (bench, "insert of a segment, alone", 1, 200, FALSE);
  time_puts (bench, "growth of a segment, 16 at once", CAMERAS, 200, TRUE);
  time_event (bench, 3600 * POTOO_SECOND_US, "an hour");
  time_event (bench, POTOO_DAY_US, "a day");
  time_lock (bench);
  time_eviction (bench);
}

static void
print_size (const char *directory, gint64 n)
{
  g_autofree char *path = g_build_filename (directory, "catalog.db", NULL);
  GStatBuf info = { 0 };

  g_stat (path, &info);
  printf ("%-47s %7.0f MB, %.0f bytes a segment\n", "size", (double) info.st_size / 1e6,
          (double) info.st_size / (double) n);
}

int
main (int argc, char **argv)
{
  Bench bench = { 0 };

  if (argc != 3)
    {
      g_printerr ("usage: bench-catalog DIRECTORY N\n");
      return 2;
    }
  setlocale (LC_ALL, "C.UTF-8");
  bench.rand = g_rand_new_with_seed (1);
  bench.index = make_index ();
  open_catalog (&bench, argv[1]);
  make_catalog (&bench, g_ascii_strtoll (argv[2], NULL, 10));
  close_catalog (&bench);

  gint64 started_us = potoo_clock_mono_us ();
  open_catalog (&bench, argv[1]);
  print_once ("opening it", started_us);
  time_reading (&bench);
  time_writing (&bench);
  close_catalog (&bench);
  print_size (argv[1], g_ascii_strtoll (argv[2], NULL, 10));
  g_bytes_unref (bench.index);
  g_rand_free (bench.rand);
  return 0;
}
