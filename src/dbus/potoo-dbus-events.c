/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-events.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "dbus/potoo-dbus-lists.h"
#include "dbus/potoo-dbus-members.h"
#include "dbus/potoo-dbus-value.h"

static const PotooDbusContext *
get_context (gpointer manager)
{
  return &potoo_dbus_manager_get_parts (manager)->context;
}

/* --- arguments; FALSE and NULL: the call was answered --- */

/* An `id` in front. */
static gboolean
get_id (PotooDbusCall *call, gint64 *id)
{
  const char *text;

  g_variant_get_child (potoo_dbus_call_get_arguments (call), 0, "&s", &text);
  if (potoo_segment_id_parse (text, id))
    return TRUE;
  g_autoptr (GError) error = potoo_error_new_at (POTOO_ERROR_INVALID_ARGUMENT, "/id",
                                                 _ ("Must be 16 hexadecimal digits"));
  potoo_dbus_call_return_error (call, error);
  return FALSE;
}

/* An a{sv} at the end. (transfer full) */
static JsonObject *
get_members (PotooDbusCall *call)
{
  GVariant *arguments = potoo_dbus_call_get_arguments (call);
  g_autoptr (GVariant)
      members = g_variant_get_child_value (arguments, g_variant_n_children (arguments) - 1);
  g_autoptr (GError) error = NULL;
  JsonObject *object = potoo_dbus_members_to_json (members, &error);

  if (object == NULL)
    potoo_dbus_call_return_error (call, error);
  return object;
}

/* A text that may be empty, which stands for NULL. */
static const char *
get_text (PotooDbusCall *call, gsize i)
{
  const char *text;

  g_variant_get_child (potoo_dbus_call_get_arguments (call), i, "&s", &text);
  return text[0] != '\0' ? text : NULL;
}

/* --- events --- */

static void
list_events (PotooDbusCall *call, gpointer target)
{
  const char *name = get_text (call, 1);
  PotooEventKind kind;

  if (name != NULL && !potoo_event_kind_parse (name, &kind))
    {
      g_autoptr (GError)
          error = potoo_error_new_at (POTOO_ERROR_INVALID_ARGUMENT, "/kind",
                                      _ ("Must be one of: api, motion, onvif, manual, bookmark"));
      potoo_dbus_call_return_error (call, error);
      return;
    }
  potoo_dbus_list_rows (call, potoo_dbus_manager_get_parts (target)->reader, POTOO_DBUS_READ_EVENTS,
                        get_text (call, 0), name != NULL ? &kind : NULL);
}

static void
on_event_added (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_add_finish (POTOO_EVENT_LIST (list), result, &error);

  potoo_dbus_call_return_dict (call, event != NULL ? potoo_dbus_value_from_event (event) : NULL,
                               error);
}

static void
add_event (PotooDbusCall *call, gpointer target)
{
  g_autoptr (JsonObject) members = get_members (call);

  if (members != NULL)
    potoo_event_list_add_async (get_context (target)->events, members, on_event_added, call);
}

static void
on_event_changed (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_change_finish (POTOO_EVENT_LIST (list), result, &error);

  potoo_dbus_call_return_dict (call, event != NULL ? potoo_dbus_value_from_event (event) : NULL,
                               error);
}

static void
change_event (PotooDbusCall *call, gpointer target)
{
  gint64 id;

  if (!get_id (call, &id))
    return;
  g_autoptr (JsonObject) members = get_members (call);
  if (members != NULL)
    potoo_event_list_change_async (get_context (target)->events, id, members, on_event_changed,
                                   call);
}

static void
on_event_removed (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;

  gboolean done = potoo_event_list_remove_finish (POTOO_EVENT_LIST (list), result, &error);
  potoo_dbus_call_finish (call, done, error);
}

static void
remove_event (PotooDbusCall *call, gpointer target)
{
  gint64 id;

  if (get_id (call, &id))
    potoo_event_list_remove_async (get_context (target)->events, id, on_event_removed, call);
}

/* --- locks --- */

static void
list_locks (PotooDbusCall *call, gpointer target)
{
  potoo_dbus_list_rows (call, potoo_dbus_manager_get_parts (target)->reader, POTOO_DBUS_READ_LOCKS,
                        get_text (call, 0), NULL);
}

static void
on_lock_added (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooLock) lock = potoo_lock_list_add_finish (POTOO_LOCK_LIST (list), result, &error);

  potoo_dbus_call_return_dict (call, lock != NULL ? potoo_dbus_value_from_lock (lock) : NULL,
                               error);
}

static void
add_lock (PotooDbusCall *call, gpointer target)
{
  g_autoptr (JsonObject) members = get_members (call);

  if (members != NULL)
    potoo_lock_list_add_async (get_context (target)->locks, members, on_lock_added, call);
}

static void
on_lock_changed (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooLock)
      lock = potoo_lock_list_change_finish (POTOO_LOCK_LIST (list), result, &error);

  potoo_dbus_call_return_dict (call, lock != NULL ? potoo_dbus_value_from_lock (lock) : NULL,
                               error);
}

static void
change_lock (PotooDbusCall *call, gpointer target)
{
  gint64 id;

  if (!get_id (call, &id))
    return;
  g_autoptr (JsonObject) members = get_members (call);
  if (members != NULL)
    potoo_lock_list_change_async (get_context (target)->locks, id, members, on_lock_changed, call);
}

static void
on_lock_removed (GObject *list, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;

  gboolean done = potoo_lock_list_remove_finish (POTOO_LOCK_LIST (list), result, &error);
  potoo_dbus_call_finish (call, done, error);
}

static void
remove_lock (PotooDbusCall *call, gpointer target)
{
  gint64 id;

  if (get_id (call, &id))
    potoo_lock_list_remove_async (get_context (target)->locks, id, on_lock_removed, call);
}

/* --- segments --- */

static void
on_segment_deleted (GObject *eviction, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;

  gboolean done = potoo_eviction_delete_finish (POTOO_EVICTION (eviction), result, &error);
  potoo_dbus_call_finish (call, done, error);
}

static void
on_segment_read (GObject *source, GAsyncResult *result, gpointer call)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSegment) segment = potoo_dbus_reader_get_segment_finish (result, &error);

  if (segment != NULL && potoo_dbus_call_is_open (call))
    potoo_eviction_delete_async (get_context (potoo_dbus_call_get_target (call))->eviction, segment,
                                 on_segment_deleted, call);
  else
    potoo_dbus_call_return_error (call, error);
}

static void
delete_segment (PotooDbusCall *call, gpointer target)
{
  gint64 id;

  if (get_id (call, &id))
    potoo_dbus_reader_get_segment_async (potoo_dbus_manager_get_parts (target)->reader, id,
                                         on_segment_read, call);
}

const PotooDbusMethod potoo_dbus_events_methods[] = {
  { "handle-list-events", list_events },       { "handle-add-event", add_event },
  { "handle-change-event", change_event },     { "handle-remove-event", remove_event },
  { "handle-list-locks", list_locks },         { "handle-add-lock", add_lock },
  { "handle-change-lock", change_lock },       { "handle-remove-lock", remove_lock },
  { "handle-delete-segment", delete_segment }, { NULL },
};
