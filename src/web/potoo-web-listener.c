/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Listening and accepting, apart from HTTP. We accept ourselves instead of giving libsoup the
 * listening socket: libsoup 3.2 stops listening for good when it runs out of
 * file descriptors, has no limit on connections and does not tell of one before it
 * speaks. This is also the place where a connection layer of our own (time-outs, TLS,
 * PROXY protocol) goes in front of it.
 */

#include "web/potoo-web-listener.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/potoo-error.h"

#define BACKLOG 64
#define ACCEPTS_AT_ONCE 16
#define RETRY_MS 100
#define UNIX_MODE 0600

struct _PotooWebListener
{
  GSocket *socket;
  char *name; /* the address, for messages */
  char *path; /* unix */
  dev_t device;
  ino_t inode;

  GMainContext *context;
  GSource *source; /* accepting, or waiting to try again */
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
  listener->socket = open_socket (address, &own_error);
  if (g_error_matches (own_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) &&
      is_stale (address, path))
    {
      g_clear_error (&own_error);
      if (unlink (path) != 0 && errno != ENOENT)
        {
          potoo_set_error_errno (error, errno, _ ("Cannot replace the stale socket %s"), path);
          return FALSE;
        }
      listener->socket = open_socket (address, &own_error);
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
  listener->socket = open_socket (address, error);
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

static void attach_source (PotooWebListener *listener, GSource *source, GSourceFunc func);

/* Out of descriptors or memory: accepting at once again would spin. */
static gboolean retry (gpointer user_data);

static gboolean
accept_some (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  PotooWebListener *listener = user_data;
  gboolean unix_socket = listener->path != NULL;

  for (int i = 0; i < ACCEPTS_AT_ONCE; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return G_SOURCE_CONTINUE;
      if (accepted == NULL)
        {
          listener->func (NULL, unix_socket, error, listener->user_data);
          attach_source (listener, g_timeout_source_new (RETRY_MS), retry);
          return G_SOURCE_REMOVE;
        }
      g_autoptr (GSocketConnection)
          connection = g_socket_connection_factory_create_connection (accepted);
      listener->func (connection, unix_socket, NULL, listener->user_data);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
retry (gpointer user_data)
{
  PotooWebListener *listener = user_data;

  attach_source (listener, g_socket_create_source (listener->socket, G_IO_IN, NULL),
                 G_SOURCE_FUNC (accept_some));
  return G_SOURCE_REMOVE;
}

/* Takes @source. */
static void
attach_source (PotooWebListener *listener, GSource *source, GSourceFunc func)
{
  potoo_web_listener_detach (listener);
  listener->source = source;
  g_source_set_callback (source, func, listener, NULL);
  g_source_attach (source, listener->context);
}

void
potoo_web_listener_attach (PotooWebListener *listener,
                           GMainContext *context,
                           PotooWebAcceptFunc func,
                           gpointer user_data)
{
  listener->context = context;
  listener->func = func;
  listener->user_data = user_data;
  retry (listener);
}

void
potoo_web_listener_detach (PotooWebListener *listener)
{
  if (listener->source == NULL)
    return;
  g_source_destroy (listener->source);
  g_clear_pointer (&listener->source, g_source_unref);
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
