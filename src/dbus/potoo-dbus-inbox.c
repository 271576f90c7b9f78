/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-inbox.h"

#include "base/potoo-metrics.h"

typedef enum
{
  CHANGE_SEGMENT,
  CHANGE_SEGMENT_DROPPED,
  CHANGE_GAP,
} ChangeKind;

typedef struct
{
  ChangeKind kind;
  union
  {
    PotooSegment segment;
    PotooGap gap;
    gint64 id;
  };
} Change;

struct _PotooDbusInbox
{
  const PotooDbusInboxFuncs *funcs;
  gpointer user_data;
  PotooMetric *lost;
  GMutex lock; /* protects what follows */
  GQueue changes;
  GSource *source; /* (nullable): it was scheduled */
};

PotooDbusInbox *
potoo_dbus_inbox_new (const PotooDbusInboxFuncs *funcs, gpointer user_data)
{
  PotooDbusInbox *self = g_new0 (PotooDbusInbox, 1);

  self->funcs = funcs;
  self->user_data = user_data;
  self->lost = potoo_metric_new_counter (
      "potoo_dbus_changes_lost_total", "Changes of recordings not told over D-Bus: too many", NULL);
  g_mutex_init (&self->lock);
  return self;
}

void
potoo_dbus_inbox_free (PotooDbusInbox *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_queue_clear_full (&self->changes, g_free);
  g_mutex_clear (&self->lock);
  potoo_metric_unref (self->lost);
  g_free (self);
}

static void
deliver (PotooDbusInbox *self, const Change *change)
{
  switch (change->kind)
    {
    case CHANGE_SEGMENT:
      self->funcs->segment (&change->segment, self->user_data);
      break;
    case CHANGE_SEGMENT_DROPPED:
      self->funcs->segment_dropped (change->id, self->user_data);
      break;
    case CHANGE_GAP:
      self->funcs->gap (&change->gap, self->user_data);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
on_wake (gpointer user_data)
{
  PotooDbusInbox *self = user_data;
  Change *change;

  g_mutex_lock (&self->lock);
  g_autoptr (GQueue) changes = g_queue_copy (&self->changes);
  g_queue_clear (&self->changes);
  g_clear_pointer (&self->source, g_source_unref);
  g_mutex_unlock (&self->lock);
  while ((change = g_queue_pop_head (changes)) != NULL)
    {
      deliver (self, change);
      g_free (change);
    }
  return G_SOURCE_REMOVE;
}

static void
put (PotooDbusInbox *self, const Change *change)
{
  g_mutex_lock (&self->lock);
  if (self->changes.length >= POTOO_DBUS_INBOX_SIZE)
    potoo_metric_add (self->lost, 1);
  else
    g_queue_push_tail (&self->changes, g_memdup2 (change, sizeof *change));
  if (self->source == NULL)
    {
      self->source = g_idle_source_new ();
      g_source_set_callback (self->source, on_wake, self, NULL);
      g_source_attach (self->source, NULL);
    }
  g_mutex_unlock (&self->lock);
}

void
potoo_dbus_inbox_put_segment (PotooDbusInbox *self, const PotooSegment *segment)
{
  const Change change = { .kind = CHANGE_SEGMENT, .segment = *segment };

  put (self, &change);
}

void
potoo_dbus_inbox_put_segment_dropped (PotooDbusInbox *self, gint64 id)
{
  const Change change = { .kind = CHANGE_SEGMENT_DROPPED, .id = id };

  put (self, &change);
}

void
potoo_dbus_inbox_put_gap (PotooDbusInbox *self, const PotooGap *gap)
{
  const Change change = { .kind = CHANGE_GAP, .gap = *gap };

  put (self, &change);
}
