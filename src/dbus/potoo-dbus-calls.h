/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/**
 * PotooDbusCalls:
 *
 * The method calls that are under way: who may call, how many at once, and that each is
 * answered exactly once, at the latest at shutdown. Main thread.
 *
 * Until there is an access model only root and the user that Potoo runs as may call, on
 * either bus; others get POTOO_ERROR_FORBIDDEN.
 */
typedef struct _PotooDbusCalls PotooDbusCalls;
typedef struct _PotooDbusCall PotooDbusCall;

#define POTOO_DBUS_MAX_CALLS 64
#define POTOO_DBUS_MAX_ARGUMENT_BYTES (64 * 1024)

/* Does what was called; leads, at once or later, to one of the returns. @target: as given. */
typedef void (*PotooDbusCallFunc) (PotooDbusCall *call, gpointer target);

PotooDbusCalls *potoo_dbus_calls_new (void);
/* Those under way hold it as well. */
void potoo_dbus_calls_unref (PotooDbusCalls *calls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooDbusCalls, potoo_dbus_calls_unref)

/* A method of an interface. */
typedef struct
{
  const char *signal; /* of its skeleton, such as "handle-add-camera"; NULL ends a table */
  PotooDbusCallFunc func;
} PotooDbusMethod;

/* Of each call of @methods of @skeleton the bus is asked who makes it, then the function is run,
 * or an error returned. @methods: static; @target: an object, which a call holds; it ends with it.
 */
void potoo_dbus_calls_connect (PotooDbusCalls *calls,
                               gpointer skeleton,
                               const PotooDbusMethod *methods,
                               gpointer target);

/* From now on calls are refused; @callback comes when those under way are answered, or after
 * @timeout_us, which answers the rest with POTOO_ERROR_UNAVAILABLE. */
void potoo_dbus_calls_stop (PotooDbusCalls *calls,
                            gint64 timeout_us,
                            void (*callback) (gpointer user_data),
                            gpointer user_data);

/* The arguments, a tuple of the types that the interface says. (transfer none) */
GVariant *potoo_dbus_call_get_arguments (PotooDbusCall *call);
gpointer potoo_dbus_call_get_target (PotooDbusCall *call); /* (transfer none) */
/* FALSE once it was answered at shutdown: what its target works on may be gone. */
gboolean potoo_dbus_call_is_open (PotooDbusCall *call);

/* Each ends the call and frees it. */
void potoo_dbus_call_return (PotooDbusCall *call, GVariant *result); /* (nullable): nothing */
void potoo_dbus_call_return_fd (PotooDbusCall *call, int fd);        /* (transfer full) */
void potoo_dbus_call_return_error (PotooDbusCall *call, const GError *error);
/* @dict: a{sv}, floating; NULL: the error */
void potoo_dbus_call_return_dict (PotooDbusCall *call, GVariant *dict, const GError *error);
/* With nothing when it is @done, else with the error. */
void potoo_dbus_call_finish (PotooDbusCall *call, gboolean done, const GError *error);

G_END_DECLS
