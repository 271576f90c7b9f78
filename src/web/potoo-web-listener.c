/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Listening and accepting, apart from HTTP. We accept ourselves (potoo-acceptor.h), also because
 * libsoup does not tell of a connection before it speaks. This is the place where a
 * connection layer of our own (time-outs, TLS, PROXY protocol) goes in front of it.
 */

#include "web/potoo-web-listener.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/potoo-acceptor.h"
#include "base/potoo-error.h"

struct _PotooWebListener
{
  GSocket *socket;
  char *name; /* the address, for messages */
  char *path; /* unix */
  dev_t device;
  ino_t inode;

  PotooAcceptor acceptor;
  PotooWebAcceptFunc func;
  gpointer user_data;
};

static GSocketAddress *
make_inet_address (const PotooListen *listen, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (listen->host);

  if (address == NULL || !g_inet_address_get_is_loopback (address))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("[http] listen: %s is not a loopback address; there is no authentication "
                      "yet, so only 127.0.0.1, [::1] and unix sockets can be listened on"),
                   listen->host);
      return NULL;
    }
  return g_inet_socket_address_new (address, listen->port);
}

/* TRUE when @path is a socket that nobody listens on any more. */
static gboolean
is_stale (GSocketAddress *address, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  struct stat st;

  if (socket == NULL || lstat (path, &st) != 0 || !S_ISSOCK (st.st_mode))
    return FALSE;
  return !g_socket_connect (socket, address, NULL, &error) &&
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static gboolean
open_unix (PotooWebListener *listener, const char *path, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) own_error = NULL;
  struct stat st;

  if (strlen (path) >= sizeof ((struct sockaddr_un *) 0)->sun_path)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_CONFIG,
                   _ ("[http] listen: the path %s is too long for a unix socket"), path);
      return FALSE;
    }
  address = g_unix_socket_address_new (path);
  listener->socket = potoo_listen_on (address, &own_error);
  if (g_error_matches (own_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) &&
      is_stale (address, path))
    {
      g_clear_error (&own_error);
      if (unlink (path) != 0 && errno != ENOENT)
        {
          potoo_set_error_errno (error, errno, _ ("Cannot replace the stale socket %s"), path);
          return FALSE;
        }
      listener->socket = potoo_listen_on (address, &own_error);
    }
  if (listener->socket == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&own_error));
      return FALSE;
    }
  listener->path = g_strdup (path);
  if (lstat (path, &st) == 0)
    {
      listener->device = st.st_dev;
      listener->inode = st.st_ino;
    }
  return TRUE;
}

static gboolean
open_inet (PotooWebListener *listener, const PotooListen *listen, GError **error)
{
  g_autoptr (GSocketAddress) address = make_inet_address (listen, error);

  if (address == NULL)
    return FALSE;
  listener->socket = potoo_listen_on (address, error);
  return listener->socket != NULL;
}

PotooWebListener *
potoo_web_listener_new (const PotooListen *listen, GError **error)
{
  g_autoptr (PotooWebListener) listener = g_new0 (PotooWebListener, 1);
  g_autoptr (GError) own_error = NULL;
  gboolean ok;

  listener->name = listen->path != NULL
                       ? g_strdup_printf ("unix:%s", listen->path)
                       : g_strdup_printf (strchr (listen->host, ':') ? "[%s]:%u" : "%s:%u",
                                          listen->host, listen->port);
  ok = listen->path != NULL ? open_unix (listener, listen->path, &own_error)
                            : open_inet (listener, listen, &own_error);
  if (ok)
    return g_steal_pointer (&listener);
  if (own_error->domain == POTOO_ERROR)
    g_propagate_error (error, g_steal_pointer (&own_error));
  else
    g_set_error (error, POTOO_ERROR, potoo_error_code_of (own_error), _ ("Cannot listen on %s: %s"),
                 listener->name, own_error->message);
  return NULL;
}

void
potoo_web_listener_free (PotooWebListener *listener)
{
  struct stat st;

  potoo_web_listener_detach (listener);
  if (listener->socket != NULL)
    g_socket_close (listener->socket, NULL);
  if (listener->path != NULL && lstat (listener->path, &st) == 0 && st.st_dev == listener->device &&
      st.st_ino == listener->inode)
    unlink (listener->path);
  g_clear_object (&listener->socket);
  g_free (listener->name);
  g_free (listener->path);
  g_free (listener);
}

static void
on_accepted (GSocket *accepted, const GError *error, gpointer user_data)
{
  PotooWebListener *listener = user_data;
  g_autoptr (GSocketConnection) connection = NULL;

  if (accepted != NULL)
    connection = g_socket_connection_factory_create_connection (accepted);
  listener->func (connection, listener->path != NULL, error, listener->user_data);
}

void
potoo_web_listener_attach (PotooWebListener *listener,
                           GMainContext *context,
                           PotooWebAcceptFunc func,
                           gpointer user_data)
{
  listener->func = func;
  listener->user_data = user_data;
  potoo_acceptor_attach (&listener->acceptor, listener->socket, context, on_accepted, listener);
}

void
potoo_web_listener_detach (PotooWebListener *listener)
{
  potoo_acceptor_detach (&listener->acceptor);
}

char *
potoo_web_listener_get_url (PotooWebListener *listener)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (listener->socket, NULL);

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *host = g_inet_socket_address_get_address (inet);
  g_autofree char *text = g_inet_address_to_string (host);
  gboolean v6 = g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6;
  return g_strdup_printf ("http://%s%s%s:%u", v6 ? "[" : "", text, v6 ? "]" : "",
                          g_inet_socket_address_get_port (inet));
}
