/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A thread for each task, from its start to its end. */

#include "media/potoo-viewing-pool.h"

#include "base/potoo-cpu.h"

struct _PotooViewingPool
{
  GstTaskPool parent_instance;
};

G_DEFINE_FINAL_TYPE (PotooViewingPool, potoo_viewing_pool, GST_TYPE_TASK_POOL)

typedef struct
{
  GstTaskPoolFunction func;
  gpointer data;
} Task;

static gpointer
run (gpointer user_data)
{
  g_autofree Task *task = user_data;

  potoo_cpu_give_way ();
  task->func (task->data);
  return NULL;
}

static gpointer
potoo_viewing_pool_push (GstTaskPool *pool, GstTaskPoolFunction func, gpointer data, GError **error)
{
  const Task task = { func, data };
  g_autofree Task *own = g_memdup2 (&task, sizeof task);
  GThread *thread = g_thread_try_new ("viewing", run, own, error);

  if (thread != NULL)
    g_steal_pointer (&own);
  return thread;
}

static void
potoo_viewing_pool_join (GstTaskPool *pool, gpointer thread)
{
  g_thread_join (thread);
}

static void
potoo_viewing_pool_dispose_handle (GstTaskPool *pool, gpointer thread)
{
  g_thread_unref (thread);
}

static void
potoo_viewing_pool_class_init (PotooViewingPoolClass *klass)
{
  GstTaskPoolClass *pool_class = GST_TASK_POOL_CLASS (klass);

  pool_class->push = potoo_viewing_pool_push;
  pool_class->join = potoo_viewing_pool_join;
  pool_class->dispose_handle = potoo_viewing_pool_dispose_handle;
}

static void
potoo_viewing_pool_init (PotooViewingPool *self)
{
}

static GstTaskPool *
get_pool (void)
{
  static GstTaskPool *pool;

  if (g_once_init_enter (&pool))
    g_once_init_leave (&pool, gst_object_ref_sink (g_object_new (POTOO_TYPE_VIEWING_POOL, NULL)));
  return pool;
}

void
potoo_viewing_pool_take (GstMessage *message)
{
  GstStreamStatusType type;
  GstElement *owner;

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_STREAM_STATUS)
    return;
  gst_message_parse_stream_status (message, &type, &owner);
  const GValue *object = gst_message_get_stream_status_object (message);
  if (type == GST_STREAM_STATUS_TYPE_CREATE && object != NULL &&
      G_VALUE_HOLDS (object, GST_TYPE_TASK))
    gst_task_set_pool (g_value_get_object (object), get_pool ());
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  potoo_viewing_pool_take (message);
  return GST_BUS_PASS;
}

void
potoo_viewing_pool_serve (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (pipeline));

  gst_bus_set_sync_handler (bus, on_message, NULL, NULL);
}
