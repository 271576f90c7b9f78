/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What both ends of D-Bus share: names, addresses, errors. The interfaces are in
 * data/org.potoo.Nvr1.*.xml. Any thread. */

#define POTOO_BUS_NAME "org.potoo.Nvr1"
#define POTOO_BUS_PATH "/org/potoo/Nvr1"
#define POTOO_BUS_CAMERA_PATH POTOO_BUS_PATH "/camera"
#define POTOO_BUS_MANAGER POTOO_BUS_NAME ".Manager"
#define POTOO_BUS_CAMERA POTOO_BUS_NAME ".Camera"

typedef enum
{
  POTOO_BUS_SESSION,
  POTOO_BUS_SYSTEM,
} PotooBusKind;

/* Where the bus is, from the environment; no bus is started for it. NULL when there can be none,
 * which for the session bus means that nobody is logged in here.
 * (transfer full) (nullable) */
char *potoo_bus_get_address (PotooBusKind kind);

/* The path of a camera's object, its id escaped as sd_bus_path_encode(3) does. (transfer full) */
char *potoo_bus_camera_path (const char *id);

/* Makes GDBus translate between POTOO_ERROR and `org.potoo.Nvr1.Error.…` in both directions. */
void potoo_bus_register_errors (void);

G_END_DECLS
