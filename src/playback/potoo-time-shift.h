/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-segment-index.h"

G_BEGIN_DECLS

/**
 * PotooTimeShift:
 *
 * Moves the media of a segment on the time line while its bytes are read: @shift_ns is added
 * to the times of every fragment (`tfdt`, and `prft`'s media time; ISO/IEC 14496-12, 8.8.12 and
 * 8.16.5), so the bytes are as many as in the file, and any range can be
 * read on its own. Each fragment's head is found by the index; the file is taken as hostile.
 *
 * One thread at a time; blocks on the disk.
 */
typedef struct _PotooTimeShift PotooTimeShift;

/* Reads the timescales from the init of @fd, which stays the caller's and must outlive the shift.
 * Takes @index, also on failure. POTOO_ERROR_CORRUPT, POTOO_ERROR_IO. (transfer full) */
PotooTimeShift *
potoo_time_shift_new (int fd, PotooSegmentIndex *index, guint64 shift_ns, GError **error);
void potoo_time_shift_free (PotooTimeShift *shift);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTimeShift, potoo_time_shift_free)

/* Changes @data, the @size bytes that stand at @offset of the file. POTOO_ERROR_CORRUPT when a
 * fragment is not one that Potoo wrote, POTOO_ERROR_IO. */
gboolean potoo_time_shift_apply (PotooTimeShift *shift,
                                 guint64 offset,
                                 guint8 *data,
                                 gsize size,
                                 GError **error);

G_END_DECLS
