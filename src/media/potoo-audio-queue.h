/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/potoo-fragment-private.h"

G_BEGIN_DECLS

/**
 * PotooAudioQueue:
 *
 * Audio access units of one track that wait for the video fragment in whose
 * interval they start. Bounded in number and bytes; the oldest goes first.
 * Under its owner's lock.
 */
typedef struct _PotooAudioQueue PotooAudioQueue;

#define POTOO_AUDIO_QUEUE_MAX 2048
/* So many of the largest access units that AAC has, with two channels of 6144 bits (ISO/IEC
 * 14496-3), fit; usual ones are much smaller. */
#define POTOO_AUDIO_QUEUE_MAX_BYTES (4 * 1024 * 1024)

PotooAudioQueue *potoo_audio_queue_new (guint32 timescale, guint32 default_duration_ticks);
void potoo_audio_queue_free (PotooAudioQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooAudioQueue, potoo_audio_queue_free)

/* Returns the number of access units that had to go: the oldest for want of room, @buffer when
 * its time is taken already or it is larger than all may be, all when the time line jumped back. */
guint potoo_audio_queue_push (PotooAudioQueue *queue, GstBuffer *buffer, GstClockTime pts_ns);

/* Returns how many there were. */
guint potoo_audio_queue_clear (PotooAudioQueue *queue);

/* Where the newest access unit ends, in running time; 0 before the first. */
GstClockTime potoo_audio_queue_get_end_ns (PotooAudioQueue *queue);

/* Drops what starts before @start_ns, returns how many. What is taken from now on
 * starts there or later; without this, where that which was taken ended. */
guint potoo_audio_queue_start_at (PotooAudioQueue *queue, GstClockTime start_ns);
/* As that, on a time line that goes on: what was taken before still counts. */
guint potoo_audio_queue_drop_before (PotooAudioQueue *queue, GstClockTime start_ns);

/* Moves what starts before @end_ns into a new array; NULL when there is nothing.
 * (transfer full) (nullable) (element-type PotooSample) */
GArray *potoo_audio_queue_take_until (PotooAudioQueue *queue, GstClockTime end_ns);

G_END_DECLS
