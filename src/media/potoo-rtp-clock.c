/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The least delay is looked for in two buckets of BUCKET each, so that it is
 * always known over the last one to two of them; it is the least difference of arrival and
 * stream time, and the addend that makes the quickest packet arrive at once.
 */

#include "media/potoo-rtp-clock.h"

#define VIDEO_RATE 90000 /* RFC 6184, 8.2.1; RFC 7798, 7.1 */
#define SETTLING ((gint64) (250 * GST_MSECOND))
#define BUCKET ((gint64) (4 * GST_SECOND))
/* The addend falls by 1/50 of the time that passes and rises by 1/1000: delays
 * come and go, but no packet arrives before it was sent. */
#define FALL_PARTS 50
#define RISE_PARTS 1000
/* A delay that lasts that long is the camera's new time and no delay. */
#define LONG_DELAY ((gint64) GST_SECOND)
#define LONG_DELAY_BUCKETS 8
/* Pictures may step back by some of themselves (B-frames), but not by more; nothing
 * is sent that long before it is made. */
#define MAX_BACK_STEPS 8
#define MIN_BACK ((gint64) (300 * GST_MSECOND))
#define MAX_BACK ((gint64) (3 * GST_SECOND))
#define STEP_PARTS 8
/* Packets of another picture come half a step later at least. */
#define FIRST_STEP ((gint64) (20 * GST_MSECOND))
#define MAX_AHEAD ((gint64) (3 * GST_SECOND))
/* Sound that pauses longer than that, while pictures come as they should, and goes on as if it had
 * not, lost time: nothing held it up. */
#define LOST_TIME ((gint64) GST_SECOND)
#define PUNCTUAL ((gint64) (500 * GST_MSECOND))
/* Bounds of what is believed of sender reports. */
#define MAX_REPORT_DISTANCE ((gint64) (10 * GST_SECOND))
#define MAX_LIP_SYNC ((gint64) (500 * GST_MSECOND))

struct _PotooRtpClock
{
  gatomicrefcount ref_count;
  guint rate;
  PotooRtpClock *reference; /* never locked together with this one */

  GMutex lock; /* protects everything below */
  gboolean started, settled, has_report;
  guint32 base_rtp;  /* of base_ns */
  gint64 base_ticks; /* RTP time since base_rtp, unwrapped, of the newest packet */
  gint64 base_ns;
  gint64 first_arrival_ns, newest_arrival_ns;
  gint64 newest_ns;   /* stream time of the newest packet */
  gint64 step_ns;     /* of stream time, about; 0: not known */
  gint64 hindered_ns; /* arrival of the newest packet that was not punctual */
  gint64 addend_ns;
  gboolean paused;
  gint64 bucket_start_ns, least_ns, least_before_ns; /* arrival - stream time */
  guint delayed_buckets;
  gint64 report_ns; /* sender's clock - stream time */
  PotooSenderClock sender;
  guint n_jumps;
};

PotooRtpClock *
potoo_rtp_clock_new (PotooRtpClock *reference)
{
  PotooRtpClock *clock = g_new0 (PotooRtpClock, 1);
  g_atomic_ref_count_init (&clock->ref_count);
  g_mutex_init (&clock->lock);
  clock->rate = VIDEO_RATE;
  clock->reference = reference != NULL ? potoo_rtp_clock_ref (reference) : NULL;
  return clock;
}

void
potoo_rtp_clock_set_rate (PotooRtpClock *clock, guint rate)
{
  g_return_if_fail (rate > 0);

  g_mutex_lock (&clock->lock);
  clock->rate = rate;
  g_mutex_unlock (&clock->lock);
}

PotooRtpClock *
potoo_rtp_clock_ref (PotooRtpClock *clock)
{
  g_atomic_ref_count_inc (&clock->ref_count);
  return clock;
}

void
potoo_rtp_clock_unref (PotooRtpClock *clock)
{
  if (!g_atomic_ref_count_dec (&clock->ref_count))
    return;
  g_clear_pointer (&clock->reference, potoo_rtp_clock_unref);
  g_mutex_clear (&clock->lock);
  g_free (clock);
}

static gint64
ns_of_ticks (PotooRtpClock *clock, gint64 ticks)
{
  gint64 ns = (gint64) gst_util_uint64_scale ((guint64) ABS (ticks), GST_SECOND, clock->rate);
  return ticks < 0 ? -ns : ns;
}

/* RTP time since the base; @rtp_time is within 2^31 ticks of the newest packet's. */
static gint64
unwrap (PotooRtpClock *clock, guint32 rtp_time)
{
  guint32 newest = clock->base_rtp + (guint32) clock->base_ticks;
  return clock->base_ticks + (gint32) (rtp_time - newest);
}

/* Stream time begins, or goes on, at @stream_ns with the time stamp @rtp_time. */
static void
rebase (PotooRtpClock *clock, guint32 rtp_time, gint64 stream_ns)
{
  clock->base_rtp = rtp_time;
  clock->base_ticks = 0;
  clock->base_ns = stream_ns;
  clock->has_report = FALSE;
}

static void
start (PotooRtpClock *clock, guint32 rtp_time, gint64 arrival_ns)
{
  clock->started = TRUE;
  clock->first_arrival_ns = clock->newest_arrival_ns = clock->bucket_start_ns = arrival_ns;
  clock->newest_ns = arrival_ns;
  clock->least_ns = 0;
  clock->least_before_ns = G_MAXINT64;
  rebase (clock, rtp_time, arrival_ns);
}

/* What the newest delays say the addend should be. */
static gint64
get_least (const PotooRtpClock *clock)
{
  return MIN (clock->least_ns, clock->least_before_ns);
}

static void
end_bucket (PotooRtpClock *clock, gint64 arrival_ns)
{
  gboolean delayed = clock->least_ns > clock->addend_ns + LONG_DELAY;

  clock->delayed_buckets = delayed ? clock->delayed_buckets + 1 : 0;
  if (clock->delayed_buckets >= LONG_DELAY_BUCKETS)
    {
      clock->addend_ns = clock->least_ns;
      clock->delayed_buckets = 0;
      clock->n_jumps++;
    }
  clock->least_before_ns = clock->least_ns;
  clock->least_ns = G_MAXINT64;
  clock->bucket_start_ns = arrival_ns;
}

static void
follow (PotooRtpClock *clock, gint64 elapsed_ns)
{
  gint64 error = get_least (clock) - clock->addend_ns;

  if (!clock->settled)
    clock->addend_ns += MIN (error, 0);
  else
    clock->addend_ns += CLAMP (error, -(elapsed_ns / FALL_PARTS), elapsed_ns / RISE_PARTS);
}

static void
learn (PotooRtpClock *clock, gint64 arrival_ns)
{
  gint64 elapsed_ns = MAX (arrival_ns - clock->newest_arrival_ns, 0);

  if (arrival_ns - clock->bucket_start_ns >= BUCKET)
    end_bucket (clock, arrival_ns);
  if (arrival_ns - clock->newest_ns - clock->addend_ns > PUNCTUAL)
    clock->hindered_ns = arrival_ns;
  clock->least_ns = MIN (clock->least_ns, arrival_ns - clock->newest_ns);
  follow (clock, elapsed_ns);
  clock->newest_arrival_ns = arrival_ns;
  if (arrival_ns - clock->first_arrival_ns >= SETTLING)
    clock->settled = TRUE;
}

static void
learn_step (PotooRtpClock *clock, gint64 step_ns)
{
  if (clock->step_ns == 0)
    clock->step_ns = step_ns;
  else
    clock->step_ns += (step_ns - clock->step_ns) / STEP_PARTS;
}

static gboolean
stands_still (const PotooRtpClock *clock, gint64 arrival_ns)
{
  gint64 step_ns = clock->step_ns != 0 ? clock->step_ns : FIRST_STEP;
  return arrival_ns - clock->newest_arrival_ns >= step_ns / 2;
}

static gboolean
has_jumped (const PotooRtpClock *clock, gint64 stream_ns, gint64 arrival_ns)
{
  gint64 most_back = clock->step_ns != 0
                         ? CLAMP (clock->step_ns * MAX_BACK_STEPS, MIN_BACK, MAX_BACK)
                         : MAX_BACK;
  return stream_ns < clock->newest_ns - most_back ||
         stream_ns + clock->addend_ns > arrival_ns + MAX_AHEAD;
}

/* Whether packets come, and have come for a while without delay: several that waited may arrive
 * at once, the last of which has none. */
static gboolean
is_punctual (PotooRtpClock *clock, gint64 now_ns)
{
  g_mutex_lock (&clock->lock);
  gboolean punctual = clock->started && now_ns - clock->newest_arrival_ns <= PUNCTUAL &&
                      now_ns - clock->hindered_ns >= LOST_TIME;
  g_mutex_unlock (&clock->lock);
  return punctual;
}

/* Packets paused, and are as late since. */
static gboolean
has_lost_time (PotooRtpClock *clock, gint64 stream_ns, gint64 arrival_ns)
{
  gboolean late = arrival_ns - stream_ns - clock->addend_ns >= LOST_TIME;

  clock->paused = late && (clock->paused || arrival_ns - clock->newest_arrival_ns >= LOST_TIME);
  return clock->paused;
}

/* @unhindered: nothing on the way held it up, as is known from elsewhere. */
static void
take_time (PotooRtpClock *clock,
           guint32 rtp_time,
           gboolean still,
           gboolean unhindered,
           gint64 arrival_ns)
{
  gint64 ticks = unwrap (clock, rtp_time);
  gint64 stream_ns = clock->base_ns + ns_of_ticks (clock, ticks);

  if (still || has_jumped (clock, stream_ns, arrival_ns) ||
      (has_lost_time (clock, stream_ns, arrival_ns) && unhindered))
    {
      stream_ns = MAX (arrival_ns - clock->addend_ns, clock->newest_ns + 1);
      rebase (clock, rtp_time, stream_ns);
      clock->n_jumps++;
    }
  else
    {
      clock->base_ticks = ticks;
      learn_step (clock, ABS (stream_ns - clock->newest_ns));
    }
  clock->newest_ns = stream_ns;
  learn (clock, arrival_ns);
}

GstClockTime
potoo_rtp_clock_observe (PotooRtpClock *clock,
                         guint32 rtp_time,
                         gboolean begins,
                         GstClockTime arrival)
{
  gint64 arrival_ns = (gint64) arrival;
  gboolean unhindered = clock->reference != NULL && is_punctual (clock->reference, arrival_ns);

  g_mutex_lock (&clock->lock);
  if (!clock->started)
    start (clock, rtp_time, arrival_ns);
  /* Only the first packet of an access unit tells something. */
  else if (rtp_time != clock->base_rtp + (guint32) clock->base_ticks)
    take_time (clock, rtp_time, FALSE, unhindered, arrival_ns);
  else if (begins && stands_still (clock, arrival_ns))
    take_time (clock, rtp_time, TRUE, unhindered, arrival_ns);
  gint64 result = clock->newest_ns;
  g_mutex_unlock (&clock->lock);
  return (GstClockTime) MAX (result, 0);
}

void
potoo_rtp_clock_set_sender_time (PotooRtpClock *clock, guint32 rtp_time, GstClockTime ntp_ns)
{
  g_mutex_lock (&clock->lock);
  if (clock->started && ntp_ns != 0)
    {
      gint64 stream_ns = clock->base_ns + ns_of_ticks (clock, unwrap (clock, rtp_time));
      if (ABS (stream_ns - clock->newest_ns) <= MAX_REPORT_DISTANCE)
        {
          clock->report_ns = (gint64) ntp_ns - stream_ns;
          clock->has_report = TRUE;
          if (clock->settled)
            potoo_sender_clock_add (&clock->sender, (stream_ns + clock->addend_ns) / 1000,
                                    (gint64) (ntp_ns / 1000));
        }
    }
  g_mutex_unlock (&clock->lock);
}

void
potoo_rtp_clock_get_sender (PotooRtpClock *clock, PotooSenderClock *sender)
{
  g_mutex_lock (&clock->lock);
  *sender = clock->sender;
  g_mutex_unlock (&clock->lock);
}

gboolean
potoo_rtp_clock_is_settled (PotooRtpClock *clock)
{
  g_mutex_lock (&clock->lock);
  gboolean settled = clock->settled;
  g_mutex_unlock (&clock->lock);
  return settled;
}

/* Monotonic time - the sender's clock, when reports tell. */
static gboolean
get_sender_offset (PotooRtpClock *clock, gint64 *offset_ns)
{
  g_mutex_lock (&clock->lock);
  gboolean known = clock->has_report;
  *offset_ns = clock->addend_ns - clock->report_ns;
  g_mutex_unlock (&clock->lock);
  return known;
}

GstClockTime
potoo_rtp_clock_apply (PotooRtpClock *clock, GstClockTime stream_ns)
{
  gint64 offset_ns = 0, addend_ns;

  if (!GST_CLOCK_TIME_IS_VALID (stream_ns))
    return stream_ns;
  gboolean guided = clock->reference != NULL && get_sender_offset (clock->reference, &offset_ns);
  g_mutex_lock (&clock->lock);
  addend_ns = clock->addend_ns;
  if (guided && clock->has_report && ABS (clock->report_ns + offset_ns - addend_ns) <= MAX_LIP_SYNC)
    addend_ns = clock->report_ns + offset_ns;
  g_mutex_unlock (&clock->lock);
  return (GstClockTime) MAX ((gint64) stream_ns + addend_ns, 0);
}

guint
potoo_rtp_clock_get_n_jumps (PotooRtpClock *clock)
{
  g_mutex_lock (&clock->lock);
  guint n = clock->n_jumps;
  g_mutex_unlock (&clock->lock);
  return n;
}
