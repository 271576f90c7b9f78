/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * potoo_decoding_times_new:
 * @pts: presentation times of @n access units, in the order of decoding
 * @start: decoding time of the first one
 *
 * An access unit is decoded when the first picture is shown that comes with it or
 * after it; several that must be decoded before the same picture share the time
 * up to it. So times rise strictly, no reordering delay has to be guessed, and
 * composition offsets are 0 or more, whatever the order of the pictures, as long
 * as @start allows it. Readers bend the time line for negative offsets: ffmpeg
 * shows all video late, qtdemux loses the last pictures.
 *
 * Returns: (transfer full): @n times in the unit of @pts
 */
guint64 *potoo_decoding_times_new (const guint64 *pts, guint n, guint64 start);

G_END_DECLS
