/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtsp-transport.h"

#include <gst/rtsp/rtsp.h>

char *
potoo_rtsp_transport_to_text (const PotooRtspTransport *transport)
{
  return g_strdup_printf (transport->udp ? "RTP/AVP;unicast;client_port=%u-%u"
                                         : "RTP/AVP/TCP;unicast;interleaved=%u-%u",
                          transport->first, transport->first + 1);
}

static guint16
port_of (int number)
{
  return number > 0 && number <= G_MAXUINT16 ? (guint16) number : 0;
}

static gboolean
take_parsed (PotooRtspTransport *transport, const GstRTSPTransport *answer)
{
  if (!transport->udp)
    {
      if (answer->interleaved.min >= 0 && answer->interleaved.min < G_MAXUINT8)
        transport->first = (guint) answer->interleaved.min;
      return answer->lower_transport == GST_RTSP_LOWER_TRANS_TCP;
    }
  transport->camera_ports[0] = port_of (answer->server_port.min);
  transport->camera_ports[1] = port_of (answer->server_port.max);
  if (answer->source != NULL)
    transport->source = g_inet_address_new_from_string (answer->source);
  return answer->lower_transport == GST_RTSP_LOWER_TRANS_UDP;
}

gboolean
potoo_rtsp_transport_take (PotooRtspTransport *transport, const char *text)
{
  GstRTSPTransport *answer = NULL;

  gst_rtsp_transport_new (&answer);
  gboolean taken = text != NULL && gst_rtsp_transport_parse (text, answer) == GST_RTSP_OK &&
                   take_parsed (transport, answer);
  gst_rtsp_transport_free (answer);
  return taken;
}

void
potoo_rtsp_transport_clear (PotooRtspTransport *transport)
{
  g_clear_object (&transport->source);
}
