/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * PotooTranscodeBudget:
 *
 * How much of the machine video encoding may take: half of its processors, so that recording and
 * viewers never lack theirs. Who wants to encode asks for a share; what that will cost is
 * estimated by picture size and rate, with what encoding a pixel costs on this machine, learnt from
 * the shares in use. Once a share is in use its measured cost counts.
 *
 * Loads are in thousandths of a processor. Any thread.
 */
typedef struct _PotooTranscodeBudget PotooTranscodeBudget;
typedef struct _PotooTranscodeShare PotooTranscodeShare;

/* The process has one: potoo_transcode_budget_get(). Others are for tests. */
PotooTranscodeBudget *potoo_transcode_budget_new (guint n_processors);
void potoo_transcode_budget_free (PotooTranscodeBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTranscodeBudget, potoo_transcode_budget_free)

PotooTranscodeBudget *potoo_transcode_budget_get (void);
guint potoo_transcode_budget_get_load (PotooTranscodeBudget *budget);

/* NULL with POTOO_ERROR_UNSUPPORTED, whose message is for people, when there is no room for it, or
 * one processor, which is all that one encoder uses, is too slow. */
PotooTranscodeShare *potoo_transcode_budget_take (PotooTranscodeBudget *budget,
                                                  guint width,
                                                  guint height,
                                                  double fps,
                                                  GError **error);
/* @n_pictures were encoded in @cpu_us of processor time, within @elapsed_us. */
void potoo_transcode_share_measure (PotooTranscodeShare *share,
                                    guint n_pictures,
                                    gint64 cpu_us,
                                    gint64 elapsed_us);
void potoo_transcode_share_free (PotooTranscodeShare *share);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PotooTranscodeShare, potoo_transcode_share_free)

G_END_DECLS
