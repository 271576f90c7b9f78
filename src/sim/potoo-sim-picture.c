/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Plain pixel writing: everything is a rectangle, a disc or a table, so the
 * simulator needs no drawing library. One thread at a time. */

#include "sim/potoo-sim-picture.h"

#include <math.h>
#include <string.h>

#define LIGHT 235
#define DARK 16
#define GRAIN_SIZE 8192 /* power of two */
#define POSITIONS_PER_TURN 100

struct _PotooSimPicture
{
  guint width, height;
  guint8 *background; /* one I420 frame */
  gint8 grain[GRAIN_SIZE];
};

guint16
potoo_sim_block_code (guint position)
{
  guint check = (position >> 8) ^ (position >> 4) ^ position ^ 5;
  return (guint16) ((position & 0xfff) << 4 | (check & 0xf));
}

gboolean
potoo_sim_block_code_parse (guint16 word, guint *position)
{
  *position = word >> 4;
  return potoo_sim_block_code (*position) == word;
}

gboolean
potoo_sim_picture_read (const guint8 *luma, guint width, guint height, guint *position)
{
  guint16 word = 0;
  guint top = height / 64, bottom = MAX (height * 3 / 64, top + 1);

  for (guint i = 0; i < POTOO_SIM_BLOCKS; i++)
    {
      guint left = width * (4 * i + 1) / 64, right = MAX (width * (4 * i + 3) / 64, left + 1);
      guint64 sum = 0;
      for (guint y = top; y < bottom; y++)
        for (guint x = left; x < right; x++)
          sum += luma[(gsize) y * width + x];
      guint64 n = (guint64) (right - left) * (bottom - top);
      word = (guint16) (word << 1 | (sum >= 128 * n));
    }
  return potoo_sim_block_code_parse (word, position);
}

static void
draw_background (PotooSimPicture *picture)
{
  guint w = picture->width, h = picture->height;
  guint8 *at = picture->background;

  for (guint y = 0; y < h; y++)
    for (guint x = 0; x < w; x++)
      *at++ = (guint8) (60 + 60 * x / w + 40 * y / h + ((x / 16 + y / 16) & 1) * 12);
  for (guint y = 0; y < h / 2; y++)
    for (guint x = 0; x < w / 2; x++)
      *at++ = (guint8) (100 + 56 * (x * 8 / (w / 2)) / 7);
  for (guint y = 0; y < h / 2; y++)
    for (guint x = 0; x < w / 2; x++)
      *at++ = (guint8) (150 - 44 * y / (h / 2));
}

PotooSimPicture *
potoo_sim_picture_new (guint width, guint height)
{
  PotooSimPicture *picture = g_new0 (PotooSimPicture, 1);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  picture->width = width;
  picture->height = height;
  picture->background = g_malloc (potoo_sim_picture_size (picture));
  draw_background (picture);
  for (guint i = 0; i < GRAIN_SIZE; i++)
    picture->grain[i] = (gint8) g_rand_int_range (rand, -14, 15);
  return picture;
}

void
potoo_sim_picture_free (PotooSimPicture *picture)
{
  g_free (picture->background);
  g_free (picture);
}

gsize
potoo_sim_picture_size (PotooSimPicture *picture)
{
  return (gsize) picture->width * picture->height * 3 / 2;
}

static void
fill (PotooSimPicture *picture, guint8 *luma, guint x, guint y, guint w, guint h, guint8 value)
{
  for (guint row = y; row < y + h; row++)
    memset (luma + (gsize) row * picture->width + x, value, w);
}

/* Every row takes another stretch of the table for every position, which no
 * motion search can predict. */
static void
draw_grain (PotooSimPicture *picture, guint8 *luma, guint position)
{
  for (guint y = picture->height * 5 / 8; y < picture->height * 3 / 4; y++)
    {
      guint8 *row = luma + (gsize) y * picture->width;
      guint at = (position * 2654435761u + y * 40503u) >> 8;
      for (guint x = 0; x < picture->width; x++)
        row[x] = (guint8) (row[x] + picture->grain[(at + x) % GRAIN_SIZE]);
    }
}

static void
draw_ball (PotooSimPicture *picture, guint8 *luma, guint position, guint n_positions)
{
  guint turns = MAX (1, n_positions / POSITIONS_PER_TURN);
  double angle = 2 * G_PI * position * turns / n_positions;
  int radius = (int) MIN (picture->width, picture->height) / 10;
  int cx = (int) (picture->width * (0.5 + 0.38 * cos (angle)));
  int cy = (int) (picture->height * (0.36 + 0.14 * sin (2 * angle)));

  for (int dy = -radius; dy <= radius; dy++)
    {
      int half = (int) sqrt ((double) (radius * radius - dy * dy));
      memset (luma + (gsize) (cy + dy) * picture->width + (cx - half), 210, 2 * (gsize) half + 1);
    }
}

static void
draw_digit (PotooSimPicture *picture, guint8 *luma, guint digit, guint x, guint y, guint w, guint h)
{
  /* Segments a to g: top, upper right, lower right, bottom, lower left, upper
   * left, middle; one bit each. */
  static const guint8 segments[10] = { 0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f };
  guint t = MAX (1, w / 5), half = h / 2;
  const guint rect[7][4] = {
    { x, y, w, t },         { x + w - t, y, t, half },    { x + w - t, y + half, t, h - half },
    { x, y + h - t, w, t }, { x, y + half, t, h - half }, { x, y, t, half },
    { x, y + half, w, t },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rect); i++)
    if (segments[digit] & (1u << i))
      fill (picture, luma, rect[i][0], rect[i][1], rect[i][2], rect[i][3], LIGHT);
}

static void
draw_digits (PotooSimPicture *picture, guint8 *luma, guint position)
{
  guint h = MIN (picture->height / 8, picture->width / 5), w = h / 2, gap = w / 2;
  guint x = picture->width / 16, y = picture->height * 13 / 16;
  guint divisor = 1000;

  fill (picture, luma, x - gap / 2, y - h / 8, 4 * (w + gap), h + h / 4, DARK);
  for (guint i = 0; i < 4; i++, divisor /= 10)
    draw_digit (picture, luma, position / divisor % 10, x + i * (w + gap), y, w, h);
}

static void
draw_blocks (PotooSimPicture *picture, guint8 *luma, guint position)
{
  guint16 word = potoo_sim_block_code (position);

  for (guint i = 0; i < POTOO_SIM_BLOCKS; i++)
    {
      guint left = picture->width * i / 16, right = picture->width * (i + 1) / 16;
      gboolean one = (word >> (POTOO_SIM_BLOCKS - 1 - i)) & 1;
      fill (picture, luma, left, 0, right - left, picture->height / 16, one ? LIGHT : DARK);
    }
}

void
potoo_sim_picture_draw (PotooSimPicture *picture, guint position, guint n_positions, guint8 *frame)
{
  g_return_if_fail (position < n_positions && n_positions <= POTOO_SIM_MAX_POSITIONS);

  memcpy (frame, picture->background, potoo_sim_picture_size (picture));
  draw_grain (picture, frame, position);
  draw_ball (picture, frame, position, n_positions);
  draw_digits (picture, frame, position);
  draw_blocks (picture, frame, position);
}
