/* SPDX-License-Identifier: GPL-3.0-or-later */

/* DESCRIBE waits, in the thread of the connections, for messages on the media's bus: so
 * that is another thread's. One is enough for all, as there is next to nothing to do;
 * gst-rtsp-server's own pool would give one to each. */

#include "restream/potoo-restream-threads.h"

#include "base/potoo-cpu.h"

/* Media that have not ended by then leak. */
#define STOP_TIMEOUT_MS 500

struct _PotooRestreamThreads
{
  GstRTSPThreadPool parent_instance;
  GstRTSPThread *media;
  GThread *thread; /* that runs it; NULL once stopped */
};

G_DEFINE_FINAL_TYPE (PotooRestreamThreads, potoo_restream_threads, GST_TYPE_RTSP_THREAD_POOL)

static GstRTSPThread *
potoo_restream_threads_get_thread (GstRTSPThreadPool *pool,
                                   GstRTSPThreadType type,
                                   GstRTSPContext *ctx)
{
  PotooRestreamThreads *self = POTOO_RESTREAM_THREADS (pool);

  /* A client without a thread is attached to the context that runs now. */
  if (type != GST_RTSP_THREAD_TYPE_MEDIA || !gst_rtsp_thread_reuse (self->media))
    return NULL;
  return self->media; /* with the reference that reuse took */
}

static gpointer
run (gpointer data)
{
  GstRTSPThread *media = data;

  potoo_cpu_give_way ();
  g_main_context_push_thread_default (media->context);
  g_main_loop_run (media->loop);
  g_main_context_pop_thread_default (media->context);
  gst_rtsp_thread_unref (media);
  return NULL;
}

static gboolean
give_up (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

void
potoo_restream_threads_stop (PotooRestreamThreads *self)
{
  if (self->thread == NULL)
    return;
  g_autoptr (GSource) source = g_timeout_source_new (STOP_TIMEOUT_MS);
  g_source_set_callback (source, give_up, g_main_loop_ref (self->media->loop),
                         (GDestroyNotify) g_main_loop_unref);
  g_source_attach (source, self->media->context);
  /* Its loop ends with its last user. */
  gst_rtsp_thread_stop (gst_rtsp_thread_ref (self->media));
  g_thread_join (g_steal_pointer (&self->thread));
  g_source_destroy (source);
}

static void
potoo_restream_threads_finalize (GObject *object)
{
  PotooRestreamThreads *self = POTOO_RESTREAM_THREADS (object);

  potoo_restream_threads_stop (self);
  gst_rtsp_thread_unref (self->media);
  G_OBJECT_CLASS (potoo_restream_threads_parent_class)->finalize (object);
}

static void
potoo_restream_threads_class_init (PotooRestreamThreadsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_restream_threads_finalize;
  GST_RTSP_THREAD_POOL_CLASS (klass)->get_thread = potoo_restream_threads_get_thread;
}

static void
potoo_restream_threads_init (PotooRestreamThreads *self)
{
  self->media = gst_rtsp_thread_new (GST_RTSP_THREAD_TYPE_MEDIA);
  self->thread = g_thread_new ("rtsp-media", run, gst_rtsp_thread_ref (self->media));
}

PotooRestreamThreads *
potoo_restream_threads_new (void)
{
  return g_object_new (POTOO_TYPE_RESTREAM_THREADS, NULL);
}

GMainContext *
potoo_restream_threads_get_media_context (PotooRestreamThreads *self)
{
  return self->media->context;
}
