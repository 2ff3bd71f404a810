package encoder

// Words counts the words of a text: words and numbers, and characters of scripts without spaces, five of which stand for three words.
func Words(text string) int {
	c := counters.Get().(*counter)
	defer counters.Put(c)
	c.scan(text)
	return c.words()
}

// words counts those of the text that was scanned.
func (s *scanner) words() int {
	words, chars := 0, 0
	for i := range s.units {
		if s.units[i].kind == char {
			chars++
		} else {
			words++
		}
	}
	return words + chars*3/5
}
