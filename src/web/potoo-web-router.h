/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Routes: each resource file has one static table, whose rows say everything
 * that must be known about a request before its handler sees it. The same
 * tables are to feed `/api/v1/openapi.json`.
 */

typedef struct _PotooWebRequest PotooWebRequest;
typedef void (*PotooWebHandler) (PotooWebRequest *request);

/* What the caller must be allowed to; a row that names none denies everybody. */
typedef enum
{
  POTOO_WEB_RIGHT_DENY = 0,
  POTOO_WEB_RIGHT_OPEN,    /* nothing: liveness and readiness */
  POTOO_WEB_RIGHT_METRICS, /* read counters; until there are tokens: be on this machine */
  POTOO_WEB_RIGHT_VIEW,    /* see cameras and recordings */
  POTOO_WEB_RIGHT_MANAGE,  /* change cameras and settings */
} PotooWebRight;

typedef enum
{
  POTOO_WEB_BODY_NONE = 0,
  POTOO_WEB_BODY_OBJECT,      /* a JSON object */
  POTOO_WEB_BODY_MERGE_PATCH, /* a JSON object, also as application/merge-patch+json */
} PotooWebBodyKind;

typedef enum
{
  POTOO_WEB_PARAM_SLUG = 1, /* text: a camera id */
  POTOO_WEB_PARAM_SEGMENT,  /* number: 16 hexadecimal digits */
  POTOO_WEB_PARAM_TIME,     /* number: RFC 3339 → wall_us */
  POTOO_WEB_PARAM_INTEGER,  /* number: min … max */
  POTOO_WEB_PARAM_CHOICE,   /* text: one of `choices` */
  POTOO_WEB_PARAM_NAME,     /* text: a file name, `[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}` */
  POTOO_WEB_PARAM_CURSOR,   /* text: the `next` of a page before; the handler checks it */
  POTOO_WEB_PARAM_ZONE,     /* text: a name of the time zone database; the handler looks for it */
} PotooWebParamType;

typedef struct
{
  const char *name;
  PotooWebParamType type;
  gint64 min, max;     /* INTEGER */
  gint64 fallback;     /* TIME, INTEGER: when absent */
  const char *choices; /* CHOICE: `keep|delete`; the first when absent */
  gboolean in_path;
  gboolean required; /* in the query */
  const char *summary;
} PotooWebParam;

#define POTOO_WEB_MAX_PARAMS 8

typedef struct
{
  const char *method; /* GET also serves HEAD */
  const char *path;   /* `/api/v1/cameras/{id}`: each {name} is a parameter in_path */
  PotooWebRight right;
  const PotooWebParam *params; /* ends with a row without name; NULL: takes none */
  PotooWebBodyKind body;
  PotooWebHandler handler;
  const char *summary;
  gboolean any_query; /* pages: the query is their script's matter */
} PotooRoute;

typedef struct
{
  gboolean present;
  gint64 number;
  char *text;
} PotooWebValue;

typedef enum
{
  POTOO_WEB_MATCH_FOUND,
  POTOO_WEB_MATCH_NOT_FOUND,
  POTOO_WEB_MATCH_METHOD, /* `allow` lists what there is: 405 */
  POTOO_WEB_MATCH_BAD,    /* malformed path, or a parameter: `detail`, `parameter` */
} PotooWebMatchResult;

typedef struct
{
  const PotooRoute *route; /* also when a parameter is bad */
  gboolean head;           /* HEAD served by a GET row */
  PotooWebValue values[POTOO_WEB_MAX_PARAMS];
  char *allow;
  char *parameter;
  char *detail; /* translated */
} PotooWebMatch;

void potoo_web_match_clear (PotooWebMatch *match);
/* NULL when the route has no such parameter. */
const PotooWebValue *potoo_web_match_get (const PotooWebMatch *match, const char *name);

typedef struct _PotooWebRouter PotooWebRouter;

PotooWebRouter *potoo_web_router_new (void);
void potoo_web_router_free (PotooWebRouter *router);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooWebRouter, potoo_web_router_free)

/* @routes: static, ends with a row without method. */
void potoo_web_router_add (PotooWebRouter *router, const PotooRoute *routes);

/* @path and @query (nullable) as they came, percent-encoded. @match is to be cleared
 * whatever the result. */
PotooWebMatchResult potoo_web_router_match (PotooWebRouter *router,
                                            const char *method,
                                            const char *path,
                                            const char *query,
                                            PotooWebMatch *match);

G_END_DECLS
