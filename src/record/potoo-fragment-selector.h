/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "record/potoo-fragment-ring.h"
#include "record/potoo-recording-plan.h"

G_BEGIN_DECLS

/**
 * PotooFragmentSelector:
 *
 * Which fragments of a stream are written, in order and each once at most: those that overlap a
 * span of the plan, and in front of them what is needed to show them. Others wait in the ring, for
 * a plan that wants them after all. One thread at a time, the writer's.
 */
typedef struct _PotooFragmentSelector PotooFragmentSelector;

/* @ring: (transfer none) */
PotooFragmentSelector *potoo_fragment_selector_new (PotooFragmentRing *ring);
void potoo_fragment_selector_free (PotooFragmentSelector *selector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooFragmentSelector, potoo_fragment_selector_free)

/* What is to be written now, of what waits; a fragment that continues the open segment (@next)
 * needs nothing in front of it. (transfer full) (element-type PotooFragment) */
GPtrArray *potoo_fragment_selector_set_plan (PotooFragmentSelector *selector,
                                             PotooRecordingPlan *plan,
                                             guint64 next);
/* The plan that has held so far, for a ring that was taken over. */
void potoo_fragment_selector_resume (PotooFragmentSelector *selector, PotooRecordingPlan *plan);
/* The same for @fragment, which has just come: it is the last one returned, or waits. One that
 * comes once more, since it could not be written, is returned again. */
GPtrArray *potoo_fragment_selector_add (PotooFragmentSelector *selector,
                                        PotooFragment *fragment,
                                        guint64 next);

/* The plan that holds. (transfer none) (nullable) */
PotooRecordingPlan *potoo_fragment_selector_get_plan (PotooFragmentSelector *selector);

/* Whether the open segment, which ends at @end_us (monotonic), may have to be continued with
 * @next: because the plan goes on there or soon, or because a fragment that continues it and cannot
 * be shown alone waits or may come. */
gboolean
potoo_fragment_selector_may_continue (PotooFragmentSelector *selector, guint64 next, gint64 end_us);

G_END_DECLS
