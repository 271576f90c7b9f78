/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "web/potoo-web-router.h"

static void
handle (PotooWebRequest *request)
{
}

static const PotooWebParam list_params[] = {
  { .name = "camera", .type = POTOO_WEB_PARAM_SLUG },
  { .name = "start", .type = POTOO_WEB_PARAM_TIME, .fallback = 7 },
  { .name = "limit", .type = POTOO_WEB_PARAM_INTEGER, .min = 1, .max = 1000, .fallback = 100 },
  { .name = "order", .type = POTOO_WEB_PARAM_CHOICE, .choices = "up|down" },
  { .name = "cursor", .type = POTOO_WEB_PARAM_CURSOR },
  { NULL },
};
static const PotooWebParam item_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SLUG, .in_path = TRUE },
  { .name = "at", .type = POTOO_WEB_PARAM_TIME, .required = TRUE },
  { NULL },
};
static const PotooWebParam id_params[] = {
  { .name = "id", .type = POTOO_WEB_PARAM_SEGMENT, .in_path = TRUE },
  { NULL },
};
static const PotooRoute routes[] = {
  { "GET", "/things", POTOO_WEB_RIGHT_VIEW, list_params, POTOO_WEB_BODY_NONE, handle, "" },
  { "POST", "/things", POTOO_WEB_RIGHT_MANAGE, NULL, POTOO_WEB_BODY_OBJECT, handle, "" },
  { "GET", "/things/{id}/at", POTOO_WEB_RIGHT_VIEW, item_params, POTOO_WEB_BODY_NONE, handle, "" },
  { "DELETE", "/segments/{id}", .params = id_params, .handler = handle },
  { NULL },
};

typedef struct
{
  const char *method, *path, *query;
  PotooWebMatchResult expected;
  const char *detail; /* parameter, or what is allowed */
} Row;

static const Row rows[] = {
  { "GET", "/things", NULL, POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things", "", POTOO_WEB_MATCH_FOUND, NULL },
  { "HEAD", "/things", NULL, POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/%74hings", NULL, POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things/", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "//things", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "/", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "*", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "/Things", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "OPTIONS", "/things", NULL, POTOO_WEB_MATCH_METHOD, "GET, HEAD, POST" },
  { "get", "/things", NULL, POTOO_WEB_MATCH_METHOD, "GET, HEAD, POST" },
  { "PUT", "/segments/00000000000000ff", NULL, POTOO_WEB_MATCH_METHOD, "DELETE" },
  { "HEAD", "/segments/00000000000000ff", NULL, POTOO_WEB_MATCH_METHOD, "DELETE" },
  { "DELETE", "/segments/00000000000000FF", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "DELETE", "/segments/ff", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "DELETE", "/segments/0000000000000000", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "DELETE", "/segments/ffffffffffffffff", NULL, POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "/things/a%2Fb/at", "at=2026-01-01T00:00:00Z", POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/%2e%2e/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/../at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/a%00/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/%ff/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/%c0%80/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/%zz/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/a%/at", NULL, POTOO_WEB_MATCH_BAD, NULL },
  { "GET", "/things/UPPER/at", "at=2026-01-01T00:00:00Z", POTOO_WEB_MATCH_NOT_FOUND, NULL },
  { "GET", "/things/a/at", NULL, POTOO_WEB_MATCH_BAD, "at" },
  { "GET", "/things/a/at", "at=2026-01-01T00:00:00Z", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things/a/at", "at=2026-01-01T00:00:00+01:00", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things/a/at", "at=2026-01-01T00:00:00%2B01:00", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things/a/at", "at=yesterday", POTOO_WEB_MATCH_BAD, "at" },
  { "GET", "/things/a/at", "id=b&at=2026-01-01T00:00:00Z", POTOO_WEB_MATCH_BAD, "id" },
  { "GET", "/things", "limit=1", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things", "limit=1000", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things", "limit=0", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=1001", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=-1", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=+1", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=1.0", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=99999999999999999999", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit=1&limit=1", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "limit", POTOO_WEB_MATCH_BAD, "limit" },
  { "GET", "/things", "=1", POTOO_WEB_MATCH_BAD, "" },
  { "GET", "/things", "&", POTOO_WEB_MATCH_BAD, "" },
  { "GET", "/things", "limit=1&", POTOO_WEB_MATCH_BAD, "" },
  { "GET", "/things", "Limit=1", POTOO_WEB_MATCH_BAD, "Limit" },
  { "GET", "/things", "other=1", POTOO_WEB_MATCH_BAD, "other" },
  { "GET", "/things", "limi%74=5", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things", "camera=a%00b", POTOO_WEB_MATCH_BAD, "camera" },
  { "GET", "/things", "camera=%ff", POTOO_WEB_MATCH_BAD, "camera" },
  { "GET", "/things", "camera=..%2f..", POTOO_WEB_MATCH_BAD, "camera" },
  { "GET", "/things", "order=down", POTOO_WEB_MATCH_FOUND, NULL },
  { "GET", "/things", "order=up|down", POTOO_WEB_MATCH_BAD, "order" },
  { "GET", "/things", "order=", POTOO_WEB_MATCH_BAD, "order" },
  { "GET", "/things", "cursor=", POTOO_WEB_MATCH_BAD, "cursor" },
  { "POST", "/things", "limit=1", POTOO_WEB_MATCH_BAD, "limit" },
};

static void
test_rows (void)
{
  g_autoptr (PotooWebRouter) router = potoo_web_router_new ();

  potoo_web_router_add (router, routes);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      PotooWebMatch match;
      const Row *row = &rows[i];
      g_test_message ("%s %s?%s", row->method, row->path, row->query);
      g_assert_cmpint (potoo_web_router_match (router, row->method, row->path, row->query, &match),
                       ==, row->expected);
      g_assert_cmpstr (match.allow, ==,
                       row->expected == POTOO_WEB_MATCH_METHOD ? row->detail : NULL);
      g_assert_cmpstr (match.parameter, ==,
                       row->expected == POTOO_WEB_MATCH_BAD ? row->detail : NULL);
      g_assert_true ((match.detail != NULL) == (row->expected == POTOO_WEB_MATCH_BAD));
      potoo_web_match_clear (&match);
    }
}

static void
test_values (void)
{
  g_autoptr (PotooWebRouter) router = potoo_web_router_new ();
  PotooWebMatch match;

  potoo_web_router_add (router, routes);
  g_assert_cmpint (potoo_web_router_match (router, "HEAD", "/things", "camera=b-2&limit=5", &match),
                   ==, POTOO_WEB_MATCH_FOUND);
  g_assert_true (match.head);
  g_assert_cmpstr (potoo_web_match_get (&match, "camera")->text, ==, "b-2");
  g_assert_cmpint (potoo_web_match_get (&match, "limit")->number, ==, 5);
  g_assert_cmpint (potoo_web_match_get (&match, "start")->number, ==, 7);
  g_assert_false (potoo_web_match_get (&match, "start")->present);
  g_assert_cmpstr (potoo_web_match_get (&match, "order")->text, ==, "up");
  g_assert_null (potoo_web_match_get (&match, "cursor")->text);
  g_assert_null (potoo_web_match_get (&match, "nonsense"));
  potoo_web_match_clear (&match);

  g_assert_cmpint (
      potoo_web_router_match (router, "DELETE", "/segments/00000000000000ff", NULL, &match), ==,
      POTOO_WEB_MATCH_FOUND);
  g_assert_cmpint (potoo_web_match_get (&match, "id")->number, ==, 255);
  g_assert_cmpint (match.route->right, ==, POTOO_WEB_RIGHT_DENY);
  potoo_web_match_clear (&match);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-router/rows", test_rows);
  g_test_add_func ("/web-router/values", test_values);
  return g_test_run ();
}
