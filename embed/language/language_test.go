package language_test

import (
	"testing"

	"github.com/akinserver/akin/embed/language"
)

func TestOf(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing has no language", "", ""},
		{"figures and marks have no language", "2014-05-20 —— 19%", ""},
		{"ideographs alone are Chinese", "大桥昨日通车。", "zh"},
		{"a Latin name in a Chinese sentence", "市长同 Northern Wire 的记者谈到了大桥的未来。", "zh"},
		{"one kana in a Chinese text is a quotation", "店名叫“の”，是镇上最老的茶馆，已经开了六十年，老板姓林。", "zh"},
		{"kana between ideographs", "橋は昨日開通しました。", "ja"},
		{"hangul", "다리가 어제 개통되었다.", "ko"},
		{"Cyrillic with Russian letters", "Мост открыли вчера, это был праздник.", "ru"},
		{"Cyrillic with Ukrainian letters", "Міст відкрили вчора, і це було свято.", ""},
		{"Cyrillic that could be Bulgarian", "Мостът беше открит.", ""},
		{"English prose", "The bridge that the town had waited for was opened by the mayor.", "en"},
		{"an English headline is too short to tell", "Bridge opened in Varn", ""},
		{"German shares words with English", "Die Brücke in Varn war in der Nacht offen, was alle freute.", ""},
		{"French", "Le pont que la ville attendait a été ouvert hier par le maire.", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := language.Of(tt.in); got != tt.want {
				t.Errorf("Of(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
