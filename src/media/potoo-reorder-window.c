/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-reorder-window.h"

#include "media/potoo-rtcp.h"

static guint
slot_of (guint16 sequence)
{
  return sequence % POTOO_REORDER_PACKETS;
}

static void
hold (PotooReorderWindow *window, GstBuffer *packet, guint16 sequence, gint64 now_us)
{
  window->held[slot_of (sequence)].packet = packet;
  window->held[slot_of (sequence)].arrival_us = now_us;
  window->n_held++;
}

/* Goes on by one sequence number, whether its packet is there or not. */
static void
step (PotooReorderWindow *window, GstBufferList *ready)
{
  GstBuffer *packet = g_steal_pointer (&window->held[slot_of (window->next)].packet);

  window->next++;
  if (packet == NULL)
    return;
  window->n_held--;
  gst_buffer_list_add (ready, packet);
}

static gboolean
has_next (const PotooReorderWindow *window)
{
  return window->held[slot_of (window->next)].packet != NULL;
}

static void
release_in_order (PotooReorderWindow *window, GstBufferList *ready)
{
  while (has_next (window))
    step (window, ready);
}

static void
begin (PotooReorderWindow *window, guint32 ssrc, guint16 sequence, GstBufferList *ready)
{
  while (window->n_held > 0)
    step (window, ready);
  window->started = TRUE;
  window->has_other = FALSE;
  window->ssrc = ssrc;
  window->next = sequence;
}

/* Whether a packet that is none of the sequence so far goes on from another such. */
static gboolean
is_confirmed (PotooReorderWindow *window, guint32 ssrc, guint16 sequence)
{
  gboolean confirmed = window->has_other && ssrc == window->other_ssrc &&
                       sequence == window->other_next;

  window->has_other = TRUE;
  window->other_ssrc = ssrc;
  window->other_next = sequence + 1;
  return confirmed;
}

static gboolean
is_far (const PotooReorderWindow *window, guint32 ssrc, gint16 distance)
{
  return ssrc != window->ssrc || distance > POTOO_RTP_MAX_DROPOUT ||
         distance <= -POTOO_RTP_MAX_MISORDER;
}

void
potoo_reorder_window_take (PotooReorderWindow *window,
                           GstBuffer *packet,
                           guint32 ssrc,
                           guint16 sequence,
                           gint64 now_us,
                           GstBufferList *ready)
{
  if (!window->started || (is_far (window, ssrc, (gint16) (sequence - window->next)) &&
                           is_confirmed (window, ssrc, sequence)))
    begin (window, ssrc, sequence, ready);
  gint16 distance = (gint16) (sequence - window->next);
  if (is_far (window, ssrc, distance) || distance < 0)
    {
      gst_buffer_unref (packet);
      return;
    }
  window->has_other = FALSE;
  for (; distance >= POTOO_REORDER_PACKETS; distance--)
    step (window, ready);
  if (window->held[slot_of (sequence)].packet != NULL)
    gst_buffer_unref (packet);
  else
    hold (window, packet, sequence, now_us);
  release_in_order (window, ready);
}

void
potoo_reorder_window_expire (PotooReorderWindow *window, gint64 now_us, GstBufferList *ready)
{
  while (now_us >= potoo_reorder_window_get_deadline_us (window))
    {
      while (!has_next (window))
        step (window, ready);
      release_in_order (window, ready);
    }
}

gint64
potoo_reorder_window_get_deadline_us (const PotooReorderWindow *window)
{
  guint16 sequence = window->next;

  if (window->n_held == 0)
    return G_MAXINT64;
  while (window->held[slot_of (sequence)].packet == NULL)
    sequence++;
  return window->held[slot_of (sequence)].arrival_us +
         (window->n_held < POTOO_REORDER_FEW ? POTOO_REORDER_LONG_WAIT_US : POTOO_REORDER_WAIT_US);
}

void
potoo_reorder_window_clear (PotooReorderWindow *window)
{
  for (guint i = 0; i < POTOO_REORDER_PACKETS; i++)
    gst_clear_buffer (&window->held[i].packet);
  *window = (PotooReorderWindow){ 0 };
}
