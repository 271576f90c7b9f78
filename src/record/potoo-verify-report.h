/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What comparing recordings with the catalog finds. Plain values. */

typedef enum
{
  POTOO_VERIFY_MISSING,    /* a row whose file is gone */
  POTOO_VERIFY_DAMAGED,    /* fragments that the index names cannot be read any more */
  POTOO_VERIFY_CHANGED,    /* the boxes are in order, but the content is not what it was */
  POTOO_VERIFY_MISMATCH,   /* the file is whole, and the row or the index tells something else */
  POTOO_VERIFY_TIMES,      /* wall times in the file are not those of the row */
  POTOO_VERIFY_UNREADABLE, /* could not be looked at, which says nothing about what is in it */
  POTOO_VERIFY_UNLISTED,   /* a file without a row */
  POTOO_VERIFY_FOREIGN,    /* a file or directory that Potoo did not make; no fault */
} PotooVerifyProblem;

#define POTOO_VERIFY_N_PROBLEMS (POTOO_VERIFY_FOREIGN + 1)

const char *potoo_verify_problem_to_string (PotooVerifyProblem problem); /* "missing" */

typedef struct
{
  PotooVerifyProblem problem;
  gint64 segment; /* id; 0: none */
  char *root;     /* name */
  char *path;     /* relative to it */
  char *detail;   /* for people */
  gboolean repaired;
  /* Wall times of what the row promises and cannot be read: a gap, once that is repaired. */
  gint64 lost_start_us, lost_end_us; /* 0: nothing */
  gint64 lost_us;                    /* of it what is lost; there may be more between */
} PotooVerifyFinding;

/* Findings that a report keeps; all are counted. */
#define POTOO_VERIFY_MAX_FINDINGS 1000

typedef struct
{
  gboolean running;
  gboolean repair;
  gboolean rebuild;            /* the catalog is completed: see potoo-rebuild.h */
  gint64 started_us, ended_us; /* wall; 0: not yet */
  gint64 duration_us;
  gint64 total;           /* segments that there were at the start */
  gint64 segments, files; /* rows and files looked at */
  gint64 bytes;           /* read of their contents */
  gint64 hashed;          /* first hashes noted */
  gint64 unhashed;        /* sound, without a hash to compare with */
  gint64 known_damaged;   /* in state damaged, with all that their rows promise */
  gint64 found[POTOO_VERIFY_N_PROBLEMS];
  gint64 repaired[POTOO_VERIFY_N_PROBLEMS];
  gint64 lost_us;      /* of all findings */
  GPtrArray *findings; /* PotooVerifyFinding, the first ones */
  gboolean left_gap;   /* it is to be completed again: a gap goes on over what was recorded */
  char *error;         /* why it did not come to its end; NULL: it did, or it runs */
} PotooVerifyReport;

PotooVerifyReport *potoo_verify_report_new (void);
PotooVerifyReport *potoo_verify_report_copy (const PotooVerifyReport *report);
void potoo_verify_report_free (PotooVerifyReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooVerifyReport, potoo_verify_report_free)

/* Counts @finding, and keeps a copy while there is room. */
void potoo_verify_report_add (PotooVerifyReport *report, const PotooVerifyFinding *finding);
/* What was found and is not repaired; foreign files do not count. */
gint64 potoo_verify_report_get_open (const PotooVerifyReport *report);
/* The shape of `GET /api/v1/verify` (docs/rest.md), which D-Bus and `potoo --verify --json` share.
 * (transfer full) */
JsonObject *potoo_verify_report_to_json (const PotooVerifyReport *report);

G_END_DECLS
