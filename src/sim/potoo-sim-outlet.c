/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Threads: `beat` in the pacer's, `start` and the guards in streaming threads,
 * the rest in the media's. `lock` protects beat and stopped; it is taken before the pacer's
 * lock, and the pacer never takes it. `open` is set by the RTP pad's thread and read by others. */

#include "sim/potoo-sim-outlet.h"

#include <gst/rtp/rtp.h>

#include "base/potoo-clock.h"
#include "sim/potoo-sim-nal.h"
#include "sim/potoo-sim-wire.h"

/* Units that may wait in the appsrc: more than a client's PLAY takes to come
 * after its DESCRIBE does no harm, the oldest go. */
#define QUEUE_UNITS 200

/* A machine so busy that no packet is fresh gets late ones from then on. */
#define FRESH_WAIT_US POTOO_SECOND_US

/* What a camera's own queue holds while its media only trickles out; the rest is lost. */
#define MAX_LAG_US (8 * POTOO_SECOND_US)

#define MAX_SWOLLEN_BYTES (8 * 1000 * 1000)

struct _PotooSimOutlet
{
  PotooSimCamera *camera;
  PotooSimFeed *feed;
  gboolean is_audio;
  PotooSimPacer *pacer;
  GstAppSrc *appsrc;
  GMutex lock;
  PotooSimBeat *beat;
  gboolean stopped;
  PotooSimLoop *loop;      /* the pacer's thread, after start */
  gint64 turn;             /* same */
  gint64 waiting_since_us; /* the RTP pad's thread: since it dropped the first */
  gboolean open;           /* same, atomic */
  PotooSimWire *wire;
  int life; /* of the camera, when this began */
};

/* Its clients hear nothing any more, neither media nor reports. */
static gboolean
is_dead (PotooSimOutlet *outlet)
{
  return potoo_sim_camera_has_fault (outlet->camera, POTOO_SIM_FAULT_STALL) ||
         potoo_sim_camera_get_dial (outlet->camera, POTOO_SIM_DIAL_LIFE) != outlet->life;
}

static gboolean
is_muted (PotooSimOutlet *outlet)
{
  return is_dead (outlet) ||
         (outlet->is_audio &&
          potoo_sim_camera_has_fault (outlet->camera, POTOO_SIM_FAULT_SILENT_AUDIO));
}

/* As encoders with a constant rate do it: filler behind the picture. */
static void
swell (PotooSimOutlet *outlet, GstBuffer *buffer)
{
  int factor = potoo_sim_camera_get_dial (outlet->camera, POTOO_SIM_DIAL_SWELL);
  gsize size = gst_buffer_get_size (buffer);

  if (factor > 1 && !outlet->is_audio)
    potoo_sim_nal_append_filler (potoo_sim_loop_get_params (outlet->loop)->codec, buffer,
                                 MIN (size * (gsize) (factor - 1), MAX_SWOLLEN_BYTES));
}

static void
push (PotooSimOutlet *outlet, gint64 turn, PotooSimSets sets)
{
  GstBuffer *buffer = potoo_sim_feed_make_buffer (outlet->feed, outlet->loop, turn, sets);

  if (buffer == NULL)
    return;
  swell (outlet, buffer);
  gsize size = gst_buffer_get_size (buffer);
  if (g_atomic_int_get (&outlet->open) &&
      gst_app_src_get_current_level_buffers (outlet->appsrc) >= QUEUE_UNITS)
    potoo_sim_camera_count_lost (outlet->camera);
  if (gst_app_src_push_buffer (outlet->appsrc, buffer) == GST_FLOW_OK)
    potoo_sim_camera_count_sent (outlet->camera, size);
}

static gboolean
is_keyframe (PotooSimOutlet *outlet, gint64 turn)
{
  return !outlet->is_audio && potoo_sim_loop_turn_is_key (outlet->loop, turn);
}

/* Another loop begins where it has a keyframe. */
static void
take_newest_loop (PotooSimOutlet *outlet, gint64 turn)
{
  PotooSimLoop *loop = potoo_sim_feed_get_loop (outlet->feed);

  if (!outlet->is_audio && potoo_sim_loop_turn_is_key (loop, turn))
    {
      PotooSimLoop *old = outlet->loop;
      outlet->loop = loop;
      loop = old;
    }
  potoo_sim_loop_unref (loop);
}

static gboolean
is_left_out (PotooSimOutlet *outlet, gint64 turn)
{
  return is_keyframe (outlet, turn) &&
         potoo_sim_camera_has_fault (outlet->camera, POTOO_SIM_FAULT_NO_KEYFRAMES);
}

/* When the unit of the next turn goes, after one that went at @due_us. */
static gint64
next_due_us (PotooSimOutlet *outlet, gint64 due_us)
{
  int percent = potoo_sim_camera_get_dial (outlet->camera, POTOO_SIM_DIAL_TRICKLE);
  gint64 regular_us = potoo_sim_feed_due_us (outlet->feed, outlet->turn);

  if (percent == 0)
    return regular_us;
  for (; regular_us < due_us - MAX_LAG_US; outlet->turn++)
    {
      potoo_sim_camera_count_lost (outlet->camera);
      regular_us = potoo_sim_feed_due_us (outlet->feed, outlet->turn + 1);
    }
  gint64 interval_us = regular_us - potoo_sim_feed_due_us (outlet->feed, outlet->turn - 1);
  return due_us + interval_us * 100 / percent;
}

static gint64
beat (gpointer data, gint64 due_us)
{
  PotooSimOutlet *outlet = data;
  gint64 turn = outlet->turn++;

  take_newest_loop (outlet, turn);
  if (!is_left_out (outlet, turn) && !is_muted (outlet))
    push (outlet, turn,
          potoo_sim_camera_get_options (outlet->camera)->inband ? POTOO_SIM_SETS_OF_KEYS
                                                                : POTOO_SIM_SETS_NEVER);
  return next_due_us (outlet, due_us);
}

/* The unit before the first one goes at once, so that the media knows its
 * caps without waiting; the guard drops it unless PLAY comes within its time. */
static void
start (GstAppSrc *appsrc, guint length, gpointer data)
{
  PotooSimOutlet *outlet = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&outlet->lock);

  if (outlet->beat != NULL || outlet->stopped)
    return;
  gint64 turn = potoo_sim_feed_next_turn (outlet->feed, potoo_clock_mono_us ());
  turn = MAX (turn - 1, 0);
  if (is_left_out (outlet, turn))
    turn = turn > 0 ? turn - 1 : 1;
  push (outlet, turn, POTOO_SIM_SETS_ALWAYS);
  outlet->turn = turn + 1;
  outlet->beat = potoo_sim_pacer_add (
      outlet->pacer, potoo_sim_feed_due_us (outlet->feed, outlet->turn), beat, outlet);
}

PotooSimOutlet *
potoo_sim_outlet_new (PotooSimCamera *camera,
                      PotooSimFeedId feed,
                      PotooSimPacer *pacer,
                      GstAppSrc *appsrc)
{
  PotooSimOutlet *outlet = g_new0 (PotooSimOutlet, 1);
  GstAppSrcCallbacks callbacks = { .need_data = start };

  g_mutex_init (&outlet->lock);
  outlet->camera = camera;
  outlet->feed = potoo_sim_camera_get_feed (camera, feed);
  outlet->is_audio = feed == POTOO_SIM_FEED_AUDIO;
  outlet->wire = potoo_sim_wire_new (camera, feed);
  outlet->life = potoo_sim_camera_get_dial (camera, POTOO_SIM_DIAL_LIFE);
  outlet->pacer = pacer;
  outlet->appsrc = gst_object_ref (appsrc);
  outlet->loop = potoo_sim_feed_get_loop (outlet->feed);
  g_object_set (appsrc, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, "leaky-type",
                GST_APP_LEAKY_TYPE_DOWNSTREAM, "max-bytes", G_GUINT64_CONSTANT (0), "max-time",
                G_GUINT64_CONSTANT (0), "max-buffers", (guint64) QUEUE_UNITS, "caps",
                potoo_sim_loop_get_caps (outlet->loop), NULL);
  gst_app_src_set_callbacks (appsrc, &callbacks, outlet, NULL);
  return outlet;
}

void
potoo_sim_outlet_stop (PotooSimOutlet *outlet)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&outlet->lock);

  outlet->stopped = TRUE;
  if (outlet->beat != NULL)
    potoo_sim_pacer_remove (outlet->pacer, g_steal_pointer (&outlet->beat));
}

void
potoo_sim_outlet_free (PotooSimOutlet *outlet)
{
  GstAppSrcCallbacks none = { NULL };

  potoo_sim_outlet_stop (outlet);
  gst_app_src_set_callbacks (outlet->appsrc, &none, NULL, NULL);
  gst_object_unref (outlet->appsrc);
  potoo_sim_loop_unref (outlet->loop);
  potoo_sim_wire_free (outlet->wire);
  g_mutex_clear (&outlet->lock);
  g_free (outlet);
}

/* Sent no later than half an interval after its time: then it is the newest,
 * and what follows has no hole. */
static gboolean
is_fresh (PotooSimOutlet *outlet, GstClockTime pts)
{
  gint64 now_us = potoo_clock_mono_us ();
  gint64 age_us = now_us - (gint64) (pts / GST_USECOND);
  gint64 interval_us = potoo_sim_feed_due_us (outlet->feed, 1) -
                       potoo_sim_feed_due_us (outlet->feed, 0);

  if (outlet->waiting_since_us == 0)
    outlet->waiting_since_us = now_us;
  return age_us <= potoo_sim_feed_delay_us (outlet->feed) + interval_us / 2 ||
         now_us - outlet->waiting_since_us > FRESH_WAIT_US;
}

static GstClockTime
first_pts (GstPadProbeInfo *info)
{
  GstBuffer *buffer = NULL;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER)
    buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  else if (gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info)) > 0)
    buffer = gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), 0);
  return buffer != NULL ? GST_BUFFER_PTS (buffer) : GST_CLOCK_TIME_NONE;
}

static GstPadProbeReturn
on_rtp (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  PotooSimOutlet *outlet = data;

  if (is_muted (outlet))
    return GST_PAD_PROBE_DROP;
  if (!outlet->open)
    {
      GstClockTime pts = first_pts (info);
      if (!GST_CLOCK_TIME_IS_VALID (pts) || !is_fresh (outlet, pts))
        return GST_PAD_PROBE_DROP;
      g_atomic_int_set (&outlet->open, TRUE);
    }
  return potoo_sim_wire_pass_rtp (outlet->wire, pad, info);
}

/* rtpbin's first sender report may come before it knows any time: all zero. */
static gboolean
has_time (GstBuffer *buffer)
{
  GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
  GstRTCPPacket packet;
  guint64 ntp = 1;

  if (!gst_rtcp_buffer_map (buffer, GST_MAP_READ, &rtcp))
    return FALSE;
  if (gst_rtcp_buffer_get_first_packet (&rtcp, &packet) &&
      gst_rtcp_packet_get_type (&packet) == GST_RTCP_TYPE_SR)
    gst_rtcp_packet_sr_get_sender_info (&packet, NULL, &ntp, NULL, NULL, NULL);
  gst_rtcp_buffer_unmap (&rtcp);
  return ntp != 0;
}

static GstPadProbeReturn
on_rtcp (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  PotooSimOutlet *outlet = data;
  gboolean pass = !is_dead (outlet) && g_atomic_int_get (&outlet->open) &&
                  (!(info->type & GST_PAD_PROBE_TYPE_BUFFER) ||
                   has_time (GST_PAD_PROBE_INFO_BUFFER (info)));

  if (!pass)
    return GST_PAD_PROBE_DROP;
  potoo_sim_wire_pass_rtcp (outlet->wire, info);
  return GST_PAD_PROBE_OK;
}

void
potoo_sim_outlet_guard_rtp (PotooSimOutlet *outlet, GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp,
                     outlet, NULL);
}

void
potoo_sim_outlet_guard_rtcp (PotooSimOutlet *outlet, GstPad *pad)
{
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtcp,
                     outlet, NULL);
}
