/* SPDX-License-Identifier: GPL-3.0-or-later */

/* We listen and accept ourselves (potoo-acceptor.h), also because gst-rtsp-server listens on one
 * address only. */

#include "restream/potoo-restream-listener.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-acceptor.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"

struct _PotooRestreamListener
{
  GSocket *socket;
  char *name;
  PotooAcceptor acceptor;
  PotooRestreamAcceptFunc func;
  gpointer user_data;
};

static char *
format_address (const char *host, guint16 port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

PotooRestreamListener *
potoo_restream_listener_new (const PotooListen *listen, GError **error)
{
  g_autoptr (GInetAddress) host = g_inet_address_new_from_string (listen->host);
  g_autoptr (GError) own_error = NULL;

  g_return_val_if_fail (host != NULL && g_inet_address_get_is_loopback (host), NULL);

  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (host, listen->port);
  GSocket *socket = potoo_listen_on (address, &own_error);
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

static void
on_accepted (GSocket *accepted, const GError *error, gpointer user_data)
{
  PotooRestreamListener *self = user_data;

  if (accepted == NULL)
    potoo_log_debug (NULL, "Cannot accept an RTSP connection: %s", error->message);
  self->func (accepted, self->user_data);
}

void
potoo_restream_listener_attach (PotooRestreamListener *self,
                                GMainContext *context,
                                PotooRestreamAcceptFunc func,
                                gpointer user_data)
{
  self->func = func;
  self->user_data = user_data;
  potoo_acceptor_attach (&self->acceptor, self->socket, context, on_accepted, self);
}

void
potoo_restream_listener_detach (PotooRestreamListener *self)
{
  potoo_acceptor_detach (&self->acceptor);
}

const char *
potoo_restream_listener_get_name (PotooRestreamListener *self)
{
  return self->name;
}
