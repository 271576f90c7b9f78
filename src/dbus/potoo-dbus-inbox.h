/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"

G_BEGIN_DECLS

/**
 * PotooDbusInbox:
 *
 * Brings what changed in the recordings from the catalog's thread to main, in order. At most
 * POTOO_DBUS_INBOX_SIZE changes wait; while main does not come to them, further ones are lost and
 * counted.
 */
typedef struct _PotooDbusInbox PotooDbusInbox;

#define POTOO_DBUS_INBOX_SIZE 4096

/* Main thread. */
typedef struct
{
  void (*segment) (const PotooSegment *segment, gpointer user_data);
  void (*segment_dropped) (gint64 id, gpointer user_data);
  void (*gap) (const PotooGap *gap, gpointer user_data);
  void (*event) (const PotooEvent *event, gpointer user_data);
  void (*event_dropped) (gint64 id, gpointer user_data);
  void (*lock) (const PotooLock *lock, gpointer user_data);
  void (*lock_dropped) (gint64 id, gpointer user_data);
} PotooDbusInboxFuncs;

/* @funcs: static */
PotooDbusInbox *potoo_dbus_inbox_new (const PotooDbusInboxFuncs *funcs, gpointer user_data);
/* Nobody may put anything in any more. */
void potoo_dbus_inbox_free (PotooDbusInbox *inbox);

/* Any thread. */
void potoo_dbus_inbox_put_segment (PotooDbusInbox *inbox, const PotooSegment *segment);
void potoo_dbus_inbox_put_segment_dropped (PotooDbusInbox *inbox, gint64 id);
void potoo_dbus_inbox_put_gap (PotooDbusInbox *inbox, const PotooGap *gap);
void potoo_dbus_inbox_put_event (PotooDbusInbox *inbox, const PotooEvent *event);
void potoo_dbus_inbox_put_event_dropped (PotooDbusInbox *inbox, gint64 id);
void potoo_dbus_inbox_put_lock (PotooDbusInbox *inbox, const PotooLock *lock);
void potoo_dbus_inbox_put_lock_dropped (PotooDbusInbox *inbox, gint64 id);

G_END_DECLS
