/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "media/potoo-media.h"

#include <glib/gi18n-lib.h>
#include <gst/gst.h>

#include "base/potoo-error.h"

typedef struct
{
  const char *element, *package;
} NeededElement;

static const NeededElement needed[] = {
  { "rtspsrc", "gstreamer1.0-plugins-good" },      { "rtpbin", "gstreamer1.0-plugins-good" },
  { "udpsrc", "gstreamer1.0-plugins-good" },       { "rtph264depay", "gstreamer1.0-plugins-good" },
  { "rtph265depay", "gstreamer1.0-plugins-good" }, { "aacparse", "gstreamer1.0-plugins-good" },
  { "h264parse", "gstreamer1.0-plugins-bad" },     { "h265parse", "gstreamer1.0-plugins-bad" },
  { "opusparse", "gstreamer1.0-plugins-bad" },     { "appsink", "gstreamer1.0-plugins-base" },
};

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
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_UNSUPPORTED,
                   _ ("GStreamer's element %s is missing: install the package %s"),
                   needed[i].element, needed[i].package);
      return FALSE;
    }
  return TRUE;
}
