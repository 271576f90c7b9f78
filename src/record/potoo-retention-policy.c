/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The reasons one after another, the less protected class first each time: what one of them
 * finds may leave nothing to the next, so each choice is of one reason and one class,
 * and the next is made when it is carried out.
 *
 * Of several cameras (or, for the limit of one, of several roots) the segments are merged by age,
 * an age counting for less the higher the camera's priority.
 */

#include "record/potoo-retention-policy.h"

/* Room for what an open segment has grown by that is not durable yet, and for what it grows by
 * until the next pass; at most this part of a camera's limit. */
#define CAMERA_HEADROOM_SEGMENTS 2
#define CAMERA_HEADROOM_PART 8

gboolean
potoo_retention_is_reachable (const PotooRootStatus *root)
{
  return root->row_id != 0 && (root->state == POTOO_ROOT_OK || root->state == POTOO_ROOT_FULL);
}

void
potoo_retention_choice_clear (PotooRetentionChoice *choice)
{
  g_clear_pointer (&choice->segments, g_ptr_array_unref);
}

/* --- what there is --- */

static const PotooRootStatus *
find_root (const PotooRetentionInput *in, gint64 row_id)
{
  for (guint i = 0; i < in->roots->len; i++)
    {
      const PotooRootStatus *root = in->roots->pdata[i];
      if (root->row_id == row_id && potoo_retention_is_reachable (root))
        return root;
    }
  return NULL;
}

static const PotooStreamTotals *
get_totals (const PotooRetentionInput *in, guint i)
{
  return &g_array_index (in->totals, PotooStreamTotals, i);
}

/* Whether the row is the first of its camera on its root: totals are in that order. */
static gboolean
is_first_of_camera (const PotooRetentionInput *in, guint i)
{
  const PotooStreamTotals *totals = get_totals (in, i), *before = i > 0 ? totals - 1 : NULL;

  return before == NULL || before->root != totals->root ||
         !g_str_equal (before->camera, totals->camera);
}

/* Time before which a segment of @rule must have ended to go for want of space. */
static gint64
get_space_before_us (const PotooRetentionInput *in, const PotooRetentionRule *rule)
{
  return rule->condemned ? G_MAXINT64 : in->now_us - MAX (rule->min_us, POTOO_RETENTION_FLOOR_US);
}

static gint64
get_age_before_us (const PotooRetentionInput *in,
                   const PotooRetentionRule *rule,
                   PotooSegmentClass class)
{
  gint64 keep_us = rule->keep_us[class];

  return rule->condemned ? G_MAXINT64 : keep_us > 0 ? in->now_us - keep_us : 0;
}

static GPtrArray *
list (const PotooRetentionInput *in,
      gint64 root,
      const char *camera,
      PotooSegmentClass class,
      gint64 before_us,
      guint limit,
      GError **error)
{
  const PotooEvictableQuery query = { root, camera, class, before_us, limit };
  return in->list (&query, in->list_data, error);
}

/* --- merging --- */

typedef struct
{
  GPtrArray *rows;
  guint at;
  guint priority;
} Source;

static void
source_clear (gpointer data)
{
  g_ptr_array_unref (((Source *) data)->rows);
}

static GArray *
new_sources (void)
{
  GArray *sources = g_array_new (FALSE, FALSE, sizeof (Source));
  g_array_set_clear_func (sources, source_clear);
  return sources;
}

/* @rows: (transfer full) (nullable) */
static gboolean
add_source (GArray *sources, GPtrArray *rows, guint priority)
{
  Source source = { rows, 0, priority };

  if (rows != NULL)
    g_array_append_val (sources, source);
  return rows != NULL;
}

static gint64
weigh (const PotooSegment *segment, gint64 now_us, guint priority)
{
  return (now_us - segment->end_us) / MAX (priority, 1);
}

/* The next one of all sources; NULL: there is none. */
static const PotooSegment *
take (GArray *sources, gint64 now_us)
{
  Source *best = NULL;
  gint64 best_weight = G_MININT64;

  for (guint i = 0; i < sources->len; i++)
    {
      Source *source = &g_array_index (sources, Source, i);
      if (source->at == source->rows->len)
        continue;
      gint64 weight = weigh (source->rows->pdata[source->at], now_us, source->priority);
      if (weight > best_weight)
        {
          best = source;
          best_weight = weight;
        }
    }
  return best != NULL ? best->rows->pdata[best->at++] : NULL;
}

/* Takes until @need bytes are found, and chooses those of them that lie on our root. */
static void
take_for (const PotooRetentionInput *in, GArray *sources, gint64 need, GPtrArray *chosen)
{
  guint n = 0;

  while (need > 0 && n < POTOO_EVICTION_BATCH)
    {
      const PotooSegment *segment = take (sources, in->now_us);
      if (segment == NULL)
        return;
      if (segment->root == in->root)
        g_ptr_array_add (chosen, potoo_segment_copy (segment));
      need -= segment->size_bytes;
      n++;
    }
}

/* --- by age --- */

static gboolean
choose_by_age (const PotooRetentionInput *in,
               PotooSegmentClass class,
               GPtrArray *chosen,
               GError **error)
{
  for (guint i = 0; i < in->totals->len && chosen->len < POTOO_EVICTION_BATCH; i++)
    {
      const PotooStreamTotals *totals = get_totals (in, i);
      const PotooRetentionRule *rule = potoo_retention_rules_get (in->rules, totals->camera);
      gint64 before_us = get_age_before_us (in, rule, class);
      if (totals->root != in->root || before_us <= 0 || !is_first_of_camera (in, i))
        continue;
      g_autoptr (GPtrArray) rows = list (in, in->root, totals->camera, class, before_us,
                                         POTOO_EVICTION_BATCH - chosen->len, error);
      if (rows == NULL)
        return FALSE;
      for (guint j = 0; j < rows->len; j++)
        g_ptr_array_add (chosen, potoo_segment_copy (rows->pdata[j]));
    }
  return TRUE;
}

/* --- by what a camera may have --- */

gint64
potoo_retention_get_camera_headroom (const PotooTotal *kept, gint64 max_bytes)
{
  gint64 headroom = kept->segments > 0 ? CAMERA_HEADROOM_SEGMENTS * kept->bytes / kept->segments
                                       : 0;

  return MIN (headroom, max_bytes / CAMERA_HEADROOM_PART);
}

/* What must go for @camera to have its headroom; what lies on roots that are not
 * there does not count, since nothing can be done about it. */
static gint64
get_camera_need (const PotooRetentionInput *in, const char *camera, gint64 max_bytes)
{
  PotooTotal sum = { 0 };

  for (guint i = 0; i < in->totals->len; i++)
    {
      const PotooStreamTotals *totals = get_totals (in, i);
      if (!g_str_equal (totals->camera, camera) || find_root (in, totals->root) == NULL)
        continue;
      for (guint class = 0; class < POTOO_SEGMENT_N_CLASSES; class ++)
        {
          sum.segments += totals->totals.kept[class].segments;
          sum.bytes += totals->totals.kept[class].bytes;
        }
    }
  return sum.bytes + potoo_retention_get_camera_headroom (&sum, max_bytes) - max_bytes;
}

/* Of all roots that are there; NULL on an error. */
static GArray *
list_of_camera (const PotooRetentionInput *in,
                const char *camera,
                const PotooRetentionRule *rule,
                PotooSegmentClass class,
                GError **error)
{
  g_autoptr (GArray) sources = new_sources ();

  for (guint i = 0; i < in->roots->len; i++)
    {
      const PotooRootStatus *root = in->roots->pdata[i];
      if (potoo_retention_is_reachable (root) &&
          !add_source (sources,
                       list (in, root->row_id, camera, class, get_space_before_us (in, rule),
                             POTOO_EVICTION_BATCH, error),
                       1))
        return NULL;
    }
  return g_steal_pointer (&sources);
}

/* What is less protected goes first, also when it lies on another root: that root's turn then. */
static gboolean
choose_of_camera (const PotooRetentionInput *in,
                  const char *camera,
                  const PotooRetentionRule *rule,
                  PotooSegmentClass class,
                  GPtrArray *chosen,
                  GError **error)
{
  gint64 need = get_camera_need (in, camera, rule->max_bytes);

  if (need <= 0)
    return TRUE;
  for (PotooSegmentClass less = POTOO_SEGMENT_CONTINUOUS; less < class; less++)
    {
      g_autoptr (GArray) sources = list_of_camera (in, camera, rule, less, error);
      if (sources == NULL || take (sources, in->now_us) != NULL)
        return sources != NULL;
    }
  g_autoptr (GArray) sources = list_of_camera (in, camera, rule, class, error);
  if (sources != NULL)
    take_for (in, sources, need, chosen);
  return sources != NULL;
}

static gboolean
choose_by_camera (const PotooRetentionInput *in,
                  PotooSegmentClass class,
                  GPtrArray *chosen,
                  GError **error)
{
  for (guint i = 0; i < in->totals->len && chosen->len == 0; i++)
    {
      const PotooStreamTotals *totals = get_totals (in, i);
      const PotooRetentionRule *rule = potoo_retention_rules_get (in->rules, totals->camera);
      if (totals->root == in->root && rule->max_bytes > 0 && is_first_of_camera (in, i) &&
          !choose_of_camera (in, totals->camera, rule, class, chosen, error))
        return FALSE;
    }
  return TRUE;
}

/* --- by what the root holds --- */

/* What the headroom of our root lacks; less than 0: what is free beyond it. */
static gint64
get_root_lack (const PotooRetentionInput *in, const PotooRootStatus *root)
{
  gint64 kept = 0, lack = G_MININT64;

  for (guint i = 0; i < in->totals->len; i++)
    if (get_totals (in, i)->root == root->row_id)
      kept += potoo_totals_get_kept_bytes (&get_totals (in, i)->totals);
  if (root->max_bytes > 0)
    lack = kept + root->headroom_bytes - root->max_bytes;
  if (root->total_bytes > 0)
    lack = MAX (lack,
                root->min_free_bytes + root->headroom_bytes - root->free_bytes - in->owed_bytes);
  return lack;
}

static gint64
get_spare (const PotooRootStatus *root)
{
  return root->headroom_bytes / POTOO_RETENTION_SPARE_PART;
}

static gboolean
choose_by_root (const PotooRetentionInput *in,
                PotooSegmentClass class,
                GPtrArray *chosen,
                GError **error)
{
  const PotooRootStatus *root = find_root (in, in->root);
  g_autoptr (GArray) sources = new_sources ();

  if (root == NULL)
    return TRUE;
  gint64 lack = get_root_lack (in, root);
  if (lack <= (in->making_room ? -get_spare (root) : 0))
    return TRUE;
  for (guint i = 0; i < in->totals->len; i++)
    {
      const PotooStreamTotals *totals = get_totals (in, i);
      const PotooRetentionRule *rule = potoo_retention_rules_get (in->rules, totals->camera);
      if (totals->root == in->root && is_first_of_camera (in, i) &&
          !add_source (sources,
                       list (in, in->root, totals->camera, class, get_space_before_us (in, rule),
                             POTOO_EVICTION_BATCH, error),
                       rule->priority))
        return FALSE;
    }
  take_for (in, sources, lack + get_spare (root), chosen);
  return TRUE;
}

/* --- when nothing is to go --- */

/* When the oldest of a camera's @class may go, for its age or, when there is need, at all. */
static gboolean
find_next_of (const PotooRetentionInput *in,
              const char *camera,
              PotooSegmentClass class,
              gboolean root_needs,
              gint64 *next_us,
              GError **error)
{
  const PotooRetentionRule *rule = potoo_retention_rules_get (in->rules, camera);
  gint64 keep_us = rule->keep_us[class];

  if (root_needs || (rule->max_bytes > 0 && get_camera_need (in, camera, rule->max_bytes) > 0))
    keep_us = MAX (rule->min_us, POTOO_RETENTION_FLOOR_US);
  if (keep_us == 0)
    return TRUE;
  g_autoptr (GPtrArray) rows = list (in, in->root, camera, class, G_MAXINT64, 1, error);
  /* What is old enough is to go already; if it does not, time is not what it waits for. */
  if (rows != NULL && rows->len > 0)
    {
      gint64 due_us = ((PotooSegment *) rows->pdata[0])->end_us + keep_us;
      if (due_us > in->now_us)
        *next_us = MIN (*next_us, due_us);
    }
  return rows != NULL;
}

static gboolean
find_next (const PotooRetentionInput *in, PotooRetentionChoice *choice, GError **error)
{
  const PotooRootStatus *root = find_root (in, in->root);

  choice->short_bytes = root != NULL ? MAX (get_root_lack (in, root), 0) : 0;
  for (guint i = 0; i < in->totals->len; i++)
    {
      const PotooStreamTotals *totals = get_totals (in, i);
      if (totals->root != in->root || !is_first_of_camera (in, i))
        continue;
      for (PotooSegmentClass class = POTOO_SEGMENT_CONTINUOUS; class < POTOO_SEGMENT_LOCKED;
           class ++)
        if (!find_next_of (in, totals->camera, class, choice->short_bytes > 0, &choice->next_us,
                           error))
          return FALSE;
    }
  return TRUE;
}

gboolean
potoo_retention_choose (const PotooRetentionInput *in, PotooRetentionChoice *choice, GError **error)
{
  static gboolean (*const choosers[POTOO_EVICTION_REQUEST]) (
      const PotooRetentionInput *in, PotooSegmentClass class, GPtrArray *chosen, GError **error) = {
    [POTOO_EVICTION_AGE] = choose_by_age,
    [POTOO_EVICTION_CAMERA] = choose_by_camera,
    [POTOO_EVICTION_ROOT] = choose_by_root,
  };

  *choice = (PotooRetentionChoice){
    .segments = g_ptr_array_new_with_free_func ((GDestroyNotify) potoo_segment_free),
    .next_us = G_MAXINT64,
  };
  for (PotooEvictionReason reason = POTOO_EVICTION_AGE; reason < POTOO_EVICTION_REQUEST; reason++)
    for (PotooSegmentClass class = POTOO_SEGMENT_CONTINUOUS; class < POTOO_SEGMENT_LOCKED; class ++)
      {
        choice->reason = reason;
        choice->class = class;
        if (!choosers[reason](in, class, choice->segments, error))
          return FALSE;
        if (choice->segments->len > 0)
          return TRUE;
      }
  return find_next (in, choice, error);
}
