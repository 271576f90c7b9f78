/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Cameras of two sockets on loopback. A datagram that was sent there waits in the receiver's
 * socket when send() returns: nothing is to be waited for. */

#include "media/potoo-udp-ports.h"

#include <string.h>

typedef struct
{
  GInetSocketAddress *address; /* of its RTSP connection */
  GSocket *sockets[POTOO_UDP_N_PORTS];
  PotooUdpPorts *ports; /* what is tested */
  PotooMetric *refused, *overrun;
  GString *found;
} Camera;

static GSocket *
open_socket (const char *host)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                                  G_SOCKET_PROTOCOL_UDP, &error);

  g_assert_no_error (error);
  if (!g_socket_bind (socket, address, FALSE, NULL))
    g_clear_object (&socket);
  return socket;
}

static guint16
get_port (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
}

/* FALSE: this machine has no such addresses. */
static gboolean
camera_init (Camera *camera, const char *host)
{
  g_autoptr (GError) error = NULL;

  *camera = (Camera){ .found = g_string_new (NULL) };
  for (guint i = 0; i < POTOO_UDP_N_PORTS; i++)
    if ((camera->sockets[i] = open_socket (host)) == NULL)
      return FALSE;
  camera->address = (GInetSocketAddress *) g_inet_socket_address_new_from_string (host, 554);
  camera->ports = potoo_udp_ports_new (camera->address, &error);
  g_assert_no_error (error);
  camera->refused = potoo_metric_new_counter ("potoo_test_refused_total", "Help.", NULL);
  camera->overrun = potoo_metric_new_counter ("potoo_test_overrun_total", "Help.", NULL);
  potoo_udp_ports_set_metrics (camera->ports, camera->refused, camera->overrun);
  return TRUE;
}

static void
camera_clear (Camera *camera)
{
  for (guint i = 0; i < POTOO_UDP_N_PORTS; i++)
    g_clear_object (&camera->sockets[i]);
  g_clear_object (&camera->address);
  g_clear_pointer (&camera->ports, potoo_udp_ports_free);
  g_clear_pointer (&camera->refused, potoo_metric_unref);
  g_clear_pointer (&camera->overrun, potoo_metric_unref);
  g_string_free (camera->found, TRUE);
}

/* From @socket to our port. */
static void
send_from (Camera *camera, GSocket *socket, PotooUdpPort port, const char *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress)
      to = g_inet_socket_address_new (g_inet_socket_address_get_address (camera->address),
                                      (guint16) (potoo_udp_ports_get_port (camera->ports) + port));

  g_socket_send_to (socket, to, data, length, NULL, &error);
  g_assert_no_error (error);
}

static void
take (const guint8 *data, gsize length, gpointer user_data)
{
  g_string_append_len (user_data, (const char *) data, (gssize) length);
}

static void
expect (Camera *camera, PotooUdpPort port, const char *expected, gint64 n_refused)
{
  g_string_truncate (camera->found, 0);
  while (potoo_udp_ports_receive (camera->ports, port, take, camera->found))
    ;
  g_assert_cmpstr (camera->found->str, ==, expected);
  g_assert_cmpint (potoo_metric_get (camera->refused), ==, n_refused);
}

static void
test_pairs (void)
{
  g_autoptr (GSocketAddress) camera = g_inet_socket_address_new_from_string ("127.0.0.1", 554);
  PotooUdpPorts *ports[64];

  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_autoptr (GError) error = NULL;
      ports[i] = potoo_udp_ports_new (G_INET_SOCKET_ADDRESS (camera), &error);
      g_assert_no_error (error);
      g_assert_cmpuint (potoo_udp_ports_get_port (ports[i]) % 2, ==, 0);
      for (guint port = 0; port < POTOO_UDP_N_PORTS; port++)
        g_assert_cmpuint (get_port (potoo_udp_ports_get_socket (ports[i], port)), ==,
                          potoo_udp_ports_get_port (ports[i]) + port);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    potoo_udp_ports_free (ports[i]);
}

static void
test_told (gconstpointer host)
{
  Camera camera;
  PotooRtspTransport transport = { .udp = TRUE };
  char data[16];

  if (camera_init (&camera, host))
    {
      g_autoptr (GSocket) other = open_socket (host);
      for (guint i = 0; i < POTOO_UDP_N_PORTS; i++)
        transport.camera_ports[i] = get_port (camera.sockets[i]);
      potoo_udp_ports_set_camera (camera.ports, &transport);
      /* What opens firewalls. */
      g_assert_cmpint (g_socket_receive (camera.sockets[0], data, sizeof data, NULL, NULL), ==, 12);
      g_assert_cmpint (g_socket_receive (camera.sockets[1], data, sizeof data, NULL, NULL), ==, 8);

      send_from (&camera, other, POTOO_UDP_RTP, "foreign", 7);
      send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "a", 1);
      send_from (&camera, camera.sockets[1], POTOO_UDP_RTP, "of rtcp", 7);
      send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "b", 1);
      send_from (&camera, camera.sockets[1], POTOO_UDP_RTCP, "c", 1);
      expect (&camera, POTOO_UDP_RTP, "ab", 2);
      expect (&camera, POTOO_UDP_RTCP, "c", 2);
      potoo_udp_ports_send (camera.ports, POTOO_UDP_RTCP, (const guint8 *) "report", 6);
      g_assert_cmpint (g_socket_receive (camera.sockets[1], data, sizeof data, NULL, NULL), ==, 6);
    }
  else
    g_test_skip ("no such address");
  camera_clear (&camera);
}

/* Who sends first has the port. */
static void
test_not_told (void)
{
  Camera camera;
  const PotooRtspTransport transport = { .udp = TRUE };
  char data[16];

  g_assert_true (camera_init (&camera, "127.0.0.1"));
  potoo_udp_ports_set_camera (camera.ports, &transport);
  potoo_udp_ports_send (camera.ports, POTOO_UDP_RTCP, (const guint8 *) "nowhere", 7);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "a", 1);
  send_from (&camera, camera.sockets[1], POTOO_UDP_RTP, "b", 1);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "c", 1);
  expect (&camera, POTOO_UDP_RTP, "ac", 1);
  send_from (&camera, camera.sockets[1], POTOO_UDP_RTCP, "d", 1);
  expect (&camera, POTOO_UDP_RTCP, "d", 1);
  potoo_udp_ports_send (camera.ports, POTOO_UDP_RTCP, (const guint8 *) "report", 6);
  g_assert_cmpint (g_socket_receive (camera.sockets[1], data, sizeof data, NULL, NULL), ==, 6);
  camera_clear (&camera);
}

/* Another address than the connection's is taken when the camera said it, and only then. */
static void
test_addresses (void)
{
  Camera camera;
  g_autoptr (GSocket) other = open_socket ("127.0.0.2");
  g_auto (PotooRtspTransport) transport = { .udp = TRUE };

  g_assert_true (camera_init (&camera, "127.0.0.1"));
  send_from (&camera, other, POTOO_UDP_RTP, "a", 1);
  expect (&camera, POTOO_UDP_RTP, "", 1);
  transport.source = g_inet_address_new_from_string ("127.0.0.2");
  potoo_udp_ports_set_camera (camera.ports, &transport);
  send_from (&camera, other, POTOO_UDP_RTP, "b", 1);
  expect (&camera, POTOO_UDP_RTP, "b", 1);
  camera_clear (&camera);
}

static void
test_too_long (void)
{
  Camera camera;
  g_autofree char *data = g_malloc (60000);

  g_assert_true (camera_init (&camera, "127.0.0.1"));
  memset (data, 'x', 60000);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, data, 60000);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "", 0);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "a", 1);
  expect (&camera, POTOO_UDP_RTP, "a", 1);
  camera_clear (&camera);
}

/* More than the kernel keeps: what it dropped is told by the next that it keeps. */
static void
test_overrun (void)
{
  static char data[8000];
  Camera camera;
  guint n_sent = 2000; /* 16 MB */

  g_assert_true (camera_init (&camera, "127.0.0.1"));
  memset (data, 'x', sizeof data);
  for (guint i = 0; i < n_sent; i++)
    send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, data, sizeof data);
  while (potoo_udp_ports_receive (camera.ports, POTOO_UDP_RTP, take, camera.found))
    ;
  guint n_received = (guint) (camera.found->len / sizeof data);
  g_assert_cmpuint (n_received, <, n_sent);
  send_from (&camera, camera.sockets[0], POTOO_UDP_RTP, "a", 1);
  expect (&camera, POTOO_UDP_RTP, "a", 0);
  g_assert_cmpint (potoo_metric_get (camera.overrun), ==, n_sent - n_received);
  camera_clear (&camera);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/udp-ports/pairs", test_pairs);
  g_test_add_data_func ("/udp-ports/told", "127.0.0.1", test_told);
  g_test_add_data_func ("/udp-ports/told-v6", "::1", test_told);
  g_test_add_func ("/udp-ports/not-told", test_not_told);
  g_test_add_func ("/udp-ports/addresses", test_addresses);
  g_test_add_func ("/udp-ports/too-long", test_too_long);
  g_test_add_func ("/udp-ports/overrun", test_overrun);
  return g_test_run ();
}
