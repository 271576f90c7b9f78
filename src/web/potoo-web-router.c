/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Finds the route of a request and checks its parameters against the route's
 * table. Everything is decoded once and strictly: what decodes to NUL, to invalid UTF-8
 * or to a slash inside a path segment matches nothing. Worker thread, no state
 * after set-up.
 */

#include "web/potoo-web-router.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "base/potoo-clock.h"
#include "base/potoo-text.h"
#include "web/potoo-web-cursor.h"

#define MAX_NAME 128
#define MAX_ZONE 64

struct _PotooWebRouter
{
  GPtrArray *routes; /* const PotooRoute, static */
};

PotooWebRouter *
potoo_web_router_new (void)
{
  PotooWebRouter *router = g_new0 (PotooWebRouter, 1);

  router->routes = g_ptr_array_new ();
  return router;
}

void
potoo_web_router_free (PotooWebRouter *router)
{
  g_ptr_array_unref (router->routes);
  g_free (router);
}

static guint
count_params (const PotooRoute *route)
{
  guint n = 0;

  while (route->params != NULL && route->params[n].name != NULL)
    n++;
  return n;
}

void
potoo_web_router_add (PotooWebRouter *router, const PotooRoute *routes)
{
  for (; routes->method != NULL; routes++)
    {
      g_return_if_fail (count_params (routes) <= POTOO_WEB_MAX_PARAMS);
      g_ptr_array_add (router->routes, (gpointer) routes);
    }
}

void
potoo_web_match_clear (PotooWebMatch *match)
{
  for (guint i = 0; i < POTOO_WEB_MAX_PARAMS; i++)
    g_clear_pointer (&match->values[i].text, g_free);
  g_clear_pointer (&match->allow, g_free);
  g_clear_pointer (&match->parameter, g_free);
  g_clear_pointer (&match->detail, g_free);
  match->route = NULL;
}

static int
find_param (const PotooRoute *route, const char *name, gsize length, gboolean in_path)
{
  guint n = count_params (route);

  for (guint i = 0; i < n; i++)
    if (route->params[i].in_path == in_path && strlen (route->params[i].name) == length &&
        strncmp (route->params[i].name, name, length) == 0)
      return (int) i;
  return -1;
}

const PotooWebValue *
potoo_web_match_get (const PotooWebMatch *match, const char *name)
{
  int i = find_param (match->route, name, strlen (name), FALSE);

  if (i < 0)
    i = find_param (match->route, name, strlen (name), TRUE);
  return i >= 0 ? &match->values[i] : NULL;
}

/* NULL for broken escapes, NUL, and what is not UTF-8 when decoded. `+` stays:
 * none of our values has a space, and times have a plus. */
static char *
decode_percent (const char *text)
{
  g_autofree char *decoded = g_uri_unescape_string (text, NULL);

  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL))
    return NULL;
  return g_steal_pointer (&decoded);
}

static gboolean
is_choice (const char *choices, const char *text)
{
  g_auto (GStrv) list = g_strsplit (choices, "|", -1);

  return g_strv_contains ((const char *const *) list, text);
}

static gboolean
is_name (const char *text)
{
  return text[0] != '.' && text[0] != '\0' && strlen (text) <= MAX_NAME &&
         text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-")] == '\0';
}

/* No dots: it leads nowhere but into the data base. What does not begin with a capital is none of
 * its zones but a file beside them, at which GLib stumbles. */
static gboolean
is_zone (const char *text)
{
  return g_ascii_isupper (text[0]) && strlen (text) <= MAX_ZONE &&
         text[strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_+-/")] == '\0';
}

/* NULL when @text is acceptable, else what would be. */
static char *
parse_value (const PotooWebParam *param, const char *text, PotooWebValue *value)
{
  switch (param->type)
    {
    case POTOO_WEB_PARAM_SLUG:
      if (potoo_slug_is_valid (text))
        return NULL;
      return g_strdup (_ ("must be a camera id"));
    case POTOO_WEB_PARAM_SEGMENT:
      if (potoo_segment_id_parse (text, &value->number))
        return NULL;
      return g_strdup (_ ("must be 16 hexadecimal digits in lower case"));
    case POTOO_WEB_PARAM_TIME:
      if (potoo_time_parse (text, &value->number))
        return NULL;
      return g_strdup (_ ("must be a time such as 2026-11-21T10:15:30Z"));
    case POTOO_WEB_PARAM_INTEGER:
      if (g_ascii_isdigit (text[0]) &&
          g_ascii_string_to_signed (text, 10, param->min, param->max, &value->number, NULL))
        return NULL;
      return g_strdup_printf (_ ("must be an integer from %lld to %lld"), (long long) param->min,
                              (long long) param->max);
    case POTOO_WEB_PARAM_CHOICE:
      if (is_choice (param->choices, text))
        return NULL;
      return g_strdup_printf (_ ("must be one of: %s"), param->choices);
    case POTOO_WEB_PARAM_NAME:
      if (is_name (text))
        return NULL;
      return g_strdup (_ ("must be a file name"));
    case POTOO_WEB_PARAM_CURSOR:
      if (text[0] != '\0' && strlen (text) <= POTOO_WEB_CURSOR_MAX)
        return NULL;
      return g_strdup (_ ("must be the “next” of the page before"));
    case POTOO_WEB_PARAM_ZONE:
      if (is_zone (text))
        return NULL;
      return g_strdup (_ ("must be a time zone, such as Europe/Berlin"));
    default:
      g_return_val_if_reached (g_strdup (""));
    }
}

static PotooWebMatchResult
fail_parameter (PotooWebMatch *match, const char *name, const char *detail)
{
  match->parameter = g_strdup (name);
  match->detail = g_strdup_printf (_ ("Parameter “%s” %s"), name, detail);
  return POTOO_WEB_MATCH_BAD;
}

static void
set_fallbacks (PotooWebMatch *match)
{
  guint n = count_params (match->route);

  for (guint i = 0; i < n; i++)
    {
      const PotooWebParam *param = &match->route->params[i];
      match->values[i].number = param->fallback;
      if (param->type == POTOO_WEB_PARAM_CHOICE)
        match->values[i].text = g_strndup (param->choices, strcspn (param->choices, "|"));
    }
}

static PotooWebMatchResult
parse_query_item (PotooWebMatch *match, const char *item)
{
  g_auto (GStrv) halves = g_strsplit (item, "=", 2);
  g_autofree char *name = halves[0] != NULL ? decode_percent (halves[0]) : NULL;
  g_autofree char *text = halves[0] != NULL && halves[1] != NULL ? decode_percent (halves[1])
                                                                 : NULL;

  if (name == NULL || name[0] == '\0' || text == NULL)
    return fail_parameter (match, name != NULL ? name : "", _ ("is malformed"));
  int i = find_param (match->route, name, strlen (name), FALSE);
  if (i < 0)
    return fail_parameter (match, name, _ ("is not known here"));
  PotooWebValue *value = &match->values[i];
  if (value->present)
    return fail_parameter (match, name, _ ("is given more than once"));
  value->present = TRUE;
  g_autofree char *wrong = parse_value (&match->route->params[i], text, value);
  if (wrong != NULL)
    return fail_parameter (match, name, wrong);
  g_free (value->text);
  value->text = g_steal_pointer (&text);
  return POTOO_WEB_MATCH_FOUND;
}

static PotooWebMatchResult
parse_query (PotooWebMatch *match, const char *query)
{
  PotooWebMatchResult result = POTOO_WEB_MATCH_FOUND;

  if (match->route->any_query)
    return result;
  if (query != NULL && query[0] != '\0')
    {
      g_auto (GStrv) items = g_strsplit (query, "&", -1);
      for (char **item = items; *item != NULL && result == POTOO_WEB_MATCH_FOUND; item++)
        result = parse_query_item (match, *item);
    }
  guint n = count_params (match->route);
  for (guint i = 0; i < n && result == POTOO_WEB_MATCH_FOUND; i++)
    if (match->route->params[i].required && !match->values[i].present)
      result = fail_parameter (match, match->route->params[i].name, _ ("is missing"));
  return result;
}

/* Splits and decodes; NULL when a segment is malformed, hides a slash or is a
 * dot segment (which clients resolve themselves, RFC 3986, 5.2.4). */
static GStrv
split_path (const char *path)
{
  g_auto (GStrv) segments = g_strsplit (path + 1, "/", -1);

  for (char **segment = segments; *segment != NULL; segment++)
    {
      char *decoded = decode_percent (*segment);
      gboolean bad = decoded == NULL || strchr (decoded, '/') != NULL ||
                     strcmp (decoded, ".") == 0 || strcmp (decoded, "..") == 0;
      g_free (*segment);
      *segment = decoded != NULL ? decoded : g_strdup ("");
      if (bad)
        return NULL;
    }
  return g_steal_pointer (&segments);
}

/* A parameter in the path that is not of its type cannot name anything. */
static gboolean
match_path (const PotooRoute *route, char **segments, PotooWebValue *values)
{
  g_auto (GStrv) pattern = g_strsplit (route->path + 1, "/", -1);

  if (g_strv_length (pattern) != g_strv_length (segments))
    return FALSE;
  for (guint i = 0; pattern[i] != NULL; i++)
    {
      if (pattern[i][0] != '{')
        {
          if (strcmp (pattern[i], segments[i]) != 0)
            return FALSE;
          continue;
        }
      int param = find_param (route, pattern[i] + 1, strlen (pattern[i]) - 2, TRUE);
      g_return_val_if_fail (param >= 0, FALSE);
      g_autofree char *wrong = parse_value (&route->params[param], segments[i], &values[param]);
      if (wrong != NULL)
        return FALSE;
      g_free (values[param].text);
      values[param].text = g_strdup (segments[i]);
      values[param].present = TRUE;
    }
  return TRUE;
}

static gboolean
serves (const PotooRoute *route, const char *method, gboolean *head)
{
  *head = strcmp (method, "HEAD") == 0 && strcmp (route->method, "GET") == 0;
  return *head || strcmp (route->method, method) == 0;
}

static void
add_allowed (GString *allow, const char *method)
{
  g_string_append_printf (allow, "%s%s", allow->len > 0 ? ", " : "", method);
  if (strcmp (method, "GET") == 0)
    g_string_append (allow, ", HEAD");
}

PotooWebMatchResult
potoo_web_router_match (PotooWebRouter *router,
                        const char *method,
                        const char *path,
                        const char *query,
                        PotooWebMatch *match)
{
  g_autoptr (GString) allow = g_string_new (NULL);

  memset (match, 0, sizeof *match);
  if (path[0] != '/')
    return POTOO_WEB_MATCH_NOT_FOUND;
  g_auto (GStrv) segments = split_path (path);
  if (segments == NULL)
    {
      match->detail = g_strdup (_ ("The path is malformed"));
      return POTOO_WEB_MATCH_BAD;
    }
  for (guint i = 0; i < router->routes->len; i++)
    {
      const PotooRoute *route = router->routes->pdata[i];
      PotooWebMatch found = { .route = route };
      set_fallbacks (&found);
      if (!match_path (route, segments, found.values))
        {
          potoo_web_match_clear (&found);
          continue;
        }
      if (serves (route, method, &found.head))
        {
          *match = found;
          return parse_query (match, query);
        }
      add_allowed (allow, route->method);
      potoo_web_match_clear (&found);
    }
  if (allow->len == 0)
    return POTOO_WEB_MATCH_NOT_FOUND;
  match->allow = g_strdup (allow->str);
  return POTOO_WEB_MATCH_METHOD;
}
