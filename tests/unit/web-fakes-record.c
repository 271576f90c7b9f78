/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the web server links and its tests do not call: events, locks and deletion have the
 * real catalog behind them in tests/integration. A timeline is without events. */

#include "record/potoo-time-corrector.h"
#include "record/potoo-verifier.h"
#include "record/potoo-event-list.h"
#include "record/potoo-eviction.h"
#include "record/potoo-lock-list.h"

const char *
potoo_segment_class_to_string (PotooSegmentClass class)
{
  return "continuous";
}

GPtrArray *
potoo_catalog_reader_list_events (PotooCatalogReader *reader,
                                  const PotooSegmentQuery *query,
                                  const PotooEventKind *kind,
                                  GError **error)
{
  return g_ptr_array_new ();
}

PotooEvent *
potoo_catalog_reader_get_event (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_assert_not_reached ();
}

GPtrArray *
potoo_catalog_reader_list_locks (PotooCatalogReader *reader,
                                 const PotooSegmentQuery *query,
                                 GError **error)
{
  g_assert_not_reached ();
}

PotooLock *
potoo_catalog_reader_get_lock (PotooCatalogReader *reader, gint64 id, GError **error)
{
  g_assert_not_reached ();
}

PotooLock *
potoo_lock_copy (const PotooLock *lock)
{
  g_assert_not_reached ();
}

void
potoo_lock_free (PotooLock *lock)
{
  g_assert_not_reached ();
}

GType
potoo_event_list_get_type (void)
{
  g_assert_not_reached ();
}

void
potoo_event_list_add_async (PotooEventList *list,
                            JsonObject *object,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_assert_not_reached ();
}

PotooEvent *
potoo_event_list_add_finish (PotooEventList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_event_list_change_async (PotooEventList *list,
                               gint64 id,
                               JsonObject *patch,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_assert_not_reached ();
}

PotooEvent *
potoo_event_list_change_finish (PotooEventList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_event_list_remove_async (PotooEventList *list,
                               gint64 id,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_assert_not_reached ();
}

gboolean
potoo_event_list_remove_finish (PotooEventList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_event_list_record_async (PotooEventList *list,
                               const char *camera,
                               gint64 duration_us,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_assert_not_reached ();
}

PotooEvent *
potoo_event_list_record_finish (PotooEventList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_event_list_stop_recording_async (PotooEventList *list,
                                       const char *camera,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_assert_not_reached ();
}

gboolean
potoo_event_list_stop_recording_finish (PotooEventList *list,
                                        GAsyncResult *result,
                                        PotooEvent **event,
                                        GError **error)
{
  g_assert_not_reached ();
}

GType
potoo_lock_list_get_type (void)
{
  g_assert_not_reached ();
}

void
potoo_lock_list_add_async (PotooLockList *list,
                           JsonObject *object,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_assert_not_reached ();
}

PotooLock *
potoo_lock_list_add_finish (PotooLockList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_lock_list_change_async (PotooLockList *list,
                              gint64 id,
                              JsonObject *patch,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_assert_not_reached ();
}

PotooLock *
potoo_lock_list_change_finish (PotooLockList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

void
potoo_lock_list_remove_async (PotooLockList *list,
                              gint64 id,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_assert_not_reached ();
}

gboolean
potoo_lock_list_remove_finish (PotooLockList *list, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

GType
potoo_eviction_get_type (void)
{
  g_assert_not_reached ();
}

void
potoo_eviction_delete_async (PotooEviction *eviction,
                             const PotooSegment *segment,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_assert_not_reached ();
}

gboolean
potoo_eviction_delete_finish (PotooEviction *eviction, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

/* --- the clock --- */

GType
potoo_time_corrector_get_type (void)
{
  return G_TYPE_OBJECT;
}

JsonObject *
potoo_time_corrector_to_json (PotooTimeCorrector *corrector)
{
  g_assert_not_reached ();
}

void
potoo_time_corrector_correct_async (PotooTimeCorrector *corrector,
                                    gint64 id,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_assert_not_reached ();
}

gboolean
potoo_time_corrector_correct_finish (PotooTimeCorrector *corrector,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_assert_not_reached ();
}

/* --- verification --- */

JsonObject *
potoo_verifier_to_json (PotooVerifier *verifier)
{
  g_assert_not_reached ();
}

gboolean
potoo_verifier_start (PotooVerifier *verifier, gboolean repair, GError **error)
{
  g_assert_not_reached ();
}

gboolean
potoo_verifier_stop (PotooVerifier *verifier, GError **error)
{
  g_assert_not_reached ();
}
