/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The server's object, which belongs to the main thread, and its worker, a
 * thread that iterates a GMainContext of its own: everything of libsoup happens there.
 *
 * Life: new() binds the listeners and starts the worker → stop() has the worker
 * refuse what comes, waits for what is under way, then cuts and joins → the last
 * reference drains the context: a command that was under way on the main thread
 * when the worker ended comes back there.
 */

#include "web/potoo-web-server.h"

#include <libsoup/soup.h>

#include "base/potoo-log.h"
#include "web/potoo-web-camera-test.h"
#include "web/potoo-web-cameras.h"
#include "web/potoo-web-changes.h"
#include "web/potoo-web-clock.h"
#include "web/potoo-web-coverage.h"
#include "web/potoo-web-events.h"
#include "web/potoo-web-gaps.h"
#include "web/potoo-web-health.h"
#include "web/potoo-web-listener.h"
#include "web/potoo-web-live.h"
#include "web/potoo-web-locks.h"
#include "web/potoo-web-media.h"
#include "web/potoo-web-playback.h"
#include "web/potoo-web-recording.h"
#include "web/potoo-web-request-private.h"
#include "web/potoo-web-segments.h"
#include "web/potoo-web-storage.h"
#include "web/potoo-web-system.h"
#include "web/potoo-web-ui.h"
#include "web/potoo-web-verify.h"

/* What a cut connection may still take to unwind. */
#define UNWIND_MS 500

struct _PotooWebServer
{
  GObject parent_instance;

  PotooWebWorker worker;
  GPtrArray *listeners; /* PotooWebListener */
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  gint64 stop_timeout_us; /* written before the worker is told to stop */

  SoupServer *soup;      /* worker */
  GSource *stop_timeout; /* worker (nullable) */
};

G_DEFINE_FINAL_TYPE (PotooWebServer, potoo_web_server, G_TYPE_OBJECT)

/* --- worker --- */

/* Answers that libsoup makes by itself bear the fields too. */
static void
on_request_started (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  for (guint i = 0; potoo_web_security_headers[i] != NULL; i += 2)
    soup_message_headers_replace (headers, potoo_web_security_headers[i],
                                  potoo_web_security_headers[i + 1]);
}

static void
on_headers (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  PotooWebServer *self = user_data;

  potoo_web_dispatch_headers (potoo_web_request_new (&self->worker, G_OBJECT (message)));
}

static void
on_request (SoupServer *soup,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  potoo_web_dispatch_request (potoo_web_request_of (G_OBJECT (message)));
}

/* libsoup takes the local address of a connection for an IP address. */
static GSocketAddress *
get_local_address (GSocketConnection *connection, gboolean unix_socket)
{
  if (unix_socket)
    return g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  return g_socket_connection_get_local_address (connection, NULL);
}

static void
on_accepted (GSocketConnection *connection,
             gboolean unix_socket,
             const GError *error,
             gpointer user_data)
{
  PotooWebServer *self = user_data;

  if (error != NULL)
    {
      potoo_metric_add (self->worker.metrics->accept_errors, 1);
      potoo_log_debug (NULL, "Cannot accept an HTTP connection: %s", error->message);
      return;
    }
  g_autoptr (GSocketAddress) local = get_local_address (connection, unix_socket);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  if (local == NULL || remote == NULL)
    return; /* gone already */
  if (potoo_web_pool_add (self->worker.pool, connection, remote, unix_socket) != NULL)
    soup_server_accept_iostream (self->soup, G_IO_STREAM (connection), local, remote, NULL);
}

static gboolean
on_empty (gpointer user_data)
{
  PotooWebServer *self = user_data;

  if (self->worker.stopping)
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
worker_set_up (PotooWebServer *self)
{
  self->soup = soup_server_new ("server-header", POTOO_WEB_SERVER_NAME, "raw-paths", TRUE, NULL);
  soup_server_add_early_handler (self->soup, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->soup, NULL, on_request, self, NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (on_request_started), self);
  self->worker.pool = potoo_web_pool_new (self->context, self->worker.metrics);
  potoo_web_pool_set_empty_func (self->worker.pool, on_empty, self);
  self->worker.feed = potoo_web_event_feed_new (self->worker.context.changes, self->context);
  for (guint i = 0; i < self->listeners->len; i++)
    potoo_web_listener_attach (self->listeners->pdata[i], self->context, on_accepted, self);
}

static void
clear_stop_timeout (PotooWebServer *self)
{
  if (self->stop_timeout != NULL)
    g_source_destroy (self->stop_timeout);
  g_clear_pointer (&self->stop_timeout, g_source_unref);
}

static void
set_stop_timeout (PotooWebServer *self, guint delay_ms, GSourceFunc func)
{
  clear_stop_timeout (self);
  self->stop_timeout = g_timeout_source_new (delay_ms);
  g_source_set_callback (self->stop_timeout, func, self, NULL);
  g_source_attach (self->stop_timeout, self->context);
}

static gpointer
worker_run (gpointer user_data)
{
  PotooWebServer *self = user_data;

  g_main_context_push_thread_default (self->context);
  worker_set_up (self);
  g_main_loop_run (self->loop);
  clear_stop_timeout (self); /* who finalizes turns the context once more */
  soup_server_disconnect (self->soup);
  g_clear_object (&self->soup);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static gboolean
worker_give_up (gpointer user_data)
{
  PotooWebServer *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
worker_cut (gpointer user_data)
{
  PotooWebServer *self = user_data;

  potoo_log_info (NULL, "HTTP: cutting %u connections that did not end in time",
                  potoo_web_pool_get_n (self->worker.pool));
  potoo_web_pool_cut_all (self->worker.pool);
  soup_server_disconnect (self->soup);
  set_stop_timeout (self, UNWIND_MS, worker_give_up);
  return G_SOURCE_REMOVE;
}

/* Commands run on the main thread, which is the one that waits for us: those
 * under way cannot be waited for. */
static void
answer_waiting (PotooWebServer *self)
{
  GHashTableIter iter;
  gpointer request;

  g_hash_table_iter_init (&iter, self->worker.requests);
  while (g_hash_table_iter_next (&iter, &request, NULL))
    potoo_web_request_give_up (request);
}

static gboolean
worker_stop (gpointer user_data)
{
  PotooWebServer *self = user_data;

  self->worker.stopping = TRUE;
  for (guint i = 0; i < self->listeners->len; i++)
    potoo_web_listener_detach (self->listeners->pdata[i]);
  answer_waiting (self);
  potoo_web_event_feed_end (self->worker.feed);
  potoo_web_pool_cut_idle (self->worker.pool);
  if (potoo_web_pool_get_n (self->worker.pool) == 0)
    g_main_loop_quit (self->loop);
  else
    set_stop_timeout (self, (guint) (self->stop_timeout_us / 1000), worker_cut);
  return G_SOURCE_REMOVE;
}

/* --- main thread --- */

static gboolean
open_listeners (PotooWebServer *self, PotooConfig *config, GError **error)
{
  unsigned n;
  const PotooListen *listens = potoo_config_get_http_listen (config, &n);

  for (unsigned i = 0; i < n; i++)
    {
      PotooWebListener *listener = potoo_web_listener_new (&listens[i], error);
      if (listener == NULL)
        return FALSE;
      g_ptr_array_add (self->listeners, listener);
    }
  return TRUE;
}

static PotooWebRouter *
make_router (void)
{
  PotooWebRouter *router = potoo_web_router_new ();

  potoo_web_router_add (router, potoo_web_health_routes);
  potoo_web_router_add (router, potoo_web_system_routes);
  potoo_web_router_add (router, potoo_web_storage_routes);
  potoo_web_router_add (router, potoo_web_verify_routes);
  potoo_web_router_add (router, potoo_web_clock_routes);
  potoo_web_router_add (router, potoo_web_cameras_routes);
  potoo_web_router_add (router, potoo_web_segments_routes);
  potoo_web_router_add (router, potoo_web_media_routes);
  potoo_web_router_add (router, potoo_web_gaps_routes);
  potoo_web_router_add (router, potoo_web_coverage_routes);
  potoo_web_router_add (router, potoo_web_events_routes);
  potoo_web_router_add (router, potoo_web_recording_routes);
  potoo_web_router_add (router, potoo_web_locks_routes);
  potoo_web_router_add (router, potoo_web_live_routes);
  potoo_web_router_add (router, potoo_web_playback_routes);
  potoo_web_router_add (router, potoo_web_changes_routes);
  potoo_web_router_add (router, potoo_web_camera_test_routes);
  potoo_web_router_add (router, potoo_web_ui_routes);
  return router;
}

PotooWebServer *
potoo_web_server_new (PotooConfig *config, const PotooWebContext *context, GError **error)
{
  g_autoptr (PotooWebServer) self = g_object_new (POTOO_TYPE_WEB_SERVER, NULL);

  self->worker.context = *context;
  if (!open_listeners (self, config, error))
    return NULL;
  self->worker.reader = potoo_catalog_reader_new (context->catalog, error);
  if (self->worker.reader == NULL)
    return NULL;
  self->thread = g_thread_new ("potoo-web", worker_run, self);
  for (guint i = 0; i < self->listeners->len; i++)
    {
      g_autofree char *url = potoo_web_listener_get_url (self->listeners->pdata[i]);
      if (url != NULL)
        potoo_log_info (NULL, "HTTP: listening on %s", url);
    }
  return g_steal_pointer (&self);
}

void
potoo_web_server_set_ready (PotooWebServer *self, gboolean ready)
{
  g_return_if_fail (POTOO_IS_WEB_SERVER (self));

  g_atomic_int_set (&self->worker.ready, ready);
}

void
potoo_web_server_stop (PotooWebServer *self, gint64 timeout_us)
{
  g_return_if_fail (POTOO_IS_WEB_SERVER (self));

  if (self->thread == NULL)
    return;
  potoo_web_server_set_ready (self, FALSE);
  self->stop_timeout_us = CLAMP (timeout_us, 0, 60 * G_USEC_PER_SEC);
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, worker_stop, self, NULL);
  g_source_attach (source, self->context);
  g_thread_join (g_steal_pointer (&self->thread));
  g_ptr_array_set_size (self->listeners, 0);
}

char *
potoo_web_server_get_url (PotooWebServer *self)
{
  g_return_val_if_fail (POTOO_IS_WEB_SERVER (self), NULL);

  for (guint i = 0; i < self->listeners->len; i++)
    {
      char *url = potoo_web_listener_get_url (self->listeners->pdata[i]);
      if (url != NULL)
        return url;
    }
  return NULL;
}

static void
potoo_web_server_finalize (GObject *object)
{
  PotooWebServer *self = POTOO_WEB_SERVER (object);

  potoo_web_server_stop (self, 0);
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_clear_pointer (&self->worker.feed, potoo_web_event_feed_free);
  g_clear_pointer (&self->worker.pool, potoo_web_pool_free);
  g_ptr_array_unref (self->listeners);
  g_hash_table_unref (self->worker.requests);
  potoo_web_router_free (self->worker.router);
  potoo_web_metrics_free (self->worker.metrics);
  g_clear_pointer (&self->worker.reader, potoo_catalog_reader_free);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (potoo_web_server_parent_class)->finalize (object);
}

static void
potoo_web_server_class_init (PotooWebServerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = potoo_web_server_finalize;
}

static void
potoo_web_server_init (PotooWebServer *self)
{
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_web_listener_free);
  self->worker.router = make_router ();
  self->worker.metrics = potoo_web_metrics_new ();
  self->worker.requests = g_hash_table_new (NULL, NULL);
}
