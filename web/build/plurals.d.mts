// SPDX-License-Identifier: GPL-3.0-or-later

export function tabulatePlurals(header: string): string;
