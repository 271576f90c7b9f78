/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-error.h"
#include "catalog/potoo-segment-index.h"

static PotooSegmentIndex *
parse (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (GBytes) blob = g_bytes_new (data, length);
  return potoo_segment_index_parse (blob, 100, error);
}

static void
assert_equal (PotooSegmentIndex *a, PotooSegmentIndex *b)
{
  g_assert_cmpuint (potoo_segment_index_get_n (a), ==, potoo_segment_index_get_n (b));
  for (guint i = 0; i < potoo_segment_index_get_n (a); i++)
    {
      const PotooIndexEntry *left = potoo_segment_index_get (a, i);
      const PotooIndexEntry *right = potoo_segment_index_get (b, i);
      g_assert_cmpuint (left->offset, ==, right->offset);
      g_assert_cmpuint (left->size, ==, right->size);
      g_assert_cmpuint (left->time_ticks, ==, right->time_ticks);
      g_assert_cmpuint (left->duration_ticks, ==, right->duration_ticks);
      g_assert_cmpint (left->key, ==, right->key);
    }
}

static void
test_empty (void)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (100);
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  gsize length;
  const guint8 *data = g_bytes_get_data (blob, &length);

  g_assert_cmpmem (data, length, "\1", 1);
  g_assert_cmpuint (potoo_segment_index_get_end (index), ==, 100);
  g_assert_cmpuint (potoo_segment_index_get_duration_ticks (index), ==, 0);
  g_assert_cmpuint (potoo_segment_index_find_key (index, 5), ==, 0);
  g_autoptr (PotooSegmentIndex) again = parse (data, length, NULL);
  g_assert_cmpuint (potoo_segment_index_get_n (again), ==, 0);
}

/* The format is on disks: its bytes are fixed. */
static void
test_bytes (void)
{
  static const guint8 expected[] = { 1,    0xd0, 0x0f, /* +1000 → 2000 */
                                     0xa1, 0xfe, 0x0a, /* 90000 << 1 | 1 */
                                     0xcd, 0x0f,       /* -999 → 1997 */
                                     0x00 };           /* 0, not a key */
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (100);

  g_assert_true (potoo_segment_index_append (index, 1000, 90000, TRUE));
  g_assert_true (potoo_segment_index_append (index, 1, 0, FALSE));
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  gsize length;
  const guint8 *data = g_bytes_get_data (blob, &length);
  g_assert_cmpmem (data, length, expected, sizeof expected);

  const PotooIndexEntry *second = potoo_segment_index_get (index, 1);
  g_assert_cmpuint (second->offset, ==, 1100);
  g_assert_cmpuint (second->time_ticks, ==, 90000);
  g_assert_cmpuint (potoo_segment_index_get_end (index), ==, 1101);
}

static void
test_round_trip (void)
{
  static const guint32 sizes[] = { 1, G_MAXUINT32, 1, 127, 128, G_MAXUINT32, G_MAXUINT32, 2 };
  static const guint32 durations[] = { 0, G_MAXUINT32, 63, 64, 8191, 8192, 1, 90000 };
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (100);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_true (potoo_segment_index_append (index, sizes[i], durations[i], i % 3 == 0));
  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegmentIndex) again = potoo_segment_index_parse (blob, 100, &error);
  g_assert_no_error (error);
  assert_equal (index, again);
}

static void
test_bounds (void)
{
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (100);
  g_autoptr (PotooSegmentIndex) far = potoo_segment_index_new (G_MAXINT64 - 10);

  g_assert_false (potoo_segment_index_append (index, 0, 1, TRUE));
  for (guint i = 0; i < POTOO_INDEX_MAX_FRAGMENTS; i++)
    g_assert_true (potoo_segment_index_append (index, G_MAXUINT32, G_MAXUINT32, TRUE));
  g_assert_false (potoo_segment_index_append (index, 1, 1, TRUE));
  g_assert_cmpuint (potoo_segment_index_get_duration_ticks (index), ==,
                    (guint64) G_MAXUINT32 * POTOO_INDEX_MAX_FRAGMENTS);

  g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
  g_autoptr (PotooSegmentIndex) again = potoo_segment_index_parse (blob, 100, NULL);
  assert_equal (index, again);

  /* one fragment more than is allowed */
  gsize length;
  const guint8 *data = g_bytes_get_data (blob, &length);
  g_autofree guint8 *longer = g_malloc (length + 2);
  memcpy (longer, data, length);
  longer[length] = longer[length + 1] = 0;
  g_assert_null (parse (longer, length + 2, NULL));

  g_assert_false (potoo_segment_index_append (far, 11, 1, TRUE));
  g_assert_true (potoo_segment_index_append (far, 10, 1, TRUE));
  g_assert_false (potoo_segment_index_append (far, 1, 1, TRUE));
}

#define BLOB(...)                                                                                  \
  {                                                                                                \
    { __VA_ARGS__ }, sizeof ((guint8[]){ __VA_ARGS__ })                                            \
  }

static void
test_bad_blobs (void)
{
  static const struct
  {
    guint8 data[16];
    gsize length;
  } blobs[] = {
    { { 0 }, 0 },                                    /* nothing at all */
    BLOB (0),                                        /* version */
    BLOB (2, 2, 2),                                  /* version */
    BLOB (1, 2),                                     /* duration lacks */
    BLOB (1, 0x80),                                  /* cut inside a varint */
    BLOB (1, 2, 0x80),                               /* cut inside a varint */
    BLOB (1, 2, 2, 2),                               /* half a fragment behind */
    BLOB (1, 0, 2),                                  /* size 0 */
    BLOB (1, 1, 2),                                  /* size -1 */
    BLOB (1, 2, 2, 3, 2),                            /* 1, then -2 → -1 */
    BLOB (1, 0x82, 0, 2),                            /* longer than need be */
    BLOB (1, 2, 0x80, 0),                            /* longer than need be */
    BLOB (1, 0x80, 0x80, 0x80, 0x80, 0x20, 2),       /* size 2^32 */
    BLOB (1, 2, 0x80, 0x80, 0x80, 0x80, 0x20),       /* duration 2^32 */
    BLOB (1, 2, 0xff, 0xff, 0xff, 0xff, 0x7f),       /* over 33 bits */
    BLOB (1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), /* over 5 bytes */
    BLOB (1, 0xfe, 0xff, 0xff, 0xff, 0x1f, 2, 2, 2), /* largest size, then one more */
  };

  for (guint i = 0; i < G_N_ELEMENTS (blobs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooSegmentIndex) index = parse (blobs[i].data, blobs[i].length, &error);
      if (index != NULL)
        g_error ("blob %u was accepted", i);
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_CORRUPT);
    }
}

static void
test_find_key (void)
{
  /* keys at 0, 200, 500; the last two start at the same time */
  static const struct
  {
    guint32 duration;
    gboolean key;
  } fragments[] = { { 100, TRUE },  { 100, FALSE }, { 100, TRUE },
                    { 200, FALSE }, { 0, TRUE },    { 50, FALSE } };
  static const struct
  {
    guint64 time;
    guint found;
  } cases[] = { { 0, 0 },   { 99, 0 },  { 199, 0 }, { 200, 2 }, { 299, 2 },
                { 499, 2 }, { 500, 4 }, { 549, 4 }, { 550, 4 }, { G_MAXUINT64, 4 } };
  g_autoptr (PotooSegmentIndex) index = potoo_segment_index_new (0);
  g_autoptr (PotooSegmentIndex) keyless = potoo_segment_index_new (0);

  for (guint i = 0; i < G_N_ELEMENTS (fragments); i++)
    potoo_segment_index_append (index, 10, fragments[i].duration, fragments[i].key);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (potoo_segment_index_find_key (index, cases[i].time), ==, cases[i].found);

  for (guint i = 0; i < 5; i++)
    potoo_segment_index_append (keyless, 10, 10, FALSE);
  g_assert_cmpuint (potoo_segment_index_find_key (keyless, 45), ==, 0);
}

/* Random bytes, and good blobs with a few bytes changed: never a crash, and
 * what is accepted has exactly one way to be written. */
static void
test_random_blobs (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  guint accepted = 0;

  for (int round = 0; round < 50000; round++)
    {
      guint8 data[48];
      gsize length = (gsize) g_rand_int_range (rand, 0, sizeof data);
      for (gsize i = 0; i < length; i++)
        data[i] = (guint8) (g_rand_int (rand) & (round % 2 ? 0xff : 0x7f));
      if (length > 0 && round % 8 != 0)
        data[0] = 1;

      g_autoptr (GError) error = NULL;
      g_autoptr (PotooSegmentIndex) index = parse (data, length, &error);
      g_assert_true ((index == NULL) == (error != NULL));
      if (index == NULL)
        continue;
      accepted++;
      g_autoptr (GBytes) blob = potoo_segment_index_to_blob (index);
      gsize again_length;
      const guint8 *again = g_bytes_get_data (blob, &again_length);
      g_assert_cmpmem (again, again_length, data, length);
    }
  g_assert_cmpuint (accepted, >, 100);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment-index/empty", test_empty);
  g_test_add_func ("/segment-index/bytes", test_bytes);
  g_test_add_func ("/segment-index/round-trip", test_round_trip);
  g_test_add_func ("/segment-index/bounds", test_bounds);
  g_test_add_func ("/segment-index/bad-blobs", test_bad_blobs);
  g_test_add_func ("/segment-index/find-key", test_find_key);
  g_test_add_func ("/segment-index/random-blobs", test_random_blobs);
  return g_test_run ();
}
