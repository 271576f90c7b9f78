/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "config/potoo-memory-budget.h"

#include "base/potoo-memory.h"

#define AUTO_MAX_BYTES G_GINT64_CONSTANT (4000000000)

void
potoo_memory_budget_init (PotooMemoryBudget *budget, gint64 total, gint64 pre_roll)
{
  if (total == POTOO_MEMORY_AUTO)
    total = CLAMP (potoo_memory_get_available () / 2, POTOO_MEMORY_MIN_BYTES, AUTO_MAX_BYTES);
  *budget = (PotooMemoryBudget){
    .total = total,
    .queues = total / 4,
    .hub_ring = total / 8,
    .catalog = total / 16,
    .pictures = total / 16,
    .pre_roll = pre_roll == POTOO_MEMORY_AUTO ? total / 4 : pre_roll,
  };
}
