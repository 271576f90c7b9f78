/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "config/potoo-config.h"

G_BEGIN_DECLS

/**
 * PotooRestreamListener:
 *
 * One listening socket for RTSP. Made and freed in the main thread, accepts in the thread that
 * iterates the context it is attached to.
 */
typedef struct _PotooRestreamListener PotooRestreamListener;

/* Binds and listens; only on a loopback address until there is authentication. */
PotooRestreamListener *potoo_restream_listener_new (const PotooListen *listen, GError **error);
void potoo_restream_listener_free (PotooRestreamListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooRestreamListener, potoo_restream_listener_free)

/* @socket: (transfer none) (nullable): accepting failed, and goes on after a while */
typedef void (*PotooRestreamAcceptFunc) (GSocket *socket, gpointer user_data);

void potoo_restream_listener_attach (PotooRestreamListener *listener,
                                     GMainContext *context,
                                     PotooRestreamAcceptFunc func,
                                     gpointer user_data);
/* In the thread of the context: no callback comes any more. */
void potoo_restream_listener_detach (PotooRestreamListener *listener);

/* `127.0.0.1:8554`, with the port that was given. (transfer none) */
const char *potoo_restream_listener_get_name (PotooRestreamListener *listener);

G_END_DECLS
