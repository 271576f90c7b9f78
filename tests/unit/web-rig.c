/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web-rig.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-json.h"
#include "base/potoo-metrics.h"

#define CLIENT_TIMEOUT_S 10

void
web_start (WebRig *rig)
{
  g_autoptr (GError) error = NULL;

  rig->server = potoo_web_server_new (rig->config, &rig->context, &error);
  g_assert_no_error (error);
  g_autofree char *url = potoo_web_server_get_url (rig->server);
  g_assert_true (g_str_has_prefix (url, "http://127.0.0.1:"));
  rig->port = (guint16) atoi (strrchr (url, ':') + 1);
}

void
web_set_up (WebRig *rig, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  rig->dir = g_dir_make_tmp ("potoo-web-XXXXXX", NULL);
  rig->socket_path = g_build_filename (rig->dir, "http.sock", NULL);
  g_autofree char *path = g_build_filename (rig->dir, "potoo.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[http]\nlisten=127.0.0.1:0;unix:%s\n",
                                           rig->socket_path);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  rig->config = potoo_config_load (path, rig->dir, &error);
  g_assert_no_error (error);
  g_unlink (path);
  web_fakes_init (&rig->context);
  web_fakes.media_path = g_build_filename (rig->dir, "media.mp4", NULL);
  web_start (rig);
}

void
web_tear_down (WebRig *rig, gconstpointer data)
{
  if (rig->server != NULL)
    {
      potoo_web_server_stop (rig->server, WEB_STOP_US);
      g_assert_finalize_object (rig->server);
    }
  g_assert_false (g_file_test (rig->socket_path, G_FILE_TEST_EXISTS));
  potoo_config_unref (rig->config);
  g_unlink (web_fakes.media_path);
  web_fakes_clear (&rig->context);
  g_assert_cmpint (g_rmdir (rig->dir), ==, 0);
  g_free (rig->dir);
  g_free (rig->socket_path);
}

/* --- client --- */

GSocket *
web_dial (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_socket_set_timeout (socket, CLIENT_TIMEOUT_S);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  return socket;
}

GSocket *
web_dial_tcp (WebRig *rig)
{
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new_from_string ("127.0.0.1", rig->port);
  return web_dial (address);
}

gboolean
web_say_some (GSocket *socket, const char *text, gsize length)
{
  for (gsize sent = 0; sent < length;)
    {
      gssize n = g_socket_send (socket, text + sent, length - sent, NULL, NULL);
      if (n <= 0)
        return FALSE;
      sent += (gsize) n;
    }
  return TRUE;
}

gboolean
web_say (GSocket *socket, const char *text)
{
  return web_say_some (socket, text, strlen (text));
}

/* All that comes until the server closes; fails when it does not. */
GString *
web_hear (GSocket *socket)
{
  GString *text = g_string_new (NULL);
  char buffer[65536];
  gssize n;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      n = g_socket_receive (socket, buffer, sizeof buffer, NULL, &error);
      g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
      if (n <= 0)
        return text;
      g_string_append_len (text, buffer, n);
    }
}

GString *
web_ask_raw (WebRig *rig, const char *text)
{
  g_autoptr (GSocket) socket = web_dial_tcp (rig);

  web_say (socket, text);
  return web_hear (socket);
}

/* @headers: more of them, each with CRLF. */
char *
web_ask (WebRig *rig, const char *method, const char *target, const char *headers, const char *body)
{
  g_autofree char *text = g_strdup_printf (
      "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%sContent-Length: %zu\r\n\r\n%s", method, target,
      rig->port, headers, strlen (body), body);
  return g_string_free (web_ask_raw (rig, text), FALSE);
}

char *
web_ask_json (WebRig *rig, const char *method, const char *target, const char *body)
{
  return web_ask (rig, method, target, "Content-Type: application/json\r\n", body);
}

char *
web_get (WebRig *rig, const char *target)
{
  return web_ask (rig, "GET", target, "", "");
}

guint
web_status_of (const char *answer)
{
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 "));
  return (guint) atoi (answer + 9);
}

const char *
web_body_of (const char *answer)
{
  const char *end = strstr (answer, "\r\n\r\n");
  g_assert_nonnull (end);
  return end + 4;
}

char *
web_header_of (const char *answer, const char *name)
{
  g_autofree char *head = g_strndup (answer, (gsize) (web_body_of (answer) - answer));
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);

  for (char **line = lines; *line != NULL; line++)
    if (g_ascii_strncasecmp (*line, name, strlen (name)) == 0 && (*line)[strlen (name)] == ':')
      return g_strdup (g_strstrip (*line + strlen (name) + 1));
  return NULL;
}

JsonObject *
web_json_of (const char *answer, JsonNode **node)
{
  g_autoptr (GError) error = NULL;
  const char *body = web_body_of (answer);

  *node = potoo_json_parse (body, strlen (body), &error);
  g_assert_no_error (error);
  return json_node_get_object (*node);
}

void
web_assert_problem (const char *answer,
                    guint status,
                    const char *id,
                    const char *member,
                    const char *value)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *type = g_strdup_printf ("urn:potoo:error:%s", id);

  g_assert_cmpuint (web_status_of (answer), ==, status);
  web_assert_header (answer, "Content-Type", "application/problem+json");
  JsonObject *problem = web_json_of (answer, &node);
  g_assert_cmpstr (json_object_get_string_member (problem, "type"), ==, type);
  g_assert_cmpuint (json_object_get_int_member (problem, "status"), ==, status);
  g_assert_cmpstr (json_object_get_string_member (problem, "detail"), !=, "");
  if (member != NULL)
    g_assert_cmpstr (json_object_get_string_member_with_default (problem, member, "(none)"), ==,
                     value);
}

void
web_assert_healthy (WebRig *rig)
{
  g_autofree char *answer = web_get (rig, "/healthz");
  g_assert_cmpuint (web_status_of (answer), ==, 200);
}

/* Waits for @text in the metrics page. */
void
web_await_metric (const char *text)
{
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *page = potoo_metrics_render ();
      if (strstr (page, text) != NULL)
        return;
      g_usleep (10000);
    }
  g_error ("no metric %s", text);
}
