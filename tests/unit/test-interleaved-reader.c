/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-interleaved-reader.h"

#include <string.h>

/* A packet of @length bytes for @channel, that begins as RTP does. */
static void
add_packet (GByteArray *bytes, guint8 channel, guint16 length)
{
  const guint8 header[] = { '$', channel, (guint8) (length >> 8), (guint8) length };
  g_autofree guint8 *payload = g_malloc0 (MAX (length, 1));

  payload[0] = 0x80;
  g_byte_array_append (bytes, header, sizeof header);
  g_byte_array_append (bytes, payload, length);
}

static void
add_text (GByteArray *bytes, const char *text)
{
  g_byte_array_append (bytes, (const guint8 *) text, (guint) strlen (text));
}

/* What the reader finds, as text: `0:100 message:57 …`; @step bytes come at a time. */
static char *
read_all (PotooInterleavedReader *reader, const GByteArray *bytes, gsize step)
{
  GString *found = g_string_new (NULL);
  PotooInterleavedItem item;

  for (gsize at = 0; at < bytes->len;)
    {
      gsize space;
      guint8 *to = potoo_interleaved_reader_get_space (reader, &space);
      gsize n = MIN (MIN (step, space), bytes->len - at);
      g_assert_cmpuint (space, >=, 32 * 1024);
      memcpy (to, bytes->data + at, n);
      potoo_interleaved_reader_add (reader, n);
      at += n;
      while (potoo_interleaved_reader_next (reader, &item))
        {
          if (item.is_packet)
            g_string_append_printf (found, "%u:%zu ", item.channel, item.length);
          else
            g_string_append_printf (found, "message:%zu ", item.length);
        }
    }
  return g_string_free (found, FALSE);
}

#define OK_ANSWER "RTSP/1.0 200 OK\r\nCSeq: 7\r\n\r\n"
#define REQUEST "GET_PARAMETER rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nhello"

static void
check (const GByteArray *bytes, const char *expected, guint64 garbage)
{
  static const gsize steps[] = { 1, 3, 1000, 1 << 20 };

  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (PotooInterleavedReader) reader = potoo_interleaved_reader_new (4);
      g_autofree char *found = read_all (reader, bytes, steps[i]);
      g_assert_cmpstr (found, ==, expected);
      g_assert_cmpuint (potoo_interleaved_reader_get_garbage (reader), ==, garbage);
    }
}

static void
test_packets (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  add_packet (bytes, 0, 100);
  add_packet (bytes, 1, 28);
  add_packet (bytes, 0, 65535);
  add_packet (bytes, 200, 12); /* of a track that was not set up */
  add_packet (bytes, 0, 0);
  add_packet (bytes, 2, 12);
  check (bytes, "0:100 1:28 0:65535 200:12 0:0 2:12 ", 0);
}

static void
test_messages (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *expected = g_strdup_printf ("0:20 message:%zu message:%zu 0:20 ",
                                               strlen (OK_ANSWER), strlen (REQUEST));

  add_packet (bytes, 0, 20);
  add_text (bytes, OK_ANSWER);
  add_text (bytes, REQUEST);
  add_packet (bytes, 0, 20);
  check (bytes, expected, 0);
}

static void
test_garbage (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  add_packet (bytes, 0, 20);
  add_text (bytes, "\r\n..$..$\xff\xff$");
  add_packet (bytes, 2, 30);
  add_text (bytes, "xyz");
  add_packet (bytes, 0, 20);
  check (bytes, "0:20 2:30 0:20 ", 14);
}

/* A length without a number is none, whatever follows the message. */
static void
test_length_without_number (void)
{
  static const char answer[] = "RTSP/1.0 200 OK\r\nContent-Length:\r\n\r\n";
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *expected = g_strdup_printf ("message:%zu 0:20 ", strlen (answer));

  add_text (bytes, answer);
  add_text (bytes, "12\r\n");
  add_packet (bytes, 0, 20);
  check (bytes, expected, 4);
}

/* A message that never ends, or says that it has an endless body. */
static void
test_endless_message (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  add_text (bytes, "RTSP/1.0 200 OK\r\n");
  for (guint i = 0; i < 40000; i++)
    add_text (bytes, "x: y\r\n");
  add_packet (bytes, 0, 20);
  g_autoptr (PotooInterleavedReader) reader = potoo_interleaved_reader_new (4);
  g_autofree char *found = read_all (reader, bytes, 1000);
  g_assert_cmpstr (found, ==, "0:20 ");
  g_assert_cmpuint (potoo_interleaved_reader_get_garbage (reader), ==, bytes->len - 24);

  g_byte_array_set_size (bytes, 0);
  add_text (bytes, "RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n");
  add_packet (bytes, 0, 20);
  g_autofree char *after = read_all (reader, bytes, 1000);
  g_assert_cmpstr (after, ==, "0:20 ");
}

/* Anything at all: it ends, and stays within its buffer. */
static void
test_random (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (PotooInterleavedReader) reader = potoo_interleaved_reader_new (2);

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      for (guint j = 0; j < 5000; j++)
        {
          guint8 byte = (guint8) (g_rand_boolean (random)
                                      ? g_rand_int_range (random, 0, 256)
                                      : "$\r\nRTSP/ 1"[g_rand_int_range (random, 0, 10)]);
          g_byte_array_append (bytes, &byte, 1);
        }
      g_autofree char *found = read_all (reader, bytes, (gsize) g_rand_int_range (random, 1, 3000));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/interleaved-reader/packets", test_packets);
  g_test_add_func ("/interleaved-reader/messages", test_messages);
  g_test_add_func ("/interleaved-reader/garbage", test_garbage);
  g_test_add_func ("/interleaved-reader/length-without-number", test_length_without_number);
  g_test_add_func ("/interleaved-reader/endless-message", test_endless_message);
  g_test_add_func ("/interleaved-reader/random", test_random);
  return g_test_run ();
}
