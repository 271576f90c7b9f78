/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Segments on their way out: which are chosen, which are marked, what is told of it. */

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "catalog-fixture.h"
#include "catalog/potoo-catalog-eviction.h"

#define DAY G_GINT64_CONSTANT (1795000000000000)

typedef struct
{
  CatalogFixture *fixture;
  gint64 roots[2];
} Rig;

/* Of two cameras on two roots, by turns; ids from 1 on in the order of their ends, which
 * is not that of their starts. Number 5 is open, 6 is damaged. */
static void
put_segments (CatalogFixture *fixture, Rig *rig, int n)
{
  rig->fixture = fixture;
  rig->roots[0] = fixture->root;
  rig->roots[1] = potoo_catalog_register_root (fixture->catalog, "uuid-2", "usb", "/usb", NULL);
  for (int i = 1; i <= n; i++)
    {
      PotooSegment segment = catalog_fixture_segment (fixture, i % 2 ? "a" : "b", DAY + 500 - i,
                                                      DAY + 1000 + i);
      segment.root = rig->roots[i / 2 % 2];
      segment.state = i == 5   ? POTOO_SEGMENT_OPEN
                      : i == 6 ? POTOO_SEGMENT_DAMAGED
                               : POTOO_SEGMENT_CLOSED;
      g_assert_cmpint (segment.id, ==, i);
      potoo_catalog_put_segment (fixture->catalog, &segment, NULL);
    }
  catalog_fixture_sync (fixture);
}

static void
assert_chosen (Rig *rig, const PotooEvictableQuery *query, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray)
      rows = potoo_catalog_reader_list_evictable (rig->fixture->reader, query, &error);
  g_autoptr (GString) ids = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    g_string_append_printf (ids, "%d ", (int) ((const PotooSegment *) rows->pdata[i])->id);
  g_assert_cmpstr (ids->str, ==, expected);
}

static void
put_event (Rig *rig, gint64 start_us, gint64 end_us)
{
  const PotooEvent event = { .id = 1,
                             .camera = "a",
                             .start_us = DAY + start_us,
                             .end_us = DAY + end_us,
                             .keep_start_us = DAY + start_us,
                             .keep_end_us = DAY + end_us,
                             .score = -1,
                             .title = (char *) "" };
  g_autoptr (GError) error = catalog_fixture_put_event (rig->fixture, &event);
  g_assert_no_error (error);
}

static void
test_choice (CatalogFixture *fixture, gconstpointer data)
{
  Rig rig;
  put_segments (fixture, &rig, 10);
  const gint64 *roots = rig.roots;
  const struct
  {
    PotooEvictableQuery query;
    const char *ids;
  } cases[] = {
    { { 0, NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 99 }, "1 2 3 4 6 7 8 9 10 " },
    { { 0, NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 3 }, "1 2 3 " },
    { { 0, NULL, POTOO_SEGMENT_CONTINUOUS, DAY + 1004, 99 }, "1 2 3 " },
    { { 0, NULL, POTOO_SEGMENT_CONTINUOUS, 0, 99 }, "" },
    { { 0, NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 0 }, "" },
    { { 0, NULL, POTOO_SEGMENT_EVENT, G_MAXINT64, 99 }, "" },
    { { roots[0], NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 99 }, "1 4 8 9 " },
    { { roots[1], NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 3 }, "2 3 6 " },
    { { roots[1] + 1, NULL, POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 3 }, "" },
    { { 0, "a", POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 99 }, "1 3 7 9 " },
    { { 0, "a", POTOO_SEGMENT_CONTINUOUS, DAY + 1008, 2 }, "1 3 " },
    { { roots[1], "b", POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 99 }, "2 6 10 " },
    { { roots[1], "c", POTOO_SEGMENT_CONTINUOUS, G_MAXINT64, 99 }, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_chosen (&rig, &cases[i].query, cases[i].ids);

  /* up to the third of `a`, which ends at 1005 and is open */
  put_event (&rig, 1001, 1004);
  assert_chosen (&rig, &cases[0].query, "1 2 4 6 8 10 ");
  const PotooEvictableQuery events = { 0, NULL, POTOO_SEGMENT_EVENT, G_MAXINT64, 99 };
  assert_chosen (&rig, &events, "3 7 9 ");
}

/* --- marking and dropping --- */

static void
assert_ids (GArray *ids, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_nonnull (ids);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (text, "%d ", (int) g_array_index (ids, gint64, i));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_mark (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 ids[] = { 1, 2, 3, 5, 6, 77 };
  Rig rig;

  put_segments (fixture, &rig, 10);
  put_event (&rig, 1000, 1004); /* 1, 3, 7, 9 overlap it: an event's since they were chosen */
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (
      fixture->catalog, ids, G_N_ELEMENTS (ids), POTOO_SEGMENT_CONTINUOUS, NULL);
  assert_ids (marked, "2 6 ");
  g_autoptr (GArray) again = potoo_catalog_mark_segments_deleting (
      fixture->catalog, ids, G_N_ELEMENTS (ids), POTOO_SEGMENT_EVENT, NULL);
  assert_ids (again, "1 3 ");
  g_autoptr (GArray) none = potoo_catalog_mark_segments_deleting (fixture->catalog, NULL, 0,
                                                                  POTOO_SEGMENT_EVENT, NULL);
  assert_ids (none, "");
  g_assert_cmpint (
      catalog_fixture_query_int (fixture, "SELECT count (*) FROM segments WHERE state = 3"), ==, 4);

  potoo_catalog_drop_segments (fixture->catalog, ids, G_N_ELEMENTS (ids));
  catalog_fixture_sync (fixture);
  g_assert_cmpint (catalog_fixture_query_int (fixture, "SELECT count (*) FROM segments"), ==, 5);
}

static void
test_closed (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 id = 1;
  g_autoptr (GError) error = NULL;
  Rig rig;

  put_segments (fixture, &rig, 5);
  potoo_catalog_close (fixture->catalog);
  g_assert_null (potoo_catalog_mark_segments_deleting (fixture->catalog, &id, 1,
                                                       POTOO_SEGMENT_CONTINUOUS, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE);
  potoo_catalog_drop_segments (fixture->catalog, &id, 1); /* logged */
}

/* What could not be unlinked is a segment again, with its class. */
static void
test_put_again (CatalogFixture *fixture, gconstpointer data)
{
  static const gint64 id = 3;
  Rig rig;

  put_segments (fixture, &rig, 3);
  put_event (&rig, 0, 2000);
  g_autoptr (GArray) marked = potoo_catalog_mark_segments_deleting (fixture->catalog, &id, 1,
                                                                    POTOO_SEGMENT_EVENT, NULL);
  assert_ids (marked, "3 ");
  potoo_catalog_unmark_segment (fixture->catalog, id, POTOO_SEGMENT_CLOSED);
  catalog_fixture_sync (fixture);
  const PotooEvictableQuery events = { 0, NULL, POTOO_SEGMENT_EVENT, G_MAXINT64, 99 };
  assert_chosen (&rig, &events, "1 3 ");
}

static void
test_plans (CatalogFixture *fixture, gconstpointer data)
{
  const PotooEvictableQuery of_root = { 1, NULL, POTOO_SEGMENT_EVENT, G_MAXINT64, 1 };
  const PotooEvictableQuery of_camera = { 1, "a", POTOO_SEGMENT_EVENT, G_MAXINT64, 1 };
  sqlite3 *handle = potoo_db_get_handle (potoo_catalog_reader_get_db (fixture->reader));

  g_ptr_array_unref (potoo_catalog_reader_list_evictable (fixture->reader, &of_root, NULL));
  g_ptr_array_unref (potoo_catalog_reader_list_evictable (fixture->reader, &of_camera, NULL));
  catalog_fixture_assert_plan (handle, "INDEXED BY segments_evictable WHERE",
                               "segments_evictable (root=? AND class=? AND end_us<?)");
  catalog_fixture_assert_plan (
      handle, "INDEXED BY segments_evictable_by_camera",
      "segments_evictable_by_camera (root=? AND camera=? AND class=? AND end_us<?)");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/catalog-eviction/" name, CatalogFixture, NULL, catalog_fixture_set_up, function,   \
              catalog_fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("choice", test_choice);
  ADD ("mark", test_mark);
  ADD ("closed", test_closed);
  ADD ("put-again", test_put_again);
  ADD ("plans", test_plans);
  return g_test_run ();
}
