/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is chosen, on a store of segments in memory. */

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "record/potoo-retention-policy.h"

#define NOW_US (G_GINT64_CONSTANT (20000) * POTOO_DAY_US)
#define HOUR_US (3600 * POTOO_SECOND_US)
#define MB G_GINT64_CONSTANT (1000000)
#define SIZE MB /* of a segment */

typedef struct
{
  GArray *segments;   /* PotooSegment */
  GPtrArray *roots;   /* PotooRootStatus */
  GPtrArray *cameras; /* PotooCameraSettings */
  GPtrArray *condemned;
  gint64 owed_bytes;
  gboolean making_room;
  gint64 root; /* that is looked at */
  gboolean fails;
} Store;

static void
set_up (Store *s, gconstpointer data)
{
  s->segments = g_array_new (FALSE, TRUE, sizeof (PotooSegment));
  s->roots = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_root_status_free);
  s->cameras = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_settings_unref);
  s->condemned = g_ptr_array_new ();
  s->root = 1;
}

static void
tear_down (Store *s, gconstpointer data)
{
  g_array_unref (s->segments);
  g_ptr_array_unref (s->roots);
  g_ptr_array_unref (s->cameras);
  g_ptr_array_unref (s->condemned);
}

/* --- what is in the store --- */

/* @max: of @max segments, 0: no quota. */
static PotooRootStatus *
add_root (Store *s, gint64 max)
{
  PotooRootStatus *root = g_new0 (PotooRootStatus, 1);

  root->row_id = s->roots->len + 1;
  root->name = g_strdup_printf ("root-%u", s->roots->len + 1);
  root->path = g_strdup ("/r");
  root->max_bytes = max * SIZE;
  g_ptr_array_add (s->roots, root);
  return root;
}

/* @members: JSON, such as `"min_days":3` */
static void
add_camera (Store *s, const char *id, const char *members)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("{\"id\":\"%s\",\"url\":\"rtsp://192.0.2.1/\"%s%s}", id,
                                           *members != '\0' ? "," : "", members);
  g_autoptr (JsonNode) node = json_from_string (text, &error);
  g_assert_no_error (error);
  PotooCameraSettings *settings = potoo_camera_settings_new (json_node_get_object (node), &error);
  g_assert_no_error (error);
  g_ptr_array_add (s->cameras, settings);
}

/* Ended @hours ago; returns its id. */
static gint64
add (Store *s, const char *camera, PotooSegmentClass class, double hours)
{
  PotooSegment segment = {
    .id = s->segments->len + 1,
    .root = s->root,
    .state = POTOO_SEGMENT_CLOSED,
    .start_us = NOW_US - (gint64) (hours * HOUR_US) - 300 * POTOO_SECOND_US,
    .end_us = NOW_US - (gint64) (hours * HOUR_US),
    .size_bytes = SIZE,
    .class = class,
  };

  g_strlcpy (segment.camera, camera, sizeof segment.camera);
  g_array_append_val (s->segments, segment);
  return segment.id;
}

static PotooSegment *
get (Store *s, gint64 id)
{
  return &g_array_index (s->segments, PotooSegment, id - 1);
}

/* --- how it is looked at --- */

static int
compare_ends (gconstpointer a, gconstpointer b)
{
  const PotooSegment *left = *(PotooSegment *const *) a, *right = *(PotooSegment *const *) b;
  return left->end_us < right->end_us ? -1 : left->end_us > right->end_us ? 1 : 0;
}

static GPtrArray *
list (const PotooEvictableQuery *query, gpointer user_data, GError **error)
{
  Store *s = user_data;
  GPtrArray *rows = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free);

  if (s->fails)
    {
      g_ptr_array_unref (rows);
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT, "no");
      return NULL;
    }
  g_assert_cmpint (query->class, <, POTOO_SEGMENT_LOCKED);
  for (guint i = 0; i < s->segments->len; i++)
    {
      const PotooSegment *row = &g_array_index (s->segments, PotooSegment, i);
      if ((row->state == POTOO_SEGMENT_CLOSED || row->state == POTOO_SEGMENT_DAMAGED) &&
          row->class == query->class && row->end_us < query->before_us &&
          (query->root == 0 || query->root == row->root) &&
          (query->camera == NULL || g_str_equal (query->camera, row->camera)))
        g_ptr_array_add (rows, potoo_segment_copy (row));
    }
  g_ptr_array_sort (rows, compare_ends);
  if (rows->len > query->limit)
    g_ptr_array_set_size (rows, (int) query->limit);
  return rows;
}

static int
compare_totals (gconstpointer a, gconstpointer b)
{
  const PotooStreamTotals *left = a, *right = b;
  return left->root != right->root ? (left->root < right->root ? -1 : 1)
                                   : g_strcmp0 (left->camera, right->camera);
}

static GArray *
sum_up (Store *s)
{
  GArray *totals = g_array_new (FALSE, TRUE, sizeof (PotooStreamTotals));

  for (guint i = 0; i < s->segments->len; i++)
    {
      const PotooSegment *row = &g_array_index (s->segments, PotooSegment, i);
      PotooStreamTotals *found = NULL;
      for (guint j = 0; j < totals->len && found == NULL; j++)
        {
          found = &g_array_index (totals, PotooStreamTotals, j);
          if (found->root != row->root || !g_str_equal (found->camera, row->camera))
            found = NULL;
        }
      if (found == NULL)
        {
          PotooStreamTotals fresh = { .root = row->root };
          g_strlcpy (fresh.camera, row->camera, sizeof fresh.camera);
          g_array_append_val (totals, fresh);
          found = &g_array_index (totals, PotooStreamTotals, totals->len - 1);
        }
      PotooTotal *total = row->state == POTOO_SEGMENT_DELETING ? &found->totals.deleting
                                                               : &found->totals.kept[row->class];
      total->segments++;
      total->bytes += row->size_bytes;
    }
  g_array_sort (totals, compare_totals);
  return totals;
}

static PotooRetentionChoice
choose (Store *s)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) totals = sum_up (s);
  PotooRetentionChoice choice;

  g_ptr_array_add (s->condemned, NULL);
  g_autoptr (PotooRetentionRules)
      rules = potoo_retention_rules_new (s->cameras, (const char *const *) s->condemned->pdata);
  g_ptr_array_set_size (s->condemned, (int) s->condemned->len - 1);
  const PotooRetentionInput input = {
    rules, NOW_US, totals, s->roots, s->root, s->owed_bytes, s->making_room, list, s,
  };
  gboolean chosen = potoo_retention_choose (&input, &choice, &error);
  g_assert_no_error (error);
  g_assert_true (chosen);
  g_assert_cmpuint (choice.segments->len, <=, POTOO_EVICTION_BATCH);
  for (guint i = 0; i < choice.segments->len; i++)
    {
      const PotooSegment *segment = choice.segments->pdata[i];
      g_assert_cmpint (segment->class, ==, choice.class);
      g_assert_cmpint (segment->root, ==, s->root);
    }
  return choice;
}

/* The ids that are chosen, such as "3 1"; the choice is carried out. */
static char *
carry_out (Store *s, PotooEvictionReason reason)
{
  g_auto (PotooRetentionChoice) choice = choose (s);
  GString *text = g_string_new (NULL);

  if (choice.segments->len > 0)
    g_assert_cmpint (choice.reason, ==, reason);
  for (guint i = 0; i < choice.segments->len; i++)
    {
      gint64 id = ((PotooSegment *) choice.segments->pdata[i])->id;
      g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "", id);
      get (s, id)->state = POTOO_SEGMENT_DELETING;
    }
  return g_string_free (text, FALSE);
}

static void
assert_chosen (Store *s, PotooEvictionReason reason, const char *expected)
{
  g_autofree char *found = carry_out (s, reason);
  g_assert_cmpstr (found, ==, expected);
}

static void
assert_nothing_more (Store *s)
{
  g_autofree char *found = carry_out (s, POTOO_EVICTION_AGE);
  g_assert_cmpstr (found, ==, "");
}

/* --- by age --- */

static void
test_nothing (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_camera (s, "a", "");
  g_auto (PotooRetentionChoice) choice = choose (s);
  g_assert_cmpint (choice.next_us, ==, G_MAXINT64);
  g_assert_cmpint (choice.short_bytes, ==, 0);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 100000);
  assert_nothing_more (s);
}

static void
test_age (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_camera (s, "a", "\"keep_continuous_days\":2,\"keep_event_days\":4");
  add_camera (s, "b", "");
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 47);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 49);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 50);
  add (s, "a", POTOO_SEGMENT_EVENT, 95);
  add (s, "a", POTOO_SEGMENT_EVENT, 97);
  add (s, "a", POTOO_SEGMENT_LOCKED, 1000);
  add (s, "b", POTOO_SEGMENT_CONTINUOUS, 1000);
  add (s, "gone", POTOO_SEGMENT_CONTINUOUS, 1000);
  get (s, add (s, "a", POTOO_SEGMENT_CONTINUOUS, 60))->state = POTOO_SEGMENT_OPEN;
  assert_chosen (s, POTOO_EVICTION_AGE, "3 2");
  assert_chosen (s, POTOO_EVICTION_AGE, "5");
  g_auto (PotooRetentionChoice) choice = choose (s);
  g_assert_cmpuint (choice.segments->len, ==, 0);
  g_assert_cmpint (choice.next_us, ==, NOW_US + HOUR_US);
}

static void
test_age_in_batches (Store *s, gconstpointer data)
{
  guint n = 0;

  add_root (s, 0);
  add_camera (s, "a", "\"keep_continuous_days\":1");
  add_camera (s, "b", "\"keep_continuous_days\":1");
  for (guint i = 0; i < 40; i++)
    add (s, i % 2 == 0 ? "a" : "b", POTOO_SEGMENT_CONTINUOUS, 30 + i);
  for (guint batches = 0; batches < 3; batches++)
    {
      g_autofree char *chosen = carry_out (s, POTOO_EVICTION_AGE);
      g_auto (GStrv) ids = g_strsplit (chosen, " ", -1);
      n += g_strv_length (ids);
    }
  g_assert_cmpuint (n, ==, 40);
  assert_nothing_more (s);
}

static void
test_condemned (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_camera (s, "b", "");
  g_ptr_array_add (s->condemned, (gpointer) "a");
  g_ptr_array_add (s->condemned, (gpointer) "b"); /* is there: what it has stays */
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, -5);     /* the clock was set back */
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 0);
  add (s, "a", POTOO_SEGMENT_EVENT, 3);
  add (s, "a", POTOO_SEGMENT_LOCKED, 4);
  add (s, "b", POTOO_SEGMENT_CONTINUOUS, 5);
  assert_chosen (s, POTOO_EVICTION_AGE, "2 1");
  assert_chosen (s, POTOO_EVICTION_AGE, "3");
  assert_nothing_more (s);
}

/* --- by what a camera may have --- */

static void
test_camera_limit (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_camera (s, "a", "\"max_bytes\":10000000");
  for (guint i = 0; i < 6; i++)
    {
      add (s, "a", POTOO_SEGMENT_EVENT, 200 - i);
      add (s, "a", POTOO_SEGMENT_CONTINUOUS, 100 - i);
      add (s, "b", POTOO_SEGMENT_CONTINUOUS, 300 - i);
    }
  /* 12, and an eighth is to be free */
  assert_chosen (s, POTOO_EVICTION_CAMERA, "2 5 8 11");
  assert_nothing_more (s);
  for (guint i = 0; i < 5; i++)
    add (s, "a", POTOO_SEGMENT_LOCKED, 400);
  assert_chosen (s, POTOO_EVICTION_CAMERA, "14 17");
  assert_chosen (s, POTOO_EVICTION_CAMERA, "1 4 7");
  assert_nothing_more (s);
}

static void
test_camera_limit_over_roots (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_root (s, 0);
  PotooRootStatus *away = add_root (s, 0);
  away->state = POTOO_ROOT_MISSING;
  add_camera (s, "a", "\"max_bytes\":10000000");
  for (guint i = 0; i < 12; i++)
    {
      s->root = 1 + i % 2;
      add (s, "a", POTOO_SEGMENT_CONTINUOUS, 100 - i);
    }
  s->root = 3; /* does not count */
  for (guint i = 0; i < 20; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, 500);
  add (s, "a", POTOO_SEGMENT_EVENT, 500);
  s->root = 2;
  assert_chosen (s, POTOO_EVICTION_CAMERA, "2 4");
  s->root = 1;
  assert_chosen (s, POTOO_EVICTION_CAMERA, "1 3");
  assert_nothing_more (s);
}

/* Events wait until the other root has no less protected ones. */
static void
test_camera_limit_class_over_roots (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_root (s, 0);
  add_camera (s, "a", "\"max_bytes\":10000000");
  for (guint i = 0; i < 12; i++)
    add (s, "a", POTOO_SEGMENT_EVENT, 100);
  s->root = 2;
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 50);
  s->root = 1;
  assert_nothing_more (s);
  s->root = 2;
  assert_chosen (s, POTOO_EVICTION_CAMERA, "13");
  s->root = 1;
  assert_chosen (s, POTOO_EVICTION_CAMERA, "1 2 3 4");
}

static void
test_camera_limit_gives_way (Store *s, gconstpointer data)
{
  add_root (s, 0);
  add_camera (s, "a", "\"max_bytes\":10000000,\"min_days\":3");
  for (guint i = 0; i < 20; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, 70 - i * 0.1);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 73);
  assert_chosen (s, POTOO_EVICTION_CAMERA, "21");
  g_auto (PotooRetentionChoice) choice = choose (s);
  g_assert_cmpuint (choice.segments->len, ==, 0);
  g_assert_cmpint (choice.next_us, ==, NOW_US + 2 * HOUR_US);
}

/* --- by what the root holds --- */

static void
test_quota (Store *s, gconstpointer data)
{
  PotooRootStatus *root = add_root (s, 10);

  add_camera (s, "a", "");
  add_camera (s, "b", "");
  for (guint i = 0; i < 4; i++)
    {
      add (s, "a", POTOO_SEGMENT_CONTINUOUS, 10 - i);
      add (s, "b", POTOO_SEGMENT_CONTINUOUS, 10.5 - i);
      add (s, "b", POTOO_SEGMENT_EVENT, 1000);
    }
  /* 12, oldest first */
  assert_chosen (s, POTOO_EVICTION_ROOT, "2 1");
  assert_nothing_more (s);
  /* room is made ahead, and half as much more, once there is need */
  root->headroom_bytes = 2 * SIZE;
  assert_chosen (s, POTOO_EVICTION_ROOT, "5 4 8");
  root->headroom_bytes = 3 * SIZE;
  assert_nothing_more (s);
  /* … which takes several batches, if need be */
  s->making_room = TRUE;
  assert_chosen (s, POTOO_EVICTION_ROOT, "7 11");
  assert_nothing_more (s);
  s->making_room = FALSE;
  /* an event only when there is nothing less protected */
  root->headroom_bytes = 8 * SIZE;
  assert_chosen (s, POTOO_EVICTION_ROOT, "10");
  assert_chosen (s, POTOO_EVICTION_ROOT, "3 6 9 12");
  assert_nothing_more (s);
}

static void
test_min_free (Store *s, gconstpointer data)
{
  PotooRootStatus *root = add_root (s, 0);

  root->total_bytes = 1000 * SIZE;
  root->min_free_bytes = 50 * SIZE;
  root->free_bytes = 48 * SIZE;
  root->headroom_bytes = SIZE;
  for (guint i = 0; i < 8; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, 10 - i);
  /* what was deleted just now need not be free yet */
  s->owed_bytes = 3 * SIZE;
  assert_nothing_more (s);
  s->owed_bytes = SIZE;
  assert_chosen (s, POTOO_EVICTION_ROOT, "1 2 3");
  s->owed_bytes = 0;
  root->state = POTOO_ROOT_READ_ONLY;
  assert_nothing_more (s);
  root->state = POTOO_ROOT_FULL;
  assert_chosen (s, POTOO_EVICTION_ROOT, "4 5 6 7");
  root->free_bytes = 51 * SIZE;
  assert_nothing_more (s);
}

static void
test_root_in_batches (Store *s, gconstpointer data)
{
  add_root (s, 1);
  for (guint i = 0; i < 40; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, 100 - i);
  assert_chosen (s, POTOO_EVICTION_ROOT, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16");
  g_autofree char *second = carry_out (s, POTOO_EVICTION_ROOT);
  assert_chosen (s, POTOO_EVICTION_ROOT, "33 34 35 36 37 38 39");
  assert_nothing_more (s);
}

static void
test_priority (Store *s, gconstpointer data)
{
  add_root (s, 12);
  add_camera (s, "high", "\"priority\":10");
  add_camera (s, "usual", "");
  for (guint i = 1; i <= 10; i++)
    {
      add (s, "high", POTOO_SEGMENT_CONTINUOUS, 10 * i);
      add (s, "usual", POTOO_SEGMENT_CONTINUOUS, 10 * i);
    }
  /* 100 hours of the one are as old as 50 of the other. */
  assert_chosen (s, POTOO_EVICTION_ROOT, "20 18 16 14 12 19 10 17");
}

static void
test_floor (Store *s, gconstpointer data)
{
  add_root (s, 1);
  for (guint i = 0; i < 5; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, i / 60.0 + 0.0001);
  assert_chosen (s, POTOO_EVICTION_ROOT, "5 4 3");
  g_auto (PotooRetentionChoice) choice = choose (s);
  g_assert_cmpuint (choice.segments->len, ==, 0);
  g_assert_cmpint (choice.short_bytes, ==, SIZE);
  g_assert_cmpint (choice.next_us, ==, get (s, 2)->end_us + POTOO_RETENTION_FLOOR_US);
}

static void
test_guarantee_wins (Store *s, gconstpointer data)
{
  add_root (s, 2);
  add_camera (s, "a", "\"min_days\":2");
  add_camera (s, "b", "");
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 49);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 47);
  add (s, "a", POTOO_SEGMENT_CONTINUOUS, 46);
  add (s, "a", POTOO_SEGMENT_EVENT, 45);
  add (s, "b", POTOO_SEGMENT_CONTINUOUS, 20);
  add (s, "b", POTOO_SEGMENT_EVENT, 100);
  add (s, "b", POTOO_SEGMENT_LOCKED, 100);
  assert_chosen (s, POTOO_EVICTION_ROOT, "1 5");
  assert_chosen (s, POTOO_EVICTION_ROOT, "6");
  g_auto (PotooRetentionChoice) choice = choose (s);
  g_assert_cmpuint (choice.segments->len, ==, 0);
  g_assert_cmpint (choice.short_bytes, ==, 2 * SIZE);
  g_assert_cmpint (choice.next_us, ==, NOW_US + HOUR_US);
}

static void
test_error (Store *s, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooRetentionRules) rules = NULL;
  g_auto (PotooRetentionChoice) choice = { 0 };

  add_root (s, 1);
  for (guint i = 0; i < 5; i++)
    add (s, "a", POTOO_SEGMENT_CONTINUOUS, 5);
  g_autoptr (GArray) totals = sum_up (s);
  rules = potoo_retention_rules_new (s->cameras, NULL);
  const PotooRetentionInput input = { rules, NOW_US, totals, s->roots, 1, 0, FALSE, list, s };
  s->fails = TRUE;
  g_assert_false (potoo_retention_choose (&input, &choice, &error));
  g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/retention-policy/" name, Store, NULL, set_up, test, tear_down)
  ADD ("nothing", test_nothing);
  ADD ("age", test_age);
  ADD ("age/batches", test_age_in_batches);
  ADD ("condemned", test_condemned);
  ADD ("camera", test_camera_limit);
  ADD ("camera/roots", test_camera_limit_over_roots);
  ADD ("camera/class-over-roots", test_camera_limit_class_over_roots);
  ADD ("camera/gives-way", test_camera_limit_gives_way);
  ADD ("root/quota", test_quota);
  ADD ("root/min-free", test_min_free);
  ADD ("root/batches", test_root_in_batches);
  ADD ("root/priority", test_priority);
  ADD ("root/floor", test_floor);
  ADD ("root/guarantee", test_guarantee_wins);
  ADD ("error", test_error);
  return g_test_run ();
}
