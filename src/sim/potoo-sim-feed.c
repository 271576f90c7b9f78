/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "sim/potoo-sim-feed.h"

#include "base/potoo-clock.h"
#include "sim/potoo-sim-stamp.h"

struct _PotooSimFeed
{
  gint64 origin_us;
  gint64 offset;
  gint64 n_units;
  gint64 lead; /* units from sampling to sending */
  gint64 rate_num, rate_den;
  gboolean is_video;
  PotooSimCodec codec;
  guint32 rtp_offset;
  GMutex lock; /* protects loop */
  PotooSimLoop *loop;
};

PotooSimFeed *
potoo_sim_feed_new (PotooSimLoop *loop, gint64 origin_us, guint offset)
{
  PotooSimFeed *feed = g_new0 (PotooSimFeed, 1);
  const PotooSimLoopParams *params = potoo_sim_loop_get_params (loop);

  g_mutex_init (&feed->lock);
  feed->origin_us = origin_us;
  feed->offset = offset;
  feed->n_units = potoo_sim_loop_get_n_units (loop);
  feed->is_video = potoo_sim_codec_is_video (params->codec);
  feed->codec = params->codec;
  feed->lead = feed->is_video ? potoo_sim_loop_get_reorder (loop) : 1;
  feed->rate_num = params->rate_num;
  feed->rate_den = params->rate_den;
  feed->rtp_offset = g_random_int ();
  feed->loop = potoo_sim_loop_ref (loop);
  return feed;
}

void
potoo_sim_feed_free (PotooSimFeed *feed)
{
  potoo_sim_loop_unref (feed->loop);
  g_mutex_clear (&feed->lock);
  g_free (feed);
}

void
potoo_sim_feed_set_loop (PotooSimFeed *feed, PotooSimLoop *loop)
{
  g_return_if_fail (potoo_sim_loop_get_n_units (loop) == feed->n_units);

  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&feed->lock);
  potoo_sim_loop_unref (feed->loop);
  feed->loop = potoo_sim_loop_ref (loop);
}

PotooSimLoop *
potoo_sim_feed_get_loop (PotooSimFeed *feed)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&feed->lock);
  return potoo_sim_loop_ref (feed->loop);
}

/* Sampling time of a number; numbers stay far below the overflow. */
static gint64
time_of (PotooSimFeed *feed, gint64 number)
{
  return feed->origin_us + number * feed->rate_den * POTOO_SECOND_US / feed->rate_num;
}

gint64
potoo_sim_feed_due_us (PotooSimFeed *feed, gint64 turn)
{
  return time_of (feed, turn - feed->offset + feed->lead);
}

gint64
potoo_sim_feed_number_at (PotooSimFeed *feed, gint64 mono_us)
{
  gint64 number = (mono_us - feed->origin_us) * feed->rate_num / (feed->rate_den * POTOO_SECOND_US);

  while (time_of (feed, number + 1) <= mono_us)
    number++;
  return MAX (0, number);
}

gint64
potoo_sim_feed_next_turn (PotooSimFeed *feed, gint64 mono_us)
{
  gint64 turn = potoo_sim_feed_number_at (feed, mono_us) + feed->offset - feed->lead;

  while (potoo_sim_feed_due_us (feed, turn) <= mono_us || turn < feed->offset)
    turn++;
  return turn;
}

gint64
potoo_sim_feed_delay_us (PotooSimFeed *feed)
{
  return time_of (feed, feed->lead) - feed->origin_us;
}

gint64
potoo_sim_feed_loop_start_us (PotooSimFeed *feed, gint64 mono_us)
{
  gint64 turn = potoo_sim_feed_number_at (feed, mono_us) + feed->offset;

  return time_of (feed, turn - turn % feed->n_units - feed->offset);
}

void
potoo_sim_feed_wrap_at (PotooSimFeed *feed, gint64 mono_us)
{
  guint64 ticks = gst_util_uint64_scale ((guint64) mono_us, potoo_sim_codec_rtp_rate (feed->codec),
                                         POTOO_SECOND_US);
  feed->rtp_offset = 0u - (guint32) ticks;
}

guint32
potoo_sim_feed_get_rtp_rate (PotooSimFeed *feed)
{
  return potoo_sim_codec_rtp_rate (feed->codec);
}

guint32
potoo_sim_feed_get_rtp_offset (PotooSimFeed *feed)
{
  return feed->rtp_offset;
}

GstBuffer *
potoo_sim_feed_make_buffer (PotooSimFeed *feed, PotooSimLoop *loop, gint64 turn, PotooSimSets sets)
{
  guint i = (guint) (turn % feed->n_units);
  guint position = potoo_sim_loop_get_unit (loop, i)->index;
  gint64 number = turn - i + position - feed->offset;
  gboolean stamped = feed->is_video && feed->codec != POTOO_SIM_CODEC_MJPEG;
  guint8 stamp[POTOO_SIM_STAMP_MAX];
  gsize stamp_size = 0;

  if (number < 0)
    return NULL;
  gint64 sampled_us = time_of (feed, number);
  if (stamped)
    stamp_size = potoo_sim_stamp_write (
        feed->codec, (guint64) number, sampled_us + potoo_clock_wall_offset_us (), position, stamp);
  GstBuffer *buffer = potoo_sim_loop_make_buffer (loop, i, sets, stamp, stamp_size);
  GST_BUFFER_PTS (buffer) = (GstClockTime) sampled_us * GST_USECOND;
  GST_BUFFER_DURATION (buffer) = (GstClockTime) (time_of (feed, number + 1) - sampled_us) *
                                 GST_USECOND;
  return buffer;
}
