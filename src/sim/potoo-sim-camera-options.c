/* SPDX-License-Identifier: GPL-3.0-or-later */

/* `--camera=ID,key=value,…`, driven by one table of keys. */

#include "sim/potoo-sim-options.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/potoo-error.h"
#include "base/potoo-text.h"
#include "sim/potoo-sim-picture.h"

#define MAX_LOOP_BYTES (512 * 1000 * 1000)
#define SUB_WIDTH 640
#define SUB_FPS 10
#define SUB_BITRATE_KBIT 300

typedef struct
{
  const char *name;
  gsize offset;
  int min, max, step; /* of a number */
  guint codecs;       /* bits of PotooSimCodec: a choice; 0: not a choice */
  gboolean is_text;
} Key;

#define NUMBER(name, field, min, max, step)                                                        \
  {                                                                                                \
    name, G_STRUCT_OFFSET (PotooSimCameraOptions, field), min, max, step, 0, FALSE                 \
  }
#define CHOICE(name, field, codecs)                                                                \
  {                                                                                                \
    name, G_STRUCT_OFFSET (PotooSimCameraOptions, field), 0, 0, 0, codecs, FALSE                   \
  }
#define TEXT(name, field)                                                                          \
  {                                                                                                \
    name, G_STRUCT_OFFSET (PotooSimCameraOptions, field), 0, 0, 0, 0, TRUE                         \
  }

static const Key keys[] = {
  CHOICE ("codec",
          codec,
          1u << POTOO_SIM_CODEC_H264 | 1u << POTOO_SIM_CODEC_H265 | 1u << POTOO_SIM_CODEC_MJPEG),
  CHOICE ("audio",
          audio,
          1u << POTOO_SIM_CODEC_NONE | 1u << POTOO_SIM_CODEC_AAC | 1u << POTOO_SIM_CODEC_PCMU |
              1u << POTOO_SIM_CODEC_PCMA | 1u << POTOO_SIM_CODEC_OPUS | 1u << POTOO_SIM_CODEC_G722 |
              1u << POTOO_SIM_CODEC_G726 | 1u << POTOO_SIM_CODEC_L16 | 1u << POTOO_SIM_CODEC_MP2),
  NUMBER ("width", width, 160, 3840, 8),
  NUMBER ("height", height, 120, 2160, 2),
  NUMBER ("fps", fps, 1, 60, 1),
  NUMBER ("bitrate", bitrate_kbit, 50, 50000, 1),
  NUMBER ("gop", gop, 1, 600, 1),
  NUMBER ("bframes", bframes, 0, 4, 1),
  NUMBER ("slices", slices, 1, 8, 1),
  NUMBER ("loop", loop_seconds, 2, 600, 1),
  NUMBER ("tcp", tcp, 0, 1, 1),
  NUMBER ("interval", interval_s, 1, 20, 1),
  NUMBER ("sprop", sprop, 0, 1, 1),
  NUMBER ("inband", inband, 0, 1, 1),
  NUMBER ("wrap", wrap_s, 0, 3600, 1),
  NUMBER ("metadata", metadata, 0, 1, 1),
  NUMBER ("seed", seed, 0, 65535, 1),
  TEXT ("user", user),
  TEXT ("password", password),
};

static char *
list_choices (guint codecs)
{
  GString *out = g_string_new (NULL);

  for (guint codec = 0; codec < POTOO_SIM_N_CODECS; codec++)
    if (codecs & (1u << codec))
      g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", potoo_sim_codec_name (codec));
  return g_string_free (out, FALSE);
}

static gboolean
parse_number (const Key *key, const char *value, int *number, GError **error)
{
  gint64 parsed;

  if (g_ascii_string_to_signed (value, 10, key->min, key->max, &parsed, NULL) &&
      parsed % key->step == 0)
    {
      *number = (int) parsed;
      return TRUE;
    }
  if (key->step > 1)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s=%s: must be a multiple of %d from %d to %d"), key->name, value, key->step,
                 key->min, key->max);
  else
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("%s=%s: must be a number from %d to %d"), key->name, value, key->min, key->max);
  return FALSE;
}

static gboolean
parse_choice (const Key *key, const char *value, int *choice, GError **error)
{
  for (int codec = 0; codec < POTOO_SIM_N_CODECS; codec++)
    if ((key->codecs & (1u << codec)) && strcmp (value, potoo_sim_codec_name (codec)) == 0)
      {
        *choice = codec;
        return TRUE;
      }
  g_autofree char *allowed = list_choices (key->codecs);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT, _ ("%s=%s: must be one of %s"),
               key->name, value, allowed);
  return FALSE;
}

static gboolean
parse_text (const Key *key, const char *value, char **text, GError **error)
{
  if (*value == '\0' || strpbrk (value, "\"\\:") != NULL)
    {
      g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                   _ ("%s: must be text without quotes, backslashes and colons"), key->name);
      return FALSE;
    }
  g_free (*text);
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
unknown_key (const char *name, GError **error)
{
  GString *known = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", keys[i].name);
  g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
               _ ("Unknown camera setting “%s”: known are %s"), name, known->str);
  g_string_free (known, TRUE);
  return FALSE;
}

static gboolean
parse_pair (PotooSimCameraOptions *options, const char *pair, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (pair, "=", 2);

  for (guint i = 0; i < G_N_ELEMENTS (keys) && parts[0] != NULL; i++)
    {
      const Key *key = &keys[i];
      gpointer field = (guint8 *) options + key->offset;
      if (strcmp (parts[0], key->name) != 0)
        continue;
      const char *value = parts[1] != NULL ? parts[1] : "";
      if (key->is_text)
        return parse_text (key, value, field, error);
      return key->codecs != 0 ? parse_choice (key, value, field, error)
                              : parse_number (key, value, field, error);
    }
  return unknown_key (pair, error);
}

/* What no single key can tell. */
static gboolean
check_camera (const PotooSimCameraOptions *options, GError **error)
{
  PotooSimLoopParams params;

  potoo_sim_camera_options_get_main (options, &params);
  if ((options->user == NULL) != (options->password == NULL))
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                         _ ("user and password must be given together"));
  else if (params.n_units > POTOO_SIM_MAX_POSITIONS)
    g_set_error (
        error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
        _ ("loop=%d: has %u pictures, at most %d are possible; shorten the loop or lower fps"),
        options->loop_seconds, params.n_units, POTOO_SIM_MAX_POSITIONS);
  else if ((gint64) options->loop_seconds * options->bitrate_kbit * 125 > MAX_LOOP_BYTES)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("loop=%d: takes more than %d MB; shorten the loop or lower bitrate"),
                 options->loop_seconds, MAX_LOOP_BYTES / 1000000);
  else if (options->codec == POTOO_SIM_CODEC_MJPEG && MAX (options->width, options->height) > 2040)
    g_set_error_literal (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                         _ ("codec=mjpeg: width and height must be at most 2040"));
  else if (options->bframes >= options->gop)
    g_set_error (error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
                 _ ("bframes=%d: must be less than gop=%d"), options->bframes, options->gop);
  else
    return TRUE;
  return FALSE;
}

PotooSimCameraOptions *
potoo_sim_camera_options_parse (const char *text, GError **error)
{
  g_autoptr (PotooSimCameraOptions) options = g_new0 (PotooSimCameraOptions, 1);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  *options = (PotooSimCameraOptions){
    .id = g_strdup (parts[0] != NULL ? parts[0] : ""),
    .codec = POTOO_SIM_CODEC_H264,
    .audio = POTOO_SIM_CODEC_AAC,
    .width = 1280,
    .height = 720,
    .fps = 25,
    .bitrate_kbit = 2000,
    .gop = 50,
    .slices = 1,
    .loop_seconds = 60,
    .tcp = TRUE,
    .interval_s = 1,
    .sprop = TRUE,
    .inband = TRUE,
  };
  if (!potoo_slug_is_valid (options->id))
    {
      g_set_error (
          error, POTOO_ERROR, POTOO_ERROR_INVALID_ARGUMENT,
          _ ("Camera id “%s”: must be lower-case letters, digits and hyphens, not beginning "
             "with a hyphen, at most %d"),
          options->id, POTOO_SLUG_MAX);
      return NULL;
    }
  for (guint i = 1; parts[i] != NULL; i++)
    if (!parse_pair (options, parts[i], error))
      {
        g_prefix_error (error, _ ("Camera %s: "), options->id);
        return NULL;
      }
  if (!check_camera (options, error))
    {
      g_prefix_error (error, _ ("Camera %s: "), options->id);
      return NULL;
    }
  return g_steal_pointer (&options);
}

void
potoo_sim_camera_options_free (PotooSimCameraOptions *options)
{
  g_free (options->id);
  g_free (options->user);
  g_free (options->password);
  g_free (options);
}

static guint
whole_gops (guint units, guint gop)
{
  return MAX (1, (units + gop / 2) / gop) * gop;
}

void
potoo_sim_camera_options_get_main (const PotooSimCameraOptions *options, PotooSimLoopParams *params)
{
  *params = (PotooSimLoopParams){
    .codec = (PotooSimCodec) options->codec,
    .width = (guint) options->width,
    .height = (guint) options->height,
    .rate_num = (guint) (options->interval_s > 1 ? 1 : options->fps),
    .rate_den = (guint) options->interval_s,
    .bitrate_kbit = (guint) options->bitrate_kbit,
    .gop = (guint) options->gop,
    .bframes = (guint) options->bframes,
    .slices = (guint) options->slices,
  };
  if (params->codec == POTOO_SIM_CODEC_MJPEG)
    params->gop = 1;
  params->n_units = whole_gops ((guint) options->loop_seconds * params->rate_num / params->rate_den,
                                params->gop);
}

void
potoo_sim_camera_options_get_sub (const PotooSimCameraOptions *options, PotooSimLoopParams *params)
{
  guint width = (guint) MIN (options->width, SUB_WIDTH);
  guint fps = (guint) MIN (options->fps, SUB_FPS);

  *params = (PotooSimLoopParams){
    .codec = POTOO_SIM_CODEC_H264,
    .width = width,
    .height = ((guint) options->height * width / (guint) options->width) & ~1u,
    .rate_num = fps,
    .rate_den = 1,
    .bitrate_kbit = SUB_BITRATE_KBIT,
    .gop = 2 * fps,
    .slices = 1,
    .n_units = whole_gops ((guint) options->loop_seconds * fps, 2 * fps),
  };
}
