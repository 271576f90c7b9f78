/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Accepting connections ourselves. Who does it for us (libsoup 3.2, gst-rtsp-server) has no limit
 * on them, and stops listening for good or spins when file descriptors run out. */

/* Binds and listens; the file of a unix socket has mode 0600 from the beginning. (transfer full) */
GSocket *potoo_listen_on (GSocketAddress *address, GError **error);

/* @accepted: (transfer none) (nullable): with @error accepting failed, for want of descriptors or
 * memory, and goes on after a while. */
typedef void (*PotooAcceptFunc) (GSocket *accepted, const GError *error, gpointer user_data);

/**
 * PotooAcceptor:
 *
 * Accepts what comes to a listening socket in the thread that iterates a main context. Plain
 * value, zeroed to begin; the socket and the context outlive it.
 */
typedef struct
{
  GSocket *socket;
  GMainContext *context;
  GSource *source; /* accepting, or waiting to try again */
  PotooAcceptFunc func;
  gpointer user_data;
} PotooAcceptor;

void potoo_acceptor_attach (PotooAcceptor *acceptor,
                            GSocket *socket,
                            GMainContext *context,
                            PotooAcceptFunc func,
                            gpointer user_data);
/* In the thread of the context, or before it runs: no callback comes any more. */
void potoo_acceptor_detach (PotooAcceptor *acceptor);

G_END_DECLS
