package page

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/akinserver/akin"
)

const months = `(Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)`

// The forms of a date: each has year, month and day, in the order that orders says.
var (
	numericDate  = regexp.MustCompile(`(\d{4})[\s\p{Z}]*[-/.年][\s\p{Z}]*(\d{1,2})[\s\p{Z}]*[-/.月][\s\p{Z}]*(\d{1,2})(?:[\s\p{Z}]*日)?`)
	compactDate  = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	chineseDate  = regexp.MustCompile(`([〇○零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日`)
	monthDayYear = regexp.MustCompile(`\b` + months + `[\s\p{Z}]+(\d{1,2})(?:st|nd|rd|th)?,?[\s\p{Z}]+(\d{4})\b`)
	dayMonthYear = regexp.MustCompile(`\b(\d{1,2})(?:st|nd|rd|th)?[\s\p{Z}]+` + months + `,?[\s\p{Z}]+(\d{4})\b`)
	anyDate      = []struct {
		form             *regexp.Regexp
		year, month, day int
	}{
		{numericDate, 1, 2, 3},
		{compactDate, 1, 2, 3},
		{chineseDate, 1, 2, 3},
		{monthDayYear, 3, 1, 2},
		{dayMonthYear, 3, 2, 1},
	}
)

// findDate returns the first date in s as YYYY-MM-DD, and where it stands there; found is false when s has none.
// A date that is not in the calendar is an error.
func findDate(s string) (date string, from, to int, found bool, err error) {
	for _, d := range anyDate {
		m := d.form.FindStringSubmatchIndex(s)
		if m == nil {
			continue
		}
		part := func(i int) string { return s[m[2*i]:m[2*i+1]] }
		date = fmt.Sprintf("%04d-%02d-%02d", number(part(d.year)), month(part(d.month)), number(part(d.day)))
		if _, err := akin.ParseDate(date); err != nil {
			return "", 0, 0, true, fmt.Errorf("%q is not a date that exists", s[m[0]:m[1]])
		}
		return date, m[0], m[1], true, nil
	}
	return "", 0, 0, false, nil
}

// number reads a number of ASCII or Chinese digits: 2014, 二〇一四, 十九, 二十.
func number(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	n := 0
	for _, r := range s {
		switch digit := strings.IndexRune("〇一二三四五六七八九", r) / len("〇"); {
		case r == '十' && n == 0:
			n = 10
		case r == '十':
			n *= 10
		case r == '○' || r == '零':
			n *= 10
		case n >= 10 && n%10 == 0 && n < 100 && strings.ContainsRune(s, '十'):
			n += digit
		default:
			n = n*10 + digit
		}
	}
	return n
}

func month(s string) int {
	if len(s) >= 3 {
		if at := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", s[:3]); at >= 0 {
			return at/3 + 1
		}
	}
	return number(s)
}

// invalidDate is the error for a date on a page that is not in the calendar.
func invalidDate(line int, err error) error {
	return fmt.Errorf("line %d: %w", line, &akin.InvalidError{Field: "published_date", Problem: err.Error()})
}
