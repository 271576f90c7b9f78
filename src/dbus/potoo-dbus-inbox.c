/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-inbox.h"

#include "base/potoo-metrics.h"

typedef enum
{
  CHANGE_SEGMENT,
  CHANGE_SEGMENT_DROPPED,
  CHANGE_GAP,
  CHANGE_EVENT,
  CHANGE_EVENT_DROPPED,
  CHANGE_LOCK,
  CHANGE_LOCK_DROPPED,
} ChangeKind;

typedef struct
{
  ChangeKind kind;
  union
  {
    PotooSegment segment;
    PotooGap gap;
    PotooEvent *event;
    PotooLock *lock;
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

static void
change_free (Change *change)
{
  if (change->kind == CHANGE_EVENT)
    potoo_event_free (change->event);
  else if (change->kind == CHANGE_LOCK)
    potoo_lock_free (change->lock);
  g_free (change);
}

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
  g_queue_clear_full (&self->changes, (GDestroyNotify) change_free);
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
    case CHANGE_EVENT:
      self->funcs->event (change->event, self->user_data);
      break;
    case CHANGE_EVENT_DROPPED:
      self->funcs->event_dropped (change->id, self->user_data);
      break;
    case CHANGE_LOCK:
      self->funcs->lock (change->lock, self->user_data);
      break;
    case CHANGE_LOCK_DROPPED:
      self->funcs->lock_dropped (change->id, self->user_data);
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
      change_free (change);
    }
  return G_SOURCE_REMOVE;
}

/* Takes over what @change points to. */
static void
put (PotooDbusInbox *self, const Change *change)
{
  Change *copy = g_memdup2 (change, sizeof *change);

  g_mutex_lock (&self->lock);
  if (self->changes.length >= POTOO_DBUS_INBOX_SIZE)
    {
      potoo_metric_add (self->lost, 1);
      change_free (copy);
    }
  else
    g_queue_push_tail (&self->changes, copy);
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

void
potoo_dbus_inbox_put_event (PotooDbusInbox *self, const PotooEvent *event)
{
  const Change change = { .kind = CHANGE_EVENT, .event = potoo_event_copy (event) };

  put (self, &change);
}

void
potoo_dbus_inbox_put_event_dropped (PotooDbusInbox *self, gint64 id)
{
  const Change change = { .kind = CHANGE_EVENT_DROPPED, .id = id };

  put (self, &change);
}

void
potoo_dbus_inbox_put_lock (PotooDbusInbox *self, const PotooLock *lock)
{
  const Change change = { .kind = CHANGE_LOCK, .lock = potoo_lock_copy (lock) };

  put (self, &change);
}

void
potoo_dbus_inbox_put_lock_dropped (PotooDbusInbox *self, gint64 id)
{
  const Change change = { .kind = CHANGE_LOCK_DROPPED, .id = id };

  put (self, &change);
}
