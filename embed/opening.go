package embed

import "regexp"

// opening matches what a newspaper prints before the report itself: who filed it, from where, when. Reprints change it, and with it its figures.
var opening = regexp.MustCompile(
	`^\s*(?:[^\n。，]{0,30}?\d{1,2}月\d{1,2}日(?:[^\n。，致来去发复回贺唁通]{0,6})?[电讯](?:\s*[（(][^\n）)]{0,60}[）)])?` +
		`|[（(](?:本报|本台)?(?:记者|通讯员)[^\n）)]{0,60}[）)]` +
		`|据[^\n。，]{1,24}(?:报道|消息|电)[，,：:]` +
		`|[^\n。，：:]{2,12}(?:消息|讯)[：:]` +
		`|本报讯(?:\s*[（(][^\n）)]{0,60}[）)])?` +
		`|\p{Lu}[\p{L} .,'’-]{1,40}, (?:\p{Lu}[\p{L}.]{2,9} \d{1,2}|\d{1,2} \p{Lu}[\p{L}.]{2,9})(?: \([^)\n]{0,100}\))? ?[—–-]+)`)

// cutOpening parts a body from what is printed before it.
func cutOpening(body string) (before, rest string) {
	n := len(opening.FindString(body))
	return body[:n], body[n:]
}

func withoutOpening(body string) string {
	_, rest := cutOpening(body)
	return rest
}
