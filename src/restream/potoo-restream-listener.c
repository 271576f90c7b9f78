/* SPDX-License-Identifier: GPL-3.0-or-later */

/* We accept ourselves: gst-rtsp-server listens on one address only, has no limit on
 * connections, and spins when there are no file descriptors left. */

#include "restream/potoo-restream-listener.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"

#define BACKLOG 64
#define ACCEPTS_AT_ONCE 16
#define RETRY_MS 100

struct _PotooRestreamListener
{
  GSocket *socket;
  char *name;
  GMainContext *context;
  GSource *source; /* accepting, or waiting to try again */
  PotooRestreamAcceptFunc func;
  gpointer user_data;
};

static char *
format_address (const char *host, guint16 port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static GSocket *
open_socket (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket)
      socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

PotooRestreamListener *
potoo_restream_listener_new (const PotooListen *listen, GError **error)
{
  g_autoptr (GInetAddress) host = g_inet_address_new_from_string (listen->host);
  g_autoptr (GError) own_error = NULL;

  g_return_val_if_fail (host != NULL && g_inet_address_get_is_loopback (host), NULL);

  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (host, listen->port);
  GSocket *socket = open_socket (address, &own_error);
  if (socket == NULL)
    {
      g_autofree char *name = format_address (listen->host, listen->port);
      g_set_error (
          error, POTOO_ERROR, (int) potoo_error_code_of (own_error),
          _ ("Cannot listen on %s for RTSP: %s; choose another address with [rtsp] listen"), name,
          own_error->message);
      return NULL;
    }
  PotooRestreamListener *self = g_new0 (PotooRestreamListener, 1);
  g_autoptr (GSocketAddress) bound = g_socket_get_local_address (socket, NULL);
  self->socket = socket;
  self->name = format_address (
      listen->host, bound != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound))
                                  : listen->port);
  return self;
}

void
potoo_restream_listener_free (PotooRestreamListener *self)
{
  potoo_restream_listener_detach (self);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_free (self->name);
  g_free (self);
}

/* Takes @source. */
static void
set_source (PotooRestreamListener *self, GSource *source, GSourceFunc func)
{
  potoo_restream_listener_detach (self);
  self->source = source;
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

static gboolean accept_some (GSocket *socket, GIOCondition condition, gpointer user_data);

static gboolean
start_accepting (gpointer user_data)
{
  PotooRestreamListener *self = user_data;

  set_source (self, g_socket_create_source (self->socket, G_IO_IN, NULL),
              G_SOURCE_FUNC (accept_some));
  return G_SOURCE_REMOVE;
}

static gboolean
accept_some (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  PotooRestreamListener *self = user_data;

  for (guint i = 0; i < ACCEPTS_AT_ONCE; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, &error);
      if (accepted != NULL)
        self->func (accepted, self->user_data);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
      else
        {
          /* Out of descriptors or memory: to try at once would spin. */
          potoo_log_debug (NULL, "Cannot accept an RTSP connection: %s", error->message);
          set_source (self, g_timeout_source_new (RETRY_MS), start_accepting);
          return G_SOURCE_REMOVE;
        }
    }
  return G_SOURCE_CONTINUE;
}

void
potoo_restream_listener_attach (PotooRestreamListener *self,
                                GMainContext *context,
                                PotooRestreamAcceptFunc func,
                                gpointer user_data)
{
  self->context = context;
  self->func = func;
  self->user_data = user_data;
  start_accepting (self);
}

void
potoo_restream_listener_detach (PotooRestreamListener *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

const char *
potoo_restream_listener_get_name (PotooRestreamListener *self)
{
  return self->name;
}
