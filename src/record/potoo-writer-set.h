/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-writer.h"

G_BEGIN_DECLS

/**
 * PotooWriterSet:
 *
 * The writers of all roots, among which the one is chosen that a stream belongs to. Immutable and
 * reference-counted: writers choose in their own threads. Any thread.
 */

/* @writers: (element-type PotooWriter); at least one. (transfer full) */
PotooWriterSet *potoo_writer_set_new (GPtrArray *writers);
PotooWriterSet *potoo_writer_set_ref (PotooWriterSet *set);
void potoo_writer_set_unref (PotooWriterSet *set);

/* The writer of the root named @pinned (nullable), or else, of the roots with the highest priority,
 * the one with the fewest streams, the first of several. Only roots count that are OK; NULL when
 * none is. (transfer none) (nullable) */
PotooWriter *potoo_writer_set_choose (PotooWriterSet *set, const char *pinned);
/* The one that has the stream while none is OK. (transfer none) */
PotooWriter *potoo_writer_set_choose_any (PotooWriterSet *set, const char *pinned);

/* A root that has come back is trusted with streams after this time; tests replace it, before the
 * first thread. */
extern gint64 potoo_trust_us;

/* Whether a stream goes from @now to @best, both OK, when a new segment begins: to where it is
 * pinned to, to a higher priority, or to an equal one with fewer streams. */
gboolean potoo_writer_set_is_better (PotooWriter *best, PotooWriter *now, const char *pinned);

G_END_DECLS
