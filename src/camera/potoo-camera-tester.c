/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "camera/potoo-camera-tester.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-clock.h"
#include "base/potoo-main.h"
#include "base/potoo-metrics.h"

#define STOP_TIMEOUT_MS 1000

struct _PotooCameraTester
{
  GObject parent_instance;

  GPtrArray *tests;   /* PotooCameraTest: not gone yet, each keeps this alive */
  gint64 timeout_us;  /* of each */
  gint64 credit_us;   /* for tests: each costs an interval … */
  gint64 credited_us; /* … and as much is added, until when (monotonic) */
  gboolean stopped;
  GTask *stop_task; /* (nullable) while the stop is under way */
  guint stop_source;
  PotooMetric *running, *started, *refused;
};

G_DEFINE_FINAL_TYPE (PotooCameraTester, potoo_camera_tester, G_TYPE_OBJECT)

static void
return_stop (PotooCameraTester *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  g_clear_handle_id (&self->stop_source, g_source_remove);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_gone (PotooCameraTest *test, gpointer user_data)
{
  g_autoptr (PotooCameraTester) self = user_data;

  g_ptr_array_remove_fast (self->tests, test);
  potoo_metric_set (self->running, self->tests->len);
  if (self->tests->len == 0)
    return_stop (self);
}

/* FALSE: too many in a short time. */
static gboolean
take_credit (PotooCameraTester *self)
{
  gint64 now_us = potoo_clock_mono_us ();

  self->credit_us = MIN (self->credit_us + now_us - self->credited_us,
                         POTOO_CAMERA_TEST_BURST * POTOO_CAMERA_TEST_INTERVAL_US);
  self->credited_us = now_us;
  if (self->credit_us < POTOO_CAMERA_TEST_INTERVAL_US)
    return FALSE;
  self->credit_us -= POTOO_CAMERA_TEST_INTERVAL_US;
  return TRUE;
}

static gboolean
check_open (PotooCameraTester *self, GError **error)
{
  if (self->stopped)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
                         _ ("Potoo is stopping; try again later"));
  else if (self->tests->len >= POTOO_MAX_CAMERA_TESTS)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                 _ ("%d cameras are being tried already; try again in a few seconds"),
                 POTOO_MAX_CAMERA_TESTS);
  else if (!take_credit (self))
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_BUSY,
                         _ ("Many cameras were tried lately; try again in a few seconds"));
  else
    return TRUE;
  return FALSE;
}

/* Main thread. */
static gboolean
on_posted (gpointer user_data)
{
  GTask *task = user_data;
  PotooCameraTester *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (!check_open (self, &error))
    {
      potoo_metric_add (self->refused, 1);
      g_task_return_error (task, g_steal_pointer (&error));
      return G_SOURCE_REMOVE;
    }
  PotooCameraTest *test = potoo_camera_test_start (g_task_get_task_data (task), self->timeout_us,
                                                   g_object_ref (task), on_gone,
                                                   g_object_ref (self));
  g_ptr_array_add (self->tests, test);
  potoo_metric_add (self->started, 1);
  potoo_metric_set (self->running, self->tests->len);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_tester_test_async (PotooCameraTester *self,
                                PotooCameraSettings *settings,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_TESTER (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_tester_test_async);
  g_task_set_task_data (task, potoo_camera_settings_ref (settings),
                        (GDestroyNotify) potoo_camera_settings_unref);
  potoo_main_post (on_posted, task);
}

PotooCameraTestResult *
potoo_camera_tester_test_finish (PotooCameraTester *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- life --- */

static gboolean
on_stop_timeout (gpointer user_data)
{
  PotooCameraTester *self = user_data;

  self->stop_source = 0;
  return_stop (self);
  return G_SOURCE_REMOVE;
}

void
potoo_camera_tester_stop_async (PotooCameraTester *self,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_TESTER (self) && !self->stopped);

  self->stopped = TRUE;
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop_task, potoo_camera_tester_stop_async);
  for (guint i = 0; i < self->tests->len; i++)
    potoo_camera_test_abort (self->tests->pdata[i]);
  if (self->tests->len == 0)
    return_stop (self);
  else
    self->stop_source = g_timeout_add (STOP_TIMEOUT_MS, on_stop_timeout, self);
}

void
potoo_camera_tester_stop_finish (PotooCameraTester *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));
  g_task_propagate_boolean (G_TASK (result), NULL);
}

void
potoo_camera_tester_set_timeout (PotooCameraTester *self, gint64 timeout_us)
{
  self->timeout_us = timeout_us;
}

PotooCameraTester *
potoo_camera_tester_new (void)
{
  return g_object_new (POTOO_TYPE_CAMERA_TESTER, NULL);
}

static void
potoo_camera_tester_finalize (GObject *object)
{
  PotooCameraTester *self = POTOO_CAMERA_TESTER (object);

  g_ptr_array_unref (self->tests);
  potoo_metric_unref (self->running);
  potoo_metric_unref (self->started);
  potoo_metric_unref (self->refused);
  G_OBJECT_CLASS (potoo_camera_tester_parent_class)->finalize (object);
}

static void
potoo_camera_tester_class_init (PotooCameraTesterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_tester_finalize;
}

static void
potoo_camera_tester_init (PotooCameraTester *self)
{
  self->tests = g_ptr_array_new ();
  self->timeout_us = POTOO_CAMERA_TEST_TIMEOUT_US;
  self->credit_us = POTOO_CAMERA_TEST_BURST * POTOO_CAMERA_TEST_INTERVAL_US;
  self->credited_us = potoo_clock_mono_us ();
  self->running = potoo_metric_new_gauge ("potoo_camera_tests", "Cameras being tried.", NULL);
  self->started = potoo_metric_new_counter ("potoo_camera_tests_total", "Cameras tried.", NULL);
  self->refused = potoo_metric_new_counter ("potoo_camera_tests_refused_total",
                                            "Tries refused: too many.", NULL);
}
