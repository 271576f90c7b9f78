/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Properties are set on the generated skeleton, which tells those that differ in one
 * signal from the main loop. State and settings follow the camera at once; measurements
 * only when the server says, see potoo-dbus-server.c.
 */

#include "dbus/potoo-dbus-camera.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/potoo-clock.h"
#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "dbus/potoo-dbus-lists.h"
#include "dbus/potoo-dbus-value.h"
#include "dbus/potoo-nvr.h"
#include "restream/potoo-restream-path.h"

#define MIN_HEIGHT 90
#define MAX_HEIGHT 2160
#define FPS_STEPS 10 /* in a frame a second */
#define BITRATE_STEP 1000

struct _PotooDbusCamera
{
  GObject parent_instance;

  const PotooDbusParts *parts;
  PotooCamera *camera;
  PotooNvrObjectSkeleton *object;
  PotooNvrCamera *skeleton;
  GHashTable *open; /* set of gint64: segments that are written to */
};

G_DEFINE_FINAL_TYPE (PotooDbusCamera, potoo_dbus_camera, G_TYPE_OBJECT)

/* --- settings --- */

static void
on_patched (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot)
      snapshot = potoo_camera_list_patch_finish (POTOO_CAMERA_LIST (list), result, &error);

  if (snapshot != NULL)
    potoo_dbus_call_return (call, g_variant_new ("(t)", snapshot->version));
  else
    potoo_dbus_call_return_error (call, error);
}

static void
update_settings (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = NULL;
  guint64 if_version;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(@a{sv}t)", &settings, &if_version);
  g_autoptr (JsonObject) patch = potoo_dbus_value_to_json (settings, &error);
  if (patch == NULL)
    potoo_dbus_call_return_error (call, error);
  else
    potoo_camera_list_patch_async (self->parts->context.cameras, potoo_camera_get_id (self->camera),
                                   patch, if_version, on_patched, call);
}

/* --- snapshots --- */

/* In memory, so that a reader that takes its time, or none at all, costs nothing but the picture.
 */
static int
make_file (GBytes *bytes, GError **error)
{
  gsize size, done = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  int fd = memfd_create ("potoo-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  while (fd >= 0 && done < size)
    {
      ssize_t n = write (fd, data + done, size - done);
      if (n < 0)
        break;
      done += (gsize) n;
    }
  if (fd >= 0 && done == size && lseek (fd, 0, SEEK_SET) == 0 &&
      fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
    return fd;
  potoo_set_error_errno (error, errno, _ ("Cannot hand over the picture"));
  if (fd >= 0)
    close (fd);
  return -1;
}

/* "There is no picture" says less than why the camera gives none. */
static void
explain (PotooDbusCall *call, GError **error)
{
  PotooDbusCamera *self = potoo_dbus_call_get_target (call);
  g_autoptr (PotooCameraSnapshot) status = potoo_camera_get_snapshot (self->camera);

  if (!g_error_matches (*error, POTOO_ERROR, POTOO_ERROR_UNAVAILABLE) || status->reason == NULL)
    return;
  g_clear_error (error);
  *error = g_error_new_literal (POTOO_ERROR, POTOO_ERROR_UNAVAILABLE, status->reason);
}

static void
on_snapshot (GObject *snapshots, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooSnapshot)
      snapshot = potoo_snapshots_get_finish (POTOO_SNAPSHOTS (snapshots), result, &error);
  int fd = snapshot != NULL ? make_file (snapshot->jpeg, &error) : -1;

  if (fd >= 0)
    {
      potoo_dbus_call_return_fd (call, fd);
      return;
    }
  explain (call, &error);
  potoo_dbus_call_return_error (call, error);
}

static void
make_snapshot (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;
  guint height;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(u)", &height);
  if (height != 0 && (height < MIN_HEIGHT || height > MAX_HEIGHT))
    {
      g_autoptr (GError)
          error = potoo_error_new_at (POTOO_ERROR_INVALID_ARGUMENT, "/height",
                                      _ ("Must be 0, or from %d to %d"), MIN_HEIGHT, MAX_HEIGHT);
      potoo_dbus_call_return_error (call, error);
      return;
    }
  potoo_snapshots_get_async (self->parts->context.snapshots, potoo_camera_get_id (self->camera),
                             height, on_snapshot, call);
}

/* --- manual recording --- */

static void
on_recording_started (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent)
      event = potoo_event_list_record_finish (POTOO_EVENT_LIST (list), result, &error);

  potoo_dbus_call_return_dict (call, event != NULL ? potoo_dbus_value_from_event (event) : NULL,
                               error);
}

static void
start_recording (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;
  guint seconds;

  g_variant_get (potoo_dbus_call_get_arguments (call), "(u)", &seconds);
  potoo_event_list_record_async (self->parts->context.events, potoo_camera_get_id (self->camera),
                                 seconds * POTOO_SECOND_US, on_recording_started, call);
}

static void
on_recording_stopped (GObject *list, GAsyncResult *result, gpointer user_data)
{
  PotooDbusCall *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooEvent) event = NULL;

  if (!potoo_event_list_stop_recording_finish (POTOO_EVENT_LIST (list), result, &event, &error))
    {
      potoo_dbus_call_return_error (call, error);
      return;
    }
  g_autofree char *id = event != NULL ? potoo_segment_id_format (event->id) : g_strdup ("");
  potoo_dbus_call_return (call, g_variant_new ("(s)", id));
}

static void
stop_recording (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;

  potoo_event_list_stop_recording_async (
      self->parts->context.events, potoo_camera_get_id (self->camera), on_recording_stopped, call);
}

/* --- lists --- */

static void
list_segments (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;

  potoo_dbus_list_rows (call, self->parts->reader, POTOO_DBUS_READ_SEGMENTS,
                        potoo_camera_get_id (self->camera), NULL);
}

static void
list_gaps (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;

  potoo_dbus_list_rows (call, self->parts->reader, POTOO_DBUS_READ_GAPS,
                        potoo_camera_get_id (self->camera), NULL);
}

static void
list_coverage (PotooDbusCall *call, gpointer target)
{
  PotooDbusCamera *self = target;

  potoo_dbus_list_coverage (call, self->parts->reader, potoo_camera_get_id (self->camera));
}

/* --- properties --- */

/* What comes from a camera may be anything. */
static char *
make_text (const char *text)
{
  return text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");
}

static void
set_settings (PotooDbusCamera *self, PotooCameraSnapshot *status)
{
  g_autoptr (JsonObject) object = potoo_camera_settings_to_json (status->settings);

  g_object_set (self->skeleton, "name", potoo_camera_settings_get_name (status->settings),
                "enabled", potoo_camera_settings_get_enabled (status->settings), "settings",
                potoo_dbus_value_from_json (object), "settings-version", status->version, NULL);
}

static void
set_status (PotooDbusCamera *self, PotooCameraSnapshot *status)
{
  g_autofree char *reason = make_text (status->reason);
  g_autofree char *video = make_text (status->video_codec);
  g_autofree char *audio = make_text (status->audio_codec);

  g_object_set (self->skeleton, "state", potoo_camera_state_to_string (status->state), "reason",
                reason, "since", status->since_us, "retry-at", status->retry_at_us, "video-codec",
                video, "audio-codec", audio, "width", status->width, "height", status->height,
                NULL);
}

static void
set_measurements (PotooDbusCamera *self, PotooCameraSnapshot *status)
{
  g_object_set (self->skeleton, "fps",
                (double) (gint64) (status->fps * FPS_STEPS + 0.5) / FPS_STEPS, "bitrate",
                (guint64) (status->bitrate / BITRATE_STEP * BITRATE_STEP), NULL);
}

static void
on_status_changed (PotooDbusCamera *self)
{
  g_autoptr (PotooCameraSnapshot) status = potoo_camera_get_snapshot (self->camera);

  set_settings (self, status);
  set_status (self, status);
  if (status->state != POTOO_CAMERA_STREAMING)
    set_measurements (self, status);
}

void
potoo_dbus_camera_measure (PotooDbusCamera *self)
{
  g_autoptr (PotooCameraSnapshot) status = potoo_camera_get_snapshot (self->camera);

  set_measurements (self, status);
  potoo_nvr_camera_set_recording (self->skeleton, g_hash_table_size (self->open) > 0);
}

/* --- recordings --- */

void
potoo_dbus_camera_tell_segment (PotooDbusCamera *self, const PotooSegment *segment)
{
  if (segment->state == POTOO_SEGMENT_OPEN)
    {
      g_hash_table_add (self->open, g_memdup2 (&segment->id, sizeof segment->id));
      potoo_nvr_camera_set_recording (self->skeleton, TRUE);
    }
  else
    g_hash_table_remove (self->open, &segment->id);
  if (segment->state != POTOO_SEGMENT_DELETING)
    potoo_nvr_camera_emit_segment_changed (self->skeleton, potoo_dbus_value_from_segment (segment));
}

void
potoo_dbus_camera_tell_segment_dropped (PotooDbusCamera *self, gint64 id)
{
  g_hash_table_remove (self->open, &id);
}

void
potoo_dbus_camera_tell_gap (PotooDbusCamera *self, const PotooGap *gap)
{
  potoo_nvr_camera_emit_gap_changed (self->skeleton, potoo_dbus_value_from_gap (gap));
}

/* --- the object --- */

GDBusObjectSkeleton *
potoo_dbus_camera_get_object (PotooDbusCamera *self)
{
  return G_DBUS_OBJECT_SKELETON (self->object);
}

const char *
potoo_dbus_camera_get_path (PotooDbusCamera *self)
{
  return g_dbus_object_get_object_path (G_DBUS_OBJECT (self->object));
}

static const PotooDbusMethod methods[] = {
  { "handle-update-settings", update_settings }, { "handle-snapshot", make_snapshot },
  { "handle-list-segments", list_segments },     { "handle-list-gaps", list_gaps },
  { "handle-list-coverage", list_coverage },     { "handle-start-recording", start_recording },
  { "handle-stop-recording", stop_recording },   { NULL },
};

PotooDbusCamera *
potoo_dbus_camera_new (const PotooDbusParts *parts, PotooCamera *camera)
{
  PotooDbusCamera *self = g_object_new (POTOO_TYPE_DBUS_CAMERA, NULL);
  const char *id = potoo_camera_get_id (camera);
  g_autofree char *path = potoo_bus_camera_path (id);

  self->parts = parts;
  self->camera = g_object_ref (camera);
  self->object = potoo_nvr_object_skeleton_new (path);
  PotooRestreamServer *restream = parts->context.restream;
  g_autofree char *url = restream != NULL
                             ? potoo_restream_server_get_url (restream, id, POTOO_RESTREAM_MAIN)
                             : NULL;
  g_object_set (self->skeleton, "id", id, "restream-url", url != NULL ? url : "", NULL);
  potoo_nvr_object_skeleton_set_camera (self->object, self->skeleton);
  potoo_dbus_calls_connect (parts->calls, self->skeleton, methods, self);
  g_signal_connect_object (camera, "status-changed", G_CALLBACK (on_status_changed), self,
                           G_CONNECT_SWAPPED);
  on_status_changed (self);
  return self;
}

static void
potoo_dbus_camera_finalize (GObject *object)
{
  PotooDbusCamera *self = POTOO_DBUS_CAMERA (object);

  g_object_unref (self->skeleton);
  g_object_unref (self->object);
  g_object_unref (self->camera);
  g_hash_table_unref (self->open);
  G_OBJECT_CLASS (potoo_dbus_camera_parent_class)->finalize (object);
}

static void
potoo_dbus_camera_class_init (PotooDbusCameraClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_dbus_camera_finalize;
}

static void
potoo_dbus_camera_init (PotooDbusCamera *self)
{
  self->skeleton = potoo_nvr_camera_skeleton_new ();
  self->open = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}
