/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-media.h"

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"

typedef struct
{
  const char *element, *package;
} ElementPackage;

static const ElementPackage needed[] = {
  { "rtpbin", "gstreamer1.0-plugins-good" },       { "udpsrc", "gstreamer1.0-plugins-good" },
  { "rtph264depay", "gstreamer1.0-plugins-good" }, { "rtph265depay", "gstreamer1.0-plugins-good" },
  { "aacparse", "gstreamer1.0-plugins-good" },     { "h264parse", "gstreamer1.0-plugins-bad" },
  { "h265parse", "gstreamer1.0-plugins-bad" },     { "opusparse", "gstreamer1.0-plugins-bad" },
  { "appsink", "gstreamer1.0-plugins-base" },
};

/* What else is used, where it is asked for. */
static const ElementPackage optional[] = {
  { "appsrc", "gstreamer1.0-plugins-base" },
  { "videoconvert", "gstreamer1.0-plugins-base" },
  { "videoscale", "gstreamer1.0-plugins-base" },
  { "audioconvert", "gstreamer1.0-plugins-base" },
  { "audioresample", "gstreamer1.0-plugins-base" },
  { "opusenc", "gstreamer1.0-plugins-base" },
  { "jpegenc", "gstreamer1.0-plugins-good" },
  { "jpegdec", "gstreamer1.0-plugins-good" },
  { "mulawdec", "gstreamer1.0-plugins-good" },
  { "alawdec", "gstreamer1.0-plugins-good" },
  { "mpegaudioparse", "gstreamer1.0-plugins-good" },
  { "mpg123audiodec", "gstreamer1.0-plugins-good" },
  { "rtpmp4gdepay", "gstreamer1.0-plugins-good" },
  { "rtpmp4adepay", "gstreamer1.0-plugins-good" },
  { "rtpopusdepay", "gstreamer1.0-plugins-good" },
  { "rtppcmudepay", "gstreamer1.0-plugins-good" },
  { "rtppcmadepay", "gstreamer1.0-plugins-good" },
  { "rtpL16depay", "gstreamer1.0-plugins-good" },
  { "rtpmpadepay", "gstreamer1.0-plugins-good" },
  { "rtpg722depay", "gstreamer1.0-plugins-good" },
  { "rtpg726depay", "gstreamer1.0-plugins-good" },
  { "rtpjpegdepay", "gstreamer1.0-plugins-good" },
  { "voaacenc", "gstreamer1.0-plugins-bad" },
  { "openh264enc", "gstreamer1.0-plugins-bad" },
  { "avdec_g722", "gstreamer1.0-libav" },
  { "avdec_g726", "gstreamer1.0-libav" },
  { "hlssink2", "gstreamer1.0-plugins-bad" },
  { "h264timestamper", "gstreamer1.0-plugins-bad" },
  { "h265timestamper", "gstreamer1.0-plugins-bad" },
  { "avdec_h264", "gstreamer1.0-libav" },
  { "avdec_h265", "gstreamer1.0-libav" },
};

static void
set_missing_error (GError **error, const char *element, const char *package)
{
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
               _ ("GStreamer's element %s is missing: install the package %s"), element, package);
}

gboolean
potoo_media_init (GError **error)
{
  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autoptr (GstElementFactory) factory = gst_element_factory_find (needed[i].element);
      if (factory != NULL)
        continue;
      set_missing_error (error, needed[i].element, needed[i].package);
      return FALSE;
    }
  return TRUE;
}

static const char *
find_package (const char *element)
{
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (g_str_equal (needed[i].element, element))
      return needed[i].package;
  for (gsize i = 0; i < G_N_ELEMENTS (optional); i++)
    if (g_str_equal (optional[i].element, element))
      return optional[i].package;
  g_return_val_if_reached ("gstreamer1.0-plugins-bad");
}

GstElement *
potoo_media_add_element (GstBin *bin, const char *name, GError **error)
{
  g_return_val_if_fail (GST_IS_BIN (bin) && name != NULL, NULL);

  GstElement *element = gst_element_factory_make (name, NULL);
  if (element == NULL)
    set_missing_error (error, name, find_package (name));
  else
    gst_bin_add (bin, element);
  return element;
}
