/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A call's life: taken from the skeleton → the bus is asked for the caller's user →
 * its function → one return. At shutdown the invocation is answered and taken out of
 * the call, whose function, if it was run, still returns later, then into nothing; so no
 * function has to be cancelled. A caller that dies is not noticed: its answer goes nowhere.
 */

#include "dbus/potoo-dbus-calls.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

#define ASK_TIMEOUT_MS 5000

struct _PotooDbusCalls
{
  int ref_count;
  GQueue under_way; /* PotooDbusCall that are not answered */
  gboolean stopping;
  guint stop_source;
  void (*stopped) (gpointer user_data); /* (nullable) */
  gpointer stopped_data;
  PotooMetric *total, *refused, *current;
};

struct _PotooDbusCall
{
  PotooDbusCalls *calls;
  GDBusMethodInvocation *invocation; /* NULL when it is answered */
  GVariant *arguments;
  PotooDbusCallFunc func;
  gpointer target;
};

/* --- the set --- */

PotooDbusCalls *
potoo_dbus_calls_new (void)
{
  PotooDbusCalls *self = g_new0 (PotooDbusCalls, 1);

  self->ref_count = 1;
  self->total = potoo_metric_new_counter ("potoo_dbus_calls_total", "Method calls over D-Bus",
                                          NULL);
  self->refused = potoo_metric_new_counter (
      "potoo_dbus_calls_refused_total",
      "Method calls refused: not allowed, too many, too large, or stopping", NULL);
  self->current = potoo_metric_new_gauge ("potoo_dbus_calls", "Method calls under way", NULL);
  return self;
}

void
potoo_dbus_calls_unref (PotooDbusCalls *self)
{
  if (--self->ref_count > 0)
    return;
  g_clear_handle_id (&self->stop_source, g_source_remove);
  g_assert (g_queue_is_empty (&self->under_way));
  potoo_metric_unref (self->total);
  potoo_metric_unref (self->refused);
  potoo_metric_unref (self->current);
  g_free (self);
}

static void
tell_stopped (PotooDbusCalls *self)
{
  void (*stopped) (gpointer) = self->stopped;

  if (stopped == NULL || !g_queue_is_empty (&self->under_way))
    return;
  self->stopped = NULL;
  g_clear_handle_id (&self->stop_source, g_source_remove);
  stopped (self->stopped_data);
}

/* --- answering --- */

GVariant *
potoo_dbus_call_get_arguments (PotooDbusCall *call)
{
  return call->arguments;
}

gpointer
potoo_dbus_call_get_target (PotooDbusCall *call)
{
  return call->target;
}

gboolean
potoo_dbus_call_is_open (PotooDbusCall *call)
{
  return call->invocation != NULL;
}

/* The invocation to be answered; NULL when that was done at shutdown. */
static GDBusMethodInvocation *
take_invocation (PotooDbusCall *call)
{
  if (call->invocation != NULL)
    {
      g_queue_remove (&call->calls->under_way, call);
      potoo_metric_add (call->calls->current, -1);
    }
  return g_steal_pointer (&call->invocation);
}

static void
call_free (PotooDbusCall *call)
{
  PotooDbusCalls *calls = call->calls;

  g_variant_unref (call->arguments);
  g_object_unref (call->target);
  g_free (call);
  tell_stopped (calls);
  potoo_dbus_calls_unref (calls);
}

/* The place of a value in JSON is written as D-Bus has it: `/url` → `url`. */
static char *
make_message (const GError *error)
{
  const char *pointer = potoo_error_get_pointer (error);
  g_autofree char *text = pointer != NULL && pointer[0] == '/'
                              ? g_strdup_printf ("%s: %s", pointer + 1, error->message)
                              : g_strdup (error->message);
  g_autofree char *masked = potoo_mask_secrets (text);

  return g_utf8_make_valid (masked, -1);
}

static void
answer_error (GDBusMethodInvocation *invocation, const GError *error)
{
  g_autofree char *message = make_message (error);

  g_dbus_method_invocation_return_error_literal (invocation, POTOO_ERROR,
                                                 (int) potoo_error_code_of (error), message);
}

void
potoo_dbus_call_return (PotooDbusCall *call, GVariant *result)
{
  GDBusMethodInvocation *invocation = take_invocation (call);

  if (result != NULL)
    g_variant_ref_sink (result);
  if (invocation != NULL)
    g_dbus_method_invocation_return_value (invocation, result);
  g_clear_pointer (&result, g_variant_unref);
  call_free (call);
}

void
potoo_dbus_call_return_fd (PotooDbusCall *call, int fd)
{
  GDBusMethodInvocation *invocation = take_invocation (call);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);

  if (invocation != NULL)
    g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, g_variant_new ("(h)", 0),
                                                             list);
  call_free (call);
}

void
potoo_dbus_call_return_error (PotooDbusCall *call, const GError *error)
{
  GDBusMethodInvocation *invocation = take_invocation (call);

  if (invocation != NULL)
    answer_error (invocation, error);
  call_free (call);
}

void
potoo_dbus_call_finish (PotooDbusCall *call, gboolean done, const GError *error)
{
  if (done)
    potoo_dbus_call_return (call, NULL);
  else
    potoo_dbus_call_return_error (call, error);
}

void
potoo_dbus_call_return_dict (PotooDbusCall *call, GVariant *dict, const GError *error)
{
  if (dict != NULL)
    potoo_dbus_call_return (call, g_variant_new ("(@a{sv})", dict));
  else
    potoo_dbus_call_return_error (call, error);
}

/* --- who calls --- */

static gboolean
is_allowed (guint32 uid)
{
  return uid == 0 || uid == geteuid ();
}

static gboolean
check_caller (GObject *connection, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant)
      answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, error);
  guint32 uid;

  if (answer == NULL)
    return FALSE;
  g_variant_get (answer, "(u)", &uid);
  if (is_allowed (uid))
    return TRUE;
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_FORBIDDEN,
               _ ("Only root and the user that Potoo runs as may do this, not user %u"), uid);
  return FALSE;
}

static void
on_caller_known (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;

  gboolean allowed = check_caller (connection, result, &error);
  if (!potoo_dbus_call_is_open (call))
    {
      call_free (call);
      return;
    }
  if (allowed)
    {
      call->func (call, call->target);
      return;
    }
  potoo_metric_add (call->calls->refused, 1);
  potoo_dbus_call_return_error (call, error);
}

static void
ask_for_caller (PotooDbusCall *call)
{
  g_dbus_connection_call (
      g_dbus_method_invocation_get_connection (call->invocation), "org.freedesktop.DBus",
      "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser",
      g_variant_new ("(s)", g_dbus_method_invocation_get_sender (call->invocation)),
      G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_TIMEOUT_MS, NULL,
      on_caller_known, call);
}

static gboolean
check_admission (PotooDbusCalls *self, GVariant *arguments, GError **error)
{
  if (self->stopping)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, _ ("Potoo is stopping"));
  else if (self->under_way.length >= POTOO_DBUS_MAX_CALLS)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                         _ ("Too many calls are under way; try again later"));
  else if (g_variant_get_size (arguments) > POTOO_DBUS_MAX_ARGUMENT_BYTES)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_TOO_LARGE,
                 _ ("The arguments of a call may have at most %d bytes"),
                 POTOO_DBUS_MAX_ARGUMENT_BYTES);
  else
    return TRUE;
  return FALSE;
}

/* Takes over @invocation. */
static void
handle (PotooDbusCalls *self,
        GDBusMethodInvocation *invocation,
        PotooDbusCallFunc func,
        gpointer target)
{
  GVariant *arguments = g_dbus_method_invocation_get_parameters (invocation);
  g_autoptr (GError) error = NULL;

  potoo_metric_add (self->total, 1);
  if (!check_admission (self, arguments, &error))
    {
      potoo_metric_add (self->refused, 1);
      answer_error (invocation, error);
      return;
    }
  PotooDbusCall *call = g_new0 (PotooDbusCall, 1);
  call->calls = self;
  call->invocation = invocation;
  call->arguments = g_variant_ref (arguments);
  call->func = func;
  call->target = g_object_ref (target);
  self->ref_count++;
  g_queue_push_tail (&self->under_way, call);
  potoo_metric_add (self->current, 1);
  ask_for_caller (call);
}

/* --- methods --- */

typedef struct
{
  PotooDbusCalls *calls;
  PotooDbusCallFunc func;
  gpointer target;
} Handler;

/* Of the arguments only the invocation is looked at, which has them all. */
static gboolean
on_method (Handler *handler, GDBusMethodInvocation *invocation)
{
  handle (handler->calls, invocation, handler->func, handler->target);
  return TRUE;
}

static void
handler_free (gpointer handler, GClosure *closure)
{
  g_free (handler);
}

void
potoo_dbus_calls_connect (PotooDbusCalls *self,
                          gpointer skeleton,
                          const PotooDbusMethod *methods,
                          gpointer target)
{
  for (; methods->signal != NULL; methods++)
    {
      Handler *handler = g_new (Handler, 1);
      GClosure *closure = g_cclosure_new_swap (G_CALLBACK (on_method), handler, handler_free);
      *handler = (Handler){ self, methods->func, target };
      g_object_watch_closure (target, closure);
      g_signal_connect_closure (skeleton, methods->signal, closure, FALSE);
    }
}

/* --- shutdown --- */

static gboolean
on_stop_timeout (gpointer user_data)
{
  PotooDbusCalls *self = user_data;
  g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                                                  _ ("Potoo stopped before the call was answered"));

  self->stop_source = 0;
  while (!g_queue_is_empty (&self->under_way))
    answer_error (take_invocation (g_queue_peek_head (&self->under_way)), error);
  tell_stopped (self);
  return G_SOURCE_REMOVE;
}

void
potoo_dbus_calls_stop (PotooDbusCalls *self,
                       gint64 timeout_us,
                       void (*callback) (gpointer user_data),
                       gpointer user_data)
{
  self->stopping = TRUE;
  self->stopped = callback;
  self->stopped_data = user_data;
  self->stop_source = g_timeout_add ((guint) (timeout_us / 1000), on_stop_timeout, self);
  tell_stopped (self);
}
