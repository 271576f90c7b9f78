/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The server's object and its threads: `rtsp` accepts and handles all connections, `rtsp-media`
 * (potoo-restream-rtsp.c) has the buses of the media and moves access units; each media has
 * a few streaming threads of GStreamer's. Not the main thread: DESCRIBE and the end of a
 * connection wait for streaming threads, by milliseconds.
 *
 * Life: new() binds the listeners and starts the threads → stop() has the connections shut down,
 * waits until they are gone, and joins.
 */

#include "restream/potoo-restream-server.h"

#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-cpu.h"
#include "base/potoo-log.h"
#include "base/potoo-memory.h"
#include "restream/potoo-restream-listener.h"
#include "restream/potoo-restream-path.h"
#include "restream/potoo-restream-rtsp.h"

#define SWEEP_MS 1000
/* So long after a connection has ended: what the hubs keep, which lies between what was
 * the viewer's, has mostly been replaced by then. */
#define TRIM_AFTER_US (20 * POTOO_SECOND_US)
#define STOP_POLL_MS 5
#define STOP_TIMEOUT_US (POTOO_SECOND_US / 2)

struct _PotooRestreamServer
{
  GObject parent_instance;
  GPtrArray *listeners; /* PotooRestreamListener */
  PotooRestreamClients *clients;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  PotooRestreamRtsp *rtsp;
  /* `rtsp` thread: */
  guint n_clients;         /* at the last sweep */
  gint64 left_us;          /* when the last of them left */
  gint64 trim_at_us;       /* 0: nothing to give back */
  gint64 stop_deadline_us; /* once it stops */
};

G_DEFINE_FINAL_TYPE (PotooRestreamServer, potoo_restream_server, G_TYPE_OBJECT)

/* --- `rtsp` thread --- */

static void
on_accepted (GSocket *socket, gpointer user_data)
{
  PotooRestreamServer *self = user_data;

  if (socket != NULL)
    potoo_restream_rtsp_take (self->rtsp, socket);
  else
    potoo_restream_clients_note_accept_error (self->clients);
}

/* A viewer takes some hundred kilobytes, in small pieces. */
static void
give_back_memory (PotooRestreamServer *self, gint64 now_us)
{
  guint n_clients = potoo_restream_clients_get_n (self->clients);

  if (n_clients < self->n_clients)
    self->left_us = now_us;
  if (n_clients < self->n_clients && self->trim_at_us == 0)
    self->trim_at_us = now_us + TRIM_AFTER_US;
  self->n_clients = n_clients;
  if (self->trim_at_us == 0 || now_us < self->trim_at_us)
    return;
  potoo_memory_trim ();
  self->trim_at_us = now_us - self->left_us < TRIM_AFTER_US ? now_us + TRIM_AFTER_US : 0;
}

static gboolean
on_sweep (gpointer user_data)
{
  PotooRestreamServer *self = user_data;

  potoo_restream_rtsp_sweep (self->rtsp);
  give_back_memory (self, potoo_clock_mono_us ());
  return G_SOURCE_CONTINUE;
}

static void
add_timer (PotooRestreamServer *self, guint interval_ms, GSourceFunc func)
{
  g_autoptr (GSource) source = g_timeout_source_new (interval_ms);

  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

static gboolean
on_stop_poll (gpointer user_data)
{
  PotooRestreamServer *self = user_data;
  guint n = potoo_restream_clients_get_n (self->clients);
  gboolean late = potoo_clock_mono_us () >= self->stop_deadline_us;

  if (n > 0 && !late)
    return G_SOURCE_CONTINUE;
  if (n > 0)
    potoo_log_warning (NULL, "%u RTSP connections did not end in time", n);
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_stop (gpointer user_data)
{
  PotooRestreamServer *self = user_data;

  for (guint i = 0; i < self->listeners->len; i++)
    potoo_restream_listener_detach (self->listeners->pdata[i]);
  potoo_restream_clients_kick_all (self->clients);
  self->stop_deadline_us = potoo_clock_mono_us () + STOP_TIMEOUT_US;
  add_timer (self, STOP_POLL_MS, on_stop_poll);
  return G_SOURCE_REMOVE;
}

static gpointer
run (gpointer user_data)
{
  PotooRestreamServer *self = user_data;

  potoo_cpu_give_way ();
  g_main_context_push_thread_default (self->context);
  for (guint i = 0; i < self->listeners->len; i++)
    potoo_restream_listener_attach (self->listeners->pdata[i], self->context, on_accepted, self);
  add_timer (self, SWEEP_MS, on_sweep);
  g_main_loop_run (self->loop);
  potoo_restream_rtsp_stop (self->rtsp);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* --- main thread --- */

static gboolean
listen_on (PotooRestreamServer *self, PotooConfig *config, GError **error)
{
  unsigned n;
  const PotooListen *addresses = potoo_config_get_rtsp_listen (config, &n);

  for (unsigned i = 0; i < n; i++)
    {
      PotooRestreamListener *listener = potoo_restream_listener_new (&addresses[i], error);
      if (listener == NULL)
        return FALSE;
      g_ptr_array_add (self->listeners, listener);
    }
  return TRUE;
}

static void
add_udp_addresses (PotooRestreamServer *self, PotooConfig *config)
{
  unsigned n;
  const PotooListen *addresses = potoo_config_get_rtsp_listen (config, &n);

  for (unsigned i = 0; i < n; i++)
    potoo_restream_rtsp_add_address (self->rtsp, addresses[i].host);
}

PotooRestreamServer *
potoo_restream_server_new (PotooConfig *config,
                           PotooRestreamLookupFunc lookup,
                           gpointer user_data,
                           GError **error)
{
  g_autoptr (PotooRestreamServer) self = g_object_new (POTOO_TYPE_RESTREAM_SERVER, NULL);

  if (!listen_on (self, config, error))
    return NULL;
  self->rtsp = potoo_restream_rtsp_new (self->clients, lookup, user_data);
  add_udp_addresses (self, config);
  self->thread = g_thread_new ("rtsp", run, self);
  return g_steal_pointer (&self);
}

void
potoo_restream_server_stop (PotooRestreamServer *self)
{
  if (self->thread == NULL)
    return;
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_callback (source, on_stop, self, NULL);
  g_source_attach (source, self->context);
  g_thread_join (g_steal_pointer (&self->thread));
}

static void
potoo_restream_server_finalize (GObject *object)
{
  PotooRestreamServer *self = POTOO_RESTREAM_SERVER (object);

  potoo_restream_server_stop (self);
  g_ptr_array_unref (self->listeners);
  g_main_loop_unref (self->loop);
  /* Sources that are left hold clients, which refer to the table of clients. */
  g_clear_pointer (&self->rtsp, potoo_restream_rtsp_free);
  g_main_context_unref (self->context);
  potoo_restream_clients_free (self->clients);
  G_OBJECT_CLASS (potoo_restream_server_parent_class)->finalize (object);
}

static void
potoo_restream_server_class_init (PotooRestreamServerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_restream_server_finalize;
}

static void
potoo_restream_server_init (PotooRestreamServer *self)
{
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_restream_listener_free);
  self->clients = potoo_restream_clients_new ();
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
}

/* --- any thread --- */

char *
potoo_restream_server_get_url (PotooRestreamServer *self, const char *camera, const char *stream)
{
  g_autofree char *path = potoo_restream_path_make (camera, stream);

  if (self->listeners->len == 0)
    return NULL;
  return g_strconcat ("rtsp://", potoo_restream_listener_get_name (self->listeners->pdata[0]), path,
                      NULL);
}

GPtrArray *
potoo_restream_server_list_clients (PotooRestreamServer *self)
{
  return potoo_restream_clients_list (self->clients);
}

gboolean
potoo_restream_server_kick (PotooRestreamServer *self, guint64 id)
{
  return potoo_restream_clients_kick (self->clients, id);
}

guint
potoo_restream_server_kick_camera (PotooRestreamServer *self, const char *camera)
{
  return potoo_restream_clients_kick_camera (self->clients, camera);
}

guint
potoo_restream_server_kick_all (PotooRestreamServer *self)
{
  return potoo_restream_clients_kick_all (self->clients);
}
