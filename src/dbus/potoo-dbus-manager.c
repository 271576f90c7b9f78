/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "dbus/potoo-dbus-manager.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-text.h"
#include "dbus/potoo-dbus-events.h"
#include "dbus/potoo-dbus-storage.h"
#include "dbus/potoo-dbus-value.h"
#include "dbus/potoo-nvr.h"

struct _PotooDbusManager
{
  GObject parent_instance;

  const PotooDbusParts *parts;
  PotooNvrManager *skeleton;
};

G_DEFINE_FINAL_TYPE (PotooDbusManager, potoo_dbus_manager, G_TYPE_OBJECT)

/* --- cameras --- */

static void
on_added (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_add_finish (POTOO_CAMERA_LIST (list), result, &error);

  if (snapshot == NULL)
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  g_autofree char *path = potoo_bus_camera_path (potoo_camera_settings_get_id (snapshot->settings));
  potoo_dbus_call_return (call, g_variant_new ("(o)", path));
}

static PotooCameraSettings *
read_settings (PotooDbusCall *call, GError **error)
{
  g_autoptr (GVariant)
      members = g_variant_get_child_value (potoo_dbus_call_get_arguments (call), 0);
  g_autoptr (JsonObject) object = potoo_dbus_value_to_json (members, error);

  return object != NULL ? potoo_camera_settings_new (object, error) : NULL;
}

static void
add_camera (PotooDbusCall *call, gpointer target)
{
  PotooDbusManager *self = target;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSettings) settings = read_settings (call, &error);

  gboolean adopt;

  g_variant_get_child (potoo_dbus_call_get_arguments (call), 1, "b", &adopt);
  if (settings != NULL)
    potoo_camera_list_add_async (self->parts->context.cameras, settings, adopt, on_added, call);
  else
    potoo_dbus_call_return_error (call, error);
}

static void
on_removed (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;

  gboolean done = potoo_camera_list_remove_finish (POTOO_CAMERA_LIST (list), result, &error);
  potoo_dbus_call_finish (call, done, error);
}

static void
remove_camera (PotooDbusCall *call, gpointer target)
{
  PotooDbusManager *self = target;
  const char *id;
  guint64 if_version;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(&st)", &id, &if_version);
  potoo_camera_list_remove_async (self->parts->context.cameras, id, if_version, on_removed, call);
}

static void
on_deleted (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  PotooDbusManager *self = potoo_dbus_call_get_target (call);
  g_autoptr (GError) error = NULL;
  const char *id;

  gboolean done = potoo_camera_list_remove_finish (POTOO_CAMERA_LIST (list), result, &error);
  g_variant_get_child (potoo_dbus_call_get_arguments (call), 0, "&s", &id);
  if (!done && potoo_dbus_call_is_open (call))
    potoo_retention_take_back (self->parts->context.retention, id);
  potoo_dbus_call_finish (call, done, error);
}

/* Recordings are condemned first: what the catalog is told after that is durable only with it. */
static void
delete_camera (PotooDbusCall *call, gpointer target)
{
  const PotooDbusContext *context = &((PotooDbusManager *) target)->parts->context;
  const char *id;
  guint64 if_version;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(&st)", &id, &if_version);
  g_autoptr (PotooCameraSnapshot) camera = potoo_camera_list_get_snapshot (context->cameras, id);
  if (camera != NULL)
    potoo_retention_condemn (context->retention, id);
  potoo_camera_list_remove_async (context->cameras, id, if_version,
                                  camera != NULL ? on_deleted : on_removed, call);
}

/* --- lists --- */

static void
list_camera_settings (PotooDbusCall *call, gpointer target)
{
  g_autoptr (JsonArray) settings = potoo_camera_settings_describe ();

  potoo_dbus_call_return (call,
                          g_variant_new ("(@aa{sv})", potoo_dbus_value_from_json_array (settings)));
}

static void
list_storage (PotooDbusCall *call, gpointer target)
{
  PotooDbusManager *self = target;

  potoo_dbus_list_storage (call, self->parts->reader, self->parts->context.retention);
}

static void
get_memory (PotooDbusCall *call, gpointer target)
{
  potoo_dbus_get_memory (call, ((PotooDbusManager *) target)->parts->context.recorder);
}

/* --- viewers --- */

static void
list_viewers (PotooDbusCall *call, gpointer target)
{
  PotooRestreamServer *restream = ((PotooDbusManager *) target)->parts->context.restream;
  g_autoptr (GPtrArray) viewers = restream != NULL ? potoo_restream_server_list_clients (restream)
                                                   : g_ptr_array_new ();
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < viewers->len; i++)
    g_variant_builder_add_value (&builder, potoo_dbus_value_from_viewer (viewers->pdata[i]));
  potoo_dbus_call_return (call, g_variant_new ("(aa{sv})", &builder));
}

static void
disconnect_viewer (PotooDbusCall *call, gpointer target)
{
  PotooRestreamServer *restream = ((PotooDbusManager *) target)->parts->context.restream;
  guint64 id;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(t)", &id);
  if (restream != NULL && potoo_restream_server_kick (restream, id))
    {
      potoo_dbus_call_return (call, NULL);
      return;
    }
  g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, POTOO_ERROR_NOT_FOUND,
                                                  _ ("There is no viewer of this number"));
  potoo_dbus_call_return_error (call, error);
}

/* --- segments, events and locks --- */

void
potoo_dbus_manager_tell_segment_dropped (PotooDbusManager *self, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  potoo_nvr_manager_emit_segment_removed (self->skeleton, text);
}

void
potoo_dbus_manager_tell_event (PotooDbusManager *self, const PotooEvent *event)
{
  potoo_nvr_manager_emit_event_changed (self->skeleton, potoo_dbus_value_from_event (event));
}

void
potoo_dbus_manager_tell_event_dropped (PotooDbusManager *self, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  potoo_nvr_manager_emit_event_removed (self->skeleton, text);
}

void
potoo_dbus_manager_tell_lock (PotooDbusManager *self, const PotooLock *lock)
{
  potoo_nvr_manager_emit_lock_changed (self->skeleton, potoo_dbus_value_from_lock (lock));
}

void
potoo_dbus_manager_tell_lock_dropped (PotooDbusManager *self, gint64 id)
{
  g_autofree char *text = potoo_segment_id_format (id);

  potoo_nvr_manager_emit_lock_removed (self->skeleton, text);
}

/* @object: (transfer full): as docs/rest.md has it */
static void
return_object (PotooDbusCall *call, JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  g_autofree char *text = potoo_json_to_text (node);
  potoo_dbus_call_return (call, g_variant_new ("(s)", text));
}

/* --- verification --- */

static void
get_verify (PotooDbusCall *call, gpointer target)
{
  PotooVerifier *verifier = ((PotooDbusManager *) target)->parts->context.verifier;

  return_object (call, potoo_verifier_to_json (verifier));
}

static void
start_verify (PotooDbusCall *call, gpointer target)
{
  PotooVerifier *verifier = ((PotooDbusManager *) target)->parts->context.verifier;
  g_autoptr (GError) error = NULL;
  gboolean repair;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(b)", &repair);
  gboolean done = potoo_verifier_start (verifier, repair, &error);
  potoo_dbus_call_finish (call, done, error);
}

static void
stop_verify (PotooDbusCall *call, gpointer target)
{
  PotooVerifier *verifier = ((PotooDbusManager *) target)->parts->context.verifier;
  g_autoptr (GError) error = NULL;

  gboolean done = potoo_verifier_stop (verifier, &error);
  potoo_dbus_call_finish (call, done, error);
}

/* --- the clock --- */

static void
get_clock (PotooDbusCall *call, gpointer target)
{
  PotooTimeCorrector *corrector = ((PotooDbusManager *) target)->parts->context.corrector;

  return_object (call, potoo_time_corrector_to_json (corrector));
}

static void
on_clock_corrected (GObject *corrector, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean done = potoo_time_corrector_correct_finish (POTOO_TIME_CORRECTOR (corrector), result,
                                                       &error);

  potoo_dbus_call_finish (user_data, done, error);
}

static void
correct_clock (PotooDbusCall *call, gpointer target)
{
  PotooTimeCorrector *corrector = ((PotooDbusManager *) target)->parts->context.corrector;
  gint64 step;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(x)", &step);
  potoo_time_corrector_correct_async (corrector, step, on_clock_corrected, call);
}

/* --- the object --- */

const PotooDbusParts *
potoo_dbus_manager_get_parts (PotooDbusManager *self)
{
  return self->parts;
}

GDBusInterfaceSkeleton *
potoo_dbus_manager_get_interface (PotooDbusManager *self)
{
  return G_DBUS_INTERFACE_SKELETON (self->skeleton);
}

void
potoo_dbus_manager_set_web_url (PotooDbusManager *self, const char *url)
{
  potoo_nvr_manager_set_web_url (self->skeleton, url != NULL ? url : "");
}

void
potoo_dbus_manager_set_overload (PotooDbusManager *self, PotooOverload overload)
{
  potoo_nvr_manager_set_overload (self->skeleton, potoo_overload_get_name (overload));
}

static const PotooDbusMethod methods[] = {
  { "handle-add-camera", add_camera },
  { "handle-remove-camera", remove_camera },
  { "handle-delete-camera", delete_camera },
  { "handle-list-camera-settings", list_camera_settings },
  { "handle-list-storage", list_storage },
  { "handle-get-memory", get_memory },
  { "handle-list-viewers", list_viewers },
  { "handle-disconnect-viewer", disconnect_viewer },
  { "handle-get-verify", get_verify },
  { "handle-start-verify", start_verify },
  { "handle-stop-verify", stop_verify },
  { "handle-get-clock", get_clock },
  { "handle-correct-clock", correct_clock },
  { NULL },
};

PotooDbusManager *
potoo_dbus_manager_new (const PotooDbusParts *parts)
{
  PotooDbusManager *self = g_object_new (POTOO_TYPE_DBUS_MANAGER, NULL);

  self->parts = parts;
  potoo_dbus_calls_connect (parts->calls, self->skeleton, methods, self);
  potoo_dbus_calls_connect (parts->calls, self->skeleton, potoo_dbus_events_methods, self);
  return self;
}

static void
potoo_dbus_manager_finalize (GObject *object)
{
  PotooDbusManager *self = POTOO_DBUS_MANAGER (object);

  g_object_unref (self->skeleton);
  G_OBJECT_CLASS (potoo_dbus_manager_parent_class)->finalize (object);
}

static void
potoo_dbus_manager_class_init (PotooDbusManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_dbus_manager_finalize;
}

static void
potoo_dbus_manager_init (PotooDbusManager *self)
{
  self->skeleton = potoo_nvr_manager_skeleton_new ();
  g_object_set (self->skeleton, "version", PACKAGE_VERSION, "started", potoo_clock_wall_us (),
                "web-url", "", "overload", potoo_overload_get_name (POTOO_OVERLOAD_NONE), NULL);
}
