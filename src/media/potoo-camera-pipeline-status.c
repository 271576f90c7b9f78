/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a connection is like while it lasts: its tracks and how they come along. */

#include "media/potoo-camera-pipeline-private.h"

#include <glib/gi18n-lib.h>
#include <gst/pbutils/pbutils.h>

#include "base/potoo-clock.h"

static PotooCameraTrack *
find_track_locked (PotooCameraPipeline *self, guint index)
{
  for (guint i = 0; i < self->tracks->len; i++)
    if (potoo_camera_track_get_index (self->tracks->pdata[i]) == index)
      return self->tracks->pdata[i];
  return NULL;
}

void
potoo_camera_pipeline_request_keyframe (PotooCameraPipeline *self)
{
  g_mutex_lock (&self->lock);
  PotooCameraTrack *video = find_track_locked (self, 0);
  g_mutex_unlock (&self->lock);
  if (video != NULL)
    potoo_camera_track_request_keyframe (video);
}

void
potoo_camera_pipeline_get_progress (PotooCameraPipeline *self, PotooPipelineProgress *progress)
{
  *progress = (PotooPipelineProgress){ 0 };
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len; i++)
    {
      PotooTrackProgress p;
      potoo_camera_track_get_progress (self->tracks->pdata[i], &p);
      progress->bytes += p.bytes;
      if (potoo_camera_track_get_index (self->tracks->pdata[i]) != 0)
        continue;
      progress->last_access_unit_us = p.last_access_unit_us;
      progress->last_keyframe_us = p.last_keyframe_us;
      progress->bytes_since_keyframe = p.bytes_since_keyframe;
      progress->access_units = p.access_units;
      progress->interval_us = p.interval_us;
      progress->packets = p.packets;
    }
  if (self->clocks[POTOO_TRACK_VIDEO] != NULL)
    potoo_rtp_clock_get_sender (self->clocks[POTOO_TRACK_VIDEO], &progress->sender);
  g_mutex_unlock (&self->lock);
}

static GstCaps *
get_track_caps (PotooCameraPipeline *self, guint index)
{
  g_mutex_lock (&self->lock);
  PotooCameraTrack *track = find_track_locked (self, index);
  GstCaps *caps = track != NULL ? potoo_camera_track_get_caps (track) : NULL;
  g_mutex_unlock (&self->lock);
  return caps;
}

void
potoo_camera_pipeline_get_video (PotooCameraPipeline *self,
                                 char **codec,
                                 guint *width,
                                 guint *height)
{
  g_autoptr (GstCaps) caps = get_track_caps (self, 0);
  int w = 0, h = 0;

  *codec = NULL;
  if (caps != NULL)
    {
      const GstStructure *s = gst_caps_get_structure (caps, 0);
      gst_structure_get_int (s, "width", &w);
      gst_structure_get_int (s, "height", &h);
      *codec = gst_codec_utils_caps_get_mime_codec (caps);
    }
  *width = (guint) w;
  *height = (guint) h;
}

char *
potoo_camera_pipeline_get_audio (PotooCameraPipeline *self)
{
  g_autoptr (GstCaps) caps = get_track_caps (self, 1);
  return caps != NULL ? gst_codec_utils_caps_get_mime_codec (caps) : NULL;
}

static gboolean
has_sound (PotooCameraPipeline *self)
{
  PotooCameraTrack *audio = find_track_locked (self, 1);
  PotooTrackProgress progress = { 0 };

  if (audio != NULL)
    potoo_camera_track_get_progress (audio, &progress);
  return progress.access_units > 0 && !self->sound_failed;
}

/* Of all tracks. (transfer full) (nullable) */
static char *
describe_loss (PotooCameraPipeline *self)
{
  const char *remedy = self->udp ? _ ("Check the network, or set the camera's transport to tcp.")
                                 : _ ("Over TCP none are lost on the way: the camera may be "
                                      "overloaded; lower its bit rate.");
  gint64 packets = 0, lost = 0;
  guint percent;

  for (guint i = 0; i < self->tracks->len; i++)
    {
      PotooTrackProgress p;
      potoo_camera_track_get_progress (self->tracks->pdata[i], &p);
      packets += p.packets;
      lost += p.lost;
    }
  if (!potoo_loss_window_add (&self->loss, packets, lost, &percent))
    return NULL;
  if (percent == 0)
    return g_strdup_printf (
        _ ("Some of the camera's packets do not arrive, and pictures are damaged. %s"), remedy);
  return g_strdup_printf (
      _ ("More than %u %% of the camera's packets do not arrive, and pictures are damaged. %s"),
      percent, remedy);
}

char *
potoo_camera_pipeline_look (PotooCameraPipeline *self)
{
  gint64 now_us = potoo_clock_mono_us ();

  g_return_val_if_fail (POTOO_IS_CAMERA_PIPELINE (self), NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len; i++)
    potoo_camera_track_look (self->tracks->pdata[i], now_us);
  char *reason = describe_loss (self);
  if (reason == NULL && !has_sound (self))
    reason = g_strdup (self->no_sound);
  g_mutex_unlock (&self->lock);
  return reason;
}
