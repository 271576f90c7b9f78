/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "restream/potoo-restream-replay.h"

/* Audio no older than this shows that the stream has some. A ring that holds none must be so long
 * or have so many keyframes to show that it has not. */
#define AUDIO_RECENT_NS (2 * GST_SECOND)
#define AUDIO_WAIT_NS (1 * GST_SECOND)
#define AUDIO_WAIT_KEYFRAMES 3
/* Before the keyframe. */
#define AUDIO_LEAD_NS (300 * GST_MSECOND)

GstClockTime
potoo_restream_unit_get_time (const PotooAccessUnit *unit)
{
  return GST_CLOCK_TIME_IS_VALID (unit->dts_ns) ? unit->dts_ns : unit->pts_ns;
}

static void
unit_free (PotooAccessUnit *unit)
{
  potoo_access_unit_clear (unit);
  g_free (unit);
}

void
potoo_restream_replay_clear (GQueue *replay)
{
  g_queue_clear_full (replay, (GDestroyNotify) unit_free);
}

static GList *
find_last_keyframe (GQueue *replay)
{
  GList *link = replay->tail;

  while (link != NULL && !((PotooAccessUnit *) link->data)->key)
    link = link->prev;
  return link;
}

/* Away with what comes before the newest keyframe, but for the audio of just before it. */
static void
trim (GQueue *replay, GList *keyframe)
{
  GstClockTime start = potoo_restream_unit_get_time (keyframe->data);

  for (GList *link = replay->head, *next; link != keyframe; link = next)
    {
      PotooAccessUnit *unit = link->data;
      next = link->next;
      if (unit->track != 0 && potoo_restream_unit_get_time (unit) + AUDIO_LEAD_NS >= start)
        continue;
      g_queue_delete_link (replay, link);
      unit_free (unit);
    }
}

/* Caps of the newest access unit of each track; FALSE while audio may still come. */
static gboolean
find_tracks (GQueue *replay, GstCaps **caps)
{
  GstClockTime end = potoo_restream_unit_get_time (replay->tail->data);
  GstClockTime start = potoo_restream_unit_get_time (replay->head->data);
  guint n_keyframes = 0;

  for (GList *link = replay->tail; link != NULL; link = link->prev)
    {
      PotooAccessUnit *unit = link->data;
      n_keyframes += unit->key ? 1 : 0;
      if (unit->track >= POTOO_RESTREAM_MAX_TRACKS || caps[unit->track] != NULL ||
          unit->caps == NULL ||
          (unit->track != 0 && potoo_restream_unit_get_time (unit) + AUDIO_RECENT_NS < end))
        continue;
      caps[unit->track] = gst_caps_ref (unit->caps);
    }
  return caps[0] != NULL &&
         (caps[1] != NULL || end >= start + AUDIO_WAIT_NS || n_keyframes >= AUDIO_WAIT_KEYFRAMES);
}

gboolean
potoo_restream_replay_take (GQueue *replay, PotooSubscriber *subscriber, GstCaps **caps)
{
  PotooAccessUnit unit;

  while (potoo_subscriber_take (subscriber, &unit))
    g_queue_push_tail (replay, g_memdup2 (&unit, sizeof unit));
  GList *keyframe = find_last_keyframe (replay);
  if (keyframe == NULL || !find_tracks (replay, caps))
    return FALSE;
  trim (replay, keyframe);
  /* The keyframe's: what follows in the ring may be of another size than what came before. */
  gst_caps_replace (&caps[0], ((PotooAccessUnit *) keyframe->data)->caps);
  return TRUE;
}

static void
ignore_wake (gpointer user_data)
{
}

gboolean
potoo_restream_replay_can_begin (PotooStreamHub *hub)
{
  GQueue replay = G_QUEUE_INIT;
  GstCaps *caps[POTOO_RESTREAM_MAX_TRACKS] = { NULL };
  PotooSubscriber *subscriber = potoo_stream_hub_subscribe (
      hub, G_MAXUINT, POTOO_RESTREAM_QUEUE_MAX_BYTES, ignore_wake, NULL);
  gboolean can = potoo_restream_replay_take (&replay, subscriber, caps);

  for (guint i = 0; i < POTOO_RESTREAM_MAX_TRACKS; i++)
    gst_clear_caps (&caps[i]);
  potoo_restream_replay_clear (&replay);
  potoo_subscriber_free (subscriber);
  return can;
}
