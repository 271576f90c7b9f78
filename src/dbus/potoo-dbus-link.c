/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * waiting (a timer) → connecting (GIO, at most CONNECT_TIMEOUT_MS) → connected,
 * until the bus closes; each failure waits twice as long, up to a minute.
 * The connection is ours alone: the shared one of g_bus_get() is never made anew.
 *
 * The name is asked for with each connection. When another process has it we stand in
 * the bus's queue and get it as soon as that one goes; our objects can be reached all the while
 * under the connection's unique name. It is given back by letting go of the connection: not with
 * g_bus_own_name(), whose end waits for an answer, which a bus that stands still does not give. Nor
 * is the connection closed before, since that waits for what is being written.
 */

#include "dbus/potoo-dbus-link.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define NAME_IN_QUEUE 2 /* DBUS_REQUEST_NAME_REPLY_IN_QUEUE */
#define CONNECT_TIMEOUT_MS 10000
#define PROBE_TIMEOUT_MS 10000
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
/* A connection that held this long is as good as any. */
#define SETTLED_US (30 * POTOO_SECOND_US)

struct _PotooDbusLink
{
  PotooBusKind kind;
  const PotooDbusLinkFuncs *funcs;
  gpointer user_data;

  GCancellable *cancellable; /* of connecting */
  guint timer;               /* the next try, or the end of this one */
  guint retry_ms;
  gboolean told; /* that there is no bus; once for each time that there is none */

  GDBusConnection *connection; /* (nullable) */
  gint64 connected_us;
  GCancellable *call_cancellable; /* of our own calls to the bus */
  guint name_signals;
  gboolean probing; /* one of them is to get a sign of life */
  PotooMetric *has_connection, *has_name;
};

static void connect_now (PotooDbusLink *self);

static const char *
describe (PotooDbusLink *self)
{
  return self->kind == POTOO_BUS_SYSTEM ? _ ("system bus") : _ ("session bus");
}

GDBusConnection *
potoo_dbus_link_get_connection (PotooDbusLink *self)
{
  return self->connection;
}

/* --- the name --- */

static void
refuse_name (PotooDbusLink *self, const char *reason)
{
  potoo_metric_set (self->has_name, 0);
  potoo_log_warning (NULL, _ ("The name %s on the %s cannot be had; going on without: %s"),
                     POTOO_BUS_NAME, describe (self), reason);
}

/* NameAcquired, also when we were the next in the queue; NameLost. */
static void
on_name_signal (GDBusConnection *connection,
                const char *sender,
                const char *path,
                const char *interface,
                const char *signal,
                GVariant *parameters,
                gpointer user_data)
{
  PotooDbusLink *self = user_data;

  if (strcmp (signal, "NameAcquired") == 0)
    {
      potoo_metric_set (self->has_name, 1);
      potoo_log_info (NULL, _ ("Potoo is %s on the %s"), POTOO_BUS_NAME, describe (self));
    }
  else if (strcmp (signal, "NameLost") == 0)
    refuse_name (self, _ ("another process took it"));
}

static void
on_name_requested (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  PotooDbusLink *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant)
      answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);
  guint32 reply = 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the link may be gone */
  if (answer != NULL)
    g_variant_get (answer, "(u)", &reply);
  if (answer == NULL)
    refuse_name (self, error->message);
  else if (reply == NAME_IN_QUEUE)
    refuse_name (self, _ ("another process has it; Potoo gets it when that one goes"));
}

static void
ask_for_name (PotooDbusLink *self)
{
  self->name_signals = g_dbus_connection_signal_subscribe (
      self->connection, BUS, BUS, NULL, BUS_PATH, POTOO_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE,
      on_name_signal, self, NULL);
  g_dbus_connection_call (self->connection, BUS, BUS_PATH, BUS, "RequestName",
                          g_variant_new ("(su)", POTOO_BUS_NAME, 0), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, self->call_cancellable, on_name_requested,
                          self);
}

/* --- trying again --- */

static gboolean
on_retry (gpointer user_data)
{
  PotooDbusLink *self = user_data;

  self->timer = 0;
  connect_now (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (PotooDbusLink *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (self->retry_ms, on_retry, self);
  self->retry_ms = MIN (2 * self->retry_ms, RETRY_MAX_MS);
}

static void
fail (PotooDbusLink *self, const char *reason)
{
  if (!self->told)
    potoo_log_warning (NULL, _ ("Potoo is not on the %s, and goes on without: %s"), describe (self),
                       reason);
  self->told = TRUE;
  retry_later (self);
}

/* --- the connection --- */

static void
let_go (PotooDbusLink *self)
{
  if (self->connection == NULL)
    return;
  g_cancellable_cancel (self->call_cancellable);
  g_clear_object (&self->call_cancellable);
  self->probing = FALSE;
  g_dbus_connection_signal_unsubscribe (self->connection, self->name_signals);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  potoo_metric_set (self->has_connection, 0);
  potoo_metric_set (self->has_name, 0);
}

static void
lose (PotooDbusLink *self, const char *reason)
{
  if (potoo_clock_mono_us () - self->connected_us > SETTLED_US)
    self->retry_ms = RETRY_MIN_MS;
  self->funcs->lost (self->user_data);
  let_go (self);
  fail (self, reason);
}

static void
on_closed (GDBusConnection *connection,
           gboolean remote_peer_vanished,
           const GError *error,
           gpointer user_data)
{
  lose (user_data, _ ("the bus went away"));
}

static void
take_connection (PotooDbusLink *self, GDBusConnection *connection)
{
  self->connection = connection;
  self->connected_us = potoo_clock_mono_us ();
  self->told = FALSE;
  potoo_metric_set (self->has_connection, 1);
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  self->funcs->connected (connection, self->user_data);
  self->call_cancellable = g_cancellable_new ();
  ask_for_name (self);
}

/* --- signs of life --- */

static void
on_probed (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  PotooDbusLink *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant)
      answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the link may be gone */
  self->probing = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    lose (self, _ ("the bus does not answer"));
}

gboolean
potoo_dbus_link_probe (PotooDbusLink *self)
{
  if (self->connection == NULL || self->probing)
    return FALSE;
  self->probing = TRUE;
  g_dbus_connection_call (self->connection, BUS, BUS_PATH, BUS ".Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, PROBE_TIMEOUT_MS, self->call_cancellable,
                          on_probed, self);
  return TRUE;
}

/* --- connecting --- */

/* What connecting has of the link: nothing but a way to learn that it was freed. */
typedef struct
{
  PotooDbusLink *link;
  GCancellable *cancellable;
} Attempt;

static gboolean
on_connect_timeout (gpointer user_data)
{
  PotooDbusLink *self = user_data;

  self->timer = 0;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  fail (self, _ ("the bus does not answer"));
  return G_SOURCE_REMOVE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Attempt *attempt = user_data;
  g_autoptr (GCancellable) cancellable = attempt->cancellable;
  PotooDbusLink *self = attempt->link;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection)
      connection = g_dbus_connection_new_for_address_finish (result, &error);

  g_free (attempt);
  if (g_cancellable_is_cancelled (cancellable))
    return; /* too late, or the link is gone */
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  if (connection != NULL && !g_dbus_connection_is_closed (connection))
    take_connection (self, g_steal_pointer (&connection));
  else
    fail (self, error != NULL ? error->message : _ ("the bus went away"));
}

static void
connect_now (PotooDbusLink *self)
{
  g_autofree char *address = potoo_bus_get_address (self->kind);

  if (address == NULL)
    {
      potoo_log_info (NULL, _ ("There is no %s here; Potoo goes on without"), describe (self));
      return; /* the environment of a process does not change */
    }
  Attempt *attempt = g_new0 (Attempt, 1);
  self->cancellable = g_cancellable_new ();
  attempt->link = self;
  attempt->cancellable = g_object_ref (self->cancellable);
  self->timer = g_timeout_add (CONNECT_TIMEOUT_MS, on_connect_timeout, self);
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                         G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, attempt);
}

PotooDbusLink *
potoo_dbus_link_new (PotooBusKind kind, const PotooDbusLinkFuncs *funcs, gpointer user_data)
{
  PotooDbusLink *self = g_new0 (PotooDbusLink, 1);

  self->kind = kind;
  self->funcs = funcs;
  self->user_data = user_data;
  self->retry_ms = RETRY_MIN_MS;
  self->has_connection = potoo_metric_new_gauge ("potoo_dbus_connected",
                                                 "Whether there is a connection to the bus", NULL);
  self->has_name = potoo_metric_new_gauge ("potoo_dbus_name_owned",
                                           "Whether Potoo has its name on the bus", NULL);
  connect_now (self);
  return self;
}

void
potoo_dbus_link_free (PotooDbusLink *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  let_go (self);
  potoo_metric_unref (self->has_connection);
  potoo_metric_unref (self->has_name);
  g_free (self);
}
