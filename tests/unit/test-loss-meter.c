/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-loss-meter.h"

#define SSRC 4711
#define SLICE 1
#define KEY_SLICE 5
#define SEI 6
#define H265_SLICE (1 << 1)
#define H265_SEI (39 << 1)

static void
test_packets (void)
{
  PotooLossMeter meter = { 0 };

  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 65534, 1), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 65535, 2), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 2, 3), ==, 2);
  /* Twice, and late: counted already. */
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 2, 3), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 0, 3), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC, 3, 4), ==, 0);
  /* Another sender, and one that began anew. */
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC + 1, 100, 5), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC + 1, 30000, 6), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC + 1, 1000, 6), ==, 0);
  g_assert_cmpuint (potoo_loss_meter_take_packet (&meter, SSRC + 1, 1001, 6), ==, 0);
}

/* An access unit with one NAL unit of each of @types, ended by 0. */
static PotooPictureState
take (PotooLossMeter *meter, const guint8 *types, GstClockTime pts, gboolean discont, gboolean h265)
{
  GByteArray *bytes = g_byte_array_new ();
  gboolean key = FALSE;

  for (; *types != 0; types++)
    {
      const guint8 nal[] = { 0, 0, 0, 3, *types, 0, 0 };
      g_byte_array_append (bytes, nal, sizeof nal);
      key |= *types == KEY_SLICE;
    }
  gsize size = bytes->len;
  g_autoptr (GstBuffer) unit = gst_buffer_new_wrapped (g_byte_array_free (bytes, FALSE), size);
  GST_BUFFER_PTS (unit) = pts;
  if (!key)
    GST_BUFFER_FLAG_SET (unit, GST_BUFFER_FLAG_DELTA_UNIT);
  if (discont)
    GST_BUFFER_FLAG_SET (unit, GST_BUFFER_FLAG_DISCONT);
  return potoo_loss_meter_take_picture (meter, unit, h265);
}

static const guint8 delta[] = { SEI, SLICE, 0 };
static const guint8 key[] = { 7, 8, SEI, KEY_SLICE, 0 };
static const guint8 no_picture[] = { SEI, 0 };

static void
test_pictures (void)
{
  PotooLossMeter meter = { 0 };

  g_assert_cmpint (take (&meter, key, 1, TRUE, FALSE), ==, POTOO_PICTURE_WHOLE);
  g_assert_cmpint (take (&meter, delta, 2, FALSE, FALSE), ==, POTOO_PICTURE_WHOLE);
  /* No loss, no look inside. */
  g_assert_cmpint (take (&meter, no_picture, 3, FALSE, FALSE), ==, POTOO_PICTURE_WHOLE);

  /* Packets are seen before the pictures that are made of them. */
  potoo_loss_meter_take_packet (&meter, SSRC, 1, 5);
  potoo_loss_meter_take_packet (&meter, SSRC, 3, 6);
  g_assert_cmpint (take (&meter, key, 4, FALSE, FALSE), ==, POTOO_PICTURE_WHOLE);
  g_assert_cmpint (take (&meter, no_picture, 5, FALSE, FALSE), ==, POTOO_PICTURE_NONE);
  g_assert_cmpint (take (&meter, delta, 6, TRUE, FALSE), ==, POTOO_PICTURE_DAMAGED);
  g_assert_cmpint (take (&meter, delta, 7, FALSE, FALSE), ==, POTOO_PICTURE_DAMAGED);
  /* A keyframe that lacks something mends nothing. */
  g_assert_cmpint (take (&meter, key, 8, TRUE, FALSE), ==, POTOO_PICTURE_DAMAGED);
  g_assert_cmpint (take (&meter, delta, 9, FALSE, FALSE), ==, POTOO_PICTURE_DAMAGED);
  g_assert_cmpint (take (&meter, key, 10, FALSE, FALSE), ==, POTOO_PICTURE_WHOLE);
  g_assert_cmpint (take (&meter, delta, 11, FALSE, FALSE), ==, POTOO_PICTURE_WHOLE);
  g_assert_false (meter.suspicious);
}

static void
test_h265 (void)
{
  static const guint8 picture[] = { H265_SEI, H265_SLICE, 0 };
  static const guint8 none[] = { H265_SEI, 0 };
  PotooLossMeter meter = { 0 };

  potoo_loss_meter_take_packet (&meter, SSRC, 1, 1);
  potoo_loss_meter_take_packet (&meter, SSRC, 3, 1);
  g_assert_cmpint (take (&meter, none, 1, FALSE, TRUE), ==, POTOO_PICTURE_NONE);
  g_assert_cmpint (take (&meter, picture, 2, FALSE, TRUE), ==, POTOO_PICTURE_DAMAGED);
}

/* What is inside is not believed. */
static void
test_hostile_lengths (void)
{
  static const guint8 bytes[] = { 0xff, 0xff, 0xff, 0xff, SEI, 0, 0, 0, 0, SEI, 0, 0 };
  PotooLossMeter meter = { .suspicious = TRUE };

  for (gsize offset = 0; offset < sizeof bytes; offset++)
    {
      g_autoptr (GstBuffer) unit = gst_buffer_new_memdup (bytes + offset, sizeof bytes - offset);
      potoo_loss_meter_take_picture (&meter, unit, offset % 2 == 0);
    }
  g_autoptr (GstBuffer) empty = gst_buffer_new ();
  meter.suspicious = TRUE;
  g_assert_cmpint (potoo_loss_meter_take_picture (&meter, empty, FALSE), ==, POTOO_PICTURE_NONE);
}

static void
test_window (void)
{
  PotooLossWindow window = { 0 };
  guint percent = 99;
  gint64 packets = 0, lost = 0;

  g_assert_false (potoo_loss_window_add (&window, packets += 100, lost, &percent));
  g_assert_cmpuint (percent, ==, 0);
  g_assert_true (potoo_loss_window_add (&window, packets += 1000, lost += 1, &percent));
  g_assert_cmpuint (percent, ==, 0);
  g_assert_true (potoo_loss_window_add (&window, packets += 900, lost += 100, &percent));
  g_assert_cmpuint (percent, ==, 2);
  for (guint i = 0; i < 20; i++)
    g_assert_true (potoo_loss_window_add (&window, packets += 900, lost += 100, &percent));
  g_assert_cmpuint (percent, ==, 5);
  /* The worst is told until ten seconds were good. */
  for (guint i = 0; i < 9; i++)
    {
      g_assert_true (potoo_loss_window_add (&window, packets += 1000, lost, &percent));
      g_assert_cmpuint (percent, ==, 5);
    }
  g_assert_false (potoo_loss_window_add (&window, packets += 1000, lost, &percent));
  g_assert_false (potoo_loss_window_add (&window, 0, 0, &percent));
  /* All of the first second. */
  window = (PotooLossWindow){ 0 };
  g_assert_true (potoo_loss_window_add (&window, 1, 99, &percent));
  g_assert_cmpuint (percent, ==, 50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/loss-meter/packets", test_packets);
  g_test_add_func ("/loss-meter/pictures", test_pictures);
  g_test_add_func ("/loss-meter/h265", test_h265);
  g_test_add_func ("/loss-meter/hostile-lengths", test_hostile_lengths);
  g_test_add_func ("/loss-meter/window", test_window);
  return g_test_run ();
}
