#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every date of 22 years in every Land, beside a library that others keep.
. "$(dirname "$0")/lib.sh"
oracle=/usr/bin/python3 # python3-holidays is Debian's
"$oracle" -c 'import holidays' 2>/dev/null || skip "needs python3-holidays"
need cc

cat >"$scratch/ours.c" <<-'EOF'
	#include <stdio.h>
	#include "dsar/case/deadline.h"
	#include "record/key/day.h"
	int main(void)
	{
		static const char *const lands[LANDS] = { "BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW",
			"RP", "SL", "SN", "ST", "SH", "TH" };
		int32_t first, last;
		char day[DAY_TEXT_MAX], due[DAY_TEXT_MAX];
		if (!day_parse(SPAN("2018-01-01"), &first) || !day_parse(SPAN("2039-12-31"), &last))
			return 1;
		for (int l = 0; l < LANDS; l++)
			for (int32_t d = first; d <= last; d++) {
				(void)day_format(d, day);
				if (deadline_is_holiday(d, (enum conf_land)l))
					printf("holiday %s %s\n", lands[l], day);
				for (int months = 1; months <= 3; months += 2) {
					(void)day_format(deadline_due(d, months, (enum conf_land)l), due);
					printf("%d %s %s %s\n", months, lands[l], day, due);
				}
			}
		return 0;
	}
EOF
cc -std=gnu17 -O1 -I"$root/lib" -I"$root" -o "$scratch/ours" "$scratch/ours.c" "$root/dsar/case/deadline.c" "$root/lib/record/key/day.c"
"$scratch/ours" | sort >"$scratch/ours.txt"

# What the library does not know, or takes more widely than the law does, by its version 0.10: of 2021, it lacks what
# came later; and Assumption Day is a holiday in parts of Bavaria only, where the earlier date is always in time.
cat >"$scratch/theirs.py" <<-'EOF'
	import calendar, datetime, holidays
	day, one = datetime.date, datetime.timedelta(days=1)
	def of(land):
	    days = set(holidays.CountryHoliday("DE", prov=land, years=range(2018, 2041)))
	    if land == "BY":
	        days -= {day(y, 8, 15) for y in range(2018, 2041)}
	    if land == "MV":
	        days |= {day(y, 3, 8) for y in range(2023, 2041)}
	    if land == "BE":
	        days.add(day(2025, 5, 8))
	    return days
	def due(d, months, days):
	    y, m = d.year + (d.month - 1 + months) // 12, (d.month - 1 + months) % 12 + 1
	    end = day(y, m, min(d.day, calendar.monthrange(y, m)[1]))
	    while end.weekday() >= 5 or end in days:
	        end += one
	    return end
	for land in holidays.Germany.PROVINCES:
	    days, d = of(land), day(2018, 1, 1)
	    while d <= day(2039, 12, 31):
	        if d in days:
	            print("holiday", land, d)
	        for months in (1, 3):
	            print(months, land, d, due(d, months, days))
	        d += one
EOF
"$oracle" "$scratch/theirs.py" | sort >"$scratch/theirs.txt"

promise "holidays and dates of 2018 to 2039 are the library's, in all 16 Länder"
cmp "$scratch/ours.txt" "$scratch/theirs.txt" || fail "$(diff "$scratch/ours.txt" "$scratch/theirs.txt" | head -n 20)"
[ "$(wc -l <"$scratch/ours.txt")" -gt 257000 ] || fail "that was not all"
printf '%s dates compared\n' "$(wc -l <"$scratch/ours.txt")"
