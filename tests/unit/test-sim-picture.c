/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "sim/potoo-sim-picture.h"

static void
test_code_round_trip (void)
{
  for (guint position = 0; position < POTOO_SIM_MAX_POSITIONS; position++)
    {
      guint read = 0;
      g_assert_true (potoo_sim_block_code_parse (potoo_sim_block_code (position), &read));
      g_assert_cmpuint (read, ==, position);
    }
}

static void
test_code_finds_errors (void)
{
  guint read;

  g_assert_false (potoo_sim_block_code_parse (0x0000, &read));
  g_assert_false (potoo_sim_block_code_parse (0xffff, &read));
  /* every single wrong block */
  for (guint position = 0; position < POTOO_SIM_MAX_POSITIONS; position += 37)
    for (guint bit = 0; bit < POTOO_SIM_BLOCKS; bit++)
      g_assert_false (potoo_sim_block_code_parse (
          (guint16) (potoo_sim_block_code (position) ^ (1u << bit)), &read));
}

static void
check_size (guint width, guint height)
{
  g_autoptr (PotooSimPicture) picture = potoo_sim_picture_new (width, height);
  gsize size = potoo_sim_picture_size (picture);
  g_autofree guint8 *frame = g_malloc (size);
  const guint n = POTOO_SIM_MAX_POSITIONS;

  for (guint position = 0; position < n; position += 13)
    {
      guint read = 0;
      potoo_sim_picture_draw (picture, position, n, frame);
      g_assert_true (potoo_sim_picture_read (frame, width, height, &read));
      g_assert_cmpuint (read, ==, position);
    }
}

/* Drawing stays inside the frame at any size (the sanitizers see to it). */
static void
test_picture_round_trip (void)
{
  check_size (160, 120);
  check_size (320, 240);
  check_size (168, 2160);
  check_size (1280, 122);
}

static void
test_picture_moves (void)
{
  g_autoptr (PotooSimPicture) picture = potoo_sim_picture_new (320, 240);
  gsize size = potoo_sim_picture_size (picture);
  g_autofree guint8 *one = g_malloc (size), *other = g_malloc (size);
  guint changed = 0;

  potoo_sim_picture_draw (picture, 5, 50, one);
  potoo_sim_picture_draw (picture, 5, 50, other);
  g_assert_cmpmem (one, size, other, size);
  potoo_sim_picture_draw (picture, 6, 50, other);
  for (gsize i = 0; i < size; i++)
    changed += one[i] != other[i];
  g_assert_cmpuint (changed, >, 320 * 240 / 20);
}

/* A scaled picture, as a viewer would see it. */
static void
test_read_scaled (void)
{
  g_autoptr (PotooSimPicture) picture = potoo_sim_picture_new (640, 480);
  g_autofree guint8 *frame = g_malloc (potoo_sim_picture_size (picture));
  g_autofree guint8 *small = g_malloc (97 * 73);

  for (guint position = 0; position < 100; position++)
    {
      guint read = 0;
      potoo_sim_picture_draw (picture, position, 100, frame);
      for (guint y = 0; y < 73; y++)
        for (guint x = 0; x < 97; x++)
          small[y * 97 + x] = frame[(gsize) (y * 480 / 73) * 640 + x * 640 / 97];
      g_assert_true (potoo_sim_picture_read (small, 97, 73, &read));
      g_assert_cmpuint (read, ==, position);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim/block-code/round-trip", test_code_round_trip);
  g_test_add_func ("/sim/block-code/errors", test_code_finds_errors);
  g_test_add_func ("/sim/picture/round-trip", test_picture_round_trip);
  g_test_add_func ("/sim/picture/moves", test_picture_moves);
  g_test_add_func ("/sim/picture/scaled", test_read_scaled);
  return g_test_run ();
}
