/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-rtsp-transport.h"

static void
test_text (void)
{
  const PotooRtspTransport tcp = { .first = 2 }, udp = { .udp = TRUE, .first = 5000 };
  g_autofree char *of_tcp = potoo_rtsp_transport_to_text (&tcp);
  g_autofree char *of_udp = potoo_rtsp_transport_to_text (&udp);

  g_assert_cmpstr (of_tcp, ==, "RTP/AVP/TCP;unicast;interleaved=2-3");
  g_assert_cmpstr (of_udp, ==, "RTP/AVP;unicast;client_port=5000-5001");
}

static void
test_tcp (void)
{
  static const struct
  {
    const char *text;
    gboolean taken;
    guint first;
  } cases[] = {
    { "RTP/AVP/TCP;unicast;interleaved=2-3", TRUE, 2 },
    { "RTP/AVP/TCP;interleaved=6-7;ssrc=1", TRUE, 6 },
    { "RTP/AVP/TCP;unicast", TRUE, 2 },
    { "RTP/AVP/TCP;unicast;interleaved=255-256", FALSE, 2 },
    { "RTP/AVP;unicast;client_port=2-3;server_port=5000-5001", FALSE, 2 },
    { "nonsense", FALSE, 2 },
    { "", FALSE, 2 },
    { NULL, FALSE, 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (PotooRtspTransport) transport = { .first = 2 };
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (potoo_rtsp_transport_take (&transport, cases[i].text), ==, cases[i].taken);
      g_assert_cmpuint (transport.first, ==, cases[i].first);
    }
}

static void
test_udp (void)
{
  static const struct
  {
    const char *text;
    gboolean taken;
    guint16 rtp, rtcp;
    const char *source;
  } cases[] = {
    { "RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=1A;mode=\"PLAY\"", TRUE,
      6970, 6971, NULL },
    { "RTP/AVP/UDP;unicast;server_port=6970-6971;source=192.0.2.1", TRUE, 6970, 6971, "192.0.2.1" },
    { "RTP/AVP;unicast;destination=192.0.2.9;server_port=6970-6971", TRUE, 6970, 6971, NULL },
    { "RTP/AVP;unicast;source=2001:db8::1;server_port=1-65535", TRUE, 1, 65535, "2001:db8::1" },
    { "RTP/AVP;unicast;client_port=1-2", TRUE, 0, 0, NULL },
    { "RTP/AVP;unicast;server_port=0-0", TRUE, 0, 0, NULL },
    { "RTP/AVP;unicast;server_port=6970", TRUE, 6970, 0, NULL },
    { "RTP/AVP;unicast;server_port=6970-6971;source=camera.example", TRUE, 6970, 6971, NULL },
    { "RTP/AVP;unicast;server_port=6970-6971;source=", TRUE, 6970, 6971, NULL },
    { "RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001", FALSE, 0, 0, NULL },
    { "RTP/AVP/TCP;unicast;interleaved=0-1", FALSE, 0, 0, NULL },
    { "RTP/AVP;unicast;unicast", FALSE, 0, 0, NULL },
    { ";;;;=", FALSE, 0, 0, NULL },
    { NULL, FALSE, 0, 0, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (PotooRtspTransport) transport = { .udp = TRUE, .first = 5000 };
      g_autofree char *source = NULL;
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (potoo_rtsp_transport_take (&transport, cases[i].text), ==, cases[i].taken);
      g_assert_cmpuint (transport.first, ==, 5000);
      if (!cases[i].taken)
        continue;
      g_assert_cmpuint (transport.camera_ports[0], ==, cases[i].rtp);
      g_assert_cmpuint (transport.camera_ports[1], ==, cases[i].rtcp);
      if (transport.source != NULL)
        source = g_inet_address_to_string (transport.source);
      g_assert_cmpstr (source, ==, cases[i].source);
    }
}

/* Numbers out of range, and a field as long as the fields of an answer may be. */
static void
test_hostile (void)
{
  static const char *const ports[] = {
    "-1--1", "65536-70000", "99999999999-1", "1-99999999999", "x-y", "-", "", "6970-6971-6972"
  };
  g_autoptr (GString) text = g_string_new ("RTP/AVP;unicast");

  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_auto (PotooRtspTransport) transport = { .udp = TRUE };
      g_autofree char *field = g_strdup_printf ("RTP/AVP;unicast;server_port=%s", ports[i]);
      potoo_rtsp_transport_take (&transport, field);
    }
  for (guint i = 0; i < 2000; i++)
    g_string_append (text, ";server_port=6970-6971;source=192.0.2.1");
  g_auto (PotooRtspTransport) transport = { .udp = TRUE };
  potoo_rtsp_transport_take (&transport, text->str);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtsp-transport/text", test_text);
  g_test_add_func ("/rtsp-transport/tcp", test_tcp);
  g_test_add_func ("/rtsp-transport/udp", test_udp);
  g_test_add_func ("/rtsp-transport/hostile", test_hostile);
  return g_test_run ();
}
