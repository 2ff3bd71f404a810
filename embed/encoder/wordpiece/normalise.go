package wordpiece

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalise appends a text as the vocabulary spells it, in the order of BertNormalizer: clean, set Chinese apart, strip accents, lower.
func (t *Tokenizer) normalise(to []byte, text string) []byte {
	if t.rules.StripAccents {
		decomposed := norm.NFD.AppendString(nil, string(t.clean(nil, text)))
		return t.fold(to, decomposed)
	}
	return t.fold(to, t.clean(nil, text))
}

// clean drops control characters, makes every white space a space, and puts spaces around Chinese characters.
func (t *Tokenizer) clean(to []byte, text string) []byte {
	to = append(to, make([]byte, 0, len(text)+len(text)/4)...)
	for _, r := range text {
		if r < utf8.RuneSelf {
			switch {
			case !t.rules.CleanText || r >= ' ' && r != 0x7f:
				to = append(to, byte(r))
			case r == '\t' || r == '\n' || r == '\r':
				to = append(to, ' ')
			}
			continue
		}
		switch {
		case t.rules.CleanText && (r == utf8.RuneError || isControl(r)):
		case t.rules.CleanText && unicode.IsSpace(r):
			to = append(to, ' ')
		case t.rules.Chinese && isChinese(r):
			to = append(utf8.AppendRune(append(to, ' '), r), ' ')
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return to
}

// fold drops the accents of a decomposed text, and lowers it.
func (t *Tokenizer) fold(to, text []byte) []byte {
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			if t.rules.Lowercase && 'A' <= b && b <= 'Z' {
				b += 'a' - 'A'
			}
			to = append(to, b)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		switch {
		case t.rules.StripAccents && isMark(r):
		case t.rules.Lowercase && r == 'İ': // the one letter that is two when lowered
			to = append(to, "i\u0307"...)
		case t.rules.Lowercase:
			to = utf8.AppendRune(to, unicode.ToLower(r))
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return to
}

// Added is a token that is found in a text before it is cut into words: [SEP], [MASK], or a phrase that a vocabulary was extended by.
type Added struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter or digit adjoins
	LStrip     bool   `json:"lstrip"`      // takes the white space before it along
	RStrip     bool   `json:"rstrip"`      // and that behind it
	Normalized bool   `json:"normalized"`  // found in the normalised text rather than in the text itself
}

// added are the tokens that are looked for together, by their first bytes; longer ones first.
type added struct {
	by [256][]Added
}

func (a *added) add(token Added) {
	if token.Content == "" {
		return
	}
	list := &a.by[token.Content[0]]
	at := 0
	for at < len(*list) && len((*list)[at].Content) >= len(token.Content) {
		at++
	}
	*list = append((*list)[:at], append([]Added{token}, (*list)[at:]...)...)
}

// split calls yield for what lies between tokens with the id of the token behind it, and last for the rest with the id -1.
func (a *added) split(text string, yield func(between string, id int32)) {
	begin := 0
	for i := 0; i < len(text); {
		token := a.at(text[i:])
		if token == nil {
			i++
			continue
		}
		from, to := i, i+len(token.Content)
		i = to
		if token.SingleWord && (endsInWord(text[:from]) || beginsWithWord(text[to:])) {
			continue
		}
		if token.LStrip && from > begin {
			from = begin + len(strings.TrimRightFunc(text[begin:from], unicode.IsSpace))
		}
		if token.RStrip {
			to = max(to, begin) // what a token before this one took along is white space
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
		}
		yield(text[min(begin, from):from], token.ID)
		begin = to
	}
	yield(text[begin:], -1)
}

// at returns the longest token that a text begins with.
func (a *added) at(text string) *Added {
	list := a.by[text[0]]
	for i := range list {
		if strings.HasPrefix(text, list[i].Content) {
			return &list[i]
		}
	}
	return nil
}

func endsInWord(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return text != "" && isWord(r)
}

func beginsWithWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return text != "" && isWord(r)
}

// isWord is \w of a regular expression.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}
