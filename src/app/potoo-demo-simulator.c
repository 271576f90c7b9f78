/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One process at a time: started → its one line read → ready → it ends → after the delay, the
 * next. Each asynchronous call holds a reference, and looks whether what it was for still is
 * the current process. All on the main thread.
 */

#include "app/potoo-demo-simulator.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "base/potoo-log.h"
#include "base/potoo-metrics.h"

#define PROGRAM "potoo-camera-sim"
#define MIN_DELAY_S 1
#define MAX_DELAY_S 30
/* One that served this long had no trouble in starting: the next delay is the shortest. */
#define STEADY_US (30 * POTOO_SECOND_US)
/* A small computer encodes the pictures for minutes, but not for ever. */
#define READY_TIMEOUT_S (15 * 60)
#define STOP_TIMEOUT_US POTOO_SECOND_US
#define STOP_POLL_US 5000

struct _PotooDemoSimulator
{
  GObject parent_instance;

  char **command;
  pid_t our_pid;
  GSubprocess *process;         /* (nullable) */
  GBufferedInputStream *output; /* of the process, until it is ready */
  gint64 ready_mono_us;         /* 0: not ready */
  guint delay_s;                /* before the next start */
  guint timer;                  /* that delay, or the wait for being ready */
  gboolean stopped;
  PotooMetric *starts;
};

G_DEFINE_FINAL_TYPE (PotooDemoSimulator, potoo_demo_simulator, G_TYPE_OBJECT)

static guint ready_signal;

static void start_process (PotooDemoSimulator *self);

static char *
find_program (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", error);

  if (self == NULL)
    return NULL;
  g_autofree char *directory = g_path_get_dirname (self);
  g_autofree char *beside = g_build_filename (directory, PROGRAM, NULL);
  if (g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);
  g_autofree char *built = g_build_filename (directory, "sim", PROGRAM, NULL);
  if (g_file_test (built, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&built);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
               _ ("The demo needs the camera simulator %s, and it is not there: install it (it is "
                  "built together with potoo)"),
               beside);
  return NULL;
}

/* --- the end of a process, and the next one --- */

static gboolean
on_delay (gpointer user_data)
{
  PotooDemoSimulator *self = user_data;

  self->timer = 0;
  start_process (self);
  return G_SOURCE_REMOVE;
}

static void
start_later (PotooDemoSimulator *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (self->delay_s, on_delay, self);
  self->delay_s = MIN (2 * self->delay_s, MAX_DELAY_S);
}

static void
log_end (PotooDemoSimulator *self, GSubprocess *process)
{
  if (g_subprocess_get_if_signaled (process))
    potoo_log_warning (NULL,
                       _ ("The simulated cameras are gone: their process was ended by signal %d "
                          "(%s); it is started again in %u s"),
                       g_subprocess_get_term_sig (process),
                       g_strsignal (g_subprocess_get_term_sig (process)), self->delay_s);
  else
    potoo_log_warning (NULL,
                       _ ("The simulated cameras are gone: their process ended with status %d; it "
                          "is started again in %u s"),
                       g_subprocess_get_exit_status (process), self->delay_s);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooDemoSimulator) self = user_data;

  if (!g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL) || self->stopped)
    return;
  if (self->ready_mono_us != 0 && potoo_clock_mono_us () - self->ready_mono_us >= STEADY_US)
    self->delay_s = MIN_DELAY_S;
  self->ready_mono_us = 0;
  log_end (self, self->process);
  start_later (self);
  g_clear_object (&self->output);
  g_clear_object (&self->process);
}

/* --- its ready line --- */

static gboolean
on_not_ready (gpointer user_data)
{
  PotooDemoSimulator *self = user_data;

  self->timer = 0;
  potoo_log_error (NULL, _ ("The simulated cameras were not ready within %d minutes"),
                   READY_TIMEOUT_S / 60);
  g_subprocess_force_exit (self->process);
  return G_SOURCE_REMOVE;
}

static void
take_ready_line (PotooDemoSimulator *self, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = potoo_json_parse (line, length, &error);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      potoo_log_error (NULL, _ ("The camera simulator's ready line is not understood: %s"),
                       error != NULL ? error->message : _ ("it is no JSON object"));
      g_subprocess_force_exit (self->process);
      return;
    }
  self->ready_mono_us = potoo_clock_mono_us ();
  g_signal_emit (self, ready_signal, 0, json_node_get_object (node));
}

static void
on_output (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PotooDemoSimulator) self = user_data;
  GBufferedInputStream *output = G_BUFFERED_INPUT_STREAM (source);
  gssize n = g_buffered_input_stream_fill_finish (output, result, NULL);
  gsize length;

  if (self->output != output || self->stopped)
    return;
  const char *data = g_buffered_input_stream_peek_buffer (output, &length);
  const char *end = length > 0 ? memchr (data, '\n', length) : NULL;
  if (end != NULL || length >= POTOO_JSON_MAX_BYTES)
    take_ready_line (self, data, end != NULL ? (gsize) (end - data) : length);
  else if (n > 0)
    g_buffered_input_stream_fill_async (output, -1, G_PRIORITY_DEFAULT, NULL, on_output,
                                        g_object_ref (self));
}

/* --- its start --- */

/* In the child, before exec: a Ctrl-C of the terminal ends us alone, so that no camera is
 * lost before we stop; and whatever ends us ends the child. */
static void
prepare_child (gpointer user_data)
{
  PotooDemoSimulator *self = user_data;

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != self->our_pid) /* we ended before the line above */
    _exit (1);
}

static void
start_process (PotooDemoSimulator *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  g_subprocess_launcher_set_child_setup (launcher, prepare_child, self, NULL);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) self->command,
                                                &error);
  if (self->process == NULL)
    {
      potoo_log_error (NULL,
                       _ ("The simulated cameras cannot be started, trying again in %u s: %s"),
                       self->delay_s, error->message);
      start_later (self);
      return;
    }
  potoo_metric_add (self->starts, 1);
  self->output = G_BUFFERED_INPUT_STREAM (g_buffered_input_stream_new_sized (
      g_subprocess_get_stdout_pipe (self->process), POTOO_JSON_MAX_BYTES));
  self->timer = g_timeout_add_seconds (READY_TIMEOUT_S, on_not_ready, self);
  g_subprocess_wait_async (self->process, NULL, on_ended, g_object_ref (self));
  g_buffered_input_stream_fill_async (self->output, -1, G_PRIORITY_DEFAULT, NULL, on_output,
                                      g_object_ref (self));
}

void
potoo_demo_simulator_start (PotooDemoSimulator *self)
{
  g_return_if_fail (POTOO_IS_DEMO_SIMULATOR (self));
  g_return_if_fail (self->process == NULL && !self->stopped);

  start_process (self);
}

void
potoo_demo_simulator_stop (PotooDemoSimulator *self)
{
  g_return_if_fail (POTOO_IS_DEMO_SIMULATOR (self));

  gint64 deadline_us = potoo_clock_mono_us () + STOP_TIMEOUT_US;
  self->stopped = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->process != NULL)
    {
      g_subprocess_send_signal (self->process, SIGTERM);
      while (g_subprocess_get_identifier (self->process) != NULL &&
             potoo_clock_mono_us () < deadline_us)
        g_usleep (STOP_POLL_US);
      g_subprocess_force_exit (self->process);
    }
  g_clear_object (&self->output);
  g_clear_object (&self->process);
}

static void
potoo_demo_simulator_finalize (GObject *object)
{
  PotooDemoSimulator *self = POTOO_DEMO_SIMULATOR (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->output);
  g_clear_object (&self->process);
  g_strfreev (self->command);
  potoo_metric_unref (self->starts);
  G_OBJECT_CLASS (potoo_demo_simulator_parent_class)->finalize (object);
}

static void
potoo_demo_simulator_class_init (PotooDemoSimulatorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_demo_simulator_finalize;
  ready_signal = g_signal_new ("ready", POTOO_TYPE_DEMO_SIMULATOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 1, JSON_TYPE_OBJECT);
}

static void
potoo_demo_simulator_init (PotooDemoSimulator *self)
{
  self->our_pid = getpid ();
  self->delay_s = MIN_DELAY_S;
  self->starts = potoo_metric_new_counter ("potoo_demo_simulator_starts_total",
                                           "Starts of the process that simulates cameras", NULL);
}

PotooDemoSimulator *
potoo_demo_simulator_new (const char *const *cameras, const char *cache_dir, GError **error)
{
  g_autofree char *program = find_program (error);

  if (program == NULL)
    return NULL;
  PotooDemoSimulator *self = g_object_new (POTOO_TYPE_DEMO_SIMULATOR, NULL);
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_strv_builder_add_many (command, program, "--port=0", "--print-ready", "--cache-dir", cache_dir,
                           NULL);
  for (guint i = 0; cameras[i] != NULL; i++)
    g_strv_builder_add_many (command, "--camera", cameras[i], NULL);
  self->command = g_strv_builder_end (command);
  return self;
}
