/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-reorder-window.h"

#include <gst/gst.h>

#include "media/potoo-rtcp.h"

#define SSRC 0x11223344u
#define START_US ((gint64) 1000000)

typedef struct
{
  PotooReorderWindow window;
  GstBufferList *ready;
  gint64 now_us;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->window = (PotooReorderWindow){ 0 };
  fixture->ready = gst_buffer_list_new ();
  fixture->now_us = START_US;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  potoo_reorder_window_clear (&fixture->window);
  gst_buffer_list_unref (fixture->ready);
}

static void
take_of (Fixture *fixture, guint32 ssrc, guint16 sequence)
{
  GstBuffer *packet = gst_buffer_new ();

  GST_BUFFER_OFFSET (packet) = sequence;
  potoo_reorder_window_take (&fixture->window, packet, ssrc, sequence, fixture->now_us,
                             fixture->ready);
}

static void
take (Fixture *fixture, guint16 sequence)
{
  take_of (fixture, SSRC, sequence);
}

static void
forget_ready (Fixture *fixture)
{
  gst_buffer_list_unref (fixture->ready);
  fixture->ready = gst_buffer_list_new ();
}

/* What has come out since it was asked, as text. */
static void
expect (Fixture *fixture, const char *expected)
{
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < gst_buffer_list_length (fixture->ready); i++)
    g_string_append_printf (found, "%s%" G_GUINT64_FORMAT, i > 0 ? " " : "",
                            GST_BUFFER_OFFSET (gst_buffer_list_get (fixture->ready, i)));
  forget_ready (fixture);
  g_assert_cmpstr (found->str, ==, expected);
}

static void
test_in_order (Fixture *fixture, gconstpointer data)
{
  take (fixture, 65534);
  take (fixture, 65535);
  take (fixture, 0);
  take (fixture, 1);
  expect (fixture, "65534 65535 0 1");
  g_assert_cmpint (potoo_reorder_window_get_deadline_us (&fixture->window), ==, G_MAXINT64);
}

static void
test_fill (Fixture *fixture, gconstpointer data)
{
  take (fixture, 65533);
  take (fixture, 65535);
  take (fixture, 1);
  take (fixture, 2);
  expect (fixture, "65533");
  take (fixture, 0);
  expect (fixture, "");
  take (fixture, 65534);
  expect (fixture, "65534 65535 0 1 2");
}

static void
test_twice (Fixture *fixture, gconstpointer data)
{
  take (fixture, 10);
  take (fixture, 10);
  take (fixture, 12);
  take (fixture, 12);
  take (fixture, 11);
  take (fixture, 11);
  take (fixture, 12);
  expect (fixture, "10 11 12");
  g_assert_cmpuint (fixture->window.n_held, ==, 0);
}

/* Each hole is waited for since the first packet behind it came, and what comes later is too late.
 */
static void
test_late (Fixture *fixture, gconstpointer data)
{
  gint64 end_us = START_US + POTOO_REORDER_LONG_WAIT_US;

  take (fixture, 10);
  take (fixture, 12);
  fixture->now_us += POTOO_REORDER_LONG_WAIT_US / 2;
  take (fixture, 14);
  expect (fixture, "10");
  g_assert_cmpint (potoo_reorder_window_get_deadline_us (&fixture->window), ==, end_us);
  potoo_reorder_window_expire (&fixture->window, end_us - 1, fixture->ready);
  expect (fixture, "");
  potoo_reorder_window_expire (&fixture->window, end_us, fixture->ready);
  expect (fixture, "12");
  take (fixture, 11);
  expect (fixture, "");
  take (fixture, 13);
  expect (fixture, "13 14");
  potoo_reorder_window_expire (&fixture->window, G_MAXINT64 - 1, fixture->ready);
  expect (fixture, "");
}

/* Not as long when it is more than a few that wait. */
static void
test_many_wait (Fixture *fixture, gconstpointer data)
{
  gint64 end_us = START_US + POTOO_REORDER_WAIT_US;

  take (fixture, 0);
  for (guint16 i = 2; i < 2 + POTOO_REORDER_FEW - 1; i++)
    take (fixture, i);
  potoo_reorder_window_expire (&fixture->window, end_us, fixture->ready);
  expect (fixture, "0");
  take (fixture, 2 + POTOO_REORDER_FEW - 1);
  potoo_reorder_window_expire (&fixture->window, end_us - 1, fixture->ready);
  expect (fixture, "");
  potoo_reorder_window_expire (&fixture->window, end_us, fixture->ready);
  expect (fixture, "2 3 4 5 6 7 8 9");
}

/* So many wait at most, and what goes ahead of the window pushes it on. */
static void
test_bound (Fixture *fixture, gconstpointer data)
{
  take (fixture, 0);
  for (guint16 i = 2; i <= POTOO_REORDER_PACKETS; i++)
    take (fixture, i);
  expect (fixture, "0");
  g_assert_cmpuint (fixture->window.n_held, ==, POTOO_REORDER_PACKETS - 1);
  take (fixture, POTOO_REORDER_PACKETS + 1);
  g_assert_cmpuint (gst_buffer_list_length (fixture->ready), ==, POTOO_REORDER_PACKETS);
  g_assert_cmpuint (fixture->window.n_held, ==, 0);
  forget_ready (fixture);
  for (guint i = 0; i < 5000; i++)
    {
      take (fixture, (guint16) (POTOO_REORDER_PACKETS + 3 + 2 * i));
      g_assert_cmpuint (fixture->window.n_held, <=, POTOO_REORDER_PACKETS / 2);
    }
}

static void
test_dropout (Fixture *fixture, gconstpointer data)
{
  take (fixture, 10);
  take (fixture, 12);
  take (fixture, 10 + POTOO_RTP_MAX_DROPOUT);
  expect (fixture, "10 12");
  potoo_reorder_window_expire (&fixture->window, START_US + POTOO_REORDER_LONG_WAIT_US,
                               fixture->ready);
  expect (fixture, "3010");
}

/* One packet far off is an accident; two in a row are a sender that began anew. */
static void
test_begins_anew (Fixture *fixture, gconstpointer data)
{
  take (fixture, 10);
  take (fixture, 12);
  take (fixture, 40000);
  take (fixture, 50000);
  take_of (fixture, SSRC + 1, 50001);
  expect (fixture, "10");
  take (fixture, 11);
  expect (fixture, "11 12");
  take_of (fixture, SSRC + 1, 50002);
  expect (fixture, "");
  take_of (fixture, SSRC + 1, 50003);
  take_of (fixture, SSRC + 1, 50005);
  expect (fixture, "50003");
  take_of (fixture, SSRC + 1, 49000);
  take_of (fixture, SSRC + 1, 49001);
  expect (fixture, "50005 49001");
}

int
main (int argc, char *argv[])
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/reorder-window/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("in-order", test_in_order);
  ADD ("fill", test_fill);
  ADD ("twice", test_twice);
  ADD ("late", test_late);
  ADD ("many-wait", test_many_wait);
  ADD ("bound", test_bound);
  ADD ("dropout", test_dropout);
  ADD ("begins-anew", test_begins_anew);
  return g_test_run ();
}
