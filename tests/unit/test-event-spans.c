/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "record/potoo-event-spans.h"

#define MAX_SPANS 4

static GArray *
make (void)
{
  return g_array_new (FALSE, FALSE, sizeof (PotooEventSpan));
}

static void
add (GArray *spans, gint64 from_us, gint64 due_us, gint64 until_us)
{
  const PotooEventSpan span = { .from_us = from_us, .due_us = due_us, .until_us = until_us };

  potoo_event_spans_add (spans, &span, MAX_SPANS);
}

static void
check (GArray *spans, guint i, gint64 from_us, gint64 due_us, gint64 until_us)
{
  g_assert_cmpuint (i, <, spans->len);
  const PotooEventSpan *span = &g_array_index (spans, PotooEventSpan, i);
  g_assert_cmpint (span->from_us, ==, from_us);
  g_assert_cmpint (span->due_us, ==, due_us);
  g_assert_cmpint (span->until_us, ==, until_us);
}

static void
test_disjoint (void)
{
  g_autoptr (GArray) spans = make ();

  add (spans, 100, 110, 120);
  add (spans, 0, 5, 10);
  add (spans, 50, 55, 60);
  g_assert_cmpuint (spans->len, ==, 3);
  check (spans, 0, 0, 5, 10);
  check (spans, 1, 50, 55, 60);
  check (spans, 2, 100, 110, 120);
}

static void
test_overlapping (void)
{
  g_autoptr (GArray) spans = make ();

  add (spans, 100, 110, 120);
  add (spans, 90, 112, 100); /* touches */
  add (spans, 95, 96, 97);   /* inside */
  g_assert_cmpuint (spans->len, ==, 1);
  check (spans, 0, 90, 96, 120);
  add (spans, 200, 201, 210);
  add (spans, 220, 221, 230);
  add (spans, 80, 300, G_MAXINT64); /* over all of them */
  g_assert_cmpuint (spans->len, ==, 1);
  check (spans, 0, 80, 96, G_MAXINT64);
}

static void
test_bound (void)
{
  g_autoptr (GArray) spans = make ();

  add (spans, 0, 0, 10);
  add (spans, 100, 100, 110);
  add (spans, 115, 116, 120);
  add (spans, 200, 200, 210);
  g_assert_cmpuint (spans->len, ==, MAX_SPANS);
  add (spans, 300, 300, G_MAXINT64);
  g_assert_cmpuint (spans->len, ==, MAX_SPANS);
  check (spans, 1, 100, 100, 120);
  check (spans, 3, 300, 300, G_MAXINT64);
}

static void
test_forget (void)
{
  g_autoptr (GArray) spans = make ();

  add (spans, 0, 0, 10);
  add (spans, 20, 20, 30);
  add (spans, 40, 40, G_MAXINT64);
  potoo_event_spans_forget (spans, 30);
  g_assert_cmpuint (spans->len, ==, 2);
  potoo_event_spans_forget (spans, 31);
  g_assert_cmpuint (spans->len, ==, 1);
  check (spans, 0, 40, 40, G_MAXINT64);
}

/* Whatever is added, what was to be recorded stays so, and the set stays one. */
static void
test_random (void)
{
  for (guint round = 0; round < 2000; round++)
    {
      g_autoptr (GArray) spans = make ();
      gboolean wanted[64] = { FALSE };
      for (guint n = 0; n < 12; n++)
        {
          gint64 from = g_test_rand_int_range (0, 60);
          gint64 until = g_test_rand_int_range ((gint32) from + 1, 64);
          add (spans, from, from, until);
          for (gint64 t = from; t < until; t++)
            wanted[t] = TRUE;
        }
      g_assert_cmpuint (spans->len, <=, MAX_SPANS);
      for (guint i = 0; i < spans->len; i++)
        {
          const PotooEventSpan *span = &g_array_index (spans, PotooEventSpan, i);
          g_assert_cmpint (span->from_us, <, span->until_us);
          if (i > 0)
            g_assert_cmpint (span[-1].until_us, <, span->from_us);
          for (gint64 t = span->from_us; t < span->until_us; t++)
            wanted[t] = FALSE;
        }
      for (guint t = 0; t < G_N_ELEMENTS (wanted); t++)
        g_assert_false (wanted[t]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/event-spans/disjoint", test_disjoint);
  g_test_add_func ("/event-spans/overlapping", test_overlapping);
  g_test_add_func ("/event-spans/bound", test_bound);
  g_test_add_func ("/event-spans/forget", test_forget);
  g_test_add_func ("/event-spans/random", test_random);
  return g_test_run ();
}
