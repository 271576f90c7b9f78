/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-udp-ports.h"

#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/potoo-error.h"

/* A burst of a keyframe; of more than net.core.rmem_max the kernel gives that. */
#define RECEIVE_BUFFER_BYTES (2 * 1024 * 1024)
#define MAX_DATAGRAM_BYTES 9216 /* networks with jumbo frames */
#define MAX_BIND_TRIES 64
#define ADDRESS_BYTES sizeof (struct in6_addr)
#define CONTROL_BYTES CMSG_SPACE (sizeof (guint32))

typedef struct
{
  gsize length;
  guint8 bytes[ADDRESS_BYTES];
} Address;

struct _PotooUdpPorts
{
  GSocket *sockets[POTOO_UDP_N_PORTS];
  guint16 port;
  GInetSocketAddress *camera;              /* of its RTSP connection */
  Address addresses[2];                    /* of it, and that it said */
  guint16 camera_ports[POTOO_UDP_N_PORTS]; /* 0: not known */
  guint32 n_overrun[POTOO_UDP_N_PORTS];    /* the kernel's count */
  PotooMetric *refused, *overrun;          /* (nullable) */
  guint8 *space;
};

/* --- addresses --- */

static Address
get_address (GInetAddress *inet)
{
  Address address = { .length = g_inet_address_get_native_size (inet) };

  memcpy (address.bytes, g_inet_address_to_bytes (inet), address.length);
  return address;
}

/* Of where a datagram came from. */
static Address
read_sender (const struct sockaddr_storage *sender, guint16 *port)
{
  Address address = { 0 };

  *port = 0;
  if (sender->ss_family == AF_INET)
    {
      const struct sockaddr_in *in = (const struct sockaddr_in *) sender;
      address.length = sizeof in->sin_addr;
      memcpy (address.bytes, &in->sin_addr, sizeof in->sin_addr);
      *port = g_ntohs (in->sin_port);
    }
  else if (sender->ss_family == AF_INET6)
    {
      const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) sender;
      address.length = sizeof in6->sin6_addr;
      memcpy (address.bytes, &in6->sin6_addr, sizeof in6->sin6_addr);
      *port = g_ntohs (in6->sin6_port);
    }
  return address;
}

static gboolean
is_camera (PotooUdpPorts *ports, PotooUdpPort which, const struct sockaddr_storage *sender)
{
  guint16 port;
  Address address = read_sender (sender, &port);

  if (address.length == 0 || (memcmp (&address, &ports->addresses[0], sizeof address) != 0 &&
                              memcmp (&address, &ports->addresses[1], sizeof address) != 0))
    return FALSE;
  if (ports->camera_ports[which] == 0)
    ports->camera_ports[which] = port;
  return port == ports->camera_ports[which];
}

/* --- sockets --- */

static GSocket *
open_socket (GSocketFamily family, guint16 port, GError **error)
{
  g_autoptr (GSocket)
      socket = g_socket_new (family, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, error);
  g_autoptr (GInetAddress) any = g_inet_address_new_any (family);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, port);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_RXQ_OVFL, TRUE, NULL);
  return g_socket_bind (socket, address, FALSE, error) ? g_steal_pointer (&socket) : NULL;
}

static guint16
get_port_of (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);
  return address != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)) : 0;
}

/* Any free port, and the one with which it is a pair. */
static gboolean
open_pair (PotooUdpPorts *ports, GSocketFamily family, GError **error)
{
  g_autoptr (GSocket) one = open_socket (family, 0, error);
  guint16 port = one != NULL ? get_port_of (one) : 0;

  if (port < 2)
    return FALSE;
  g_autoptr (GSocket) other = open_socket (family, port ^ 1, error);
  if (other == NULL)
    return FALSE;
  gboolean even = port % 2 == 0;
  ports->sockets[POTOO_UDP_RTP] = g_object_ref (even ? one : other);
  ports->sockets[POTOO_UDP_RTCP] = g_object_ref (even ? other : one);
  ports->port = port & ~1;
  return TRUE;
}

PotooUdpPorts *
potoo_udp_ports_new (GInetSocketAddress *camera, GError **error)
{
  g_autoptr (PotooUdpPorts) ports = g_new0 (PotooUdpPorts, 1);
  GSocketFamily family = g_socket_address_get_family (G_SOCKET_ADDRESS (camera));
  g_autoptr (GError) failed = NULL;

  ports->camera = g_object_ref (camera);
  ports->addresses[0] = get_address (g_inet_socket_address_get_address (camera));
  ports->space = g_malloc (POTOO_UDP_BATCH * MAX_DATAGRAM_BYTES);
  for (guint i = 0; i < MAX_BIND_TRIES; i++)
    {
      g_clear_error (&failed);
      if (open_pair (ports, family, &failed))
        return g_steal_pointer (&ports);
    }
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE,
               _ ("There are no two UDP ports for the camera: %s"),
               failed != NULL ? failed->message : "?");
  return NULL;
}

void
potoo_udp_ports_free (PotooUdpPorts *ports)
{
  for (guint i = 0; i < POTOO_UDP_N_PORTS; i++)
    g_clear_object (&ports->sockets[i]);
  g_clear_pointer (&ports->refused, potoo_metric_unref);
  g_clear_pointer (&ports->overrun, potoo_metric_unref);
  g_object_unref (ports->camera);
  g_free (ports->space);
  g_free (ports);
}

void
potoo_udp_ports_set_metrics (PotooUdpPorts *ports, PotooMetric *refused, PotooMetric *overrun)
{
  ports->refused = potoo_metric_ref (refused);
  ports->overrun = potoo_metric_ref (overrun);
}

guint16
potoo_udp_ports_get_port (PotooUdpPorts *ports)
{
  return ports->port;
}

GSocket *
potoo_udp_ports_get_socket (PotooUdpPorts *ports, PotooUdpPort port)
{
  return ports->sockets[port];
}

/* --- what goes out --- */

void
potoo_udp_ports_send (PotooUdpPorts *ports, PotooUdpPort port, const guint8 *data, gsize length)
{
  if (ports->camera_ports[port] == 0)
    return;
  GInetAddress *address = g_inet_socket_address_get_address (ports->camera);
  gboolean v6 = g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6;
  guint scope = v6 ? g_inet_socket_address_get_scope_id (ports->camera) : 0;
  g_autoptr (GSocketAddress)
      to = g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", address, "port",
                         ports->camera_ports[port], "scope-id", scope, NULL);
  /* What is lost of it is made up for by the next. */
  g_socket_send_to (ports->sockets[port], to, (const char *) data, length, NULL, NULL);
}

void
potoo_udp_ports_set_camera (PotooUdpPorts *ports, const PotooRtspTransport *transport)
{
  /* RTP without payload, and an empty receiver report. */
  static const guint8 rtp[] = { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 rtcp[] = { 0x80, 201, 0, 1, 0, 0, 0, 0 };

  if (transport->source != NULL)
    ports->addresses[1] = get_address (transport->source);
  memcpy (ports->camera_ports, transport->camera_ports, sizeof ports->camera_ports);
  potoo_udp_ports_send (ports, POTOO_UDP_RTP, rtp, sizeof rtp);
  potoo_udp_ports_send (ports, POTOO_UDP_RTCP, rtcp, sizeof rtcp);
}

/* --- what comes in --- */

static void
count (PotooMetric *metric, gint64 n)
{
  if (metric != NULL)
    potoo_metric_add (metric, n);
}

/* SO_RXQ_OVFL: how many the kernel has dropped up to this one. */
static void
note_overrun (PotooUdpPorts *ports, PotooUdpPort port, struct msghdr *header)
{
  guint32 n;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL)
      {
        memcpy (&n, CMSG_DATA (c), sizeof n);
        count (ports->overrun, n - ports->n_overrun[port]);
        ports->n_overrun[port] = n;
      }
}

/* Where recvmmsg() puts what has come. */
typedef struct
{
  struct mmsghdr messages[POTOO_UDP_BATCH];
  struct iovec spaces[POTOO_UDP_BATCH];
  struct sockaddr_storage senders[POTOO_UDP_BATCH];
  _Alignas(struct cmsghdr) guint8 controls[POTOO_UDP_BATCH][CONTROL_BYTES];
} Batch;

static void
batch_init (Batch *batch, guint8 *space)
{
  for (guint i = 0; i < POTOO_UDP_BATCH; i++)
    {
      batch->spaces[i] = (struct iovec){ space + i * MAX_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES };
      batch->messages[i] = (struct mmsghdr){
        .msg_hdr.msg_name = &batch->senders[i],
        .msg_hdr.msg_namelen = sizeof batch->senders[i],
        .msg_hdr.msg_iov = &batch->spaces[i],
        .msg_hdr.msg_iovlen = 1,
        .msg_hdr.msg_control = batch->controls[i],
        .msg_hdr.msg_controllen = CONTROL_BYTES,
      };
    }
}

gboolean
potoo_udp_ports_receive (PotooUdpPorts *ports,
                         PotooUdpPort port,
                         PotooDatagramFunc func,
                         gpointer user_data)
{
  Batch batch;

  batch_init (&batch, ports->space);
  int n = recvmmsg (g_socket_get_fd (ports->sockets[port]), batch.messages, POTOO_UDP_BATCH,
                    MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++)
    {
      struct mmsghdr *message = &batch.messages[i];
      note_overrun (ports, port, &message->msg_hdr);
      if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0 ||
          !is_camera (ports, port, &batch.senders[i]))
        count (ports->refused, 1);
      else
        func (batch.spaces[i].iov_base, message->msg_len, user_data);
    }
  return n == POTOO_UDP_BATCH;
}
