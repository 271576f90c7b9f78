/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The client's way of sending is replaced by one of ours, which appends to `waiting`; a timer in
 * the main context takes from it. The client and the timer each have a reference; the client's is
 * its data, since the function's own does not come through in GStreamer 1.22. */

#include "sim/potoo-sim-drip.h"

#define MAX_WAITING_BYTES (1024 * 1024)
#define TICK_MS 10
#define KEY "potoo-sim-drip"

typedef struct
{
  GSocket *socket;
  guint bytes_per_s;
  GMutex lock; /* protects what follows */
  GByteArray *waiting;
  guint allowance; /* thousandths of a byte */
  gboolean over;
} Drip;

static void
drip_clear (gpointer data)
{
  Drip *drip = data;

  g_object_unref (drip->socket);
  g_byte_array_unref (drip->waiting);
  g_mutex_clear (&drip->lock);
}

static void
drip_unref (gpointer drip)
{
  g_atomic_rc_box_release_full (drip, drip_clear);
}

/* The client is gone. */
static void
drip_end (gpointer data)
{
  Drip *drip = data;

  g_mutex_lock (&drip->lock);
  drip->over = TRUE;
  g_mutex_unlock (&drip->lock);
  drip_unref (drip);
}

static void
send_some (Drip *drip)
{
  drip->allowance += drip->bytes_per_s * TICK_MS;
  gsize n = MIN (drip->allowance / 1000, drip->waiting->len);
  if (drip->waiting->len == 0)
    drip->allowance = 0;
  if (n == 0)
    return;
  drip->allowance -= (guint) n * 1000;
  gssize sent = g_socket_send_with_blocking (drip->socket, (const char *) drip->waiting->data, n,
                                             FALSE, NULL, NULL);
  if (sent > 0)
    g_byte_array_remove_range (drip->waiting, 0, (guint) sent);
}

static gboolean
on_tick (gpointer data)
{
  Drip *drip = data;

  g_mutex_lock (&drip->lock);
  if (!drip->over)
    send_some (drip);
  gboolean over = drip->over;
  g_mutex_unlock (&drip->lock);
  return over ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
append_message (GByteArray *waiting, GstRTSPMessage *message)
{
  GString *head = g_string_new (NULL);
  guint8 *body = NULL;
  guint body_size = 0;

  gst_rtsp_message_get_body (message, &body, &body_size);
  g_string_append_printf (head, "RTSP/1.0 %d %s\r\n", message->type_data.response.code,
                          message->type_data.response.reason);
  gst_rtsp_message_append_headers (message, head);
  if (body_size > 0)
    g_string_append_printf (head, "Content-Length: %u\r\n", body_size);
  g_string_append (head, "\r\n");
  g_byte_array_append (waiting, (const guint8 *) head->str, (guint) head->len);
  g_byte_array_append (waiting, body, body_size);
  g_string_free (head, TRUE);
}

static gboolean
send_messages (GstRTSPClient *client,
               GstRTSPMessage *messages,
               guint n_messages,
               gboolean close,
               gpointer data)
{
  Drip *drip = g_object_get_data (G_OBJECT (client), KEY);

  g_mutex_lock (&drip->lock);
  for (guint i = 0; i < n_messages && drip->waiting->len < MAX_WAITING_BYTES; i++)
    if (gst_rtsp_message_get_type (&messages[i]) == GST_RTSP_MESSAGE_RESPONSE)
      append_message (drip->waiting, &messages[i]);
  g_mutex_unlock (&drip->lock);
  return TRUE;
}

void
potoo_sim_drip_start (GstRTSPClient *client, guint bytes_per_s)
{
  GstRTSPConnection *connection = gst_rtsp_client_get_connection (client);
  Drip *drip = g_atomic_rc_box_new0 (Drip);

  g_mutex_init (&drip->lock);
  drip->socket = g_object_ref (gst_rtsp_connection_get_write_socket (connection));
  drip->bytes_per_s = bytes_per_s;
  drip->waiting = g_byte_array_new ();
  g_timeout_add_full (G_PRIORITY_DEFAULT, TICK_MS, on_tick, g_atomic_rc_box_acquire (drip),
                      drip_unref);
  g_object_set_data_full (G_OBJECT (client), KEY, drip, drip_end);
  gst_rtsp_client_set_send_messages_func (client, send_messages, NULL, NULL);
}
