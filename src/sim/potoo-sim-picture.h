/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The moving picture, drawn as I420: a ball on a closed path, a band of moving
 * grain that gives the encoder work, the position in the loop as four decimal
 * seven-segment digits, and the same position as a block code.
 *
 * Block code: the top sixteenth of the picture is cut into 16 blocks of equal
 * width. Light (Y 235) is 1, dark (Y 16) is 0, the leftmost is the most
 * significant of a 16-bit word: 12 bits of position, then a check nibble that
 * is the exclusive or of the three nibbles of the position and 5, so that no
 * all-dark or all-light row is valid. A reader takes the mean of the middle half of each block
 * in both directions against 128, which works at any scale of the picture.
 */

#define POTOO_SIM_BLOCKS 16
#define POTOO_SIM_MAX_POSITIONS 4096

guint16 potoo_sim_block_code (guint position);
/* FALSE when the check nibble is wrong. */
gboolean potoo_sim_block_code_parse (guint16 word, guint *position);

/* Reads the code from a luma plane; the row stride equals @width.
 * tests/lib/potoo_sei.py does the same. */
gboolean potoo_sim_picture_read (const guint8 *luma, guint width, guint height, guint *position);

typedef struct _PotooSimPicture PotooSimPicture;

/* @width is a multiple of 8, @height of 2, so that no plane needs padding. */
PotooSimPicture *potoo_sim_picture_new (guint width, guint height);
void potoo_sim_picture_free (PotooSimPicture *picture);

gsize potoo_sim_picture_size (PotooSimPicture *picture); /* bytes of one frame */
/* Draws position @position of @n_positions into @frame. Same arguments, same
 * picture. */
void
potoo_sim_picture_draw (PotooSimPicture *picture, guint position, guint n_positions, guint8 *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooSimPicture, potoo_sim_picture_free)

G_END_DECLS
