/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooInterleavedReader:
 *
 * Splits what a camera sends on an RTSP connection that plays into packets
 * (RFC 2326, 10.12: `$`, channel, length, payload) and RTSP messages between
 * them. Bytes that are neither are passed over until a packet of a known channel or a
 * message begins, and counted: some cameras send such. 128 KiB, whatever comes. One thread.
 */
typedef struct _PotooInterleavedReader PotooInterleavedReader;

typedef struct
{
  gboolean is_packet; /* else an RTSP message with its body */
  guint8 channel;
  const guint8 *data; /* until the next call of get_space() */
  gsize length;
} PotooInterleavedItem;

/* @n_channels: packets of channels 0 … @n_channels - 1 are expected. */
PotooInterleavedReader *potoo_interleaved_reader_new (guint n_channels);
void potoo_interleaved_reader_free (PotooInterleavedReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooInterleavedReader, potoo_interleaved_reader_free)

/* Where the next bytes go, at least 32 KiB; to be called when next() said FALSE. Then say how many
 * came. */
guint8 *potoo_interleaved_reader_get_space (PotooInterleavedReader *reader, gsize *length);
void potoo_interleaved_reader_add (PotooInterleavedReader *reader, gsize length);

/* FALSE: more bytes are needed. */
gboolean potoo_interleaved_reader_next (PotooInterleavedReader *reader, PotooInterleavedItem *item);

/* Bytes that were passed over. */
guint64 potoo_interleaved_reader_get_garbage (PotooInterleavedReader *reader);

G_END_DECLS
