/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "config/potoo-config.h"

G_BEGIN_DECLS

/**
 * PotooWebListener:
 *
 * One listening socket. Made and freed in the main thread, accepts in the
 * thread that iterates the context it is attached to.
 */
typedef struct _PotooWebListener PotooWebListener;

/* Binds and listens. POTOO_ERROR_INVALID_CONFIG for an address that is not loopback (until
 * there is authentication), POTOO_ERROR_BUSY when another process listens there. */
PotooWebListener *potoo_web_listener_new (const PotooListen *listen, GError **error);
/* Removes the unix socket's file, if it is still ours. */
void potoo_web_listener_free (PotooWebListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebListener, potoo_web_listener_free)

/* @connection: (transfer none). @error is set when accepting failed (out of file
 * descriptors): the listener pauses and goes on. */
typedef void (*PotooWebAcceptFunc) (GSocketConnection *connection,
                                    gboolean unix_socket,
                                    const GError *error,
                                    gpointer user_data);

void potoo_web_listener_attach (PotooWebListener *listener,
                                GMainContext *context,
                                PotooWebAcceptFunc func,
                                gpointer user_data);
/* In the thread of the context. No callback comes any more. */
void potoo_web_listener_detach (PotooWebListener *listener);

/* `http://127.0.0.1:8080`; NULL for a unix socket. (transfer full) (nullable) */
char *potoo_web_listener_get_url (PotooWebListener *listener);

G_END_DECLS
