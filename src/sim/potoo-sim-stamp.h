/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sim/potoo-sim-params.h"

G_BEGIN_DECLS

/*
 * The stamp of an access unit: one SEI NAL unit with user_data_unregistered
 * (ITU-T H.264 D.1.7, H.265 D.2.7; payload type 5), in Annex B form. Its UUID is the text
 * `potoo-camera-sim`, its payload is text too:
 *
 *     NNNNNNNNNNNNNNNN WWWWWWWWWWWWWWWW PPPP
 *
 * frame number in presentation order, wall time in µs at which the camera
 * sampled the picture, position in the loop, all in lower-case hexadecimal.
 * Text has no zero bytes, so no emulation prevention is ever needed and a plain
 * search finds the stamps in any container.
 */

#define POTOO_SIM_STAMP_UUID "potoo-camera-sim"
#define POTOO_SIM_STAMP_TEXT 38 /* bytes after the UUID */
#define POTOO_SIM_STAMP_MAX 72  /* bytes of the whole NAL unit with start code */

/* Writes the SEI into @out and returns its size. Any thread. */
gsize potoo_sim_stamp_write (PotooSimCodec codec,
                             guint64 number,
                             gint64 wall_us,
                             guint position,
                             guint8 out[POTOO_SIM_STAMP_MAX]);

G_END_DECLS
