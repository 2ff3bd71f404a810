package charset

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The encodings of East Asia share their bytes, so nearly any text of one decodes in another, as nonsense. Running text is told
// by its commonest characters: some three hundred make up half of any Chinese text and a tenth at most of nonsense.
var eastAsian = []struct {
	name   string // as declared, after normalisation
	as     encoding.Encoding
	common map[rune]bool
}{
	{"gb18030", simplifiedchinese.GB18030, set(simplified + traditional)}, // GBK holds the traditional characters, too
	{"big5", traditionalchinese.Big5, set(traditional)},
	{"shift_jis", japanese.ShiftJIS, set(kana)},
	{"euc-kr", korean.EUCKR, set(hangul)},
	{"euc-jp", japanese.EUCJP, set(kana)},
}

const (
	shared = "一不在人有是大上中以到地和子你出也年就那要下得可生自之去十小能好心多天然如家起只作道用想事都第面月公日民力口手三本二高正明文工又理其他此行同者方成全部分加今自" +
		"及老入四少五走六七八九知名海定市自主度元平路北京法定化相省合政法院通重建信物水教百至千代打安取使直由受情四立收期回保老提位西先山知名相社界治原建改反交最土向世"
	simplified = shared + "的了我这个们来为时说国会对发现学过动经面着没里后进种样从还实业开关机问长间见当产体两外点意头义新应制无与已无反将电话场员种决活总变较什几认论战" +
		"指济区记设级习规结该务书万运办听军气团东斯县类队达导热转报华节图专题处强广联"
	traditional = shared + "的了我這個們來為時說國會對發現學過動經面著沒裡後進種樣從還實業開關機問長間見當產體兩外點意頭義新應制無與已將電話場員決活總變較什幾認論戰" +
		"指濟區記設級習規結該務書萬運辦聽軍氣團東斯縣類隊達導熱轉報華節圖專題處強廣聯並與於"
	kana   = "あいうえおかがきくけこさしすせそただちってでとどなにのはばひへほまみめもやよらりるれろわをんアイウカクコシスタッテトドナニハフマムメラリルレロンーぐげごずびべ"
	hangul = "이다의에는을를은가고하지한기도사리로인스자대어나정수시부해일전아그보구서제상주과라으장있것했만원들년여동공화국안성적조신와연들게까면미유선민회"
)

func set(s string) map[rune]bool {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return m
}

// The share of common characters that running text has at least, and what a declaration counts for beside it.
const (
	minShare      = 0.20
	declaredBonus = 0.05
)

// decodeEastAsian decodes data in the encoding in which it reads as running text, if there is one. first is the place of its first
// byte that is not ASCII.
func decodeEastAsian(data []byte, first int, opts Options) ([]byte, bool) {
	sample := data[first:min(len(data), first+sampleSize)]
	best, share := 0, 0.0
	for i, e := range eastAsian {
		text, ok := decodeCut(sample, e.as, opts.Markup)
		if !ok {
			continue
		}
		s := commonShare(text, e.common)
		if isDeclared(opts.Declared, e.name) {
			s += declaredBonus
		}
		if s > share {
			best, share = i, s
		}
	}
	text, ok := decodeCut(data, eastAsian[best].as, opts.Markup)
	if share >= minShare {
		return text, ok
	}
	// A list of names has few common characters; GB18030 is by far the most likely.
	return text, ok && best == 0 && mostlyHan(text) && !looksLatin(data)
}

func isDeclared(declared, name string) bool {
	declared = strings.ToLower(strings.TrimSpace(declared))
	switch declared {
	case "gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "hz-gb-2312":
		declared = "gb18030"
	case "sjis", "shift-jis", "x-sjis", "ms_kanji", "windows-31j":
		declared = "shift_jis"
	case "big5-hkscs", "x-x-big5", "cp950":
		declared = "big5"
	case "ks_c_5601-1987", "windows-949", "ksc5601":
		declared = "euc-kr"
	}
	return declared == name
}

// commonShare is the share of common characters among all that are not ASCII or punctuation.
func commonShare(text []byte, common map[rune]bool) float64 {
	hits, all := 0, 0
	for _, r := range string(text) {
		if r < 0x80 || unicode.IsPunct(r) || unicode.IsSpace(r) || unicode.IsSymbol(r) {
			continue
		}
		all++
		if common[r] {
			hits++
		}
	}
	return float64(hits) / float64(max(all, 1))
}

// decodeCut decodes data that may end within a character, which is dropped. Of markup one character in a hundred may be
// wrong: servers cut titles and summaries by bytes.
func decodeCut(data []byte, e encoding.Encoding, markup bool) ([]byte, bool) {
	text, err := e.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Co, r) || isC1(r) }) {
		return nil, false
	}
	wrong := bytes.Count(text, []byte("\uFFFD"))
	if wrong > 0 && len(data) > 0 && data[len(data)-1] >= 0x80 {
		if cut, ok := bytes.CutSuffix(text, []byte("\uFFFD")); ok {
			text, wrong = cut, wrong-1
		}
	}
	return text, wrong == 0 || markup && wrong*300 < len(text) // of three bytes each
}

// mostlyHan reports whether more letters of text that are not ASCII are ideographs than not.
func mostlyHan(text []byte) bool {
	han, other := 0, 0
	for _, r := range string(text) {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case r >= 0x80 && unicode.IsLetter(r):
			other++
		}
	}
	return han > other
}
