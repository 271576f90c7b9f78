/* SPDX-License-Identifier: GPL-3.0-or-later */

/* All of the demo's knowledge of cameras; the process is PotooDemoSimulator's. */

#include "app/potoo-demo.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "app/potoo-demo-simulator.h"
#include "base/potoo-error.h"
#include "base/potoo-log.h"

#define MARK "demo"
#define MARK_TEXT "Made by potoo --demo, for simulated cameras.\n"
#define CATALOG "catalog.db"
#define CACHE "simulator"

/* What the simulator plays: each camera takes the next. Short loops, since they are encoded
 * before the first start goes on; cameras of a kind share one. */
static const char *const kinds[] = {
  "codec=h264,width=1920,height=1080,fps=25,bitrate=4000,gop=50,audio=aac,loop=20",
  "codec=h264,width=1280,height=720,fps=25,bitrate=2000,gop=50,bframes=2,audio=none,loop=20",
  "codec=h265,width=960,height=540,fps=15,bitrate=800,gop=30,audio=aac,loop=10",
  "codec=h264,width=640,height=480,fps=10,bitrate=400,gop=20,audio=none,loop=20",
  "codec=h264,width=1280,height=960,fps=15,bitrate=1500,gop=30,audio=opus,loop=20",
};

static const struct
{
  const char *id, *name;
} cameras[] = {
  { "front-door", N_ ("Front door") },
  { "driveway", N_ ("Driveway") },
  { "garden", N_ ("Garden") },
  { "garage", N_ ("Garage") },
  { "terrace", N_ ("Terrace") },
  { "back-door", N_ ("Back door") },
  { "hallway", N_ ("Hallway") },
  { "stairs", N_ ("Stairs") },
  { "cellar", N_ ("Cellar") },
  { "workshop", N_ ("Workshop") },
  { "shed", N_ ("Shed") },
  { "gate", N_ ("Gate") },
  { "roof", N_ ("Roof") },
  { "office", N_ ("Office") },
  { "store-room", N_ ("Store room") },
  { "car-park", N_ ("Car park") },
};
G_STATIC_ASSERT (G_N_ELEMENTS (cameras) == POTOO_DEMO_MAX_CAMERAS);

struct _PotooDemo
{
  GObject parent_instance;

  char *state_dir;
  guint n_cameras;
  PotooDemoSimulator *simulator;
  PotooCameraList *list; /* while started */
};

G_DEFINE_FINAL_TYPE (PotooDemo, potoo_demo, G_TYPE_OBJECT)

/* --- the state directory --- */

static gboolean
claim_state_dir (const char *path, GError **error)
{
  g_autofree char *mark = g_build_filename (path, MARK, NULL);
  g_autofree char *catalog = g_build_filename (path, CATALOG, NULL);

  if (g_file_test (mark, G_FILE_TEST_EXISTS))
    return TRUE;
  if (g_file_test (catalog, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_EXISTS,
                   _ ("The state directory %s is that of a recorder, to which the demo adds no "
                      "simulated cameras: choose another with --state-dir"),
                   path);
      return FALSE;
    }
  if (g_mkdir_with_parents (path, 0700) == 0)
    return g_file_set_contents (mark, MARK_TEXT, -1, error);
  potoo_set_error_errno (error, errno, _ ("Cannot make the state directory %s"), path);
  return FALSE;
}

/* --- the cameras --- */

/* A refusal leaves one camera as it was: removed by someone while its recordings hold its id, or
 * we are about to stop. */
static void
log_refusal (const char *id, const GError *error)
{
  potoo_log_info (id, _ ("The simulated camera is not there: %s"), error->message);
}

static void
on_added (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooCameraList *list = POTOO_CAMERA_LIST (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot) added = potoo_camera_list_add_finish (list, result, &error);

  if (added == NULL)
    log_refusal (user_data, error);
}

static void
on_patched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  PotooCameraList *list = POTOO_CAMERA_LIST (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (PotooCameraSnapshot) patched = potoo_camera_list_patch_finish (list, result, &error);

  if (patched == NULL)
    log_refusal (user_data, error);
}

static void
add_camera (PotooDemo *self, guint i, const char *url)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "id", cameras[i].id);
  json_object_set_string_member (object, "name", _ (cameras[i].name));
  json_object_set_string_member (object, "url", url);
  g_autoptr (PotooCameraSettings) settings = potoo_camera_settings_new (object, &error);
  if (settings != NULL)
    potoo_camera_list_add_async (self->list, settings, FALSE, on_added, (gpointer) cameras[i].id);
  else
    log_refusal (cameras[i].id, error);
}

static void
patch_camera (PotooDemo *self, guint i, const char *url)
{
  g_autoptr (JsonObject) patch = json_object_new ();

  if (url != NULL)
    json_object_set_string_member (patch, "url", url);
  json_object_set_boolean_member (patch, "enabled", url != NULL);
  potoo_camera_list_patch_async (self->list, cameras[i].id, patch, 0, on_patched,
                                 (gpointer) cameras[i].id);
}

/* Someone may have given the id, or the camera, to a real one. */
static gboolean
is_simulated (PotooCameraSnapshot *snapshot)
{
  const char *url = potoo_camera_settings_get_url (snapshot->settings);
  g_autofree char *path = g_strdup_printf ("/%s/main",
                                           potoo_camera_settings_get_id (snapshot->settings));

  return g_str_has_prefix (url, "rtsp://127.0.0.1:") && g_str_has_suffix (url, path);
}

/* @url: (nullable): NULL when it is not served now. */
static void
update_camera (PotooDemo *self, guint i, const char *url)
{
  g_autoptr (PotooCameraSnapshot)
      known = potoo_camera_list_get_snapshot (self->list, cameras[i].id);

  if (known != NULL && is_simulated (known))
    patch_camera (self, i, url);
  else if (known != NULL)
    potoo_log_info (cameras[i].id, _ ("It is no simulated camera any more, and left alone"));
  else if (url != NULL)
    add_camera (self, i, url);
}

/* (nullable) */
static const char *
get_text (JsonObject *object, const char *member)
{
  JsonNode *node = json_object_get_member (object, member);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* id → URL of what @ready tells. (transfer container) */
static GHashTable *
read_urls (JsonObject *ready)
{
  GHashTable *urls = g_hash_table_new (g_str_hash, g_str_equal);
  JsonNode *member = json_object_get_member (ready, "cameras");
  JsonArray *array = member != NULL && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member)
                                                                      : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      if (!JSON_NODE_HOLDS_OBJECT (node))
        continue;
      JsonObject *object = json_node_get_object (node);
      const char *id = get_text (object, "id");
      const char *url = get_text (object, "main");
      if (id != NULL && url != NULL)
        g_hash_table_insert (urls, (char *) id, (char *) url);
    }
  return urls;
}

static void
on_ready (PotooDemoSimulator *simulator, JsonObject *ready, gpointer user_data)
{
  PotooDemo *self = user_data;
  g_autoptr (GHashTable) urls = read_urls (ready);

  guint n = g_hash_table_size (urls);
  potoo_log_info (NULL,
                  g_dngettext (GETTEXT_PACKAGE, "%u simulated camera is ready",
                               "%u simulated cameras are ready", n),
                  n);
  for (guint i = 0; i < G_N_ELEMENTS (cameras); i++)
    update_camera (self, i, g_hash_table_lookup (urls, cameras[i].id));
}

/* --- life --- */

static void
announce (PotooDemo *self, const char *url)
{
  g_print (g_dngettext (
               GETTEXT_PACKAGE, "\nPotoo records %u simulated camera, as it would a real one.\n",
               "\nPotoo records %u simulated cameras, as it would real ones.\n", self->n_cameras),
           self->n_cameras);
  g_print (_ ("\n"
              "    %s\n"
              "\n"
              "There is no login yet: the page is open to everyone on this machine, and to no one "
              "else.\n"
              "At the first start the cameras encode their pictures, which takes a while.\n"
              "State and recordings are in %s.\n"
              "Ctrl-C ends it.\n"
              "\n"),
           url != NULL ? url : _ ("(no TCP address is configured)"), self->state_dir);
}

void
potoo_demo_start (PotooDemo *self, PotooCameraList *list, const char *url)
{
  g_return_if_fail (POTOO_IS_DEMO (self) && self->list == NULL);

  self->list = g_object_ref (list);
  announce (self, url);
  potoo_demo_simulator_start (self->simulator);
}

void
potoo_demo_stop (PotooDemo *self)
{
  g_return_if_fail (POTOO_IS_DEMO (self));

  g_signal_handlers_disconnect_by_data (self->simulator, self);
  potoo_demo_simulator_stop (self->simulator);
  g_clear_object (&self->list);
}

static PotooDemoSimulator *
make_simulator (PotooDemo *self, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *cache = g_build_filename (self->state_dir, CACHE, NULL);

  for (guint i = 0; i < self->n_cameras; i++)
    {
      g_autofree char *camera = g_strdup_printf ("%s,%s", cameras[i].id,
                                                 kinds[i % G_N_ELEMENTS (kinds)]);
      g_strv_builder_add (builder, camera);
    }
  g_auto (GStrv) simulated = g_strv_builder_end (builder);
  return potoo_demo_simulator_new ((const char *const *) simulated, cache, error);
}

PotooDemo *
potoo_demo_new (const char *state_dir, guint n_cameras, GError **error)
{
  g_return_val_if_fail (n_cameras >= 1 && n_cameras <= POTOO_DEMO_MAX_CAMERAS, NULL);

  g_autoptr (PotooDemo) self = g_object_new (POTOO_TYPE_DEMO, NULL);
  self->state_dir = g_strdup (state_dir);
  self->n_cameras = n_cameras;
  self->simulator = make_simulator (self, error);
  if (self->simulator == NULL || !claim_state_dir (state_dir, error))
    return NULL;
  g_signal_connect (self->simulator, "ready", G_CALLBACK (on_ready), self);
  return g_steal_pointer (&self);
}

static void
potoo_demo_finalize (GObject *object)
{
  PotooDemo *self = POTOO_DEMO (object);

  g_clear_object (&self->simulator);
  g_clear_object (&self->list);
  g_free (self->state_dir);
  G_OBJECT_CLASS (potoo_demo_parent_class)->finalize (object);
}

static void
potoo_demo_class_init (PotooDemoClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = potoo_demo_finalize;
}

static void
potoo_demo_init (PotooDemo *self)
{
}
