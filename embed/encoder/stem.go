package encoder

// stem takes the plural off an English word, as far as it can be told from its letters (the S-stemmer of Harman 1991, "How
// effective is suffixing?"). Words of other languages lose an s here and there, in every text alike. The stem is a prefix of the
// word, with a y after it where y is set.
func stem(word []byte) (prefix []byte, y bool) {
	n := len(word)
	if n < 4 || word[n-1] != 's' {
		return word, false
	}
	switch word[n-2] {
	case 's', 'u', 'i':
		return word, false
	case 'e':
		switch c := word[n-3]; {
		case c == 'i' && n > 4 && word[n-4] != 'e' && word[n-4] != 'a':
			return word[:n-3], true // parties
		case c == 's', c == 'x', c == 'z', c == 'h' && n > 4: // losses, taxes, watches
			return word[:n-2], false
		}
	}
	return word[:n-1], false
}
