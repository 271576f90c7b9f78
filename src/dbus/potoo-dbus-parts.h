/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus/potoo-dbus-calls.h"
#include "dbus/potoo-dbus-reader.h"
#include "dbus/potoo-dbus-server.h"

G_BEGIN_DECLS

/* What the exported objects work with; the server's, and outlives them. */
typedef struct
{
  PotooDbusContext context;
  PotooDbusCalls *calls;
  PotooDbusReader *reader;
} PotooDbusParts;

G_END_DECLS
