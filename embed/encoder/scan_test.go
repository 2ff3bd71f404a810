package encoder

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
	"github.com/google/go-cmp/cmp"
)

func TestScan(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{name: "case and punctuation part words", in: "The mayor, Ann; spoke.", want: "the mayor ann spoke"},
		{name: "full-width letters and figures are the usual ones", in: "ＡＢＣ公司２０１４", want: "abc 公 司 2014"},
		{name: "accents come off, composed or not", in: "Café Cafe\u0301 ÅNGSTRÖM", want: "cafe cafe angstrom"},
		{name: "ligatures and sharp s", in: "ﬁnal Straße Ærø", want: "final strasse aero"},
		{name: "thousands are one figure", in: "20,000 and 1,234,567", want: "20000 and 1234567"},
		{name: "a comma of a list is no thousands mark", in: "in 2013,2014 or 5, 600", want: "in 2013 2014 or 5 600"},
		{name: "a full-width comma never is", in: "12，345人", want: "12 345 人"},
		{name: "a decimal point stays", in: "3.5% to 0.5", want: "3.5 to 0.5"},
		{name: "the parts of a date are figures", in: "20.05.2014 and 2014-05-20", want: "20 5 2014 and 2014 5 20"},
		{name: "a full stop after a year is none of it", in: "in 2014.5 people", want: "in 2014.5 people"},
		{name: "nil is still a figure", in: "0 and 00", want: "0 and 0"},
		{name: "possessives and contractions", in: "Ann's we'll don’t l'homme O'Neil", want: "ann we dont l homme o neil"},
		{name: "initials lose their dots, but the country is no pronoun", in: "U.N. asked U.S. and US for us", want: "un asked u.s and u.s for us"},
		{name: "hyphens part", in: "follow-up COVID-19", want: "follow up covid 19"},
		{name: "letters and figures part", in: "G20 5G 19th", want: "g 20 5 g 19 th"},
		{name: "a soft hyphen and a zero-width joiner are not there", in: "par\u00adlia\u200dment", want: "parliament"},
		{name: "Chinese is characters", in: "5月19日，他说：“好”。", want: "5 月 19 日 他 说 好"},
		{name: "half-width kana and its marks", in: "ｶﾞｽ ガス か\u3099", want: "ガ ス ガ ス が"},
		{name: "the long vowel mark is part of Katakana", in: "サーバー", want: "サ ー バ ー"},
		{name: "decomposed Hangul is the composed one", in: "\u1112\u1161\u11ab국 한국", want: "한 국 한 국"},
		{name: "a middle dot parts names", in: "卡洛斯·门多", want: "卡 洛 斯 门 多"},
		{name: "Devanagari keeps its vowel signs", in: "हिन्दी", want: "हिन्दी"},
		{name: "Greek final sigma", in: "ΛΟΓΟΣ λόγος", want: "λογοσ λογοσ"},
		{name: "invalid bytes part words", in: "ab\xffcd", want: "ab cd"},
		{name: "nothing but signs", in: "… — 🎉 %&", want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s scanner
			s.scan(tt.in)
			var got []string
			for _, u := range s.units {
				got = append(got, string(s.text[u.from:u.to]))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("scan(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestStem(t *testing.T) {
	hash := func(word string) uint64 {
		h := xxhash.Sum64String(word)
		return hashOfStem([]byte(word), h, weightOfWord(h, len(word)))
	}
	for range 2 { // what it remembers is what it made
		for _, words := range []string{
			"minister ministers", "party parties", "loss losses", "tax taxes", "watch watches", "vote votes voting voted", "ban bans banned banning", "agree agreed agreeing",
			"relate related relation relations", "connect connection connected connecting", "argue argues argued", "happy happiness", "legalize legalized legalizing",
			"adopt adoption adopted adopts", "effective effectively effectiveness",
		} {
			all := strings.Fields(words)
			for _, word := range all[1:] {
				if hash(all[0]) != hash(word) {
					t.Errorf("%s and %s have different stems", all[0], word)
				}
			}
		}
		for _, words := range []string{
			"will willing", "other others", "us used", "hop hope", "plan plane", "gas gase", "bus bu", "press pres",
			"миры мирыs", "b2b b2bs", strings.Repeat("ab", 30) + " " + strings.Repeat("ab", 30) + "s",
		} {
			a, b, _ := strings.Cut(words, " ")
			if hash(a) == hash(b) {
				t.Errorf("%s and %s have one stem", a, b)
			}
		}
	}
}

// seeds are texts that have tripped scanners: every script, width and kind of joint, and bytes that are no text.
var seeds = []string{
	"", " ", "a", "的", "\xff\xfe", "a\xffb", "\u0301\u0301", "e\u0301", "20,000.5.6-7", "U.S.-China", "don't's", "''", "--", "1,,000", "1,000,00",
	"ｶﾞ\u3099", "한국\u1100", "ﷺ", "İstanbul", strings.Repeat("\u0301", 300), strings.Repeat("a", 300), strings.Repeat("1-", 50) + "1",
	"pro-US", "U.N.-led talks of pro-US parties", "5月19日，外交部发言人说：“两国将扩大合作。”", "The ferry line will re-open on 3 May, O'Neil's office said.", "ราคาน้ำมัน", "\u200b\u00ad\ufeff",
}

func FuzzTerms(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		runes := []rune(text)
		want := map[uint32]bool{}
		start := 0
		var s scanner
		s.scan(text)
		for _, u := range s.units {
			if int(u.start) < start || u.end <= u.start || int(u.end) > len(runes) || u.from >= u.to || int(u.to) > len(s.text) {
				t.Fatalf("scan(%q): unit %+v after rune %d of %d", text, u, start, len(runes))
			}
			if !utf8.Valid(s.text[u.from:u.to]) {
				t.Fatalf("scan(%q): unit %q is no text", text, s.text[u.from:u.to])
			}
			start = int(u.start)
		}
		for _, term := range Terms(text) {
			if got := string([]rune(term.Text)); got != string(runes[term.Start:term.End]) {
				t.Fatalf("Terms(%q): runes %d to %d are %q, not %q", text, term.Start, term.End, string(runes[term.Start:term.End]), got)
			}
			want[term.Index] = true
		}
		got := map[uint32]bool{}
		v := Lexical(text)
		for i, index := range v.Indices {
			if i > 0 && index <= v.Indices[i-1] {
				t.Fatalf("Lexical(%q): index %d after %d", text, index, v.Indices[i-1])
			}
			if !(v.Values[i] > 0) {
				t.Fatalf("Lexical(%q): weight %v", text, v.Values[i])
			}
			got[index] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("Terms and Lexical of %q have different indices (-Terms +Lexical):\n%s", text, diff)
		}
	})
}
