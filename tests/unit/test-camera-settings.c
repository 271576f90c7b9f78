/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "base/potoo-error.h"
#include "base/potoo-json.h"
#include "config/potoo-camera-settings.h"

static JsonObject *
parse_object (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = potoo_json_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (node));
}

static PotooCameraSettings *
new_from (const char *text, GError **error)
{
  g_autoptr (JsonObject) object = parse_object (text);
  return potoo_camera_settings_new (object, error);
}

static PotooCameraSettings *
new_ok (const char *text)
{
  g_autoptr (GError) error = NULL;
  PotooCameraSettings *settings = new_from (text, &error);
  g_assert_no_error (error);
  return settings;
}

static PotooCameraSettings *
patch_from (PotooCameraSettings *settings, const char *text, GError **error)
{
  g_autoptr (JsonObject) object = parse_object (text);
  return potoo_camera_settings_patch (settings, object, error);
}

static PotooCameraSettings *
patch_ok (PotooCameraSettings *settings, const char *text)
{
  g_autoptr (GError) error = NULL;
  PotooCameraSettings *patched = patch_from (settings, text, &error);
  g_assert_no_error (error);
  return patched;
}

static char *
object_to_text (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, object);
  return potoo_json_to_text (node);
}

static void
test_defaults (void)
{
  g_autoptr (PotooCameraSettings)
      settings = new_ok ("{\"id\":\"front\",\"url\":\"rtsp://10.0.0.5/s\"}");

  g_assert_cmpstr (potoo_camera_settings_get_id (settings), ==, "front");
  g_assert_cmpstr (potoo_camera_settings_get_name (settings), ==, "front");
  g_assert_cmpstr (potoo_camera_settings_get_url (settings), ==, "rtsp://10.0.0.5/s");
  g_assert_null (potoo_camera_settings_get_sub_url (settings));
  g_assert_null (potoo_camera_settings_get_username (settings));
  g_assert_null (potoo_camera_settings_get_password (settings));
  g_assert_true (potoo_camera_settings_get_enabled (settings));
  g_assert_true (potoo_camera_settings_get_audio (settings));
  g_assert_cmpint (potoo_camera_settings_get_audio_codec (settings), ==, POTOO_AUDIO_AAC);
  g_assert_false (potoo_camera_settings_get_transcode_video (settings));
  g_assert_true (potoo_camera_settings_get_tls_verify (settings));
  g_assert_cmpint (potoo_camera_settings_get_record (settings), ==, POTOO_RECORD_CONTINUOUS);
  g_assert_cmpint (potoo_camera_settings_get_transport (settings), ==, POTOO_TRANSPORT_AUTO);
}

static void
test_id_from_name (void)
{
  g_autoptr (PotooCameraSettings)
      settings = new_ok ("{\"name\":\"Front Door\",\"url\":\"rtsp://h/\"}");

  g_assert_cmpstr (potoo_camera_settings_get_id (settings), ==, "front-door");
  g_assert_cmpstr (potoo_camera_settings_get_name (settings), ==, "Front Door");
}

/* A URL as given and what becomes of it. */
static const struct
{
  const char *url, *text, *username, *password;
} good_urls[] = {
  { "rtsp://h", "rtsp://h", NULL, NULL },
  { "RTSPS://Cam.Local:322/A?b=C&d", "rtsps://cam.local:322/A?b=C&d", NULL, NULL },
  { "rtsp://u:p@h:8554/x", "rtsp://h:8554/x", "u", "p" },
  { "rtsp://u@h/", "rtsp://h/", "u", NULL },
  { "rtsp://admin:@h/", "rtsp://h/", "admin", NULL },
  { "rtsp://@h/", "rtsp://h/", NULL, NULL },
  { "rtsp://u:a:b@h/", "rtsp://h/", "u", "a:b" },
  { "rtsp://us%40er:p%3a%2F%c3%a4@h/", "rtsp://h/", "us@er", "p:/ä" },
  { "rtsp://u:p@[::1]:5554/x", "rtsp://[::1]:5554/x", "u", "p" },
  { "rtsp://[2001:DB8::1]/x", "rtsp://[2001:db8::1]/x", NULL, NULL },
  { "rtsp://h/a@b:c/%20%23?x=@", "rtsp://h/a@b:c/%20%23?x=@", NULL, NULL },
  { "rtsp://cam_1.lan./x", "rtsp://cam_1.lan./x", NULL, NULL },
  { "rtsp://h:/x", "rtsp://h/x", NULL, NULL },
};

static void
test_good_urls (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good_urls); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"id\":\"a\",\"url\":\"%s\"}", good_urls[i].url);
      g_autoptr (PotooCameraSettings) settings = new_ok (text);
      g_assert_cmpstr (potoo_camera_settings_get_url (settings), ==, good_urls[i].text);
      g_assert_cmpstr (potoo_camera_settings_get_username (settings), ==, good_urls[i].username);
      g_assert_cmpstr (potoo_camera_settings_get_password (settings), ==, good_urls[i].password);
    }
}

static const char *const bad_urls[] = {
  "",
  " ",
  "h",
  "rtsp:",
  "rtsp:h/x",
  "rtsp://",
  "rtsp:///x",
  "rtsp://:554/x",
  "http://h/",
  "rtspu://h/",
  "rtspt://h/",
  "file:///etc/passwd",
  "//h/x",
  " rtsp://h/",
  "rtsp://h/a b",
  "rtsp://h/ä",
  "rtsp://ä/",
  "rtsp://h/\\u000d\\u000aX: y",
  "rtsp://h/\\u007f",
  "rtsp://h/\\t",
  "rtsp://h/\\\\x",
  "rtsp://h\\\\@evil/",
  "rtsp://h#@evil/",
  "rtsp://h/#x",
  "rtsp://h?x#",
  "rtsp://u:s3cret@ss@h/",
  "rtsp://u:s3cret/x@h/",
  "rtsp://u:s3cret%zz@h/",
  "rtsp://u:s3cret%0d%0a@h/",
  "rtsp://u:s3cret%00@h/",
  "rtsp://u:s3cret%ff@h/",
  "rtsp://:s3cret@h/",
  "rtsp://h%00/",
  "rtsp://h%20x/",
  "rtsp://-h/",
  "rtsp://h:0/",
  "rtsp://h:65536/",
  "rtsp://h:s3cret/",
  "rtsp://h:-5/",
  "rtsp://[::1/",
  "rtsp://[::1]x/",
  "rtsp://[127.0.0.1]/",
  "rtsp://[fe80::1%25eth0]/",
  "rtsp://::1/",
  "rtsp://a,b/",
  "rtsp://$(reboot)/",
};

static void
test_bad_urls (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_urls); i++)
    for (int sub = 0; sub < 2; sub++)
      {
        g_autoptr (GError) error = NULL;
        g_autofree char *text = g_strdup_printf (
            sub ? "{\"id\":\"a\",\"url\":\"rtsp://h/\",\"sub_url\":\"%s\"}"
                : "{\"id\":\"a\",\"url\":\"%s\"}",
            bad_urls[i]);
        g_autoptr (PotooCameraSettings) settings = new_from (text, &error);
        if (settings != NULL)
          g_error ("accepted: %s", text);
        g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
        g_assert_null (strstr (error->message, "s3cret"));
        const char *pointer = potoo_error_get_pointer (error);
        if (g_strcmp0 (pointer, "/password") != 0) /* a password without a user */
          g_assert_cmpstr (pointer, ==, sub ? "/sub_url" : "/url");
      }
}

/* An object and where its error is. */
static const struct
{
  const char *text, *pointer;
} bad_objects[] = {
  { "{}", "/id" },
  { "{\"id\":\"a\"}", "/url" },
  { "{\"id\":\"a\",\"url\":null}", "/url" },
  { "{\"id\":\"a\",\"url\":5}", "/url" },
  { "{\"id\":\"a\",\"url\":[\"rtsp://h/\"]}", "/url" },
  { "{\"url\":\"rtsp://h/\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"name\":\"門\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"A\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"new\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"../x\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"-a\"}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":1}", "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
    "/id" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"name\":\"\"}", "/name" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"name\":\" \\u00a0\"}", "/name" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"name\":\"a\\nb\"}", "/name" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"name\":\"a\\u0085b\"}", "/name" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"name\":true}", "/name" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"username\":\"x\\r\\ny\"}", "/username" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"username\":{}}", "/username" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"password\":\"x\"}", "/password" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"password\":\"x\",\"username\":\"\"}", "/password" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"username\":\"u\",\"password\":5}", "/password" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"enabled\":1}", "/enabled" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"enabled\":\"true\"}", "/enabled" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"audio\":[]}", "/audio" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"tls_verify\":0.5}", "/tls_verify" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"audio_codec\":\"mp3\"}", "/audio_codec" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"transcode_video\":1}", "/transcode_video" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"record\":\"always\"}", "/record" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"record\":false}", "/record" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"transport\":\"TCP\"}", "/transport" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"record\":\"schedule\"}", "/schedule" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"schedule\":\"\"}", "/schedule" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"schedule\":\"mon 00:00-24:00 off\"}", "/schedule" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"schedule\":[]}", "/schedule" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"record_sub\":true}", "/record_sub" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"pre_roll\":121}", "/pre_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"pre_roll\":-1}", "/pre_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"pre_roll\":5.0}", "/pre_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"pre_roll\":\"5\"}", "/pre_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"pre_roll\":true}", "/pre_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"post_roll\":601}", "/post_roll" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"priority\":0}", "/priority" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"priority\":11}", "/priority" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"storage_root\":\"../x\"}", "/storage_root" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"keep_event_days\":3651}", "/keep_event_days" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"max_bytes\":9999999}", "/max_bytes" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"max_bytes\":9007199254740992}", "/max_bytes" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"min_days\":8,\"keep_continuous_days\":7}", "/min_days" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"min_days\":8,\"keep_event_days\":7}", "/min_days" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"has_password\":true}", "/has_password" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"status\":{}}", "/status" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"colour\":1}", "/colour" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"colour\":null}", "/colour" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"a/b~c\":1}", "/a~1b~0c" },
  { "{\"url\":\"rtsp://h/\",\"id\":\"a\",\"\":1}", "/" },
  { "{\"url\":\"rtsp://u:p@h/\",\"id\":\"a\",\"sub_url\":\"rtsp://v:p@h/\"}", "/sub_url" },
  { "{\"url\":\"rtsp://u:p@h/\",\"id\":\"a\",\"sub_url\":\"rtsp://u:q@h/\"}", "/sub_url" },
  /* the first one is told */
  { "{\"audio\":1,\"video\":2,\"id\":3}", "/audio" },
};

static void
test_bad_objects (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_objects); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooCameraSettings) settings = new_from (bad_objects[i].text, &error);
      if (settings != NULL)
        g_error ("accepted: %s", bad_objects[i].text);
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (potoo_error_get_pointer (error), ==, bad_objects[i].pointer);
    }
}

static gboolean
accepts (const char *member, const char *filler, guint n, const char *rest)
{
  g_autoptr (GString) value = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append (value, filler);
  g_autofree char *text = g_strdup_printf ("{\"id\":\"a\",\"%s\":\"%s%s\"%s}", member,
                                           strcmp (member, "url") == 0 ? "rtsp://h/" : "",
                                           value->str, rest);
  g_autoptr (PotooCameraSettings) settings = new_from (text, NULL);
  return settings != NULL;
}

static void
test_lengths (void)
{
  const char *url = ",\"url\":\"rtsp://h/\"", *login = ",\"url\":\"rtsp://h/\",\"username\":\"u\"";

  g_assert_true (accepts ("name", "ä", 100, url));
  g_assert_false (accepts ("name", "ä", 101, url));
  g_assert_true (accepts ("username", "ä", 128, url));
  g_assert_false (accepts ("username", "ä", 129, url));
  g_assert_true (accepts ("password", "p", 256, login));
  g_assert_false (accepts ("password", "p", 257, login));
  g_assert_true (accepts ("url", "x", 2048 - 9, ""));
  g_assert_false (accepts ("url", "x", 2048 - 8, ""));
}

static void
test_user_info (void)
{
  /* what is given explicitly wins, each for itself */
  g_autoptr (PotooCameraSettings) both = new_ok (
      "{\"id\":\"a\",\"url\":\"rtsp://u:p@h/\",\"username\":\"x\",\"password\":\"y\"}");
  g_assert_cmpstr (potoo_camera_settings_get_username (both), ==, "x");
  g_assert_cmpstr (potoo_camera_settings_get_password (both), ==, "y");

  g_autoptr (PotooCameraSettings)
      null = new_ok ("{\"password\":null,\"id\":\"a\",\"url\":\"rtsp://u:p@h/\"}");
  g_assert_cmpstr (potoo_camera_settings_get_username (null), ==, "u");
  g_assert_null (potoo_camera_settings_get_password (null));

  g_autoptr (PotooCameraSettings)
      sub = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://h/\",\"sub_url\":\"rtsp://u:p@h/2\"}");
  g_assert_cmpstr (potoo_camera_settings_get_sub_url (sub), ==, "rtsp://h/2");
  g_assert_cmpstr (potoo_camera_settings_get_password (sub), ==, "p");

  g_autoptr (PotooCameraSettings)
      same = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://u:p@h/\",\"sub_url\":\"rtsp://u:p@h/2\"}");
  g_assert_cmpstr (potoo_camera_settings_get_password (same), ==, "p");
}

static void
test_json (void)
{
  g_autoptr (PotooCameraSettings) settings = new_ok (
      "{\"id\":\"a\",\"url\":\"rtsp://u:s3cret@h/1\",\"sub_url\":\"rtsp://h/2\",\"name\":\"Tür\","
      "\"enabled\":false,\"record\":\"off\",\"transport\":\"udp\",\"audio\":false,"
      "\"audio_codec\":\"opus\",\"transcode_video\":true,"
      "\"tls_verify\":false}");
  g_autoptr (JsonObject) shown = potoo_camera_settings_to_json (settings);
  g_autofree char *shown_text = object_to_text (shown);

  g_assert_cmpstr (shown_text, ==,
                   "{\"id\":\"a\",\"name\":\"Tür\",\"url\":\"rtsp://h/1\",\"sub_url\":"
                   "\"rtsp://h/2\",\"username\":\"u\",\"enabled\":false,\"record\":\"off\","
                   "\"schedule\":null,\"record_sub\":false,\"pre_roll\":5,\"post_roll\":10,"
                   "\"priority\":5,\"storage_root\":null,\"keep_continuous_days\":0,"
                   "\"keep_event_days\":0,\"max_bytes\":0,\"min_days\":0,"
                   "\"transport\":\"udp\",\"audio\":false,\"audio_codec\":\"opus\","
                   "\"transcode_video\":true,\"tls_verify\":false,"
                   "\"has_password\":true}");

  g_autoptr (JsonObject) stored = potoo_camera_settings_to_stored_json (settings);
  g_autofree char *stored_text = object_to_text (stored);
  g_autoptr (PotooCameraSettings) again = new_ok (stored_text);
  g_autoptr (JsonObject) stored_again = potoo_camera_settings_to_stored_json (again);
  g_autofree char *text_again = object_to_text (stored_again);
  g_assert_cmpstr (text_again, ==, stored_text);
  g_assert_cmpstr (potoo_camera_settings_get_password (again), ==, "s3cret");
  g_assert_false (potoo_camera_settings_needs_reconnect (settings, again));

  g_autoptr (PotooCameraSettings) least = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://h/\"}");
  g_autoptr (JsonObject) least_stored = potoo_camera_settings_to_stored_json (least);
  g_autofree char *least_text = object_to_text (least_stored);
  g_autoptr (PotooCameraSettings) least_again = new_ok (least_text);
  g_assert_null (potoo_camera_settings_get_password (least_again));
}

static void
test_patch (void)
{
  g_autoptr (PotooCameraSettings) a = new_ok (
      "{\"id\":\"a\",\"name\":\"A\",\"url\":\"rtsp://u:p@h/1\",\"sub_url\":\"rtsp://h/2\","
      "\"record\":\"off\",\"audio\":false}");

  g_autoptr (PotooCameraSettings) same = patch_ok (a, "{}");
  g_assert_false (potoo_camera_settings_needs_reconnect (a, same));
  g_assert_cmpstr (potoo_camera_settings_get_password (same), ==, "p");

  g_autoptr (PotooCameraSettings) renamed = patch_ok (a, "{\"id\":\"a\",\"name\":\"B\"}");
  g_assert_cmpstr (potoo_camera_settings_get_name (renamed), ==, "B");
  g_assert_cmpint (potoo_camera_settings_get_record (renamed), ==, POTOO_RECORD_OFF);
  g_assert_false (potoo_camera_settings_needs_reconnect (a, renamed));
  g_assert_cmpstr (potoo_camera_settings_get_name (a), ==, "A");

  g_autoptr (PotooCameraSettings) reset = patch_ok (
      a, "{\"name\":null,\"record\":null,\"audio\":null,\"sub_url\":null,\"username\":null,"
         "\"password\":null}");
  g_assert_cmpstr (potoo_camera_settings_get_name (reset), ==, "a");
  g_assert_cmpint (potoo_camera_settings_get_record (reset), ==, POTOO_RECORD_CONTINUOUS);
  g_assert_true (potoo_camera_settings_get_audio (reset));
  g_assert_null (potoo_camera_settings_get_sub_url (reset));
  g_assert_null (potoo_camera_settings_get_username (reset));
  g_assert_true (potoo_camera_settings_needs_reconnect (a, reset));
}

static void
test_bad_patch (void)
{
  static const struct
  {
    const char *text, *pointer;
  } cases[] = {
    { "{\"id\":\"b\"}", "/id" },
    { "{\"id\":null}", "/id" },
    { "{\"url\":null}", "/url" },
    { "{\"url\":\"http://h\"}", "/url" },
    { "{\"username\":null}", "/password" },
    { "{\"wifi\":null}", "/wifi" },
    { "{\"record\":\"schedule\"}", "/schedule" },
  };
  g_autoptr (PotooCameraSettings) a = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://u:p@h/1\"}");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (patch_from (a, cases[i].text, &error));
      g_assert_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT);
      g_assert_cmpstr (potoo_error_get_pointer (error), ==, cases[i].pointer);
    }
  g_assert_cmpstr (potoo_camera_settings_get_url (a), ==, "rtsp://h/1");
}

/* The stored password follows a URL only to where it was given for. */
static void
test_password_elsewhere (void)
{
  static const struct
  {
    const char *patch, *password;
  } cases[] = {
    { "{\"url\":\"rtsp://h/other?x=1\"}", "p" },
    { "{\"url\":\"rtsp://H:554/1\"}", "p" },
    { "{\"url\":\"rtsp://v@h/1\"}", "p" },
    { "{\"sub_url\":\"rtsp://h/2\"}", "p" },
    { "{\"sub_url\":null}", "p" },
    { "{\"transport\":\"udp\"}", "p" },
    { "{\"url\":\"rtsp://evil/1\"}", NULL },
    { "{\"url\":\"rtsp://h:555/1\"}", NULL },
    { "{\"url\":\"rtsps://h/1\"}", NULL },
    { "{\"url\":\"rtsp://v@evil/1\"}", NULL },
    { "{\"url\":\"rtsp://evil/1\",\"username\":\"v\"}", NULL },
    { "{\"sub_url\":\"rtsp://evil/2\"}", NULL },
    { "{\"url\":\"rtsp://u:q@evil/1\"}", "q" },
    { "{\"url\":\"rtsp://evil/1\",\"password\":\"q\"}", "q" },
    { "{\"url\":\"rtsp://evil/1\",\"password\":null}", NULL },
  };
  g_autoptr (PotooCameraSettings) a = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://u:p@h/1\"}");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PotooCameraSettings) b = patch_ok (a, cases[i].patch);
      if (g_strcmp0 (potoo_camera_settings_get_password (b), cases[i].password) != 0)
        g_error ("%s leaves the password %s", cases[i].patch,
                 potoo_camera_settings_get_password (b));
    }
}

static void
test_needs_reconnect (void)
{
  static const struct
  {
    const char *patch;
    gboolean needs;
  } cases[] = {
    { "{\"name\":\"x\"}", FALSE },
    { "{\"record\":\"off\"}", FALSE },
    { "{\"record\":\"event\",\"pre_roll\":60,\"post_roll\":0,\"priority\":9}", FALSE },
    { "{\"record\":\"schedule\",\"schedule\":\"mon-sun 00:00-24:00 event\"}", FALSE },
    { "{\"storage_root\":\"big\",\"max_bytes\":10000000,\"min_days\":3}", FALSE },
    { "{\"sub_url\":\"rtsp://h/2\"}", FALSE },
    { "{\"url\":\"rtsp://h/3\"}", TRUE },
    { "{\"username\":\"v\"}", TRUE },
    { "{\"password\":\"v\"}", TRUE },
    { "{\"enabled\":false}", TRUE },
    { "{\"transport\":\"tcp\"}", TRUE },
    { "{\"audio\":false}", TRUE },
    { "{\"audio_codec\":\"opus\"}", TRUE },
    { "{\"transcode_video\":true}", TRUE },
    { "{\"tls_verify\":false}", TRUE },
  };
  g_autoptr (PotooCameraSettings) a = new_ok ("{\"id\":\"a\",\"url\":\"rtsp://u:p@h/1\"}");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PotooCameraSettings) b = patch_ok (a, cases[i].patch);
      g_assert_cmpint (potoo_camera_settings_needs_reconnect (a, b), ==, cases[i].needs);
      g_assert_cmpint (potoo_camera_settings_needs_reconnect (b, a), ==, cases[i].needs);
    }
}

/* What says when to record and how long to keep it: set, stored, read back and reset. */
static void
test_recording (void)
{
  g_autoptr (PotooCameraSettings) a = new_ok (
      "{\"id\":\"a\",\"url\":\"rtsp://h/1\",\"sub_url\":\"rtsp://h/2\",\"record\":\"schedule\","
      "\"schedule\":\"mon-sun 00:00-24:00 event\",\"record_sub\":true,\"pre_roll\":120,"
      "\"post_roll\":600,\"priority\":10,\"storage_root\":\"big\",\"keep_continuous_days\":30,"
      "\"keep_event_days\":3650,\"max_bytes\":9007199254740991,\"min_days\":30}");
  g_autoptr (JsonObject) stored = potoo_camera_settings_to_stored_json (a);
  g_autofree char *stored_text = object_to_text (stored);
  g_autoptr (PotooCameraSettings) again = new_ok (stored_text);

  g_assert_cmpint (potoo_camera_settings_get_record (again), ==, POTOO_RECORD_SCHEDULE);
  g_assert_cmpstr (potoo_camera_settings_get_schedule (again), ==, "mon-sun 00:00-24:00 event");
  g_assert_true (potoo_camera_settings_get_record_sub (again));
  g_assert_cmpint (potoo_camera_settings_get_pre_roll_us (again), ==, 120000000);
  g_assert_cmpint (potoo_camera_settings_get_post_roll_us (again), ==, 600000000);
  g_assert_cmpuint (potoo_camera_settings_get_priority (again), ==, 10);
  g_assert_cmpstr (potoo_camera_settings_get_storage_root (again), ==, "big");
  g_assert_cmpuint (potoo_camera_settings_get_keep_continuous_days (again), ==, 30);
  g_assert_cmpuint (potoo_camera_settings_get_keep_event_days (again), ==, 3650);
  g_assert_cmpint (potoo_camera_settings_get_max_bytes (again), ==,
                   G_GINT64_CONSTANT (9007199254740991));
  g_assert_cmpuint (potoo_camera_settings_get_min_days (again), ==, 30);

  g_autoptr (PotooCameraSettings) reset = patch_ok (
      again, "{\"record\":null,\"schedule\":null,\"record_sub\":null,\"pre_roll\":null,"
             "\"priority\":null,\"storage_root\":null,\"max_bytes\":null,\"sub_url\":null}");
  g_assert_cmpint (potoo_camera_settings_get_record (reset), ==, POTOO_RECORD_CONTINUOUS);
  g_assert_null (potoo_camera_settings_get_schedule (reset));
  g_assert_false (potoo_camera_settings_get_record_sub (reset));
  g_assert_cmpint (potoo_camera_settings_get_pre_roll_us (reset), ==, 5000000);
  g_assert_cmpuint (potoo_camera_settings_get_priority (reset), ==, 5);
  g_assert_null (potoo_camera_settings_get_storage_root (reset));
  g_assert_cmpint (potoo_camera_settings_get_max_bytes (reset), ==, 0);
  g_assert_cmpint (potoo_camera_settings_get_post_roll_us (reset), ==, 600000000);

  g_autoptr (GError) error = NULL;
  g_assert_null (patch_from (again, "{\"sub_url\":null}", &error));
  g_assert_cmpstr (potoo_error_get_pointer (error), ==, "/record_sub");
}

/* The table says of each number between which it lies, and that the default does. */
static void
test_describe (void)
{
  g_autoptr (JsonArray) rows = potoo_camera_settings_describe ();
  guint n_numbers = 0;

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *type = json_object_get_string_member (row, "type");
      gboolean number = g_str_equal (type, "integer") || g_str_equal (type, "size");
      g_assert_cmpint (json_object_has_member (row, "minimum"), ==, number);
      g_assert_cmpint (json_object_has_member (row, "maximum"), ==, number);
      g_assert_cmpint (json_object_has_member (row, "default"), ==, !g_str_equal (type, "text"));
      if (!number)
        continue;
      gint64 value = json_object_get_int_member (row, "default");
      g_assert_cmpint (value, >=, json_object_get_int_member (row, "minimum"));
      g_assert_cmpint (value, <=, json_object_get_int_member (row, "maximum"));
      n_numbers++;
    }
  g_assert_cmpuint (n_numbers, >=, 7);
}

/* URLs from pieces that reach deep into the parsers: no crash, and what is
 * accepted comes out the same when it goes in again. */
static void
test_random_urls (void)
{
  static const char *const pieces[] = { "rtsp://", "rtsps", ":", "/", "@", "%", "%40", "%zz", "[",
                                        "]",       "::1",   "h", "5", "?", "#", ".",   "-",   "u" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  guint accepted = 0;

  for (int round = 0; round < 20000; round++)
    {
      g_autoptr (GString) url = g_string_new ("rtsp://");
      for (int n = g_rand_int_range (rand, 0, 10); n > 0; n--)
        g_string_append (url, pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))]);
      g_autoptr (JsonObject) object = json_object_new ();
      json_object_set_string_member (object, "id", "a");
      json_object_set_string_member (object, "url", url->str);
      g_autoptr (PotooCameraSettings) first = potoo_camera_settings_new (object, NULL);
      if (first == NULL)
        continue;
      accepted++;
      const char *text = potoo_camera_settings_get_url (first);
      json_object_set_string_member (object, "url", text);
      g_autoptr (GError) error = NULL;
      g_autoptr (PotooCameraSettings) second = potoo_camera_settings_new (object, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (potoo_camera_settings_get_url (second), ==, text);
      g_assert_null (potoo_camera_settings_get_username (second));
    }
  g_assert_cmpuint (accepted, >, 100);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/camera-settings/defaults", test_defaults);
  g_test_add_func ("/camera-settings/id-from-name", test_id_from_name);
  g_test_add_func ("/camera-settings/good-urls", test_good_urls);
  g_test_add_func ("/camera-settings/bad-urls", test_bad_urls);
  g_test_add_func ("/camera-settings/bad-objects", test_bad_objects);
  g_test_add_func ("/camera-settings/lengths", test_lengths);
  g_test_add_func ("/camera-settings/user-info", test_user_info);
  g_test_add_func ("/camera-settings/json", test_json);
  g_test_add_func ("/camera-settings/patch", test_patch);
  g_test_add_func ("/camera-settings/bad-patch", test_bad_patch);
  g_test_add_func ("/camera-settings/password-elsewhere", test_password_elsewhere);
  g_test_add_func ("/camera-settings/needs-reconnect", test_needs_reconnect);
  g_test_add_func ("/camera-settings/recording", test_recording);
  g_test_add_func ("/camera-settings/describe", test_describe);
  g_test_add_func ("/camera-settings/random-urls", test_random_urls);
  return g_test_run ();
}
