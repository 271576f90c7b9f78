/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "catalog/potoo-catalog-segments.h"

G_BEGIN_DECLS

/* Stored by name; the order is free. */
typedef enum
{
  POTOO_EVENT_MOTION,
  POTOO_EVENT_ONVIF,
  POTOO_EVENT_MANUAL,
  POTOO_EVENT_API,
  POTOO_EVENT_BOOKMARK,
} PotooEventKind;

const char *potoo_event_kind_to_string (PotooEventKind kind); /* "motion" */
gboolean potoo_event_kind_parse (const char *text, PotooEventKind *kind);

#define POTOO_EVENT_TITLE_MAX 200 /* characters */
#define POTOO_EVENT_METADATA_MAX_BYTES (16 * 1024)
/* What an event keeps is at most this long, unless it goes on: each segment in it is looked at
 * when the event comes, changes or goes. */
#define POTOO_EVENT_MAX_KEEP_US (7 * 24 * 3600 * G_GINT64_CONSTANT (1000000))
/* Only the newest events stay, by their id; older ones go as new ones come. */
#define POTOO_EVENTS_MAX 1000000

typedef struct
{
  gint64 id; /* from potoo_catalog_take_event_id() */
  char camera[POTOO_SLUG_MAX + 1];
  PotooEventKind kind;
  gint64 start_us, end_us; /* wall; end_us 0: goes on */
  /* Segments of the camera that overlap this are kept as an event's; it holds the above, and
   * keep_end_us is 0 when, and only when, end_us is. */
  gint64 keep_start_us, keep_end_us;
  double score;   /* 0 to 1; -1: none, as all below 0 */
  char *title;    /* never NULL */
  char *metadata; /* (nullable): JSON */
} PotooEvent;

PotooEvent *potoo_event_copy (const PotooEvent *event);
void potoo_event_free (PotooEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooEvent, potoo_event_free)

/* What the catalog takes: POTOO_ERROR_INVALID_ARGUMENT when its times make no sense or do not hold
 * each other, or something is too long. Not whether the metadata is JSON. */
gboolean potoo_event_check (const PotooEvent *event, GError **error);

/* --- writing; any thread, never blocks --- */

gint64 potoo_catalog_take_event_id (PotooCatalog *catalog); /* 0: none left */

/* Inserts or replaces the row and brings the class of the camera's segments up to date, in one
 * transaction. Fails as potoo_event_check() does. */
void potoo_catalog_put_event (PotooCatalog *catalog, const PotooEvent *event);
void potoo_catalog_put_event_async (PotooCatalog *catalog,
                                    const PotooEvent *event,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
potoo_catalog_put_event_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* Segments that nothing else protects become continuous. POTOO_ERROR_NOT_FOUND when there is no
 * such event. */
void potoo_catalog_drop_event_async (PotooCatalog *catalog,
                                     gint64 id,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean
potoo_catalog_drop_event_finish (PotooCatalog *catalog, GAsyncResult *result, GError **error);

/* --- reading --- */

/* NULL with POTOO_ERROR_NOT_FOUND when there is none. (transfer full) */
PotooEvent *potoo_catalog_reader_get_event (PotooCatalogReader *reader, gint64 id, GError **error);
/* As potoo_catalog_reader_list_segments(), by the event's own times; @kind: (nullable): all.
 * (transfer full) (element-type PotooEvent) */
GPtrArray *potoo_catalog_reader_list_events (PotooCatalogReader *reader,
                                             const PotooSegmentQuery *query,
                                             const PotooEventKind *kind,
                                             GError **error);
/* With end_us = 0, by id. */
GPtrArray *potoo_catalog_reader_list_open_events (PotooCatalogReader *reader, GError **error);

G_END_DECLS
