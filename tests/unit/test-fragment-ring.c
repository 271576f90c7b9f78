/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is held of fragments that are not written, and what of it is written after all. */

#include <string.h>

#include "base/potoo-metrics.h"
#include "media-maker.h"
#include "record/potoo-fragment-selector.h"

#define S G_USEC_PER_SEC

/* --- the ring --- */

typedef struct
{
  PotooFragmentMemory *memory;
  MediaMaker maker;
  gsize fragment_bytes;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  media_maker_init (&f->maker, FALSE);
  f->maker.frame_bytes = 4000;
  g_autoptr (PotooFragment) one = media_maker_next (&f->maker, MEDIA_KEY);
  f->fragment_bytes = potoo_fragment_get_memory (one);
  f->memory = potoo_fragment_ring_memory_new ((gint64) f->fragment_bytes * 20);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  potoo_fragment_memory_unref (f->memory);
  media_maker_clear (&f->maker);
}

/* A fragment of a second; every second one is a key fragment. */
static guint64
push (Fixture *f, PotooFragmentRing *ring)
{
  gboolean key = f->maker.sequence % 2 == 0;
  g_autoptr (PotooFragment) fragment = media_maker_next (&f->maker, key ? MEDIA_KEY : MEDIA_DELTA);

  potoo_fragment_ring_push (ring, fragment, FALSE);
  return potoo_fragment_get_sequence (fragment);
}

static gint64
held (PotooFragmentRing *ring)
{
  return potoo_fragment_ring_get_held_us (ring) / S;
}

static gint64
get_metric (const char *series)
{
  g_autofree char *text = potoo_metrics_render ();
  g_autofree char *line = g_strconcat ("\n", series, " ", NULL);
  const char *found = strstr (text, line);

  return found != NULL ? g_ascii_strtoll (found + strlen (line), NULL, 10) : -1;
}

static void
test_length (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing)
      ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);

  g_assert_cmpint (potoo_fragment_ring_get_held_us (ring), ==, -1);
  push (f, ring);
  g_assert_null (potoo_fragment_ring_peek (ring));
  potoo_fragment_ring_set_up (ring, 5 * S, 5);
  for (int i = 0; i < 40; i++)
    push (f, ring);
  /* At least five, from a key fragment on. */
  g_assert_cmpint (held (ring), >=, 5);
  g_assert_cmpint (held (ring), <=, 6);
  g_autoptr (PotooFragment) oldest = potoo_fragment_ring_peek (ring);
  g_assert_true (potoo_fragment_is_key (oldest));
  g_assert_cmpint (get_metric ("potoo_pre_roll_seconds{camera=\"door\",stream=\"main\"}"), ==,
                   held (ring));
  g_assert_cmpint (get_metric ("potoo_pre_roll_memory_bytes"), ==,
                   held (ring) * (gint64) f->fragment_bytes);
  potoo_fragment_ring_set_up (ring, 2 * S, 5);
  g_assert_cmpint (held (ring), <=, 3);
  potoo_fragment_ring_set_up (ring, 0, 5);
  g_assert_null (potoo_fragment_ring_peek (ring));
  g_assert_cmpint (get_metric ("potoo_pre_roll_memory_bytes"), ==, 0);
  g_assert_cmpint (get_metric ("potoo_pre_roll_shrunk_fragments_total{camera=\"door\","
                               "stream=\"main\"}"),
                   ==, 0);
}

/* What nothing in the ring can show is not taken. */
static void
test_needs_a_key (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing)
      ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);
  g_autoptr (PotooFragment) delta = media_maker_next (&f->maker, MEDIA_DELTA);
  g_autoptr (PotooFragment) key = media_maker_next (&f->maker, MEDIA_KEY);
  g_autoptr (PotooFragment) lost = media_maker_next (&f->maker, MEDIA_DELTA);
  g_autoptr (PotooFragment) later = media_maker_next (&f->maker, MEDIA_DELTA);

  potoo_fragment_ring_set_up (ring, 5 * S, 5);
  potoo_fragment_ring_push (ring, delta, FALSE);
  g_assert_cmpint (held (ring), ==, 0);
  potoo_fragment_ring_push (ring, key, FALSE);
  potoo_fragment_ring_push (ring, later, FALSE);
  g_assert_cmpint (held (ring), ==, 1);
  g_autoptr (GPtrArray) taken = potoo_fragment_ring_take_all (ring);
  g_assert_cmpuint (taken->len, ==, 1);
  potoo_fragment_ring_push (ring, delta, TRUE); /* continues what is written */
  g_assert_cmpint (held (ring), ==, 1);
}

#define N_RINGS 4

/* The bound holds at each moment; low priorities give way first, equals share. */
static void
test_bound (Fixture *f, gconstpointer data)
{
  static const guint priorities[N_RINGS] = { 9, 5, 5, 1 };
  PotooFragmentRing *rings[N_RINGS];
  char name[] = "cam0";

  for (guint i = 0; i < N_RINGS; i++)
    {
      name[3] = (char) ('0' + i);
      rings[i] = potoo_fragment_ring_new (f->memory, name, POTOO_STREAM_MAIN);
      potoo_fragment_ring_set_up (rings[i], 8 * S, priorities[i]);
    }
  for (int round = 0; round < 30; round++)
    for (guint i = 0; i < N_RINGS; i++)
      {
        MediaMaker maker = f->maker; /* the same times for all */
        push (f, rings[i]);
        if (i + 1 < N_RINGS)
          {
            f->maker.at_ns = maker.at_ns;
            f->maker.sequence = maker.sequence;
          }
        g_assert_cmpint (get_metric ("potoo_pre_roll_memory_bytes"), <=,
                         20 * (gint64) f->fragment_bytes);
      }
  /* Twenty fragments: all of the first, the rest shared by the two in the middle. */
  g_assert_cmpint (held (rings[0]), >=, 8);
  g_assert_cmpint (held (rings[1]), >=, 4);
  g_assert_cmpint (held (rings[2]), >=, 4);
  g_assert_cmpint (ABS (held (rings[1]) - held (rings[2])), <=, 2);
  g_assert_cmpint (held (rings[3]), <=, 2);
  g_assert_cmpint (get_metric ("potoo_pre_roll_shrunk_fragments_total{camera=\"cam0\","
                               "stream=\"main\"}"),
                   ==, 0);
  g_assert_cmpint (get_metric ("potoo_pre_roll_shrunk_fragments_total{camera=\"cam3\","
                               "stream=\"main\"}"),
                   >, 10);
  for (guint i = 0; i < N_RINGS; i++)
    potoo_fragment_ring_unref (rings[i]);
  g_assert_cmpint (get_metric ("potoo_pre_roll_memory_bytes"), ==, 0);
}

/* One that does not fit at all takes nothing away from others. */
static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing) a = potoo_fragment_ring_new (f->memory, "a", POTOO_STREAM_MAIN);
  g_autoptr (PotooFragmentRing) b = potoo_fragment_ring_new (f->memory, "b", POTOO_STREAM_MAIN);

  potoo_fragment_ring_set_up (a, 8 * S, 1);
  potoo_fragment_ring_set_up (b, 8 * S, 9);
  f->maker.sequence = 0;
  push (f, a);
  f->maker.frame_bytes *= 30;
  f->maker.sequence = 0;
  push (f, b);
  g_assert_cmpint (held (a), ==, 1);
  g_assert_cmpint (held (b), ==, 0);
}

typedef struct
{
  PotooFragmentRing *ring;
  gint stop;
} Thief;

static gpointer
take_and_push (gpointer data)
{
  Thief *thief = data;
  MediaMaker maker;

  media_maker_init (&maker, FALSE);
  maker.frame_bytes = 4000;
  for (guint i = 0; !g_atomic_int_get (&thief->stop); i++)
    {
      g_autoptr (PotooFragment)
          fragment = media_maker_next (&maker, i % 2 == 0 ? MEDIA_KEY : MEDIA_DELTA);
      potoo_fragment_ring_push (thief->ring, fragment, FALSE);
      if (i % 7 == 0)
        {
          g_autoptr (GPtrArray) taken = potoo_fragment_ring_take_all (thief->ring);
          for (guint j = 1; j < taken->len; j++)
            g_assert_cmpuint (potoo_fragment_get_sequence (taken->pdata[j]), ==,
                              potoo_fragment_get_sequence (taken->pdata[j - 1]) + 1);
        }
      if (i % 11 == 0)
        {
          PotooFragmentRing *next = potoo_fragment_ring_new_successor (thief->ring);
          potoo_fragment_ring_unref (thief->ring);
          thief->ring = next;
        }
    }
  media_maker_clear (&maker);
  return NULL;
}

static void
test_threads (Fixture *f, gconstpointer data)
{
  Thief thieves[3] = { 0 };
  GThread *threads[3];

  for (guint i = 0; i < 3; i++)
    {
      thieves[i].ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);
      potoo_fragment_ring_set_up (thieves[i].ring, 12 * S, 4 + i / 2);
      threads[i] = g_thread_new ("thief", take_and_push, &thieves[i]);
    }
  g_usleep (300000);
  for (guint i = 0; i < 3; i++)
    {
      g_atomic_int_set (&thieves[i].stop, TRUE);
      g_thread_join (threads[i]);
      potoo_fragment_ring_unref (thieves[i].ring);
    }
  g_assert_cmpint (get_metric ("potoo_pre_roll_memory_bytes"), ==, 0);
}

/* --- the selector --- */

static PotooRecordingPlan *
make_plan (gint64 from_us, gint64 until_us, gint64 ring_us)
{
  const PotooRecordingSpan span = { from_us, from_us, until_us };
  return potoo_recording_plan_new (&(PotooRecordingPlanSpec){
      .spans = &span, .n_spans = from_us < until_us ? 1 : 0, .ring_us = ring_us, .priority = 5 });
}

/* "3 4 5": the sequences. */
static char *
to_text (GPtrArray *fragments)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < fragments->len; i++)
    g_string_append_printf (text, "%s%" G_GUINT64_FORMAT, i > 0 ? " " : "",
                            potoo_fragment_get_sequence (fragments->pdata[i]));
  return g_string_free (text, FALSE);
}

#define assert_selected(fragments, expected)                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (GPtrArray) selected_ = (fragments);                                                 \
    g_autofree char *text_ = to_text (selected_);                                                  \
    g_assert_cmpstr (text_, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

static GPtrArray *
add (Fixture *f, PotooFragmentSelector *selector, guint64 next)
{
  gboolean key = f->maker.sequence % 4 == 0;
  g_autoptr (PotooFragment) fragment = media_maker_next (&f->maker, key ? MEDIA_KEY : MEDIA_DELTA);

  return potoo_fragment_selector_add (selector, fragment, next);
}

static GPtrArray *
set_plan (PotooFragmentSelector *selector,
          gint64 from_us,
          gint64 until_us,
          gint64 ring_us,
          guint64 next)
{
  g_autoptr (PotooRecordingPlan) plan = make_plan (from_us, until_us, ring_us);
  return potoo_fragment_selector_set_plan (selector, plan, next);
}

/* Fragment n is [at n s, n + 1 s) of `zero`; 0, 4, 8 … are key fragments. */
static void
test_select (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing)
      ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);
  g_autoptr (PotooFragmentSelector) selector = potoo_fragment_selector_new (ring);
  gint64 zero_us = (gint64) (f->maker.at_ns / 1000);

  f->maker.sequence = 0;
  assert_selected (add (f, selector, POTOO_NO_SEQUENCE), ""); /* 0: there is no plan */
  f->maker.sequence = 4;
  f->maker.at_ns += 3 * GST_SECOND;
  assert_selected (set_plan (selector, 0, 0, 10 * S, POTOO_NO_SEQUENCE), "");
  for (int i = 4; i < 11; i++)
    assert_selected (add (f, selector, POTOO_NO_SEQUENCE), "");
  /* From 9.5 on: with what it takes to show it. */
  assert_selected (
      set_plan (selector, zero_us + 9 * S + S / 2, zero_us + 12 * S + 1, 10 * S, POTOO_NO_SEQUENCE),
      "8 9 10");
  g_assert_true (potoo_fragment_selector_may_continue (selector, 11, zero_us + 11 * S));
  assert_selected (add (f, selector, 11), "11");
  assert_selected (add (f, selector, 12), "12");
  /* 12 overlaps by a microsecond; what follows may still be wanted. */
  g_assert_true (potoo_fragment_selector_may_continue (selector, 13, zero_us + 13 * S));
  assert_selected (add (f, selector, 13), "");
  g_assert_true (potoo_fragment_selector_may_continue (selector, 13, zero_us + 13 * S));
  assert_selected (add (f, selector, 13), ""); /* 14 */
  assert_selected (set_plan (selector, zero_us + 14 * S, zero_us + 15 * S, 10 * S, 13), "13 14");
  assert_selected (add (f, selector, 15), ""); /* 15 */
  assert_selected (add (f, selector, 15), ""); /* 16, a key fragment */
  g_assert_true (potoo_fragment_selector_may_continue (selector, 15, zero_us + 15 * S));
  /* Back to the keyframe, and not to where the last segment ended. */
  assert_selected (set_plan (selector, zero_us + 16 * S, G_MAXINT64, 10 * S, 15), "16");
  assert_selected (add (f, selector, 17), "17");
  /* Off: nothing is held, and nothing more is written. */
  assert_selected (set_plan (selector, 0, 0, 0, 18), "");
  g_assert_false (potoo_fragment_selector_may_continue (selector, 18, zero_us + 18 * S));
  assert_selected (add (f, selector, POTOO_NO_SEQUENCE), "");
  g_assert_cmpint (potoo_fragment_ring_get_held_us (ring), ==, -1);
}

/* Where the next fragment could begin a segment of its own, nothing has to stay open. */
static void
test_may_continue (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing)
      ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);
  g_autoptr (PotooFragmentSelector) selector = potoo_fragment_selector_new (ring);
  gint64 zero_us = (gint64) (f->maker.at_ns / 1000);

  f->maker.sequence = 0;
  assert_selected (set_plan (selector, zero_us, zero_us + 4 * S, 10 * S, POTOO_NO_SEQUENCE), "");
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GPtrArray) selected = add (f, selector, i);
      g_assert_cmpuint (selected->len, ==, 1);
    }
  g_assert_true (potoo_fragment_selector_may_continue (selector, 4, zero_us + 4 * S));
  assert_selected (add (f, selector, 4), "");
  g_assert_false (potoo_fragment_selector_may_continue (selector, 4, zero_us + 4 * S));
}

/* A fragment that a root has not taken comes again, and is not held twice when it is not wanted. */
static void
test_again (Fixture *f, gconstpointer data)
{
  g_autoptr (PotooFragmentRing)
      ring = potoo_fragment_ring_new (f->memory, "door", POTOO_STREAM_MAIN);
  g_autoptr (PotooFragmentSelector) selector = potoo_fragment_selector_new (ring);
  g_autoptr (PotooFragment) fragment = media_maker_next (&f->maker, MEDIA_KEY);
  gint64 start_us = (gint64) (potoo_fragment_get_start_ns (fragment) / 1000);

  assert_selected (set_plan (selector, 0, 0, 10 * S, POTOO_NO_SEQUENCE), "");
  assert_selected (potoo_fragment_selector_add (selector, fragment, POTOO_NO_SEQUENCE), "");
  assert_selected (potoo_fragment_selector_add (selector, fragment, POTOO_NO_SEQUENCE), "");
  assert_selected (set_plan (selector, start_us, G_MAXINT64, 10 * S, POTOO_NO_SEQUENCE), "1");
  assert_selected (potoo_fragment_selector_add (selector, fragment, POTOO_NO_SEQUENCE), "1");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add ("/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("fragment-ring/length", test_length);
  ADD ("fragment-ring/needs-a-key", test_needs_a_key);
  ADD ("fragment-ring/bound", test_bound);
  ADD ("fragment-ring/too-large", test_too_large);
  ADD ("fragment-ring/threads", test_threads);
  ADD ("fragment-selector/select", test_select);
  ADD ("fragment-selector/may-continue", test_may_continue);
  ADD ("fragment-selector/again", test_again);
  return g_test_run ();
}
