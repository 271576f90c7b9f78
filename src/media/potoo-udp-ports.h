/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/potoo-metrics.h"
#include "media/potoo-rtsp-transport.h"

G_BEGIN_DECLS

/**
 * PotooUdpPorts:
 *
 * Where one track of a camera comes to over UDP: two sockets, for RTP on an even port and for
 * RTCP on the next one (RFC 3550, 11), on all addresses of this machine. What is taken is
 * what the camera sends, from the address of its RTSP connection or the one it said, and from the
 * port that it said, or sent from first. All else is dropped and counted. New → set_camera →
 * receive … → free; one thread.
 */
typedef struct _PotooUdpPorts PotooUdpPorts;

typedef enum
{
  POTOO_UDP_RTP,
  POTOO_UDP_RTCP,
  POTOO_UDP_N_PORTS,
} PotooUdpPort;

/* As many datagrams are received at once. */
#define POTOO_UDP_BATCH 16

/* @camera: the other end of the RTSP connection */
PotooUdpPorts *potoo_udp_ports_new (GInetSocketAddress *camera, GError **error);
void potoo_udp_ports_free (PotooUdpPorts *ports);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooUdpPorts, potoo_udp_ports_free)

/* Counts, from now on: datagrams that are not the camera's, or too long; and those that found the
 * kernel's buffer full. */
void potoo_udp_ports_set_metrics (PotooUdpPorts *ports, PotooMetric *refused, PotooMetric *overrun);

/* Ours for RTP; RTCP has the next one. */
guint16 potoo_udp_ports_get_port (PotooUdpPorts *ports);

/* To be waited on. (transfer none) */
GSocket *potoo_udp_ports_get_socket (PotooUdpPorts *ports, PotooUdpPort port);

/* What the camera said of itself; then firewalls on the way are shown that its packets are
 * wanted: they open for what answers what went out. */
void potoo_udp_ports_set_camera (PotooUdpPorts *ports, const PotooRtspTransport *transport);

typedef void (*PotooDatagramFunc) (const guint8 *data, gsize length, gpointer user_data);

/* Hands what has come to @func, without waiting. TRUE when more may be there. */
gboolean potoo_udp_ports_receive (PotooUdpPorts *ports,
                                  PotooUdpPort port,
                                  PotooDatagramFunc func,
                                  gpointer user_data);

/* To the camera's port; nothing as long as that is not known. */
void
potoo_udp_ports_send (PotooUdpPorts *ports, PotooUdpPort port, const guint8 *data, gsize length);

G_END_DECLS
