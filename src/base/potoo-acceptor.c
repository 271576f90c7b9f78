/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "base/potoo-acceptor.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>

#include "base/potoo-error.h"

#define BACKLOG 64
#define ACCEPTS_AT_ONCE 16
#define RETRY_MS 100
#define UNIX_MODE 0600

GSocket *
potoo_listen_on (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket)
      socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  /* Linux gives the new file the mode of the socket's inode, so it never has a wider one. */
  if (G_IS_UNIX_SOCKET_ADDRESS (address) && fchmod (g_socket_get_fd (socket), UNIX_MODE) != 0)
    {
      potoo_set_error_errno (error, errno, _ ("Cannot set the mode of a unix socket"));
      return NULL;
    }
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* Takes @source. */
static void
set_source (PotooAcceptor *self, GSource *source, GSourceFunc func)
{
  potoo_acceptor_detach (self);
  self->source = source;
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

static gboolean accept_some (GSocket *socket, GIOCondition condition, gpointer user_data);

static gboolean
start_accepting (gpointer user_data)
{
  PotooAcceptor *self = user_data;

  set_source (self, g_socket_create_source (self->socket, G_IO_IN, NULL),
              G_SOURCE_FUNC (accept_some));
  return G_SOURCE_REMOVE;
}

static gboolean
accept_some (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  PotooAcceptor *self = user_data;

  for (guint i = 0; i < ACCEPTS_AT_ONCE; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
      self->func (accepted, error, self->user_data);
      if (accepted == NULL)
        {
          /* To try at once would spin. */
          set_source (self, g_timeout_source_new (RETRY_MS), start_accepting);
          return G_SOURCE_REMOVE;
        }
    }
  return G_SOURCE_CONTINUE;
}

void
potoo_acceptor_attach (PotooAcceptor *self,
                       GSocket *socket,
                       GMainContext *context,
                       PotooAcceptFunc func,
                       gpointer user_data)
{
  self->socket = socket;
  self->context = context;
  self->func = func;
  self->user_data = user_data;
  start_accepting (self);
}

void
potoo_acceptor_detach (PotooAcceptor *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}
