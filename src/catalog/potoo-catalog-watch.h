/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-events.h"
#include "catalog/potoo-catalog-gaps.h"
#include "catalog/potoo-catalog-locks.h"

G_BEGIN_DECLS

/*
 * Who wants to know what changed in the recordings is told when it is durable, so that
 * readers see it too: in the order of the commits, in the catalog's thread, which waits
 * meanwhile. Changes of one row that were committed together are told as one.
 */
typedef struct
{
  /* Inserted or changed; of an open segment also each time that its index grew. That events and
   * locks change the class of segments is not told: they themselves are. */
  void (*segment) (const PotooSegment *segment, gpointer user_data);
  /* Once: when it is marked as deleting, else when its row goes. */
  void (*segment_dropped) (gint64 id, gpointer user_data);
  void (*gap) (const PotooGap *gap, gpointer user_data);
  void (*gap_dropped) (gint64 id, gpointer user_data);
  /* These may be NULL. */
  void (*event) (const PotooEvent *event, gpointer user_data);
  void (*event_dropped) (gint64 id, gpointer user_data);
  void (*lock) (const PotooLock *lock, gpointer user_data);
  void (*lock_dropped) (gint64 id, gpointer user_data);
} PotooCatalogWatch;

/* One at a time. @watch: static; NULL: none, and no call is under way when this returns. */
void
potoo_catalog_set_watch (PotooCatalog *catalog, const PotooCatalogWatch *watch, gpointer user_data);

/* --- for the catalog itself --- */

typedef struct _PotooRowWatch PotooRowWatch;

PotooRowWatch *potoo_row_watch_new (void);
void potoo_row_watch_free (PotooRowWatch *self);

void potoo_row_watch_tell_segment (PotooRowWatch *self, const PotooSegment *segment);
void potoo_row_watch_tell_segment_dropped (PotooRowWatch *self, gint64 id);
void potoo_row_watch_tell_gap (PotooRowWatch *self, const PotooGap *gap);
void potoo_row_watch_tell_gap_dropped (PotooRowWatch *self, gint64 id);
void potoo_row_watch_tell_event (PotooRowWatch *self, const PotooEvent *event);
void potoo_row_watch_tell_event_dropped (PotooRowWatch *self, gint64 id);
void potoo_row_watch_tell_lock (PotooRowWatch *self, const PotooLock *lock);
void potoo_row_watch_tell_lock_dropped (PotooRowWatch *self, gint64 id);

G_END_DECLS
