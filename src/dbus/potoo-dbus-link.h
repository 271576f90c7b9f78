/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/potoo-bus.h"

G_BEGIN_DECLS

/**
 * PotooDbusLink:
 *
 * The connection to the bus and the name on it, through everything that happens to them: no bus,
 * a bus that goes away and comes back, a name that another process has. Main thread.
 */
typedef struct _PotooDbusLink PotooDbusLink;

typedef struct
{
  /* A connection stands; what is exported now is there before the name is. */
  void (*connected) (GDBusConnection *connection, gpointer user_data);
  void (*lost) (gpointer user_data);
} PotooDbusLinkFuncs;

/* @funcs: static. Connects in the background; what becomes of it is logged. */
PotooDbusLink *
potoo_dbus_link_new (PotooBusKind kind, const PotooDbusLinkFuncs *funcs, gpointer user_data);
/* Gives the name back and lets go of the connection; lost() is not called. */
void potoo_dbus_link_free (PotooDbusLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooDbusLink, potoo_dbus_link_free)

/* Asks the bus for a sign of life; to be called before what adds to the queue to it without
 * anybody having asked. FALSE while it owes one, or there is no connection: then nothing
 * should be added. A bus that gives none for ten seconds is let go. */
gboolean potoo_dbus_link_probe (PotooDbusLink *link);

GDBusConnection *potoo_dbus_link_get_connection (PotooDbusLink *link); /* (nullable) */

G_END_DECLS
