package local

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// parseDatetime reads the forms of a date that Qdrant reads and returns microseconds since 1970: RFC 3339 with T or a space,
// a zone with or without colon or none at all (UTC), a date with hour and minute, a date alone.
func parseDatetime(s string) (micros int64, ok bool) {
	rest := s
	year, rest, ok := cutNumber(rest, 4)
	if !ok || !strings.HasPrefix(rest, "-") {
		return 0, false
	}
	month, rest, ok := cutNumber(rest[1:], 2)
	if !ok || !strings.HasPrefix(rest, "-") {
		return 0, false
	}
	day, rest, ok := cutNumber(rest[1:], 2)
	if !ok || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day {
		return 0, false
	}
	if rest == "" {
		return date.UnixMicro(), true
	}
	if strings.IndexByte("Tt ", rest[0]) < 0 {
		return 0, false
	}
	clock, zone, ok := parseClock(rest[1:], rest[0] == ' ')
	return date.Add(clock - zone).UnixMicro(), ok
}

// parseClock reads the time of day and its zone. Seconds may be missing where dateAlone says so, and then the zone is too.
func parseClock(s string, secondsOptional bool) (clock, zone time.Duration, ok bool) {
	hour, rest, ok := cutNumber(s, 2)
	if !ok || !strings.HasPrefix(rest, ":") {
		return 0, 0, false
	}
	minute, rest, ok := cutNumber(rest[1:], 2)
	if !ok || hour > 23 || minute > 59 {
		return 0, 0, false
	}
	clock = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	if rest == "" {
		return clock, 0, secondsOptional
	}
	if rest[0] != ':' {
		return 0, 0, false
	}
	second, rest, ok := cutNumber(rest[1:], 2)
	if !ok || second > 60 {
		return 0, 0, false
	}
	clock += time.Duration(second) * time.Second
	if strings.HasPrefix(rest, ".") {
		digits := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0123456789"))
		if digits == 0 {
			return 0, 0, false
		}
		unit := 100 * time.Millisecond
		for _, c := range rest[1:min(digits+1, 10)] {
			clock += time.Duration(c-'0') * unit
			unit /= 10
		}
		rest = rest[1+digits:]
	}
	zone, ok = parseZone(strings.TrimLeft(rest, " "))
	return clock, zone, ok
}

func parseZone(s string) (time.Duration, bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	sign := time.Duration(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	hour, minute, found := strings.Cut(s[1:], ":")
	if !found && len(hour) == 4 {
		hour, minute = hour[:2], hour[2:]
	}
	if len(hour) != 2 || len(minute) != 2 && (found || minute != "") {
		return 0, false
	}
	h, rest, ok := cutNumber(hour, 2)
	if !ok || rest != "" || h > 23 {
		return 0, false
	}
	m := 0
	if minute != "" {
		if m, rest, ok = cutNumber(minute, 2); !ok || rest != "" || m > 59 {
			return 0, false
		}
	}
	return sign * (time.Duration(h)*time.Hour + time.Duration(m)*time.Minute), true
}

// cutNumber reads 1 to width digits.
func cutNumber(s string, width int) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && i < width && s[i] >= '0' && s[i] <= '9'; i++ {
		n = 10*n + int(s[i]-'0')
	}
	return n, s[i:], i > 0
}

func microsOf(t *timestamppb.Timestamp) int64 {
	return t.GetSeconds()*1e6 + int64(t.GetNanos())/1000
}
