/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <gst/gst.h>

#include "base/potoo-error.h"
#include "media/potoo-track-format.h"

static const struct
{
  const char *media, *name;
  gboolean found, encoded;
} names[] = {
  { "video", "H264", TRUE, FALSE },  { "video", "h265", TRUE, FALSE },
  { "video", "JPEG", TRUE, TRUE },   { "video", "VP8", FALSE, FALSE },
  { "audio", "JPEG", FALSE, FALSE }, { "audio", "opus", TRUE, FALSE },
  { "audio", "PCMU", TRUE, TRUE },   { "audio", "G726-32", TRUE, TRUE },
  { "audio", "AMR", FALSE, FALSE },  { "application", "H264", FALSE, FALSE },
  { NULL, "H264", FALSE, FALSE },    { "video", NULL, FALSE, FALSE },
};

static void
test_find (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const PotooTrackFormat *format = potoo_track_format_find (names[i].media, names[i].name);
      g_assert_cmpint (format != NULL, ==, names[i].found);
      g_assert_cmpint (format != NULL && format->encoded, ==, names[i].encoded);
    }
}

/* What a camera may say of its sound, and what it may not. */
static const struct
{
  const char *name, *fields;
  gboolean ok;
} sounds[] = {
  { "PCMU", "clock-rate=8000", TRUE },
  { "PCMA", "clock-rate=16000", TRUE },
  { "PCMU", "clock-rate=7999", FALSE },
  { "PCMU", "clock-rate=4000000", FALSE },
  { "PCMU", "clock-rate=0", FALSE },
  { "PCMU", "clock-rate=-8000", FALSE },
  { "PCMU", "x=(int)1", FALSE },
  { "L16", "clock-rate=44100,encoding-params=(string)2", TRUE },
  { "L16", "clock-rate=44100,encoding-params=(string)200", FALSE },
  { "L16", "clock-rate=44100,encoding-params=(string)0", FALSE },
  { "L16", "clock-rate=44100,encoding-params=(string)-1", FALSE },
  { "L16", "clock-rate=44100,encoding-params=(string)99999999999999999999", FALSE },
  { "L16", "clock-rate=44100,channels=3", FALSE },
  { "MPA", "clock-rate=90000", TRUE },
  { "OPUS", "clock-rate=48000,encoding-params=(string)2", TRUE },
};

static void
test_check (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sounds); i++)
    {
      g_autofree char *text = g_strdup_printf ("application/x-rtp,%s", sounds[i].fields);
      g_autoptr (GstCaps) caps = gst_caps_from_string (text);
      g_autoptr (GError) error = NULL;
      gboolean ok = potoo_track_format_check (potoo_track_format_find ("audio", sounds[i].name),
                                              caps, &error);
      g_test_message ("%s %s", sounds[i].name, sounds[i].fields);
      g_assert_cmpint (ok, ==, sounds[i].ok);
      if (!ok)
        g_assert_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED);
    }
}

static void
test_static_payload_types (void)
{
  static const struct
  {
    int payload_type;
    const char *name;
    int rate;
  } types[] = {
    { 0, "PCMU", 8000 }, { 8, "PCMA", 8000 }, { 14, "MPA", 90000 }, { 26, "JPEG", 90000 }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtp");
      int rate = 0;
      potoo_track_complete_caps (caps, types[i].payload_type);
      const GstStructure *s = gst_caps_get_structure (caps, 0);
      gst_structure_get_int (s, "clock-rate", &rate);
      g_assert_cmpstr (gst_structure_get_string (s, "encoding-name"), ==, types[i].name);
      g_assert_cmpint (rate, ==, types[i].rate);
    }
}

static void
test_other_payload_types (void)
{
  static const int none[] = { -1, 96, 127, 128, 300, G_MAXINT, G_MININT };
  g_autoptr (GstCaps) told = gst_caps_from_string ("application/x-rtp,encoding-name=L16");

  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("application/x-rtp");
      potoo_track_complete_caps (caps, none[i]);
      g_assert_false (gst_structure_has_field (gst_caps_get_structure (caps, 0), "encoding-name"));
    }
  potoo_track_complete_caps (told, 0);
  g_assert_cmpstr (gst_structure_get_string (gst_caps_get_structure (told, 0), "encoding-name"), ==,
                   "L16");
}

int
main (int argc, char **argv)
{
  gst_init (NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/track-format/find", test_find);
  g_test_add_func ("/track-format/check", test_check);
  g_test_add_func ("/track-format/static-payload-types", test_static_payload_types);
  g_test_add_func ("/track-format/other-payload-types", test_other_payload_types);
  return g_test_run ();
}
