package page

import "github.com/akinserver/akin"

// What follows reads the parts that pages of the Web print like archive pages: dates, credits, bylines and datelines.

// DateIn returns the first date in s as YYYY-MM-DD, or "" when there is none or it is not in the calendar.
func DateIn(s string) string {
	date, _, _, _, err := findDate(s)
	if err != nil {
		return ""
	}
	return date
}

// CaptionOf takes the credit at the end of a caption off its text.
func CaptionOf(s string) akin.Caption {
	if by := credit(s); by != "" {
		return akin.Caption{Credit: by}
	}
	if text, by := inlineCredit(s); by != "" {
		return akin.Caption{Text: text, Credit: by}
	}
	return akin.Caption{Text: s}
}

// ReadByline adds the authors of a line that says nothing but who wrote the article, and reports whether s is one.
func ReadByline(s string, a *akin.Article) bool { return readByline(line{text: s}, a) }

// ReadOpening sets what the dateline of an article's first paragraph says: place, agency, authors.
func ReadOpening(s string, a *akin.Article) {
	if d, ok := readDateline(s); ok {
		useDateline(d, a)
	}
}
