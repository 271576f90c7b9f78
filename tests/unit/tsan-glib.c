/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Tells ThreadSanitizer how GLib orders threads. Debian's GLib is not instrumented, so its locks,
 * references and main loops are invisible, and all that they protect looks like a race. The
 * functions here stand before GLib's (a program's symbols come before those of libraries) and
 * announce the order to be kept: "release" what was done, "acquire" what others did.
 *
 * All that goes through main loops shares one order: this may hide a race between two loops,
 * but never invents one. Linked into test programs with -Db_sanitize=thread alone.
 */

#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#undef g_object_ref
#undef g_idle_add

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

void gst_mini_object_unref (gpointer object); /* not all programs have GStreamer */

static int loops; /* stands for all main loops */
static int pools; /* … and all pools of threads */

static void
pass_on (gpointer what)
{
  __tsan_release (what);
  __tsan_acquire (what);
}

/* --- locks --- */

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean taken = REAL (g_mutex_trylock) (mutex);
  if (taken)
    __tsan_acquire (mutex);
  return taken;
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  __tsan_release (mutex);
  gboolean signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  __tsan_acquire (mutex);
  return signalled;
}

/* --- references: what was done with one comes before the last one goes --- */

#define UNREF(name, type)                                                                          \
  void name (type object)                                                                          \
  {                                                                                                \
    pass_on ((gpointer) object);                                                                   \
    REAL (name) (object);                                                                          \
  }

UNREF (g_object_unref, gpointer)
UNREF (g_bytes_unref, GBytes *)
UNREF (g_ptr_array_unref, GPtrArray *)
UNREF (g_hash_table_unref, GHashTable *)
UNREF (g_main_context_unref, GMainContext *)
UNREF (gst_mini_object_unref, gpointer)

gboolean (g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  __tsan_release (count);
  gboolean last = REAL (g_atomic_ref_count_dec) (count);
  if (last)
    __tsan_acquire (count);
  return last;
}

/* --- main loops --- */

typedef struct
{
  GSourceFunc function;
  gpointer data;
  GDestroyNotify notify;
} Callback;

static gboolean
call_and_acquire (gpointer user_data)
{
  Callback *callback = user_data;
  __tsan_acquire (&loops);
  return callback->function (callback->data);
}

static void
callback_free (gpointer user_data)
{
  Callback *callback = user_data;
  __tsan_acquire (&loops);
  if (callback->notify != NULL)
    callback->notify (callback->data);
  g_free (callback);
}

/* Only of sources whose callbacks have this type. */
void
g_source_set_callback (GSource *source, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  const Callback callback = { function, data, notify };

  __tsan_release (&loops);
  if (source->source_funcs == &g_idle_funcs || source->source_funcs == &g_timeout_funcs)
    REAL (g_source_set_callback)
  (source, call_and_acquire, g_memdup2 (&callback, sizeof callback), callback_free);
  else REAL (g_source_set_callback) (source, function, data, notify);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  __tsan_release (&loops);
  return REAL (g_source_attach) (source, context);
}

guint
g_idle_add_full (int priority, GSourceFunc function, gpointer data, GDestroyNotify notify)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, function, data, notify);
  return g_source_attach (source, NULL);
}

guint (g_idle_add) (GSourceFunc function, gpointer data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}

void
g_main_context_invoke (GMainContext *context, GSourceFunc function, gpointer data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, function, data, NULL);
  g_source_attach (source, context);
}

void
g_main_context_wakeup (GMainContext *context)
{
  __tsan_release (&loops);
  REAL (g_main_context_wakeup) (context);
}

void
g_main_loop_quit (GMainLoop *loop)
{
  __tsan_release (&loops);
  REAL (g_main_loop_quit) (loop);
}

/* For the other sources: every turn of a loop polls before it dispatches. */
static int
poll_and_acquire (GPollFD *fds, guint n_fds, int timeout)
{
  int n = g_poll (fds, n_fds, timeout);
  __tsan_acquire (&loops);
  return n;
}

GMainContext *
g_main_context_new (void)
{
  GMainContext *context = REAL (g_main_context_new) ();
  g_main_context_set_poll_func (context, poll_and_acquire);
  return context;
}

__attribute__ ((constructor)) static void
watch_default_context (void)
{
  g_main_context_set_poll_func (NULL, poll_and_acquire);
}

/* --- pools --- */

static void
run_and_acquire (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc function = (GTaskThreadFunc) g_object_get_data (G_OBJECT (task), "tsan-function");
  __tsan_acquire (&pools);
  function (task, source, data, cancellable);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc function)
{
  g_object_set_data (G_OBJECT (task), "tsan-function", (gpointer) function);
  __tsan_release (&pools);
  REAL (g_task_run_in_thread) (task, run_and_acquire);
}
