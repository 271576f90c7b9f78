/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The catalog's write thread: order, merging, failures, bounds, the end. A "gate" is a job
 * that holds the thread until it is opened, so that what waits behind it is known. */

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-eviction.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean reached, opened;
} Gate;

static gboolean
gate_run (PotooDb *db, gpointer data, GError **error)
{
  Gate *gate = data;

  g_mutex_lock (&gate->lock);
  gate->reached = TRUE;
  g_cond_broadcast (&gate->changed);
  while (!gate->opened)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
  return TRUE;
}

/* Returns when the writer stands in the gate. */
static void
gate_close (Gate *gate, CatalogFixture *fixture)
{
  memset (gate, 0, sizeof *gate);
  g_mutex_init (&gate->lock);
  g_cond_init (&gate->changed);
  const PotooJob job = { .run = gate_run, .data = gate, .flags = POTOO_JOB_AWAITED };
  g_assert_true (
      potoo_catalog_writer_post (potoo_catalog_get_writer (fixture->catalog), &job, NULL));
  g_mutex_lock (&gate->lock);
  while (!gate->reached)
    g_cond_wait (&gate->changed, &gate->lock);
  g_mutex_unlock (&gate->lock);
}

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->lock);
  gate->opened = TRUE;
  g_cond_broadcast (&gate->changed);
  g_mutex_unlock (&gate->lock);
}

static void
put_note (CatalogFixture *fixture, const char *key, int value)
{
  g_autofree char *text = g_strdup_printf ("%d", value);
  potoo_catalog_put_setting (fixture->catalog, key, text);
}

static char *
get_note (CatalogFixture *fixture, const char *key)
{
  g_autoptr (GError) error = NULL;
  char *value = potoo_catalog_reader_get_setting (fixture->reader, key, &error);
  g_assert_no_error (error);
  return value;
}

/* A job whose key no table accepts. */
static void
put_bad_note (CatalogFixture *fixture)
{
  potoo_catalog_put_setting (fixture->catalog, "", "x");
}

static void
test_merging (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) first = g_bytes_new_static ("\1", 1);
  g_autoptr (GBytes) second = g_bytes_new_static ("\1\2\2", 3);
  PotooSegment a = catalog_fixture_segment (fixture, "a", DAY, DAY + 1);
  PotooSegment b = catalog_fixture_segment (fixture, "b", DAY, DAY + 1);
  gint64 merged = catalog_metric ("potoo_catalog_merged_jobs_total");
  gint64 waiting;
  Gate gate;

  a.state = b.state = POTOO_SEGMENT_OPEN; /* growth */
  gate_close (&gate, fixture);
  potoo_catalog_put_segment (fixture->catalog, &a, first);
  for (int i = 2; i <= 100; i++)
    {
      a.end_us = b.end_us = DAY + i;
      potoo_catalog_put_segment (fixture->catalog, &a, i == 50 ? second : NULL);
      potoo_catalog_put_segment (fixture->catalog, &b, NULL);
    }
  waiting = catalog_metric ("potoo_catalog_queue_jobs");
  gate_open (&gate);
  catalog_fixture_sync (fixture);

  g_assert_cmpint (waiting, ==, 3); /* the gate, a, b */
  g_assert_cmpint (catalog_metric ("potoo_catalog_merged_jobs_total") - merged, ==, 99 + 98);
  g_autoptr (PotooSegment) read = potoo_catalog_reader_get_segment (fixture->reader, a.id, NULL);
  g_assert_cmpint (read->end_us, ==, DAY + 100);
  g_autoptr (GBytes) index = potoo_catalog_reader_get_index (fixture->reader, a.id, NULL);
  g_assert_true (g_bytes_equal (index, second));
}

typedef struct
{
  CatalogFixture *fixture;
  gint64 id;
} Marking;

/* A thread: gives how many were marked. */
static gpointer
mark (gpointer data)
{
  const Marking *marking = data;
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (
      marking->fixture->catalog, &marking->id, 1, POTOO_SEGMENT_EVENT, NULL);

  return GINT_TO_POINTER (marked->len);
}

static void
wait_for_jobs (gint64 n)
{
  while (catalog_metric ("potoo_catalog_queue_jobs") < n)
    g_usleep (1000);
}

/* What stands between two puts of a segment keeps them apart. */
static void
test_merging_keeps_order (CatalogFixture *fixture, gconstpointer data)
{
  PotooSegment dropped = catalog_fixture_segment (fixture, "a", DAY, DAY + 1);
  PotooSegment again = catalog_fixture_segment (fixture, "a", DAY, DAY + 1);
  PotooSegment marked = catalog_fixture_segment (fixture, "a", DAY, DAY + 1);
  Gate gate;

  gate_close (&gate, fixture);
  potoo_catalog_put_segment (fixture->catalog, &dropped, NULL);
  potoo_catalog_drop_segment (fixture->catalog, dropped.id);
  potoo_catalog_put_segment (fixture->catalog, &again, NULL);
  potoo_catalog_drop_segment (fixture->catalog, again.id);
  again.end_us = DAY + 9;
  potoo_catalog_put_segment (fixture->catalog, &again, NULL);
  potoo_catalog_put_segment (fixture->catalog, &marked, NULL);
  marked.end_us = DAY + 9;
  g_autoptr (GThread) marker = g_thread_new ("marker", mark, &(Marking){ fixture, marked.id });
  wait_for_jobs (8); /* the gate's and the marker's among them */
  potoo_catalog_put_segment (fixture->catalog, &marked, NULL);
  gate_open (&gate);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (g_steal_pointer (&marker))), ==, 1);
  catalog_fixture_sync (fixture);

  g_assert_null (potoo_catalog_reader_get_segment (fixture->reader, dropped.id, NULL));
  g_autoptr (PotooSegment) a = potoo_catalog_reader_get_segment (fixture->reader, again.id, NULL);
  g_assert_cmpint (a->end_us, ==, DAY + 9);
  g_autoptr (PotooSegment) b = potoo_catalog_reader_get_segment (fixture->reader, marked.id, NULL);
  g_assert_cmpint (b->state, ==, POTOO_SEGMENT_CLOSED); /* put again after it was marked */
  g_assert_cmpint (b->end_us, ==, DAY + 9);
}

/* One that fails is undone alone: those before and behind it in the same transaction stay. */
static void
test_savepoints (CatalogFixture *fixture, gconstpointer data)
{
  gint64 failed = catalog_metric ("potoo_catalog_failed_jobs_total");
  gint64 transactions = catalog_metric ("potoo_catalog_transactions_total");
  PotooSegment orphan = catalog_fixture_segment (fixture, "a", DAY, DAY + 1);
  Gate gate;

  orphan.root = 999; /* no such storage root */
  gate_close (&gate, fixture);
  put_note (fixture, "before", 1);
  put_bad_note (fixture);
  potoo_catalog_put_segment (fixture->catalog, &orphan, NULL);
  put_note (fixture, "behind", 2);
  gate_open (&gate);
  catalog_fixture_sync (fixture);

  g_autofree char *before = get_note (fixture, "before");
  g_autofree char *behind = get_note (fixture, "behind");
  g_assert_cmpstr (before, ==, "1");
  g_assert_cmpstr (behind, ==, "2");
  g_assert_null (potoo_catalog_reader_get_segment (fixture->reader, orphan.id, NULL));
  g_assert_cmpint (catalog_metric ("potoo_catalog_failed_jobs_total") - failed, ==, 2);
  g_assert_cmpint (catalog_metric ("potoo_catalog_transactions_total") - transactions, ==, 2);
  g_assert_null (potoo_catalog_get_error (fixture->catalog));
}

/* Plain jobs linger for others to join; one that is awaited does not. */
static void
test_batching (CatalogFixture *fixture, gconstpointer data)
{
  gint64 transactions = catalog_metric ("potoo_catalog_transactions_total");
  gint64 start_us = potoo_clock_mono_us ();

  for (int i = 0; i < 50; i++)
    put_note (fixture, "x", i);
  while (catalog_metric ("potoo_catalog_queue_jobs") > 0)
    g_usleep (2000);
  gint64 waited_us = potoo_clock_mono_us () - start_us;
  g_assert_cmpint (waited_us, >=, POTOO_CATALOG_LINGER_US);
  g_assert_cmpint (catalog_metric ("potoo_catalog_transactions_total") - transactions, ==, 1);
  g_autofree char *x = get_note (fixture, "x");
  g_assert_cmpstr (x, ==, "49");
  g_assert_cmpint (catalog_metric ("potoo_catalog_commit_seconds_total"), >, 0);
  g_assert_cmpint (catalog_metric ("potoo_catalog_commit_max_seconds"), >, 0);
  g_assert_cmpint (catalog_metric ("potoo_catalog_size_bytes"), >=, 4096);
}

static void
test_bound (CatalogFixture *fixture, gconstpointer data)
{
  gint64 dropped = catalog_metric ("potoo_catalog_dropped_jobs_total");
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  Gate gate;

  gate_close (&gate, fixture);
  /* the gate is one of them */
  for (int i = 1; i < POTOO_CATALOG_MAX_JOBS; i++)
    put_note (fixture, "x", i);
  g_assert_cmpint (catalog_metric ("potoo_catalog_dropped_jobs_total") - dropped, ==, 0);
  for (int i = 0; i < 5; i++)
    put_note (fixture, "late", i);
  g_assert_cmpint (catalog_metric ("potoo_catalog_dropped_jobs_total") - dropped, ==, 5);
  potoo_catalog_remove_camera_async (fixture->catalog, "a", catalog_take_result, &result);
  g_autoptr (GAsyncResult) refused = catalog_wait_result (&result);
  g_assert_false (potoo_catalog_remove_camera_finish (fixture->catalog, refused, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);

  gate_open (&gate);
  catalog_fixture_sync (fixture);
  g_autofree char *x = get_note (fixture, "x");
  g_autofree char *expected = g_strdup_printf ("%d", POTOO_CATALOG_MAX_JOBS - 1);
  g_assert_cmpstr (x, ==, expected);
  g_assert_null (get_note (fixture, "late"));
}

/* --- several threads --- */

#define N_THREADS 4
#define N_EACH 300

typedef struct
{
  CatalogFixture *fixture;
  int number;
  guint n_done;
} Poster;

static void
removed (GObject *source, GAsyncResult *result, gpointer data)
{
  Poster *poster = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (potoo_catalog_remove_camera_finish (POTOO_CATALOG (source), result, &error));
  g_assert_no_error (error);
  poster->n_done++;
}

/* Callbacks come in the thread that posted, and when they come all that was posted
 * before is there to be read. */
static gpointer
post_many (gpointer data)
{
  Poster *poster = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (PotooCatalogReader) reader = potoo_catalog_reader_new (poster->fixture->catalog, NULL);
  g_autofree char *key = g_strdup_printf ("thread-%d", poster->number);

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_EACH; i++)
    {
      put_note (poster->fixture, key, (int) i);
      if (i % 3 != 0)
        continue;
      guint before = poster->n_done;
      potoo_catalog_remove_camera_async (poster->fixture->catalog, "nobody", removed, poster);
      while (poster->n_done == before)
        g_main_context_iteration (context, TRUE);
      g_autofree char *value = potoo_catalog_reader_get_setting (reader, key, NULL);
      g_assert_cmpint (g_ascii_strtoll (value, NULL, 10), ==, i);
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_threads (CatalogFixture *fixture, gconstpointer data)
{
  Poster posters[N_THREADS] = { { NULL } };
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    {
      posters[i] = (Poster){ .fixture = fixture, .number = i };
      threads[i] = g_thread_new ("poster", post_many, &posters[i]);
    }
  for (int i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (posters[i].n_done, ==, N_EACH / 3);
    }
}

/* --- trouble of the disk --- */

static gboolean
be_impatient (PotooDb *db, gpointer data, GError **error)
{
  return sqlite3_busy_timeout (potoo_db_get_handle (db), 5) == SQLITE_OK;
}

static void
wait_for_error (CatalogFixture *fixture, gboolean wanted)
{
  gint64 until_us = potoo_clock_mono_us () + 20 * POTOO_SECOND_US;

  for (;;)
    {
      g_autofree char *message = potoo_catalog_get_error (fixture->catalog);
      if ((message != NULL) == wanted)
        return;
      g_assert_cmpint (potoo_clock_mono_us (), <, until_us);
      g_usleep (5000);
    }
}

/* Another program holds the write lock: plain jobs stay and are done in their order when it
 * lets go, whoever waits is told. */
static void
test_locked (CatalogFixture *fixture, gconstpointer data)
{
  gint64 failed = catalog_metric ("potoo_catalog_failed_transactions_total");
  g_autoptr (GError) error = NULL;
  GAsyncResult *result = NULL;
  sqlite3 *other = NULL;

  g_assert_true (potoo_catalog_run (fixture->catalog, be_impatient, NULL, NULL));
  g_assert_cmpint (sqlite3_open (fixture->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);

  put_note (fixture, "x", 1);
  put_note (fixture, "y", 1);
  wait_for_error (fixture, TRUE);
  put_note (fixture, "x", 2);
  potoo_catalog_remove_camera_async (fixture->catalog, "a", catalog_take_result, &result);
  g_autoptr (GAsyncResult) refused = catalog_wait_result (&result);
  g_assert_false (potoo_catalog_remove_camera_finish (fixture->catalog, refused, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_clear_error (&error);
  g_assert_false (potoo_catalog_sync (fixture->catalog, &error));
  put_note (fixture, "x", 3);

  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  wait_for_error (fixture, FALSE);
  catalog_fixture_sync (fixture);
  g_autofree char *x = get_note (fixture, "x");
  g_autofree char *y = get_note (fixture, "y");
  g_assert_cmpstr (x, ==, "3");
  g_assert_cmpstr (y, ==, "1");
  g_assert_cmpint (catalog_metric ("potoo_catalog_failed_transactions_total"), >, failed);
}

/* The file cannot grow, as when the disk is full. */
static void
test_disk_full (CatalogFixture *fixture, gconstpointer data)
{
  g_autofree char *big = g_strnfill (60000, 'x');
  struct rlimit old, limit;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  limit = old;
  limit.rlim_cur = 32768;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  potoo_catalog_put_setting (fixture->catalog, "big", big);
  put_note (fixture, "x", 1);
  wait_for_error (fixture, TRUE);
  g_assert_null (get_note (fixture, "x"));

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  wait_for_error (fixture, FALSE);
  catalog_fixture_sync (fixture);
  g_autofree char *x = get_note (fixture, "x");
  g_autofree char *stored = get_note (fixture, "big");
  g_assert_cmpstr (x, ==, "1");
  g_assert_cmpstr (stored, ==, big);
}

/* --- the end --- */

static void
test_close_with_jobs (CatalogFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCatalog) catalog = g_object_ref (fixture->catalog);
  GAsyncResult *result = NULL, *late = NULL;

  for (int i = 0; i < 3000; i++)
    put_note (fixture, "x", i);
  potoo_catalog_remove_camera_async (catalog, "a", catalog_take_result, &result);
  put_note (fixture, "y", 1);
  catalog_fixture_close (fixture);

  /* the callback comes though the catalog is closed */
  g_autoptr (GAsyncResult) done = catalog_wait_result (&result);
  g_assert_true (potoo_catalog_remove_camera_finish (catalog, done, &error));

  /* later posts fail */
  gint64 dropped = catalog_metric ("potoo_catalog_dropped_jobs_total");
  potoo_catalog_put_setting (catalog, "z", "1");
  g_assert_cmpint (catalog_metric ("potoo_catalog_dropped_jobs_total") - dropped, ==, 1);
  potoo_catalog_remove_camera_async (catalog, "a", catalog_take_result, &late);
  g_autoptr (GAsyncResult) refused = catalog_wait_result (&late);
  g_assert_false (potoo_catalog_remove_camera_finish (catalog, refused, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  g_assert_false (potoo_catalog_sync (catalog, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  potoo_catalog_close (catalog); /* again: nothing */

  catalog_fixture_open (fixture);
  g_autofree char *x = get_note (fixture, "x");
  g_autofree char *y = get_note (fixture, "y");
  g_assert_cmpstr (x, ==, "2999");
  g_assert_cmpstr (y, ==, "1");
  g_assert_null (get_note (fixture, "z"));
}

/* Closing does not hang on a disk that does not take anything any more. */
static void
test_close_locked (CatalogFixture *fixture, gconstpointer data)
{
  gint64 dropped = catalog_metric ("potoo_catalog_failed_jobs_total");
  sqlite3 *other = NULL;

  g_assert_true (potoo_catalog_run (fixture->catalog, be_impatient, NULL, NULL));
  g_assert_cmpint (sqlite3_open (fixture->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (int i = 0; i < 1500; i++)
    put_note (fixture, "x", 1);

  gint64 start_us = potoo_clock_mono_us ();
  potoo_catalog_close (fixture->catalog);
  g_assert_cmpint (potoo_clock_mono_us () - start_us, <, 5 * POTOO_SECOND_US);
  g_assert_cmpint (catalog_metric ("potoo_catalog_failed_jobs_total") - dropped, ==, 1500);
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
}

/* A process that takes ids and segments and is killed: what its callbacks said is there, and its
 * ids do not come again. */
static void
test_killed (CatalogFixture *fixture, gconstpointer data)
{
  for (int round = 0; round < 5; round++)
    {
      int tell[2];
      gint64 told[2] = { 0, 0 }, last[2] = { 0, 0 };

      g_assert_cmpint (pipe (tell), ==, 0);
      pid_t child = fork ();
      g_assert_cmpint (child, >=, 0);
      if (child == 0)
        {
          g_autoptr (PotooCatalog) catalog = potoo_catalog_open (fixture->directory, NULL);
          for (gint64 i = 1;; i++)
            {
              gint64 now[2] = { i, potoo_catalog_take_segment_id (catalog) };
              g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, i);
              potoo_catalog_put_setting (catalog, "counter", text);
              if (i % 4 == 0 && !potoo_catalog_sync (catalog, NULL))
                _exit (1);
              if (i % 4 == 0 && write (tell[1], now, sizeof now) != sizeof now)
                _exit (1);
            }
        }
      close (tell[1]);
      g_usleep ((gulong) g_random_int_range (50000, 200000));
      kill (child, SIGKILL);
      while (read (tell[0], told, sizeof told) == sizeof told)
        memcpy (last, told, sizeof last);
      close (tell[0]);
      g_assert_cmpint (waitpid (child, NULL, 0), ==, child);

      catalog_fixture_open (fixture);
      g_autofree char *integrity = catalog_fixture_query (fixture, "PRAGMA integrity_check");
      g_assert_cmpstr (integrity, ==, "ok");
      if (last[0] > 0)
        {
          g_autofree char *counter = get_note (fixture, "counter");
          g_assert_cmpint (g_ascii_strtoll (counter, NULL, 10), >=, last[0]);
          g_assert_cmpint (potoo_catalog_take_segment_id (fixture->catalog), >, last[1]);
        }
      catalog_fixture_close (fixture);
    }
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-writer/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,     \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/catalog-writer/killed", CatalogFixture, NULL, catalog_fixture_set_up_empty,
              test_killed, catalog_fixture_tear_down);
  ADD ("merging", test_merging);
  ADD ("merging-keeps-order", test_merging_keeps_order);
  ADD ("savepoints", test_savepoints);
  ADD ("batching", test_batching);
  ADD ("bound", test_bound);
  ADD ("threads", test_threads);
  ADD ("locked", test_locked);
  ADD ("disk-full", test_disk_full);
  ADD ("close-with-jobs", test_close_with_jobs);
  ADD ("close-locked", test_close_locked);
  return g_test_run ();
}
