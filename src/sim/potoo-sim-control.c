/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One thread of a GThreadedSocketService for each connection, a few at most:
 * commands may take seconds (encoding) and then hold up nobody else. */

#include "sim/potoo-sim-control.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "sim/potoo-sim-faults.h"

#define MAX_CONNECTIONS 8
#define MAX_LINE 256

struct _PotooSimControl
{
  char *path;
  GPtrArray *cameras;
  GSocketService *service;
  GCancellable *cancellable;
};

static char *
format_error (const GError *error)
{
  return g_strdup_printf ("error: %s", error->message);
}

/* Those that @name means; NULL when there is none. */
static GPtrArray *
select_cameras (GPtrArray *cameras, const char *name)
{
  g_autoptr (GPtrArray) selected = g_ptr_array_new ();

  for (guint i = 0; i < cameras->len; i++)
    if (strcmp (name, "*") == 0 || strcmp (name, potoo_sim_camera_get_id (cameras->pdata[i])) == 0)
      g_ptr_array_add (selected, cameras->pdata[i]);
  return selected->len > 0 ? g_steal_pointer (&selected) : NULL;
}

/* Replies of several cameras stand in a JSON array. */
static char *
apply_to_all (GPtrArray *cameras, const char *fault, const char *argument)
{
  GString *replies = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < cameras->len && error == NULL; i++)
    {
      g_autofree char *reply = NULL;
      potoo_sim_faults_apply (cameras->pdata[i], fault, argument, &reply, &error);
      if (reply != NULL)
        g_string_append_printf (replies, "%s%s", replies->len > 0 ? "," : "", reply);
    }
  g_autofree char *text = g_string_free (replies, FALSE);
  if (error != NULL)
    return format_error (error);
  if (*text == '\0')
    return g_strdup ("ok");
  return cameras->len > 1 ? g_strdup_printf ("ok [%s]", text) : g_strdup_printf ("ok %s", text);
}

/* One line; returns the reply, without line feed. (transfer full) */
static char *
execute_line (GPtrArray *cameras, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);

  if (g_strv_length (words) < 2)
    return g_strdup (_ ("error: a command is CAMERA FAULT [ARGUMENT]"));
  g_autoptr (GPtrArray) selected = select_cameras (cameras, words[0]);
  if (selected == NULL)
    return g_strdup_printf (_ ("error: no camera “%s”"), words[0]);
  return apply_to_all (selected, words[1], words[2]);
}

static gboolean
answer (PotooSimControl *control, GOutputStream *output, const char *line)
{
  g_autofree char *valid = g_utf8_make_valid (line, -1);
  g_autofree char *reply = execute_line (control->cameras, valid);
  g_autofree char *text = g_strconcat (reply, "\n", NULL);

  return g_output_stream_write_all (output, text, strlen (text), NULL, control->cancellable, NULL);
}

/* Executes the whole lines of @pending and keeps the rest. */
static gboolean
execute_lines (PotooSimControl *control, GOutputStream *output, GString *pending)
{
  char *end;

  while ((end = memchr (pending->str, '\n', pending->len)) != NULL)
    {
      *end = '\0';
      if (!answer (control, output, pending->str))
        return FALSE;
      g_string_erase (pending, 0, end + 1 - pending->str);
    }
  if (pending->len <= MAX_LINE)
    return TRUE;
  const char *text = "error: the line is too long\n";
  g_output_stream_write_all (output, text, strlen (text), NULL, control->cancellable, NULL);
  return FALSE;
}

static gboolean
on_run (GThreadedSocketService *service,
        GSocketConnection *connection,
        GObject *source,
        gpointer data)
{
  PotooSimControl *control = data;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GString *pending = g_string_new (NULL);
  char chunk[MAX_LINE];
  gssize n;

  while ((n = g_input_stream_read (input, chunk, sizeof chunk, control->cancellable, NULL)) > 0)
    {
      g_string_append_len (pending, chunk, n);
      if (!execute_lines (control, output, pending))
        break;
    }
  g_string_free (pending, TRUE);
  return TRUE;
}

/* A socket left by a simulator that was killed is in the way of bind(). */
static void
remove_stale (const char *path, GSocketAddress *address)
{
  g_autoptr (GSocket) probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_autoptr (GError) error = NULL;
  struct stat info;

  if (probe != NULL && lstat (path, &info) == 0 && S_ISSOCK (info.st_mode) &&
      !g_socket_connect (probe, address, NULL, &error) &&
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    unlink (path);
}

static gboolean
listen_on (PotooSimControl *control, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (control->path);
  g_autoptr (GError) cause = NULL;

  remove_stale (control->path, address);
  mode_t old = umask (0177);
  gboolean ok = g_socket_listener_add_address (G_SOCKET_LISTENER (control->service), address,
                                               G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                               NULL, NULL, &cause);
  umask (old);
  if (!ok)
    g_set_error (error, POTOO_ERROR, potoo_error_code_of (cause),
                 _ ("Cannot listen on control socket %s: %s"), control->path, cause->message);
  return ok;
}

PotooSimControl *
potoo_sim_control_new (const char *path, GPtrArray *cameras, GError **error)
{
  g_autoptr (PotooSimControl) control = g_new0 (PotooSimControl, 1);

  control->cameras = cameras;
  control->cancellable = g_cancellable_new ();
  control->service = g_threaded_socket_service_new (MAX_CONNECTIONS);
  control->path = g_strdup (path);
  if (!listen_on (control, error))
    {
      g_clear_pointer (&control->path, g_free); /* not ours to remove */
      return NULL;
    }
  g_signal_connect (control->service, "run", G_CALLBACK (on_run), control);
  g_socket_service_start (control->service);
  return g_steal_pointer (&control);
}

void
potoo_sim_control_free (PotooSimControl *control)
{
  g_cancellable_cancel (control->cancellable);
  g_socket_service_stop (control->service);
  g_socket_listener_close (G_SOCKET_LISTENER (control->service));
  if (control->path != NULL)
    unlink (control->path);
  g_object_unref (control->service);
  g_object_unref (control->cancellable);
  g_free (control->path);
  g_free (control);
}
