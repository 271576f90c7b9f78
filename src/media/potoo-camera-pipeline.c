/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One connection. The pipeline runs on the system clock with base time 0, so that
 * running time is CLOCK_MONOTONIC and one time line spans all connections. The source's
 * pads become tracks in its streaming thread; what ends the connection comes as
 * a bus message to the main thread and leaves as `ended`, once.
 *
 * With transport `auto`, TCP is tried first, and UDP when the camera refuses TCP (RTSP 461), within
 * the same object.
 */

#include "media/potoo-camera-pipeline-private.h"

#include <glib/gi18n-lib.h>
#include <gst/rtsp/rtsp.h>
#include <gst/sdp/sdp.h>
#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-log.h"
#include "media/potoo-rtsp-failure.h"
#include "media/potoo-rtsp-source.h"

G_DEFINE_FINAL_TYPE (PotooCameraPipeline, potoo_camera_pipeline, G_TYPE_OBJECT)

enum
{
  PLAYING,
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void connect_source (PotooCameraPipeline *self, gboolean udp);

static const char *
get_id (PotooCameraPipeline *self)
{
  return potoo_camera_settings_get_id (self->settings);
}

static void
end (PotooCameraPipeline *self, PotooError code, const char *message)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  g_autofree char *masked = potoo_mask_secrets (message);
  g_autoptr (GError) error = g_error_new_literal (POTOO_ERROR, (int) code, masked);
  g_signal_emit (self, signals[ENDED], 0, error);
}

/* --- what the camera offers (the source's thread) --- */

static const char *
get_encoding_name (const GstCaps *caps)
{
  return caps != NULL && gst_caps_get_size (caps) > 0
             ? gst_structure_get_string (gst_caps_get_structure (caps, 0), "encoding-name")
             : NULL;
}

static const char *
get_media_name (const GstCaps *caps)
{
  return gst_structure_get_string (gst_caps_get_structure (caps, 0), "media");
}

static void
on_sdp (GstElement *source, GstSDPMessage *sdp, gpointer user_data)
{
  PotooCameraPipeline *self = user_data;
  gboolean encode = potoo_camera_settings_get_transcode_video (self->settings);
  g_autofree char *reason = potoo_rtsp_describe_unusable_offer (sdp, encode);

  self->encodes_video = encode && !potoo_rtsp_offers_video (sdp, FALSE);
  if (reason != NULL)
    potoo_post_reason (source, POTOO_MESSAGE_UNUSABLE, reason);
}

/* FALSE when there is a track of this kind already. */
static gboolean
select_track (PotooCameraPipeline *self, PotooTrackKind kind, guint session, const GstCaps *caps)
{
  int rate = 0;

  gst_structure_get_int (gst_caps_get_structure (caps, 0), "clock-rate", &rate);
  g_mutex_lock (&self->lock);
  gboolean wanted = !self->selected[kind] && rate > 0;
  if (wanted)
    {
      self->selected[kind] = TRUE;
      self->sessions[kind] = session;
      potoo_rtp_clock_set_rate (self->clocks[kind], (guint) rate);
    }
  g_mutex_unlock (&self->lock);
  return wanted;
}

/* Why sound of @caps, of @format (nullable), is not taken. (transfer full) (nullable) */
static char *
describe_unusable_sound (const PotooTrackFormat *format, const GstCaps *caps)
{
  const char *name = get_encoding_name (caps);
  g_autoptr (GError) error = NULL;

  if (format == NULL)
    return g_strdup_printf (_ ("The sound is left out: %.32s is not supported"),
                            name != NULL ? name : _ ("unknown"));
  return potoo_track_format_check (format, caps, &error) ? NULL : g_strdup (error->message);
}

static gboolean
on_select_stream (GstElement *source, guint number, GstCaps *caps, gpointer user_data)
{
  PotooCameraPipeline *self = user_data;
  const PotooTrackFormat *format = potoo_track_format_find (get_media_name (caps),
                                                            get_encoding_name (caps));

  if (number >= POTOO_MAX_SDP_MEDIA)
    return FALSE;
  if (g_strcmp0 (get_media_name (caps), "audio") == 0)
    {
      if (!potoo_camera_settings_get_audio (self->settings))
        return FALSE;
      g_autofree char *reason = describe_unusable_sound (format, caps);
      if (reason != NULL)
        potoo_post_reason (source, POTOO_MESSAGE_NO_SOUND, reason);
      if (reason != NULL)
        return FALSE;
    }
  if (format == NULL ||
      (format->kind == POTOO_TRACK_VIDEO && format->encoded && !self->encodes_video))
    return FALSE;
  return select_track (self, format->kind, number, caps);
}

/* Asked only about certificates that did not pass. */
static gboolean
on_accept_certificate (GstElement *source,
                       GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags flaws,
                       gpointer user_data)
{
  PotooCameraPipeline *self = user_data;
  g_atomic_int_set (&self->untrusted, TRUE);
  return FALSE;
}

static void
post_unusable_track (GstElement *source, PotooTrackKind kind, const char *reason)
{
  g_autofree char *no_sound = g_strdup_printf (_ ("The sound is left out: %s"), reason);

  if (kind == POTOO_TRACK_VIDEO)
    potoo_post_reason (source, POTOO_MESSAGE_UNUSABLE, reason);
  else
    potoo_post_reason (source, POTOO_MESSAGE_NO_SOUND, no_sound);
}

static void
on_pad_added (GstElement *source, GstPad *pad, gpointer user_data)
{
  PotooCameraPipeline *self = user_data;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_autoptr (GError) error = NULL;

  if (caps == NULL)
    caps = gst_pad_query_caps (pad, NULL);
  if (caps == NULL || gst_caps_get_size (caps) == 0 || gst_caps_is_any (caps))
    return;
  const PotooTrackFormat *format = potoo_track_format_find (get_media_name (caps),
                                                            get_encoding_name (caps));
  if (format == NULL)
    return;

  PotooTrackKind kind = format->kind;
  PotooCameraTrack *track = potoo_camera_track_new (
      format, kind == POTOO_TRACK_VIDEO ? 0 : 1, GST_BIN (self->pipeline), pad, self->hub,
      self->fragmenter, self->clocks[kind], self->settings, &error);
  if (track == NULL)
    {
      post_unusable_track (source, kind, error->message);
      return;
    }
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->tracks, track);
  g_mutex_unlock (&self->lock);
}

/* --- what ends a connection, or its sound (main thread) --- */

/* @failed: of the track that was taken; else it is one of several that the camera offers. */
static void
note_no_sound (PotooCameraPipeline *self, const char *reason, gboolean failed)
{
  g_mutex_lock (&self->lock);
  if (failed || !self->sound_failed)
    {
      g_free (self->no_sound);
      self->no_sound = potoo_mask_secrets (reason);
    }
  self->sound_failed |= failed;
  g_mutex_unlock (&self->lock);
}

/* An element of the sound's track has failed: video goes on without. */
static gboolean
take_sound_error (PotooCameraPipeline *self, GstMessage *message, const GError *error)
{
  gboolean found = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->tracks->len && !found; i++)
    {
      PotooCameraTrack *track = self->tracks->pdata[i];
      found = potoo_camera_track_get_index (track) != 0 &&
              potoo_camera_track_has_element (track, GST_MESSAGE_SRC (message));
      if (found)
        potoo_camera_track_silence (track);
    }
  g_mutex_unlock (&self->lock);
  if (!found)
    return FALSE;
  g_autofree char *reason = g_strdup_printf (_ ("The sound is left out: %s"), error->message);
  note_no_sound (self, reason, TRUE);
  return TRUE;
}

static gboolean
retry_over_udp (PotooCameraPipeline *self, const GError *error)
{
  if (self->udp || self->playing ||
      potoo_camera_settings_get_transport (self->settings) != POTOO_TRANSPORT_AUTO ||
      !potoo_rtsp_failure_is_transport (error))
    return FALSE;
  potoo_log_info (get_id (self), "The camera refuses RTP over TCP; trying UDP");
  connect_source (self, TRUE);
  return TRUE;
}

static void
on_error_message (PotooCameraPipeline *self, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;

  gst_message_parse_error (message, &error, &debug);
  potoo_log_debug (get_id (self), "%s: %s (%s)", GST_MESSAGE_SRC_NAME (message), error->message,
                   debug != NULL ? debug : "");
  if (self->ended || take_sound_error (self, message, error) || retry_over_udp (self, error))
    return;
  g_autoptr (GError) failure = potoo_rtsp_failure_describe (
      error, debug, self->settings, self->playing, g_atomic_int_get (&self->untrusted));
  end (self, (PotooError) failure->code, failure->message);
}

static void
on_application_message (PotooCameraPipeline *self,
                        const GstElement *source,
                        const GstStructure *structure)
{
  if (gst_structure_has_name (structure, POTOO_MESSAGE_UNUSABLE))
    end (self, POTOO_ERROR_UNSUPPORTED, gst_structure_get_string (structure, "reason"));
  else if (gst_structure_has_name (structure, POTOO_MESSAGE_NO_SOUND))
    note_no_sound (self, gst_structure_get_string (structure, "reason"), source != self->source);
  else if (gst_structure_has_name (structure, POTOO_MESSAGE_FIRST_ACCESS_UNIT) && !self->playing &&
           !self->ended)
    {
      self->playing = TRUE;
      g_signal_emit (self, signals[PLAYING], 0);
    }
}

static gboolean
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  g_autoptr (PotooCameraPipeline) self = g_object_ref (user_data);

  switch (GST_MESSAGE_TYPE (message))
    {
    case GST_MESSAGE_ERROR:
      on_error_message (self, message);
      break;
    case GST_MESSAGE_EOS:
      end (self, POTOO_ERROR_UNAVAILABLE, _ ("The camera ended the stream"));
      break;
    case GST_MESSAGE_APPLICATION:
      on_application_message (self, GST_ELEMENT (GST_MESSAGE_SRC (message)),
                              gst_message_get_structure (message));
      break;
    default:
      break;
    }
  return G_SOURCE_CONTINUE;
}

/* --- life --- */

/* The clock of the track that has @session. (transfer full) (nullable) */
static PotooRtpClock *
find_clock (PotooCameraPipeline *self, guint session)
{
  PotooRtpClock *clock = NULL;

  g_mutex_lock (&self->lock);
  for (guint kind = 0; kind < G_N_ELEMENTS (self->clocks); kind++)
    if (self->selected[kind] && self->sessions[kind] == session)
      clock = potoo_rtp_clock_ref (self->clocks[kind]);
  g_mutex_unlock (&self->lock);
  return clock;
}

static void
take_sender_report (guint number, guint32 rtp_time, GstClockTime ntp_ns, gpointer user_data)
{
  g_autoptr (PotooRtpClock) clock = find_clock (user_data, number);

  if (clock != NULL)
    potoo_rtp_clock_set_sender_time (clock, rtp_time, ntp_ns);
}

static void
bring_down (GstElement *source, gpointer user_data)
{
  gst_element_set_state (source, GST_STATE_NULL);
}

/* A source that failed is brought down by GStreamer's own thread: main does not
 * wait for it. */
static void
drop_source (PotooCameraPipeline *self)
{
  g_autoptr (GstElement) source = gst_object_ref (self->source);

  g_signal_handlers_disconnect_by_data (source, self);
  gst_bin_remove (GST_BIN (self->pipeline), source);
  gst_element_call_async (source, bring_down, NULL, NULL);
  self->source = NULL;
}

static void
drop_clocks (PotooCameraPipeline *self)
{
  for (guint kind = 0; kind < G_N_ELEMENTS (self->clocks); kind++)
    g_clear_pointer (&self->clocks[kind], potoo_rtp_clock_unref);
}

static void
connect_source (PotooCameraPipeline *self, gboolean udp)
{
  if (self->source != NULL)
    drop_source (self);
  self->source = potoo_rtsp_source_new (self->settings, potoo_stream_hub_get_stream (self->hub),
                                        udp, take_sender_report, self);
  self->udp = udp;
  g_mutex_lock (&self->lock);
  memset (self->selected, 0, sizeof self->selected);
  drop_clocks (self);
  self->clocks[POTOO_TRACK_VIDEO] = potoo_rtp_clock_new (NULL);
  self->clocks[POTOO_TRACK_AUDIO] = potoo_rtp_clock_new (self->clocks[POTOO_TRACK_VIDEO]);
  g_mutex_unlock (&self->lock);
  g_signal_connect (self->source, "on-sdp", G_CALLBACK (on_sdp), self);
  g_signal_connect (self->source, "select-stream", G_CALLBACK (on_select_stream), self);
  g_signal_connect (self->source, "accept-certificate", G_CALLBACK (on_accept_certificate), self);
  g_signal_connect (self->source, "pad-added", G_CALLBACK (on_pad_added), self);
  gst_bin_add (GST_BIN (self->pipeline), self->source);
  gst_element_sync_state_with_parent (self->source);
}

PotooCameraPipeline *
potoo_camera_pipeline_new (PotooCameraSettings *settings,
                           PotooStreamHub *hub,
                           PotooFragmenter *fragmenter)
{
  PotooCameraPipeline *self = g_object_new (POTOO_TYPE_CAMERA_PIPELINE, NULL);
  self->settings = potoo_camera_settings_ref (settings);
  self->hub = potoo_stream_hub_ref (hub);
  self->fragmenter = fragmenter;
  return self;
}

void
potoo_camera_pipeline_start (PotooCameraPipeline *self)
{
  g_return_if_fail (self->pipeline == NULL);

  g_autoptr (GstClock) clock = gst_system_clock_obtain ();
  self->pipeline = gst_pipeline_new (get_id (self));
  gst_pipeline_use_clock (GST_PIPELINE (self->pipeline), clock);
  gst_element_set_base_time (self->pipeline, 0);
  gst_element_set_start_time (self->pipeline, GST_CLOCK_TIME_NONE);
  g_autoptr (GstBus) bus = gst_pipeline_get_bus (GST_PIPELINE (self->pipeline));
  self->bus_watch = gst_bus_add_watch (bus, on_bus_message, self);

  connect_source (self,
                  potoo_camera_settings_get_transport (self->settings) == POTOO_TRANSPORT_UDP);
  gst_element_set_state (self->pipeline, GST_STATE_PLAYING);
}

static void
stop_in_thread (GstElement *pipeline, gpointer user_data)
{
  GTask *task = user_data;
  PotooCameraPipeline *self = g_task_get_source_object (task);

  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (guint i = 0; i < self->tracks->len; i++)
    potoo_camera_track_flush (self->tracks->pdata[i]);
  if (self->fragmenter != NULL)
    potoo_fragmenter_flush (self->fragmenter);
  g_task_return_boolean (task, TRUE);
}

/* In GStreamer's own pool, which gives each call a thread at once: GTask's has ten for the
 * whole process, resolving host names among others. Their number is that of the cameras. */
void
potoo_camera_pipeline_stop_async (PotooCameraPipeline *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (POTOO_IS_CAMERA_PIPELINE (self));
  g_return_if_fail (self->pipeline != NULL);

  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, potoo_camera_pipeline_stop_async);
  self->ended = TRUE;
  g_clear_handle_id (&self->bus_watch, g_source_remove);
  gst_element_call_async (self->pipeline, stop_in_thread, task, g_object_unref);
}

void
potoo_camera_pipeline_stop_finish (PotooCameraPipeline *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* --- the object --- */

static void
potoo_camera_pipeline_finalize (GObject *object)
{
  PotooCameraPipeline *self = POTOO_CAMERA_PIPELINE (object);

  g_clear_handle_id (&self->bus_watch, g_source_remove);
  if (self->pipeline != NULL)
    {
      gst_element_set_state (self->pipeline, GST_STATE_NULL);
      gst_object_unref (self->pipeline);
    }
  g_ptr_array_unref (self->tracks);
  drop_clocks (self);
  g_free (self->no_sound);
  potoo_camera_settings_unref (self->settings);
  potoo_stream_hub_unref (self->hub);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (potoo_camera_pipeline_parent_class)->finalize (object);
}

static void
potoo_camera_pipeline_class_init (PotooCameraPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_camera_pipeline_finalize;
  signals[PLAYING] = g_signal_new ("playing", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
potoo_camera_pipeline_init (PotooCameraPipeline *self)
{
  g_mutex_init (&self->lock);
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_camera_track_free);
}
